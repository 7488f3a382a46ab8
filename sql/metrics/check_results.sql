-- One row per table and check: what the check said when it last ran, how many rows offend, the first of them, and what
-- to do. The result of an error that stopped a run stands in warehouse.duckdb, for nothing is published then.
-- key: table_name, check_name
create table metrics.check_results (
    table_name text,            -- the table that is checked, as schema.table
    check_name text,            -- sql/checks/<check_name>.sql; key_is_unique: a table's key; expectations: a suite
    severity text,              -- error: stops what is downstream; warn: is shown
    verdict text,               -- passed, failed (an error) or warned
    offending_count bigint,     -- rows that break the rule; of a suite, values
    finding text,               -- what is counted, in words
    rule text,                  -- what should hold
    to_do text,                 -- what to do about offending rows
    samples text                -- up to five of the offending rows, as a JSON list of objects: data, whatever it looks like
)

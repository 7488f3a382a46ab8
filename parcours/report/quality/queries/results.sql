-- One row per check and table, errors that failed first, then warnings, in the order of the boxes.
select
    table_name, check_name, severity, verdict, verdict <> 'passed' as is_unmet, offending_count,
    finding, rule, to_do, samples
from metrics.check_results
order by
    list_position(['failed', 'warned', 'passed'], verdict),
    list_position(['raw', 'staging', 'journeys', 'metrics'], split_part(table_name, '.', 1)),
    table_name, check_name

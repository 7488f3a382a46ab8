-- One row per metrics table: what its rows are.
select schema_name || '.' || table_name as name, comment
from duckdb_tables()
where database_name = current_database() and schema_name = 'metrics' and comment is not null
order by name

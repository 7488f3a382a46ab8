-- One row per table that the quality page may read: what its rows are.
select schema_name || '.' || table_name as name, coalesce(comment, '') as comment
from duckdb_tables()
where database_name = current_database() and schema_name in ('metrics', 'journeys', 'raw')
order by name

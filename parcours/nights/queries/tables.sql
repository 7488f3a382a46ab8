-- One row per table that is refreshed, with the number of its last change; and how far the numbers have come.
select
    table_name, changed_at,
    (select max(built_at) from refresh_log.tables) as refresh_number
from refresh_log.tables
where not regexp_matches(table_name, '^(settings|raw)[.]')
order by table_name

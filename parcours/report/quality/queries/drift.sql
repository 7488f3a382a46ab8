-- New and gone names
select
    name as "Name",
    {'told': verdict} as "Since the load before",
    {'told': what} as "What",
    export as "Export",
    row_count as "Rows",
    first_load || '–' || last_load as "In loads"
from metrics.schema_drift
where verdict in ('new', 'gone')
order by verdict desc, what, export, row_count desc, name

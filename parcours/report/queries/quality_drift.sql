-- One row per name of a column or event that is new or gone since the load before, columns first.
select export, what, name, first_load, last_load, row_count, verdict
from metrics.schema_drift
where verdict in ('new', 'gone')
order by verdict desc, what, export, row_count desc, name

-- One row per export and status of its files: what became of the rows. Instants in shop time.
select
    loads.export, loads.format, loads.status, count(*) as file_count,
    cast(coalesce(sum(loads.rows_read), 0) as bigint) as rows_read,
    cast(coalesce(sum(loads.rows_loaded), 0) as bigint) as rows_loaded,
    cast(coalesce(sum(loads.rows_duplicate), 0) as bigint) as rows_duplicate,
    cast(coalesce(sum(loads.rows_rejected), 0) as bigint) as rows_rejected,
    sum(loads.rows_rejected) / nullif(sum(loads.rows_read), 0) as rejected_share,
    (max(loads.covers_until) at time zone 'UTC') at time zone max(shop.time_zone) as covers_until,
    loads.status <> 'loaded'
    or bool_and(loads.rows_read = loads.rows_loaded + loads.rows_duplicate + loads.rows_rejected) as adds_up
from raw.loads as loads
cross join settings.shop as shop
group by loads.export, loads.format, loads.status
order by loads.export, loads.format, loads.status

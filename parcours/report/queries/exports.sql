-- One row per export and status of its files, and one (export null) for all: what became of the rows. Instants in shop time.
select
    loads.export, loads.format, loads.status, count(*) as file_count,
    cast(coalesce(sum(loads.rows_read), 0) as bigint) as rows_read,
    cast(coalesce(sum(loads.rows_loaded), 0) as bigint) as rows_loaded,
    cast(coalesce(sum(loads.rows_duplicate), 0) as bigint) as rows_duplicate,
    cast(coalesce(sum(loads.rows_rejected), 0) as bigint) as rows_rejected,
    sum(loads.rows_rejected) / nullif(sum(loads.rows_read), 0) as rejected_share,
    (max(loads.covers_until) at time zone 'UTC') at time zone max(shop.time_zone) as covers_until,
    bool_and(
        loads.status <> 'loaded'
        or loads.rows_read = loads.rows_loaded + loads.rows_duplicate + loads.rows_rejected
    ) as adds_up
from raw.loads as loads
cross join settings.shop as shop
group by grouping sets ((loads.export, loads.format, loads.status), ())
order by loads.export nulls last, loads.format, loads.status

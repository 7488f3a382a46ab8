-- One row: how many loads the most loaded export has, and how many names of columns and events there are.
select
    (
        select coalesce(max(load_count), 0)
        from (select count(distinct load_number) as load_count from raw.loads where status = 'loaded' group by export)
    ) as load_count,
    (select count(*) from metrics.schema_drift where what = 'column') as column_count,
    (select count(*) from metrics.schema_drift where what <> 'column') as event_count

-- One row per shop day, per export, and one for all: rows, those that came late, and how late.
select
    case when grouping(day) = 0 then 'day' when grouping(export) = 0 then 'export' else 'all' end as split_by,
    day as on,
    export,
    cast(coalesce(sum(row_count), 0) as bigint) as row_count,
    cast(coalesce(sum(late_count), 0) as bigint) as late_count,
    sum(late_count) / nullif(sum(row_count), 0) as late_share,
    -- The median of days' medians: the rows themselves are not published.
    quantile_disc(median_lateness_seconds, 0.5) filter (where late_count > 0) as median_seconds,
    min(median_lateness_seconds) filter (where late_count > 0) as lowest_seconds,
    max(median_lateness_seconds) filter (where late_count > 0) as highest_seconds
from metrics.late_rows
group by grouping sets ((day), (export), ())
order by split_by, day nulls last, export

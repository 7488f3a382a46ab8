-- One row per shop day, per export, and one for all: rows of the click-stream, of these the late ones, and how late,
-- summed from metrics.late_rows. Lateness is the median of the days' medians: the rows themselves are not published.
-- key: split_by, day, export
with summed as (
    select
        case when grouping(day) = 0 then 'day' when grouping(export) = 0 then 'export' else 'all' end as split_by,
        day,
        export,
        cast(coalesce(sum(row_count), 0) as bigint) as row_count,
        cast(coalesce(sum(late_count), 0) as bigint) as late_count,
        quantile_disc(median_lateness_seconds, 0.5) filter (where late_count > 0) as median_lateness_seconds,
        min(median_lateness_seconds) filter (where late_count > 0) as lowest_lateness_seconds,
        max(median_lateness_seconds) filter (where late_count > 0) as highest_lateness_seconds,
        cast(count(distinct day) filter (where late_count > 0) as bigint) as restated_day_count,
        cast(count(distinct day) as bigint) as day_count
    from metrics.late_rows
    group by grouping sets ((day), (export), ())
)

select
    split_by,                   -- day, export or all
    day,                        -- shop day on which the events happened; null: all of them
    export,                     -- as journey.yaml names it; null: all of them
    row_count,                  -- rows stored
    late_count,                 -- of these, late ones
    rate(late_count, row_count) as late_share,  -- of the rows
    median_lateness_seconds,    -- median of the days' medians; null: none is late
    lowest_lateness_seconds,    -- the lowest of the days' medians
    highest_lateness_seconds,   -- the highest of the days' medians
    restated_day_count,         -- days with late rows
    day_count                   -- days with rows
from summed

-- One row per events export and shop day: rows of the click-stream, and of these the ones that came late.
-- Late: the event happened before the horizon that the earlier files of its export had already reached, and none of
-- those files had it: whoever read them could take that day for complete. Earlier is by the files' names, not by when
-- they were loaded. The first file has no late rows; a newer version of an event that was there before is none either.
-- key: export, day
with reaches as (
    select export, file_order, max(covers_until) as covers_until
    from raw.loads
    where kind = 'events' and status = 'loaded'
    group by export, file_order
),

horizons as (
    select
        export,
        file_order,
        max(covers_until) over (
            partition by export order by file_order rows between unbounded preceding and 1 preceding
        ) as horizon
    from reaches
),

-- A row that several files have is that of the first.
deliveries as (
    select
        events.export,
        events.file_order,
        events.event_id,
        events.occurred_at,
        horizons.horizon,
        coalesce(events.occurred_at < horizons.horizon, false) as is_behind
    from raw.events as events
    left join horizons on events.export = horizons.export and events.file_order = horizons.file_order
),

first_files as (
    select export, event_id, min(file_order) as file_order
    from deliveries
    where event_id in (select behind.event_id from deliveries as behind where behind.is_behind)
    group by export, event_id
),

lateness as (
    select
        deliveries.export,
        shop_day(deliveries.occurred_at, shop.time_zone) as day,
        case
            when deliveries.is_behind and deliveries.file_order = first_files.file_order
                then elapsed_seconds(deliveries.occurred_at, deliveries.horizon)
        end as lateness_seconds
    from deliveries
    left join first_files on deliveries.export = first_files.export and deliveries.event_id = first_files.event_id
    cross join settings.shop as shop
)

select
    export,                     -- as journey.yaml names it
    day,                        -- shop day on which the events happened
    cast(count(*) as bigint) as row_count,  -- rows stored, each content once
    cast(count(lateness_seconds) as bigint) as late_count,  -- of these, late ones
    median(lateness_seconds) as median_lateness_seconds,  -- event to horizon; null: none is late
from lateness
group by export, day

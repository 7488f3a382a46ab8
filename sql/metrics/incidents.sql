-- One row per incident that nobody logged (metrics.found_incidents): where, when, how large, what it cost, and what else was
-- seen on its days. What was seen may be the cause, its consequence or neither: nobody is told why.
-- Units lost are those that would have gone on besides; revenue lost what they would have been worth (metrics.watched_steps).
-- Failed payments and errors are those of sessions of the segment, beside what as many of the 28 days before would have.
-- An event has vanished if it came on at least 14 of the 28 days before and on none of the incident's, and appeared if it
-- came on none of the 28 days before and on at least half of the incident's.
-- key: incident
with found as (
    select
        incident, step, dimension, value, began_on, ended_on, is_open, score, threshold, entered_count, went_on_count,
        expected_count, relative_size, size_low, size_high, also_fell, dimension = 'all' as is_of_all
    from metrics.found_incidents
),

measured_days as (
    select
        found.incident,
        cast(count(*) filter (where days.happened_on < found.began_on) as bigint) as before_count,
        cast(count(*) filter (where days.happened_on >= found.began_on) as bigint) as day_count
    from found
    inner join metrics.step_days as days
        on
            found.step = days.step
            and found.dimension = days.dimension
            and found.value = days.value
            and days.happened_on between cast(found.began_on - 28 as date) and found.ended_on
    group by found.incident
),

signal_days as (
    select signals.session_id, signals.signal, shop_day(signals.occurred_at, shop.time_zone) as signalled_on
    from journeys.friction_signals as signals
    cross join settings.shop as shop
    where signals.signal in ('payment_failure', 'error')
),

signals as (
    select
        found.incident,
        cast(count(*) filter (where signal_days.signal = 'payment_failure' and signal_days.signalled_on >= found.began_on) as bigint)
            as payment_failure_count,
        cast(count(*) filter (where signal_days.signal = 'payment_failure' and signal_days.signalled_on < found.began_on) as bigint)
            as payment_failures_before,
        cast(count(*) filter (where signal_days.signal = 'error' and signal_days.signalled_on >= found.began_on) as bigint)
            as error_count,
        cast(count(*) filter (where signal_days.signal = 'error' and signal_days.signalled_on < found.began_on) as bigint)
            as errors_before
    from found
    inner join signal_days on signal_days.signalled_on between cast(found.began_on - 28 as date) and found.ended_on
    left join journeys.session_segments as owned
        on signal_days.session_id = owned.session_id and found.dimension = owned.dimension
    where found.is_of_all or owned.value = found.value
    group by found.incident
),

event_days as (
    select distinct touchpoints.event_name, shop_day(touchpoints.occurred_at, shop.time_zone) as happened_on
    from journeys.touchpoints as touchpoints
    cross join settings.shop as shop
    where touchpoints.source = 'events'
),

first_event as (
    select min(happened_on) as first_on from event_days
),

event_counts as (
    select
        found.incident,
        found.began_on,
        found.ended_on,
        event_days.event_name,
        cast(count(*) filter (where event_days.happened_on < found.began_on) as bigint) as before_count,
        cast(count(*) filter (where event_days.happened_on >= found.began_on) as bigint) as during_count
    from found
    inner join event_days on event_days.happened_on between cast(found.began_on - 28 as date) and found.ended_on
    group by found.incident, found.began_on, found.ended_on, event_days.event_name
),

event_names as (
    select
        counts.incident,
        string_agg(
            case
                when
                    counts.before_count = 0
                    and 2 * counts.during_count > date_diff('day', counts.began_on, counts.ended_on)
                    and first_event.first_on <= cast(counts.began_on - 28 as date)
                    then counts.event_name
            end,
            ', '
            order by counts.event_name
        ) as appeared_events,
        string_agg(
            case when counts.before_count >= 14 and counts.during_count = 0 then counts.event_name end,
            ', '
            order by counts.event_name
        ) as vanished_events
    from event_counts as counts
    cross join first_event
    group by counts.incident
),

outages as (
    select
        found.incident, cast(count(*) as bigint) as payment_outage_count
    from found
    inner join metrics.outage_days as outages
        on outages.outage = 'payment' and outages.outage_on between found.began_on and found.ended_on
    group by found.incident
)

select
    found.incident,             -- its first day, step and segment
    found.step,                 -- of metrics.watched_steps
    steps.step_label,           -- as pages call it
    found.dimension,            -- of the segment that fell (journeys.session_segments); all: everybody
    found.value,                -- of the dimension; all: everybody
    found.began_on,             -- its first shop day
    found.ended_on,             -- its last shop day, or the last that is known
    found.is_open,              -- it runs on the last day that is known of the segment
    found.relative_size,        -- went on relative to expected, below 0
    found.size_low,             -- 95 % interval of it
    found.size_high,            -- 95 % interval of it
    found.entered_count,        -- attempts that entered the step on its days
    found.went_on_count,        -- of these, those that went on
    found.expected_count,       -- those that would have, by the days around it
    found.expected_count - found.went_on_count as lost_count,  -- those that would have besides
    round((found.expected_count - found.went_on_count) * steps.lost_value, 2) as lost_revenue,  -- what these would have been worth, in the shop's currency; null: not known
    found.also_fell,            -- labels of the other steps that fell with it; null: none
    coalesce(signals.payment_failure_count, 0) as payment_failure_count,  -- failed payments on its days, of the segment
    rate(
        coalesce(signals.payment_failures_before, 0) * measured_days.day_count, measured_days.before_count
    ) as usual_payment_failure_count,  -- what as many of the 28 days before would have
    coalesce(signals.error_count, 0) as error_count,  -- other errors on its days, of the segment
    rate(
        coalesce(signals.errors_before, 0) * measured_days.day_count, measured_days.before_count
    ) as usual_error_count,     -- what as many of the 28 days before would have
    coalesce(outages.payment_outage_count, 0) as payment_outage_count,  -- of its days, those in metrics.outage_days for payment
    logged.changes,             -- labels of the changes that were logged for its days or the two before; null: none
    event_names.appeared_events,  -- names of events that appeared with it; null: none
    event_names.vanished_events,  -- names of events that vanished with it; null: none
    found.score,                -- how certain it is that it was no ordinary wandering
    found.threshold,            -- score from which on falls are reported
from found
inner join metrics.watched_steps as steps on found.step = steps.step
left join measured_days on found.incident = measured_days.incident
left join signals on found.incident = signals.incident
left join event_names on found.incident = event_names.incident
left join outages on found.incident = outages.incident
left join metrics.incident_changes as logged on found.began_on = logged.began_on and found.ended_on = logged.ended_on

-- One row per funnel (or the map) and month of entry that may be compared with others: at most one in twenty of its
-- attempts is still open. Journeys that are over before the others are the quick ones, most of which went on: a fresh
-- month would look as if nobody dropped.
-- key: funnel_id, month_on
select
    funnel_id,                  -- of settings.funnels, or map:stages
    cast(date_trunc('month', entered_on) as date) as month_on,  -- first shop day of the month
    cast(count(*) filter (where state = 'matured') as bigint) as matured_count,  -- attempts that are over
    cast(count(*) filter (where state = 'open') as bigint) as open_count  -- attempts that may still go on
from metrics.drop_off_attempts
group by funnel_id, date_trunc('month', entered_on)
having
    count(*) filter (where state = 'matured') > 0
    and count(*) filter (where state = 'open') <= 0.05 * count(*) filter (where state in ('matured', 'open'))

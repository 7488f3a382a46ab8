-- One row per shop month, and one for all of them: whether the people seen on the site were known at that time, or only
-- later evidence said who they are.
-- A touchpoint is recognised at once if its identifier was linked to a customer id, an e-mail or a CRM contact by its
-- own instant (journeys.identity_history), or is one; recognised later, if only afterwards; else never, so far. A
-- session is recognised at once if one of its touchpoints is. What was done without a login on a device of several
-- people, and is one's by a login of the same visit (journeys.device_spells), is recognised later. A session counts in
-- the month in which it began.
-- recognised_later_rate = sessions recognised later / sessions: those that a report made at the time had as a
-- stranger's. Later loads raise it, most for the last months: their visitors may yet log in.
-- key: month_on
with recognitions as (
    select
        identifier,
        case when count(*) = count(known_from) then min(known_from) else timestamp '0001-01-01' end as recognised_at
    from journeys.identity_history
    where is_identified
    group by identifier
),

visits as (
    select
        touchpoints.session_id,
        min(touchpoints.occurred_at) as started_at,
        cast(count(*) as bigint) as touchpoint_count,
        cast(
            count(*) filter (
                where touchpoints.occurred_at < recognitions.recognised_at or spells.owner <> touchpoints.identifier
            ) as bigint
        ) as later_count,
        cast(
            count(*) filter (
                where starts_with(touchpoints.identifier, 'anonymous:')
                and recognitions.identifier is null
                and coalesce(spells.owner, touchpoints.identifier) = touchpoints.identifier
            ) as bigint
        ) as never_count
    from journeys.touchpoints as touchpoints
    left join recognitions on touchpoints.identifier = recognitions.identifier
    left join journeys.device_spells as spells
        on
            touchpoints.identifier = spells.identifier
            and touchpoints.occurred_at >= spells.owned_from
            and touchpoints.occurred_at < spells.owned_until
    where touchpoints.session_id is not null
    group by touchpoints.session_id
),

monthly_visits as (
    select
        shop_month(visits.started_at, shop.time_zone)
            as month_on,
        visits.touchpoint_count,
        visits.later_count,
        visits.never_count,
        case
            when visits.later_count + visits.never_count < visits.touchpoint_count then 'at once'
            when visits.later_count > 0 then 'later'
            else 'never'
        end as recognised
    from visits
    cross join settings.shop as shop
),

month_counts as (
    select
        month_on,
        cast(count(*) as bigint) as session_count,
        cast(count(*) filter (where recognised = 'at once') as bigint) as known_session_count,
        cast(count(*) filter (where recognised = 'later') as bigint) as later_session_count,
        cast(count(*) filter (where recognised = 'never') as bigint) as never_session_count,
        cast(coalesce(sum(touchpoint_count), 0) as bigint) as touchpoint_count,
        cast(coalesce(sum(later_count), 0) as bigint) as later_touchpoint_count,
        cast(coalesce(sum(never_count), 0) as bigint) as never_touchpoint_count
    from monthly_visits
    group by grouping sets ((), (month_on))
)

select
    month_on,                   -- first day of the shop month; null: all months
    session_count,              -- sessions, runaway ones too
    known_session_count,        -- of these, recognised at once
    later_session_count,        -- recognised only after their end
    never_session_count,        -- not recognised so far
    rate(later_session_count, session_count) as recognised_later_rate,  -- of the sessions
    touchpoint_count,           -- touchpoints on the site
    touchpoint_count - later_touchpoint_count - never_touchpoint_count
        as known_touchpoint_count,  -- of these, recognised at once
    later_touchpoint_count,     -- recognised only afterwards
    never_touchpoint_count,     -- not recognised so far
    rate(later_touchpoint_count, touchpoint_count) as touchpoint_recognised_later_rate,  -- of the touchpoints
from month_counts

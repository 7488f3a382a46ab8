-- One row per visit: events of a person on the site, split where the gap is strictly greater than the timeout. If
-- journey.yaml says so, a visit is also cut at midnight of the shop and where an event comes with another campaign than
-- the last one the person came with; events of one instant are never cut apart. Events that no person caused neither
-- open nor extend a visit. Screened people (bots, staff) have their visits here too, whether or not they are left out.
-- A visit is a session, if it is not longer than the maximum; else each multiple of that cuts it (journeys.touchpoints).
-- What was done on a device of several people is each one's in spells (journeys.device_spells).
-- Who has several identifiers on the site has, beside these, the visits of each of them alone, as they would be without
-- stitching (journeys.unstitched_sessions).
-- key: person_id, unit_id, visit_number
-- keyed by: person_id
with whose as (
    select identifier, person_id, timestamp '0001-01-01' as owned_from, timestamp '9999-01-01' as owned_until
    from journeys.identities
    where not is_split
    union all
    select identifier, person_id, owned_from, owned_until from journeys.device_spells
),

stitched as (
    select whose.person_id
    from journeys.identifier_activity as activity
    inner join whose on activity.identifier = whose.identifier
    where activity.caused_count > 0
    group by whose.person_id
    having min(activity.identifier) <> max(activity.identifier)
),

units as (
    select identifier, person_id, owned_from, owned_until, person_id as unit_id from whose
    union all
    select whose.identifier, whose.person_id, whose.owned_from, whose.owned_until, whose.identifier as unit_id
    from whose
    inner join stitched on whose.person_id = stitched.person_id
),

instants as (
    select
        units.person_id,
        units.unit_id,
        events.occurred_at,
        case
            when shop.cuts_sessions_at_campaigns then coalesce(events.campaign_name, events.campaign_source)
        end as campaign
    from staging.events as events
    inner join units
        on
            events.identifier = units.identifier
            and events.occurred_at >= units.owned_from
            and events.occurred_at < units.owned_until
    cross join settings.shop as shop
    where events.is_person_caused
),

gaps as (
    select
        person_id,
        unit_id,
        occurred_at,
        campaign,
        lag(occurred_at) over in_time as previous_at,
        last_value(campaign ignore nulls) over (
            partition by person_id, unit_id order by occurred_at, campaign nulls last
            rows between unbounded preceding and 1 preceding
        ) as previous_campaign
    from instants
    window in_time as (partition by person_id, unit_id order by occurred_at, campaign nulls last)
),

-- Events of one instant are in one visit.
visit_starts as (
    select distinct gaps.person_id, gaps.unit_id, gaps.occurred_at
    from gaps
    cross join settings.shop as shop
    where
        gaps.previous_at is null
        or elapsed_seconds(gaps.previous_at, gaps.occurred_at) > shop.session_timeout_seconds
        or (
            shop.cuts_sessions_at_midnight
            and shop_day(gaps.previous_at, shop.time_zone)
            <> shop_day(gaps.occurred_at, shop.time_zone)
        )
        or gaps.campaign <> coalesce(gaps.previous_campaign, '')
)

select
    person_id,                  -- of journeys.people
    unit_id,                    -- whose visit: the person's, or of one identifier (kind:value) alone
    cast(row_number() over (partition by person_id, unit_id order by occurred_at) as bigint)
        as visit_number,        -- 1 for the unit's first visit
    occurred_at as started_at,  -- UTC instant of the first event
    coalesce(lead(occurred_at) over (partition by person_id, unit_id order by occurred_at), timestamp '9999-01-01')
        as next_started_at,     -- of the next visit; 9999-01-01: there is none
from visit_starts

-- One row per visit: events of a person on the site, split where the gap is strictly greater than the timeout. If
-- journey.yaml says so, a visit is also cut at midnight of the shop and where an event comes with another campaign than
-- the last one the person came with; events of one instant are never cut apart. Events that no person caused neither
-- open nor extend a visit. Screened people (bots, staff) have their visits here too, whether or not they are left out.
-- A visit is a session, if it is not longer than the maximum; else each multiple of that cuts it (journeys.touchpoints).
-- key: person_id, visit_number
-- keyed by: person_id
with instants as (
    select
        identities.person_id,
        events.occurred_at,
        case
            when shop.cuts_sessions_at_campaigns then coalesce(events.campaign_name, events.campaign_source)
        end as campaign
    from staging.events as events
    inner join journeys.identities as identities on events.identifier = identities.identifier
    cross join settings.shop as shop
    where events.is_person_caused
),

gaps as (
    select
        person_id,
        occurred_at,
        campaign,
        lag(occurred_at) over in_time as previous_at,
        last_value(campaign ignore nulls) over (
            partition by person_id order by occurred_at, campaign nulls last
            rows between unbounded preceding and 1 preceding
        ) as previous_campaign
    from instants
    window in_time as (partition by person_id order by occurred_at, campaign nulls last)
),

-- Events of one instant are in one visit.
visit_starts as (
    select distinct gaps.person_id, gaps.occurred_at
    from gaps
    cross join settings.shop as shop
    where
        gaps.previous_at is null
        or date_diff('microsecond', gaps.previous_at, gaps.occurred_at) > shop.session_timeout_microseconds
        or (
            shop.cuts_sessions_at_midnight
            and cast((gaps.previous_at at time zone 'UTC') at time zone shop.time_zone as date)
            <> cast((gaps.occurred_at at time zone 'UTC') at time zone shop.time_zone as date)
        )
        or gaps.campaign <> coalesce(gaps.previous_campaign, '')
)

select
    person_id,                  -- of journeys.people
    cast(row_number() over (partition by person_id order by occurred_at) as bigint)
        as visit_number,        -- 1 for the person's first visit
    occurred_at as started_at,  -- UTC instant of the first event
    coalesce(lead(occurred_at) over (partition by person_id order by occurred_at), timestamp '9999-01-01')
        as next_started_at,     -- of the next visit; 9999-01-01: there is none
from visit_starts

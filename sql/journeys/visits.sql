-- One row per visit: events of a person on the site, split where the gap is strictly greater than the timeout. If
-- journey.yaml says so, a visit is also cut at midnight of the shop and where an event comes with another campaign than
-- the last one the person came with; events of one instant are never cut apart. Events that no person caused, and
-- purchase events sent again long after, neither open nor extend a visit. Screened people (bots, staff) have their visits here too, whether or not they are left out.
-- A visit is a session, if it is not longer than the maximum; else each multiple of that cuts it (journeys.touchpoints).
-- What was done on a device of several people is each one's in spells (journeys.device_spells).
-- Who has several identifiers on the site has, beside these, the visits of each of them alone, as they would be without
-- stitching (journeys.unstitched_sessions).
-- By the tracker's own session ids (cut_by tracker), where the unit has any, the visits are other ones. An id holds from its
-- first event to its last one; what comes the maximum length after its first one counts as another id. Where one holds,
-- nothing is cut, so that ids which hold at one instant are one visit. Where none does, an event with an id begins a visit
-- if one with another id is in the visit already, else the gap decides; an event without an id goes by the gap.
-- key: person_id, unit_id, cut_by, visit_number
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
        end as campaign,
        events.tracker_session_id as tracker_session
    from staging.events as events
    inner join units
        on
            events.identifier = units.identifier
            and events.occurred_at >= units.owned_from
            and events.occurred_at < units.owned_until
    cross join settings.shop as shop
    left join staging.purchase_events as purchases
        on events.identifier = purchases.identifier and events.event_id = purchases.event_id and purchases.is_sent_again
    where events.is_person_caused and purchases.event_id is null
),

neighbours as (
    select
        person_id,
        unit_id,
        occurred_at,
        campaign,
        tracker_session,
        lag(occurred_at) over in_time as previous_at,
        last_value(campaign ignore nulls) over (
            partition by person_id, unit_id order by occurred_at, campaign nulls last
            rows between unbounded preceding and 1 preceding
        ) as previous_campaign
    from instants
    window in_time as (partition by person_id, unit_id order by occurred_at, campaign nulls last)
),

gaps as (
    select
        neighbours.person_id,
        neighbours.unit_id,
        neighbours.occurred_at,
        neighbours.tracker_session,
        neighbours.previous_at is null
        or elapsed_seconds(neighbours.previous_at, neighbours.occurred_at) > shop.session_timeout_seconds
        or case
            when shop.cuts_sessions_at_midnight
                then shop_day(neighbours.previous_at, shop.time_zone) <> shop_day(neighbours.occurred_at, shop.time_zone)
            else false
        end
        or coalesce(neighbours.campaign <> coalesce(neighbours.previous_campaign, ''), false) as is_gap
    from neighbours
    cross join settings.shop as shop
),

-- Of the shop's visits, and of those that are compared with them: a person's, not those without stitching.
tracked_units as (
    select distinct gaps.person_id, gaps.unit_id
    from gaps
    cross join settings.shop as shop
    where gaps.tracker_session is not null and (shop.cuts_sessions_by_tracker or gaps.unit_id = gaps.person_id)
),

tracked as (
    select
        gaps.person_id,
        gaps.unit_id,
        gaps.occurred_at,
        gaps.is_gap,
        gaps.tracker_session,
        whole_periods(
            elapsed_seconds(
                min(gaps.occurred_at) over (partition by gaps.person_id, gaps.unit_id, gaps.tracker_session),
                gaps.occurred_at
            ), shop.session_maximum_seconds
        ) as piece
    from gaps
    inner join tracked_units on gaps.person_id = tracked_units.person_id and gaps.unit_id = tracked_units.unit_id
    cross join settings.shop as shop
),

held as (
    select
        *,
        case
            when tracker_session is not null
                then max(occurred_at) over (partition by person_id, unit_id, tracker_session, piece)
        end as held_until
    from tracked
),

-- Rows of one instant stand behind each other: only the first of them can begin a visit where an id holds on.
held_so_far as (
    select
        *,
        coalesce(
            max(held_until) over (
                partition by person_id, unit_id order by occurred_at, is_gap desc, tracker_session nulls last
                rows between unbounded preceding and 1 preceding
            ) >= occurred_at, false
        ) as is_held
    from held
),

gap_numbers as (
    select
        *,
        count(case when is_gap and not is_held then 1 end) over (
            partition by person_id, unit_id order by occurred_at, is_gap desc, tracker_session nulls last
            rows unbounded preceding
        ) as gap_number
    from held_so_far
),

known_before as (
    select
        *,
        count(tracker_session) over (
            partition by person_id, unit_id, gap_number order by occurred_at, is_gap desc, tracker_session nulls last
            rows between unbounded preceding and 1 preceding
        ) as known_count
    from gap_numbers
),

-- Events of one instant are in one visit.
visit_starts as (
    select distinct gaps.person_id, gaps.unit_id, gaps.occurred_at, 'timeout' as cut_by, true as is_chosen
    from gaps
    cross join settings.shop as shop
    left join tracked_units on gaps.person_id = tracked_units.person_id and gaps.unit_id = tracked_units.unit_id
    where gaps.is_gap and (tracked_units.unit_id is null or not shop.cuts_sessions_by_tracker)
    union all
    select distinct
        known_before.person_id, known_before.unit_id, known_before.occurred_at, 'tracker', shop.cuts_sessions_by_tracker
    from known_before
    cross join settings.shop as shop
    where
        not known_before.is_held
        and (known_before.is_gap or (known_before.tracker_session is not null and known_before.known_count > 0))
)

select
    person_id,                  -- of journeys.people
    unit_id,                    -- whose visit: the person's, or of one identifier (kind:value) alone
    cut_by,                     -- timeout, or tracker: by its own session ids
    is_chosen,                  -- as the shop's sessions are cut; the others are for journeys.session_variants
    cast(row_number() over (partition by person_id, unit_id, cut_by order by occurred_at) as bigint)
        as visit_number,        -- 1 for the unit's first visit
    occurred_at as started_at,  -- UTC instant of the first event
    coalesce(lead(occurred_at) over (partition by person_id, unit_id, cut_by order by occurred_at), timestamp '9999-01-01')
        as next_started_at,     -- of the next visit; 9999-01-01: there is none
from visit_starts

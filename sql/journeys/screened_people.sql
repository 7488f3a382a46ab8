-- One row per person who is no customer: a bot or the shop's own staff. Whether they are left out of the figures is
-- settings.shop.leaves_out_screened; with or without, they are found and reported.
-- Bot: an event of the person is marked as a bot's (by the source or the user agent), or more than
-- settings.shop.bot_events_per_hour events that a person would have caused lie within some 60 minutes, ends included.
-- Staff: an identifier of the person is listed in journey.yaml. Who is both is staff.
-- key: person_id
-- keyed by: person_id
with whose as (
    select
        identities.person_id,
        activity.identifier,
        cast(sum(activity.caused_count) as bigint) as caused_count,
        bool_or(activity.is_marked) as is_marked
    from journeys.identifier_activity as activity
    inner join journeys.identities as identities on activity.identifier = identities.identifier
    group by identities.person_id, activity.identifier
),

-- Few people have so many events at all: only theirs are put in order.
busy as (
    select whose.person_id, shop.bot_events_per_hour
    from whose
    cross join settings.shop as shop
    group by whose.person_id, shop.bot_events_per_hour
    having sum(whose.caused_count) > shop.bot_events_per_hour
),

numbered as (
    select
        busy.person_id,
        busy.bot_events_per_hour,
        clicks.occurred_at,
        row_number() over (partition by busy.person_id order by clicks.occurred_at, clicks.event_id) as event_number
    from busy
    inner join whose on busy.person_id = whose.person_id
    inner join staging.events as clicks on whose.identifier = clicks.identifier
    where clicks.is_person_caused
),

evidence_found as (
    select person_id, 'bot' as reason, 'marked as a bot by the source or its user agent' as evidence
    from whose
    where is_marked
    union
    select later.person_id, 'bot', 'more than ' || later.bot_events_per_hour || ' events within an hour'
    from numbered as later
    inner join numbered as earlier
        on
            later.person_id = earlier.person_id
            and later.event_number = earlier.event_number + later.bot_events_per_hour
    where elapsed_seconds(earlier.occurred_at, later.occurred_at) <= 3600
    union
    select
        identities.person_id,
        'staff',
        case split_part(staff.identifier, ':', 1)
            when 'email' then 'an e-mail address of staff'
            when 'customer' then 'a customer id of staff'
            else 'a device of staff'
        end
    from settings.staff as staff
    inner join journeys.identities as identities on staff.identifier = identities.identifier
),

decided as (
    select person_id, max(reason) as reason
    from evidence_found
    group by person_id
)

select
    decided.person_id,          -- of journeys.people
    decided.reason,             -- staff, else bot
    string_agg(evidence_found.evidence, ', ' order by evidence_found.evidence) as evidence,  -- what says so
from decided
inner join evidence_found on decided.person_id = evidence_found.person_id and decided.reason = evidence_found.reason
group by decided.person_id, decided.reason

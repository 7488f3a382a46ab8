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
        timestamp '0001-01-01' as owned_from,
        timestamp '9999-01-01' as owned_until,
        cast(sum(activity.caused_count) as bigint) as caused_count,
        bool_or(activity.is_marked) as is_marked
    from journeys.identifier_activity as activity
    inner join journeys.identities as identities on activity.identifier = identities.identifier
    where not identities.is_split
    group by identities.person_id, activity.identifier
    union all
    select
        spells.person_id,
        spells.identifier,
        spells.owned_from,
        spells.owned_until,
        cast(count(*) filter (where clicks.is_person_caused) as bigint),
        bool_or(clicks.is_bot)
    from journeys.device_spells as spells
    inner join staging.events as clicks
        on
            spells.identifier = clicks.identifier
            and clicks.occurred_at >= spells.owned_from
            and clicks.occurred_at < spells.owned_until
    group by spells.person_id, spells.identifier, spells.owned_from, spells.owned_until
),

-- Few people have so many events at all: only theirs are put in order.
bursts as (
    select whose.person_id, shop.bot_events_per_hour
    from whose
    cross join settings.shop as shop
    group by whose.person_id, shop.bot_events_per_hour
    having sum(whose.caused_count) > shop.bot_events_per_hour
),

burst_places as (
    select
        bursts.person_id,
        bursts.bot_events_per_hour,
        clicks.occurred_at,
        row_number() over (partition by bursts.person_id order by clicks.occurred_at, clicks.event_id) as event_number
    from bursts
    inner join whose on bursts.person_id = whose.person_id
    inner join staging.events as clicks
        on
            whose.identifier = clicks.identifier
            and clicks.occurred_at >= whose.owned_from
            and clicks.occurred_at < whose.owned_until
    where clicks.is_person_caused
),

findings as (
    select person_id, 'bot' as reason, 'marked as a bot by the source or its user agent' as evidence
    from whose
    where is_marked
    union
    select later.person_id, 'bot', 'more than ' || later.bot_events_per_hour || ' events within an hour'
    from burst_places as later
    inner join burst_places as earlier
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

reasons as (
    select person_id, max(reason) as reason
    from findings
    group by person_id
)

select
    reasons.person_id,          -- of journeys.people
    reasons.reason,             -- staff, else bot
    string_agg(findings.evidence, ', ' order by findings.evidence) as evidence,  -- what says so
from reasons
inner join findings on reasons.person_id = findings.person_id and reasons.reason = findings.reason
group by reasons.person_id, reasons.reason

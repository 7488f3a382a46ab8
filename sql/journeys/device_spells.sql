-- One row per spell in which what was done without a login on a device of several people is one person's.
-- A login is an event that names a customer id or an e-mail, or an order of somebody known. What was done without one
-- belongs to the next login in the same visit of the device, else to the last one before it in that visit, else to the
-- device itself, which is a person of its own then. A visit of a device is what was done on it, by whomever, without a
-- gap longer than the session timeout; an event that no person caused counts with the visit before it.
-- key: anonymous_id, owned_from
-- keyed by: anonymous_id
-- linked by: identifier
with split_devices as (
    select distinct activity.anonymous_id
    from journeys.identifier_activity as activity
    inner join journeys.identities as identities on activity.identifier = identities.identifier
    where identities.is_split
),

-- An order that names nobody says nothing.
named_orders as (
    select distinct activity.anonymous_id, activity.order_key, 'order:' || activity.order_id as identifier
    from journeys.identifier_activity as activity
    inner join split_devices on activity.anonymous_id = split_devices.anonymous_id
    inner join journeys.identities as identities on 'order:' || activity.order_id = identities.identifier
    where identities.is_identified
),

instants as (
    select
        events.anonymous_id,
        events.occurred_at,
        bool_or(events.is_person_caused) as is_person_caused,
        bool_or(events.customer_id is null and events.email_hash is null) as is_without_login,
        min(
            case
                when events.customer_id is null and events.email_hash is null then named_orders.identifier
                else events.identifier
            end
        ) as login
    from staging.events as events
    inner join split_devices on events.anonymous_id = split_devices.anonymous_id
    left join named_orders
        on events.anonymous_id = named_orders.anonymous_id and events.order_id = named_orders.order_key
    group by events.anonymous_id, events.occurred_at
),

gaps as (
    select
        *,
        max(case when is_person_caused then occurred_at end) over (
            partition by anonymous_id order by occurred_at rows between unbounded preceding and 1 preceding
        ) as previous_at
    from instants
),

visits as (
    select
        gaps.anonymous_id,
        gaps.occurred_at,
        gaps.is_without_login,
        gaps.login,
        count(
            case
                when not gaps.is_person_caused then null
                when elapsed_seconds(gaps.previous_at, gaps.occurred_at) <= shop.session_timeout_seconds then null
                else 1
            end
        ) over (partition by gaps.anonymous_id order by gaps.occurred_at) as visit_number
    from gaps
    cross join settings.shop as shop
),

owned as (
    select
        anonymous_id,
        occurred_at,
        is_without_login,
        coalesce(
            first_value(login ignore nulls) over (
                partition by anonymous_id, visit_number order by occurred_at
                rows between current row and unbounded following
            ),
            last_value(login ignore nulls) over (
                partition by anonymous_id, visit_number order by occurred_at
                rows between unbounded preceding and current row
            ),
            'anonymous:' || anonymous_id
        ) as owner
    from visits
),

changes as (
    select
        anonymous_id,
        occurred_at,
        owner,
        case
            when lag(owner) over (partition by anonymous_id order by occurred_at) = owner then null else 1
        end as change
    from owned
    where is_without_login
),

spells as (
    select
        anonymous_id,
        occurred_at,
        owner,
        count(change) over (partition by anonymous_id order by occurred_at) as spell_number
    from changes
)

select
    spells.anonymous_id,        -- the device
    'anonymous:' || spells.anonymous_id as identifier,  -- the device, as its events without a login name it
    spells.owner,               -- the login that they belong to: kind:value; the device itself: nobody's
    identities.person_id,       -- of journeys.people
    min(spells.occurred_at) as owned_from,  -- UTC instant of the first event without a login in the spell
    instant_after(max(spells.occurred_at), 0.000001) as owned_until,  -- UTC instant right after the last one
from spells
inner join journeys.identities as identities on spells.owner = identities.identifier
group by spells.anonymous_id, spells.spell_number, spells.owner, identities.person_id

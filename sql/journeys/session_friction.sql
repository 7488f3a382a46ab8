-- One row per session with a friction signal: how many of each (journeys.friction_signals). A session without any has
-- no row: left join it, and a missing row is none.
-- Back-steps have a count of their own and are not in friction_count: going back and forth between a list and its
-- products is how people shop. An error that is a payment failure is in payment_failure_count only.
-- key: session_id
-- keyed by: person_id
with on_site as (
    select person_id, session_id, occurred_at, signal
    from journeys.friction_signals
    where session_id is not null
)

select
    session_id,                 -- of journeys.sessions or journeys.quarantined_sessions
    person_id,                  -- of journeys.people
    cast(count(*) filter (where signal = 'payment_failure') as bigint)
        as payment_failure_count,  -- payments that failed
    cast(count(*) filter (where signal = 'error') as bigint) as error_count,  -- other errors
    cast(count(*) filter (where signal = 'rage_repeat') as bigint) as rage_repeat_count,  -- episodes of the same action
    cast(count(*) filter (where signal = 'repeated_search') as bigint)
        as repeated_search_count,  -- searches after one in vain
    cast(count(*) filter (where signal = 'support_contact') as bigint)
        as support_contact_count,  -- where help was asked for next
    cast(count(*) filter (where signal <> 'back_step') as bigint) as friction_count,  -- the five above together
    cast(count(*) filter (where signal = 'back_step') as bigint) as back_step_count,  -- touchpoints of an earlier stage
    min(case when signal <> 'back_step' then occurred_at end)
        as first_friction_at,  -- UTC instant; null: back-steps only
from on_site
group by session_id, person_id

-- checks: journeys.touchpoints
-- severity: warn
-- Every event is somebody's: an event whose identifiers are all blocked or empty has no person and is in no figure.
-- Bots and staff are left out on purpose.
with screened as (
    select identities.identifier
    from journeys.screened_people as screened_people
    inner join journeys.identities as identities on screened_people.person_id = identities.person_id
)

select events.event_id, events.event_name, events.occurred_at
from staging.events as events
where
    not exists (
        select 1 from journeys.touchpoints as touchpoints where touchpoints.touchpoint_id = 'event:' || events.event_id
    )
    and coalesce('customer:' || events.customer_id, '') not in (select identifier from screened)
    and coalesce('email:' || events.email_hash, '') not in (select identifier from screened)
    and coalesce('anonymous:' || events.anonymous_id, '') not in (select identifier from screened)

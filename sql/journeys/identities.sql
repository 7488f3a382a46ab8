-- One row per identifier (kind:value), with the person it belongs to: connected components of the used pairs of
-- journeys.identity_evidence. The person's id is made from the component's smallest identifier, so it does not depend
-- on the order in which rows arrive.
-- key: identifier
create table journeys.identities (
    identifier text,            -- kind:value
    person_id text,             -- of journeys.people
    has_evidence boolean        -- false: only the click-stream names it, and never together with another one
)

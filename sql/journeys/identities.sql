-- One row per identifier (kind:value), with the person it belongs to, by the used pairs of journeys.identity_evidence:
-- what customer ids, e-mails, CRM contacts and orders tie is an account; a device belongs to the account that it meets,
-- and makes no one of two accounts. A device of several people is a row of its own here, and journeys.device_spells says
-- whose its visits are; if they are all somebody's, it is nobody in journeys.people. A customer id without an e-mail and
-- an e-mail without a customer id that devices connect, and nobody else, are one person.
-- The person's id is made from the smallest identifier of the person, so it does not depend on the order in which rows
-- arrive.
-- key: identifier
create table journeys.identities (
    identifier text,            -- kind:value
    person_id text,             -- of journeys.people
    has_evidence boolean,       -- false: only the click-stream names it, and never together with another one
    is_identified boolean,      -- a customer id, an e-mail or a CRM contact is the person's
    is_split boolean,           -- a device of several people
    connected_id text           -- the same for all that evidence connects, through the devices of several people too
)

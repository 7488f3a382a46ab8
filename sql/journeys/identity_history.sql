-- One row per identifier and spell in which, as known at that time, it belonged to one person and that person was
-- identified (by a customer id, an e-mail or a CRM contact) or not: what did we know then? From the used pairs of
-- journeys.identity_evidence, each known from the first row that names both; a pair without an instant is known from
-- the beginning. An identifier that is never linked has no row: it is a person by itself throughout.
-- key: identifier, known_from
create table journeys.identity_history (
    identifier text,            -- kind:value
    person_then text,           -- made from the smallest identifier that was linked to it then, as person_id is of all
    is_identified boolean,      -- a customer id, an e-mail or a CRM contact was linked to it then, or it is one
    known_from timestamp,       -- UTC instant from which this was known; null: from the beginning
    known_until timestamp,      -- UTC instant from which something else was known; null: it still is so
    person_id text              -- of journeys.people: by all the evidence of today
)

-- One row per order, answer, ticket, deal and contact: whose it is, by the first of its names (journeys.record_identifiers)
-- that is known. An order is the person's whom its own identifier says.
-- What one of them says is not here, but when it changes, its row here is replaced: so a table keyed by person may read
-- orders, answers, tickets, deals and contacts together with this one.
-- key: record_id
-- keyed by: record_id
-- linked by: identifier
select
    names.record_id,            -- kind:row_id
    names.kind,                 -- order, answer, ticket, deal or contact
    names.row_id,               -- of the table in staging
    arg_min(identities.person_id, names.preference) filter (
        where identities.person_id is not null and (names.kind <> 'order' or names.preference = 1)
    ) as person_id,             -- of journeys.people; null: nobody known
    coalesce(
        arg_min(names.identifier, names.preference) filter (
            where names.preference > 1 and (names.kind = 'order' or identities.person_id is not null)
        ),
        arg_min(names.identifier, names.preference)
    ) as identifier,            -- whose it is before stitching: the customer's, else the e-mail's, else its own
    names.order_id,             -- the order it is or names, where that order is known
from journeys.record_identifiers as names
left join journeys.identities as identities
    on names.identifier = identities.identifier and identities.has_evidence
group by names.record_id, names.kind, names.row_id, names.order_id

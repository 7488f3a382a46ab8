-- One row: how many identifiers were seen, how many others one may meet before it links nothing, and whether figures
-- leave out who is screened.
select
    shop.identity_link_limit as link_limit,
    (
        select count(*)
        from (
            select identifier from journeys.identities
            union
            select identifier from journeys.identity_evidence
            union
            select other_identifier from journeys.identity_evidence where other_identifier is not null
        ) as seen
    ) as identifier_count,
    shop.leaves_out_screened
from settings.shop as shop

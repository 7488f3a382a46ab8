-- One row per identifier that meets more customers (or e-mails) than settings.shop.identity_link_limit, and so links
-- nothing: a shared tablet, an office address. That it does is decided with the evidence (journeys.identity_evidence).
-- key: identifier
with ends as (
    select identifier, other_identifier
    from journeys.identity_evidence
    where is_shared
    union
    select other_identifier, identifier
    from journeys.identity_evidence
    where is_other_shared
)

select
    identifier,                 -- kind:value
    split_part(identifier, ':', 1) as kind,  -- anonymous, email, customer or contact
    cast(count(*) as bigint) as other_count,  -- identifiers that a row names together with it
    cast(count(*) filter (where split_part(other_identifier, ':', 1) in ('customer', 'email')) as bigint)
        as login_count,         -- of these, customer ids and e-mails
from ends
group by identifier

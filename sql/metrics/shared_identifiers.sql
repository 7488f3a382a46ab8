-- One row per kind of identifier that meets too many others (shared devices, office addresses) and so links nothing:
-- all its pairs are unused, and more than the limit. Its logins are the customer ids and e-mails it meets.
-- key: kind
with linked as (
    select identifier, other_identifier, is_used
    from journeys.identity_evidence
    where other_identifier is not null
),

ends as (
    select identifier, other_identifier, is_used from linked
    union all
    select other_identifier, identifier, is_used from linked
),

shared as (
    select
        identifier,
        count(distinct other_identifier) as other_count,
        count(distinct case when regexp_matches(other_identifier, '^(customer|email):') then other_identifier end)
            as login_count
    from ends
    where regexp_matches(identifier, '^(anonymous|email|customer|contact):')
    group by identifier
    having not bool_or(is_used)
)

select
    split_part(shared.identifier, ':', 1) as kind,  -- anonymous, email, customer or contact
    cast(count(*) as bigint) as identifier_count,  -- identifiers that link nothing
    cast(sum(shared.login_count) as bigint) as login_count,  -- customer ids and e-mails that they meet
    cast(max(shared.login_count) as bigint) as most_login_count  -- the most that one of them meets
from shared
cross join settings.shop as shop
where shared.other_count > shop.identity_link_limit
group by split_part(shared.identifier, ':', 1)

-- One row per kind of identifier that meets too many others (shared devices, office addresses) and so links nothing:
-- all its pairs are unused, and more than the limit. Its logins are the customer ids and e-mails it meets.
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
    split_part(shared.identifier, ':', 1) as kind,
    count(*) as identifier_count,
    cast(sum(shared.login_count) as bigint) as login_count,
    max(shared.login_count) as most_logins
from shared
cross join settings.shop as shop
where shared.other_count > shop.identity_link_limit
group by 1
order by identifier_count desc, kind

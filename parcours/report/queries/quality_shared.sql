-- One row per kind of identifier that meets too many others and so links nothing, with the customer ids and e-mails
-- that it meets.
select
    kind,
    count(*) as identifier_count,
    cast(sum(login_count) as bigint) as login_count,
    max(login_count) as most_logins
from journeys.shared_identifiers
group by kind
order by identifier_count desc, kind

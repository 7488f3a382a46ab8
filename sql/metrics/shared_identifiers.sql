-- One row per kind of identifier that meets too many others (journeys.shared_identifiers), with the customer ids and
-- e-mails that it meets.
-- key: kind
select
    kind,                       -- anonymous, email, customer or contact
    cast(count(*) as bigint) as identifier_count,  -- identifiers that link nothing
    cast(sum(login_count) as bigint) as login_count,  -- customer ids and e-mails that they meet
    cast(max(login_count) as bigint) as most_login_count  -- the most that one of them meets
from journeys.shared_identifiers
group by kind

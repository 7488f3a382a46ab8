-- Identifiers that link nothing
select
    {
        'told': case kind
            when 'anonymous' then 'Device'
            when 'email' then 'E-mail'
            when 'customer' then 'Customer id'
            else 'CRM contact'
        end
    } as "Kind of identifier",
    identifier_count as "Identifiers",
    login_count as "Logins they meet",
    most_login_count as "Most by one"
from metrics.shared_identifiers
order by identifier_count desc, kind

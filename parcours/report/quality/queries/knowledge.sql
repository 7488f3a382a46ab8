-- When it was known who a visitor was
select
    case when month_on is null then {'told': 'All months'} else {'told': '{month}', 'month': strftime(month_on, '%Y-%m')} end
        as "Month",
    session_count as "Sessions",
    known_session_count as "Known at once",
    later_session_count as "Known only later",
    never_session_count as "Not known so far",
    recognised_later_rate as "Known only later, share"
from metrics.identity_knowledge
where session_count > 0
order by metrics.identity_knowledge.month_on desc nulls first

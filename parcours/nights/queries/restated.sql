-- One row per cause: of how many values of matured days it is one, and of which days.
select
    cause,
    count(*) as "values",
    min(happened_on) as first_on,
    max(happened_on) as last_on
from metrics.restatements
group by cause
order by count(*) desc, cause

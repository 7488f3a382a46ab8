-- One row per cause: of how many values of figures by day it is one, and of how many days; the most frequent first.
select
    restatements.cause,
    count(*) as value_count,
    count(distinct restatements.happened_on) as day_count,
    min(restatements.happened_on) as first_on,
    max(restatements.happened_on) as last_on
from metrics.restatements as restatements
inner join settings.kpis as kpis on restatements.kpi = kpis.kpi
group by restatements.cause
order by value_count desc, restatements.cause

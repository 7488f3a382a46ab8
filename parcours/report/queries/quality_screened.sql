-- One row per reason and evidence: how many people are screened for it.
select reason, evidence, count(*) as person_count
from journeys.screened_people
group by reason, evidence
order by reason, person_count desc, evidence

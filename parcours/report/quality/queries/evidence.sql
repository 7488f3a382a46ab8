-- Why people are taken for bots or staff
select {'told': evidence} as "Evidence", {'told': reason} as "Taken for", person_count as "People"
from metrics.screening_evidence
order by reason, person_count desc, evidence

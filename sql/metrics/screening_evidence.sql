-- One row per reason and evidence for which people are screened.
-- key: reason, evidence
select
    reason,                     -- bot or staff
    evidence,                   -- what says so
    cast(count(*) as bigint) as person_count  -- people of whom it says so
from journeys.screened_people
group by reason, evidence

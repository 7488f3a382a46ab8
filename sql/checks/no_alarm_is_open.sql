-- checks: metrics.incident_notices
-- severity: warn
-- finds: steps that have fallen, by alarms that are open
-- do: See what changed on the site on the first of these days, for these people; try the step yourself as they would. If you know the cause, log it below changes: in journey.yaml.
-- No step has fallen for everybody or for one segment up to last night: each alarm is over, by the last thing that was told of it.
select alarm, dimension, value, word, night, began_on, ended_on, entered_count, went_on_count, round(expected_count, 1) as expected_count
from metrics.incident_notices
where is_open
qualify row_number() over (partition by alarm order by night desc) = 1
order by night desc, alarm

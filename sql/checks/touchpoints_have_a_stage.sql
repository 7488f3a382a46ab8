-- checks: metrics.stage_coverage
-- severity: warn
-- Every kind of touchpoint has a rule in journey.yaml that places it in a stage.
select source, event_name, touchpoint_count
from metrics.stage_coverage
where staged_count < touchpoint_count
order by touchpoint_count desc

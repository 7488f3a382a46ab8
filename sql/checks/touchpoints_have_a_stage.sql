-- checks: metrics.stage_coverage
-- severity: warn
-- Every kind of touchpoint has a rule in journey.yaml; a rule may leave it without a stage.
select source, event_name, touchpoint_count
from metrics.stage_coverage
where named_count < touchpoint_count
order by touchpoint_count desc

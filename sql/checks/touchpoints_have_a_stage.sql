-- checks: metrics.stage_coverage
-- severity: warn
-- finds: names that no rule matches
-- do: Copy the rules shown under Stages below touchpoints: in journey.yaml; choose a name and a stage.
-- Every kind of touchpoint has a rule in journey.yaml; a rule may leave it without a stage.
select source, event_name, touchpoint_count
from metrics.stage_coverage
where named_count < touchpoint_count
order by touchpoint_count desc, source, event_name

-- Per stage what its touchpoints are due to, most of them first.
select stage, triggered_by, touchpoint_count, touchpoint_share
from metrics.stage_triggers
where stage is not null
order by stage, touchpoint_count desc, triggered_by

-- One row per source and name of touchpoints without a stage, those that hold most of them first.
select
    source, event_name as name,
    touchpoint_count - staged_count as touchpoint_count,
    greatest(named_count - staged_count, 0) as named_count,
    cast(net_revenue - staged_revenue as double) as net_revenue
from metrics.stage_coverage
where staged_count < touchpoint_count
order by touchpoint_count desc, source, name

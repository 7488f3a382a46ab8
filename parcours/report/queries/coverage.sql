-- One row per source, and one (source null) for all: touchpoints that a rule places in a stage.
select
    source,
    cast(coalesce(sum(touchpoint_count), 0) as bigint) as touchpoint_count,
    cast(coalesce(sum(staged_count), 0) as bigint) as staged_count,
    sum(staged_count) / nullif(sum(touchpoint_count), 0) as staged_share
from metrics.stage_coverage
group by rollup (source)
order by source nulls last

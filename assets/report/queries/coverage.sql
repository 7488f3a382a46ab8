-- One row per source, and one (source null) for all: touchpoints that a rule places in a stage.
select
    source,
    cast(sum(touchpoint_count) as bigint) as touchpoint_count,
    cast(sum(staged_count) as bigint) as staged_count,
    sum(staged_count) / nullif(sum(touchpoint_count), 0) as staged_share
from metrics.stage_coverage
group by rollup (source)
order by source nulls last

-- One row per source, and one (source null) for all.
select * from metrics.stage_coverage_by_source
order by source nulls last

-- One row per source, and one (source null) for all.
select * from metrics.source_coverage
order by source nulls last

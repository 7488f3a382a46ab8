-- One row per ranking and stage, best first.
select ranking.ranking, ranking.stage, stages.stage_label as label, ranking.value, ranking.rank, ranking.is_tie_with_first
from metrics.drop_off_ranking as ranking
inner join metrics.stage_drop_off as stages on ranking.stage = stages.stage
order by ranking.ranking, ranking.rank

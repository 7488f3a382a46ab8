-- Of each stage the newest comment of a dissatisfied and of a satisfied answer.
select stage, is_satisfied, score_of_10, comment
from metrics.stage_verbatims
where newest = 1
order by stage, is_satisfied

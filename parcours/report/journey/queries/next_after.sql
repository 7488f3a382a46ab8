-- One row per stage that journeys ended in, and outcome: what those who dropped there did instead.
select
    stages.stage_label as label, nexts.place_number, nexts.outcome,
    nexts.dropped_count, nexts.unit_count, nexts.dropped_share, nexts.returned_count, nexts.ordered_count,
    nexts.outcome_rate, nexts.outcome_low, nexts.outcome_high, nexts.is_small
from metrics.drop_off_next as nexts
inner join settings.stages as stages on nexts.place = stages.stage
where nexts.place_type = 'stage' and nexts.dropped_count > 0
order by nexts.place_number, nexts.outcome_number

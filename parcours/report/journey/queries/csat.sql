-- One row per stage with answers, one for those of no stage, and one for all of them.
select
    csat.stage, csat.stage_label as label,
    coalesce(csat.stage_label, case csat.stage when 'all' then 'All answers' when 'none' then 'Of no stage' else csat.stage end) as name,
    csat.answer_count, csat.satisfied_count, csat.csat,
    csat.csat_low as low, csat.csat_high as high, csat.mean_of_10, csat.unattached_count, csat.asked_count,
    csat.response_rate, is_small_cell(csat.answer_count, shop.small_cell) as is_small
from metrics.csat_by_stage as csat
cross join settings.shop as shop
order by csat.stage_position nulls last, csat.stage

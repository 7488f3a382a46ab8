-- One row per deviation that can be held against comparable journeys, the most frequent first.
select
    costs.kind, 'stage' as place_type, coalesce(stages.stage_label, costs.place) as place,
    coalesce(from_stages.stage_label, costs.from_place) as from_place, costs.deviating_count, costs.compared_count,
    costs.ordered_count, costs.comparable_count, costs.ordered_rate, costs.comparable_rate, costs.difference,
    costs.difference_low, costs.difference_high, costs.is_small
from metrics.deviation_cost as costs
left join settings.stages as stages on costs.place = stages.stage
left join settings.stages as from_stages on costs.from_place = from_stages.stage
where costs.difference is not null
order by costs.compared_count desc, costs.kind, costs.place, costs.from_place

-- One row per pair of places (stages, touchpoints) between which people went both ways: the way taken more often, and
-- the one back; the pairs with the most ways back first.
with moves as (
    select
        transitions.kind, transitions.from_place, transitions.to_place, transitions.transition_count,
        transitions.journey_count, transitions.person_count, transitions.median_seconds,
        coalesce(stages.stage_label, transitions.from_place) as from_label
    from metrics.transitions as transitions
    left join settings.stages as stages on transitions.kind = 'stage' and transitions.from_place = stages.stage
    where transitions.kind <> 'channel' and transitions.journey_type = 'all' and not transitions.is_loop
)

select
    there.kind, there.from_place, there.to_place, there.from_label as a, back.from_label as b,
    there.transition_count as there_transition_count, back.transition_count as back_transition_count,
    there.journey_count as there_journey_count, back.journey_count as back_journey_count,
    back.person_count as back_person_count, back.median_seconds as back_median_seconds,
    is_small_cell(back.person_count, shop.small_cell) as is_small
from moves as there
inner join moves as back
    on there.kind = back.kind and there.from_place = back.to_place and there.to_place = back.from_place
cross join settings.shop as shop
where
    there.transition_count > back.transition_count
    or (there.transition_count = back.transition_count and there.from_place < there.to_place)
order by there.kind, back.transition_count desc, there.transition_count desc, there.from_place, there.to_place

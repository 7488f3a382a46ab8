-- One row per step of a funnel or stage of the map, and outcome: how many of those who dropped there did so instead.
-- Each unit has exactly one outcome (metrics.dropped_units), so the outcomes of a place add up to its dropped_count of
-- metrics.funnel_steps or metrics.stage_drop_off, and their shares to 100 %. Rates are of those alone of whom it is known.
-- Wilson 95 % (Wilson 1927) for the rate.
-- key: place_type, funnel_id, place_number, outcome
with outcome_names as (
    select 1 as outcome_number, 'contacted support' as outcome
    union all
    select 2, 'another product'
    union all
    select 3, 'earlier stage'
    union all
    select 4, 'later session'
    union all
    select 5, 'left'
    union all
    select 6, 'open'
    union all
    select 7, 'uncovered'
),

places as (
    select 'step' as place_type, funnel_id, step_number as place_number, step_label as place, dropped_count
    from metrics.funnel_steps
    where step_number > 1
    union all
    select 'stage', null, stage_position, stage, dropped_count
    from metrics.stage_drop_off
    where dropped_count is not null
),

counts as (
    select
        place_type,
        coalesce(funnel_id, '') as funnel_id,
        place_number,
        outcome,
        cast(count(*) as bigint) as unit_count,
        count(distinct person_id) as person_count,
        cast(count(*) filter (where is_returned) as bigint) as returned_count,
        cast(count(*) filter (where is_ordered) as bigint) as ordered_count
    from metrics.dropped_units
    group by place_type, coalesce(funnel_id, ''), place_number, outcome
),

known_counts as (
    select place_type, funnel_id, place_number, cast(sum(unit_count) as bigint) as known_count
    from counts
    where outcome not in ('open', 'uncovered')
    group by place_type, funnel_id, place_number
),

cells as (
    select
        places.*,
        names.outcome_number,
        names.outcome,
        coalesce(counts.unit_count, 0) as unit_count,
        coalesce(counts.person_count, 0) as person_count,
        coalesce(counts.returned_count, 0) as returned_count,
        coalesce(counts.ordered_count, 0) as ordered_count,
        coalesce(known_counts.known_count, 0) as known_count,
        case when names.outcome not in ('open', 'uncovered') then coalesce(counts.unit_count, 0) end as rated_count
    from places
    cross join outcome_names as names
    left join counts
        on
            places.place_type = counts.place_type
            and coalesce(places.funnel_id, '') = counts.funnel_id
            and places.place_number = counts.place_number
            and names.outcome = counts.outcome
    left join known_counts
        on
            places.place_type = known_counts.place_type
            and coalesce(places.funnel_id, '') = known_counts.funnel_id
            and places.place_number = known_counts.place_number
)

select
    cells.place_type,           -- step (of a funnel) or stage (of the map)
    cells.funnel_id,            -- of settings.funnels; null: a stage
    cells.place_number,         -- of the step that was not reached; of the stage on the map
    cells.place,                -- the step's label, or the stage
    cells.outcome_number,       -- 1 is looked for first; 6 and 7 are not known
    cells.outcome,              -- contacted support, another product, earlier stage, later session, left; open or uncovered
    cells.dropped_count,        -- units that dropped there
    cells.unit_count,           -- of these, with this outcome
    cells.person_count,         -- people whose units these are
    cells.returned_count,       -- of unit_count, came back within the inactivity limit, whatever else they did
    cells.ordered_count,        -- of unit_count, placed an order within it after all
    rate(cells.unit_count, cells.dropped_count) as dropped_share,  -- of all who dropped there: adds up to 1
    rate(cells.rated_count, cells.known_count) as outcome_rate,  -- of those of whom it is known; null: open or uncovered
    wilson_low(cells.rated_count, cells.known_count) as outcome_low,  -- Wilson 95 %
    wilson_high(cells.rated_count, cells.known_count) as outcome_high,  -- Wilson 95 %
    is_small_cell(cells.known_count, shop.small_cell) as is_small,  -- too few to rank the rate
from cells
cross join settings.shop as shop

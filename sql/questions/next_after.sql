-- One row per outcome of those who dropped at one place, within each group: `drops` are rows of metrics.dropped_units with a
-- `group_key`. Columns as in metrics.drop_off_next; a group without an outcome has it with none.
with outcome_names as (
    select distinct outcome_number, outcome, outcome in ('open', 'uncovered') as is_unknown
    from metrics.drop_off_next
),

totals as (
    select
        group_key,
        count(*) as dropped_count,
        count(*) filter (where outcome not in ('open', 'uncovered')) as known_count
    from drops
    group by all
),

counts as (
    select
        group_key,
        outcome,
        count(*) as unit_count,
        count(distinct person_id) as person_count,
        count(*) filter (where is_returned) as returned_count,
        count(*) filter (where is_ordered) as ordered_count
    from drops
    group by all
),

cells as (
    select
        totals.group_key,
        names.outcome_number,
        names.outcome,
        totals.dropped_count,
        totals.known_count,
        coalesce(counts.unit_count, 0) as unit_count,
        coalesce(counts.person_count, 0) as person_count,
        coalesce(counts.returned_count, 0) as returned_count,
        coalesce(counts.ordered_count, 0) as ordered_count,
        case when not names.is_unknown then coalesce(counts.unit_count, 0) end as rated_count
    from totals
    cross join outcome_names as names
    left join counts on totals.group_key is not distinct from counts.group_key and names.outcome = counts.outcome
)

select
    group_key,
    outcome_number,
    outcome,
    dropped_count,
    unit_count,
    person_count,
    returned_count,
    ordered_count,
    rate(unit_count, dropped_count) as dropped_share,
    rate(rated_count, known_count) as outcome_rate,
    wilson_low(rated_count, known_count) as outcome_low,
    wilson_high(rated_count, known_count) as outcome_high,
    is_small_cell(known_count, shop.small_cell) as is_small
from cells
cross join settings.shop as shop

-- One row per step that the best attempt of a unit and shop day of entry reached, from the model's `units` and `rules`: for
-- funnels whose steps may come in any order.
--
-- Semantics (definitions: Funnel): a row of any step is an entry, and step 1; step 2 is reached with the earliest row of
-- another step within the window from it, step 3 with that of a third, … A step's number is how many were done, not which.
with ranked as (
    select
        units.funnel_id, units.step_number, units.unit_id, units.unit_on, units.person_id, units.session_id,
        units.occurred_at, rules.window_seconds,
        dense_rank() over (
            partition by units.funnel_id, units.unit_id
            order by units.occurred_at, units.sequence nulls last, units.touchpoint_id
        ) as position
    from units
    inner join rules on units.funnel_id = rules.funnel_id and units.step_number = rules.step_number
    where units.unit_id is not null and units.chain = 'any_order'
),

entries as (
    select distinct
        ranked.funnel_id, ranked.unit_id, ranked.person_id,
        coalesce(ranked.unit_on, shop_day(ranked.occurred_at, shop.time_zone)) as entered_on, ranked.position,
        ranked.occurred_at as entered_at, ranked.session_id, ranked.window_seconds
    from ranked
    cross join settings.shop as shop
),

done as (
    select
        asked.funnel_id, asked.unit_id, asked.person_id, asked.entered_on, asked.position, asked.entered_at,
        asked.session_id, hits.occurred_at as reached_at
    from (
        select entries.*, rules.step_number
        from entries
        inner join rules on entries.funnel_id = rules.funnel_id
    ) as asked
    asof join ranked as hits
        on
            asked.funnel_id = hits.funnel_id
            and asked.unit_id = hits.unit_id
            and asked.step_number = hits.step_number
            and asked.position <= hits.position
    where coalesce(elapsed_seconds(asked.entered_at, hits.occurred_at) <= asked.window_seconds, true)
),

paths as (
    select
        funnel_id, unit_id, person_id, entered_on, position, entered_at, session_id,
        list(reached_at order by reached_at) as path
    from done
    group by funnel_id, unit_id, person_id, entered_on, position, entered_at, session_id
),

-- The best entry of a day: most steps, then the latest, then the one that gets there first.
best as (
    select *
    from paths
    qualify row_number() over (
        partition by funnel_id, unit_id, entered_on
        order by len(path) desc, entered_at desc, list_aggregate(path, 'max'), position
    ) = 1
)

select
    funnel_id, unit_id, person_id, entered_on, 1 as entry_step, generate_subscripts(path, 1) as step_number,
    len(path) as furthest_step, entered_at, unnest(path) as reached_at, session_id
from best

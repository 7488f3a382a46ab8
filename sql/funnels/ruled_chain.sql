-- One row per step that the best attempt of a unit and shop day of entry reached, from the model's `units` and `rules`: for
-- funnels whose steps have rules on what may lie between them. Here for funnels of two steps; what stands between
-- `later step` and `end` is said again for step 3, 4, …
--
-- `units` as for funnel_chain.sql; beside the rows with a step those without one that a strict
-- step may not follow, and those with an `excluded_step`, which may not lie between that step and the one before. `rules`: of each step
-- its window from the entry, the least and the most time since the step before, whether it is strict (the unit's next
-- row), and whether the funnel is open (each step may be the entry).
--
-- Semantics (definitions: Funnel). All rules of a step say between which two positions of its unit the step before has to
-- lie, `earliest_before` and `latest_before`. Of all rows that reach the step before, the last one up to `latest_before` is
-- the best to follow: nothing that any rule forbids lies behind it but not behind an earlier one, and its own entry is the
-- latest. If it does not do, none does. So step by step each row keeps its best entry of each day, and no more.
--
-- Then from the end of the best attempt of a day back to its entry, by the earliest rows that lead there.
with ranked as (
    select
        funnel_id, step_number, excluded_step, unit_id, unit_on, person_id, session_id, occurred_at, 'first' as tie_order,
        dense_rank() over (
            partition by funnel_id, unit_id
            order by occurred_at, sequence nulls last, first_step nulls last, touchpoint_id
        ) as position
    from units
    where unit_id is not null and chain = 'ruled_chain'
    union all
    select
        funnel_id, step_number, excluded_step, unit_id, unit_on, person_id, session_id, occurred_at, 'last',
        dense_rank() over (
            partition by funnel_id, unit_id
            order by occurred_at, sequence nulls last, last_step nulls last, touchpoint_id
        )
    from units
    where unit_id is not null and has_ties and chain = 'ruled_chain'
),

timed as (
    select
        ranked.*,
        rules.window_seconds, rules.is_strict, rules.is_open, rules.at_least_seconds, rules.within_seconds,
        instant_after(ranked.occurred_at, coalesce(rules.at_least_seconds, 0)) - ranked.occurred_at as at_least,
        instant_after(ranked.occurred_at, coalesce(rules.within_seconds, 0)) - ranked.occurred_at as within
    from ranked
    left join rules on ranked.funnel_id = rules.funnel_id and ranked.step_number = rules.step_number
),

spaced as (
    select
        *,
        case when at_least_seconds > 0 then max(position) over up_to_at_least else position - 1 end as latest_before,
        case when within_seconds is not null then min(position) over within_before else 1 end as first_within
    from timed
    window
        up_to_at_least as (
            partition by funnel_id, unit_id, tie_order
            order by occurred_at range between unbounded preceding and at_least preceding
        ),
        within_before as (
            partition by funnel_id, unit_id, tie_order
            order by occurred_at range between within preceding and current row
        )
),

hits as (
    select
        spaced.*,
        greatest(
            spaced.first_within,
            case when spaced.is_strict then spaced.position - 1 else 1 end,
            coalesce(excluded.position, 1)
        ) as earliest_before
    from (select * from spaced where step_number is not null) as spaced
    asof left join (select * from ranked where excluded_step is not null) as excluded
        on
            spaced.funnel_id = excluded.funnel_id
            and spaced.unit_id = excluded.unit_id
            and spaced.tie_order = excluded.tie_order
            and spaced.step_number = excluded.excluded_step
            and spaced.position > excluded.position
),

entries as (
    select
        hits.funnel_id, hits.unit_id, hits.person_id, hits.tie_order,
        coalesce(hits.unit_on, shop_day(hits.occurred_at, shop.time_zone)) as entered_on, hits.step_number as entry_step,
        hits.position as entry_position, hits.occurred_at as entered_at, hits.session_id, hits.position,
        hits.occurred_at as reached_at, hits.earliest_before, hits.latest_before
    from hits
    cross join settings.shop as shop
    where hits.step_number = 1 or hits.is_open
),

days as (
    select
        funnel_id, unit_id, tie_order, entered_on, entry_step, min(position) as first_position,
        max(entered_at) as last_entered_at
    from entries
    group by funnel_id, unit_id, tie_order, entered_on, entry_step
),

walk_1 as (
    select * from entries where entry_step = 1
),

-- later step
walk_2 as (
    select
        walk.funnel_id, walk.unit_id, walk.person_id, walk.tie_order, walk.entered_on, walk.entry_step,
        walk.entry_position, walk.entered_at, walk.session_id, hits.position, hits.occurred_at as reached_at,
        hits.earliest_before, hits.latest_before
    from (
        select hits.*, days.entered_on, days.entry_step
        from hits
        inner join days
            on
                hits.funnel_id = days.funnel_id
                and hits.unit_id = days.unit_id
                and hits.tie_order = days.tie_order
                and hits.position > days.first_position
        where
            hits.step_number = 2
            and days.entry_step < 2
            and coalesce(elapsed_seconds(days.last_entered_at, hits.occurred_at) <= hits.window_seconds, true)
    ) as hits
    asof join walk_1 as walk
        on
            hits.funnel_id = walk.funnel_id
            and hits.unit_id = walk.unit_id
            and hits.tie_order = walk.tie_order
            and hits.entered_on = walk.entered_on
            and hits.entry_step = walk.entry_step
            and hits.latest_before >= walk.position
    where
        walk.position >= hits.earliest_before
        and coalesce(elapsed_seconds(walk.entered_at, hits.occurred_at) <= hits.window_seconds, true)
    union all
    select * from entries where entry_step = 2
),
-- end

walked as (
    select *, 1 as step_number from walk_1
    -- later step
    union all
    select *, 2 from walk_2
    -- end
),

-- The best attempt of a day ends with its furthest step: of the latest entry, and there first.
back_1 as (
    select *, step_number as furthest_step
    from walked
    qualify row_number() over (
        partition by funnel_id, unit_id, entered_on, entry_step
        order by step_number desc, entered_at desc, reached_at, tie_order, entry_position desc, position
    ) = 1
),

-- later step
back_2 as (
    select walked.*, back.furthest_step
    from back_1 as back
    asof join walked
        on
            back.funnel_id = walked.funnel_id
            and back.unit_id = walked.unit_id
            and back.tie_order = walked.tie_order
            and back.entered_on = walked.entered_on
            and back.entry_step = walked.entry_step
            and back.entry_position = walked.entry_position
            and back.step_number - 1 = walked.step_number
            and back.earliest_before <= walked.position
    where back.step_number > back.entry_step
),
-- end

steps as (
    select * from back_1
    -- later step
    union all
    select * from back_2
    -- end
)

select
    funnel_id, unit_id, person_id, entered_on, entry_step, step_number, furthest_step, entered_at, reached_at, session_id
from steps

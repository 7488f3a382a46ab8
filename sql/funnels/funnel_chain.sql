-- One row per step that the best attempt of a unit reached, from the model's `units`: touchpoints with a step that each
-- is. Here for funnels of two steps; what stands between `later step` and `end` is said again for step 3, 4, …
--
-- Semantics (definitions: Funnel): closed, sequential, a window from the first step with its end included, the best
-- attempt over all entries, one event for one step.
--
-- How it works: for a row of step k, the latest start of a chain that reached step k − 1 before it reaches furthest, so
-- one running maximum per step is exact. Rows are put in one total order per unit: by instant, then the source's
-- sequence number, then the first step that a row matches, then its id. A row that matches several steps may serve best
-- as its first or as its last step; both orders are tried and the better attempt counts.
--
-- It joins ASOF, which DuckDB does about five times faster than the portable form, portable_step.sql in the place of
-- chain_2. They give the same rows (tests/test_funnels.py).
with ordered_hits as (
    select
        funnel_id, window_seconds, step_number, unit_id, person_id, occurred_at, 'first' as tie_order,
        dense_rank() over (
            partition by funnel_id, unit_id order by occurred_at, sequence nulls last, first_step, touchpoint_id
        ) as position
    from units
    where unit_id is not null
    union all
    select
        funnel_id, window_seconds, step_number, unit_id, person_id, occurred_at, 'last',
        dense_rank() over (
            partition by funnel_id, unit_id order by occurred_at, sequence nulls last, last_step, touchpoint_id
        )
    from units
    where unit_id is not null and has_ties
),

chain_1 as (
    select
        funnel_id, unit_id, person_id, tie_order, position, occurred_at, window_seconds,
        occurred_at as entered_at, position as entry_position
    from ordered_hits
    where step_number = 1
),

-- later step
chain_2 as (
    select
        hits.funnel_id, hits.unit_id, hits.person_id, hits.tie_order, hits.position, hits.occurred_at,
        hits.window_seconds, chain.entered_at, chain.entry_position
    from (select * from ordered_hits where step_number = 2) as hits
    asof join (
        select
            funnel_id, unit_id, tie_order, position,
            max(entered_at) over latest as entered_at,
            max(entry_position) over latest as entry_position
        from chain_1
        window latest as (
            partition by funnel_id, unit_id, tie_order order by position rows unbounded preceding
        )
    ) as chain
        on
            hits.funnel_id = chain.funnel_id
            and hits.unit_id = chain.unit_id
            and hits.tie_order = chain.tie_order
            and hits.position > chain.position
    where elapsed_seconds(chain.entered_at, hits.occurred_at) <= hits.window_seconds
),
-- end

reached as (
    select
        funnel_id, unit_id, person_id, tie_order, 1 as step_number, max(entered_at) as entered_at,
        max(entry_position) as entry_position
    from chain_1
    group by funnel_id, unit_id, person_id, tie_order
    -- later step
    union all
    select
        funnel_id, unit_id, person_id, tie_order, 2 as step_number, max(entered_at) as entered_at,
        max(entry_position) as entry_position
    from chain_2
    group by funnel_id, unit_id, person_id, tie_order
    -- end
),

-- The best attempt of a unit: furthest, then latest entry, then the tie order by first step.
best as (
    select funnel_id, unit_id, person_id, tie_order, step_number as furthest_step, entered_at, entry_position
    from reached
    qualify row_number() over (
        partition by funnel_id, unit_id
        order by step_number desc, entered_at desc, tie_order, entry_position desc
    ) = 1
),

walk_1 as (
    select funnel_id, unit_id, tie_order, furthest_step, entry_position as position, entered_at as reached_at
    from best
),

-- later step
walk_2 as (
    select
        walk.funnel_id, walk.unit_id, walk.tie_order, walk.furthest_step,
        min(hits.position) as position, min(hits.occurred_at) as reached_at
    from walk_1 as walk
    inner join ordered_hits as hits
        on
            walk.funnel_id = hits.funnel_id
            and walk.unit_id = hits.unit_id
            and walk.tie_order = hits.tie_order
            and hits.step_number = 2
            and hits.position > walk.position
    where walk.furthest_step >= 2
    group by walk.funnel_id, walk.unit_id, walk.tie_order, walk.furthest_step
),
-- end

walked as (
    select funnel_id, unit_id, 1 as step_number, reached_at from walk_1
    -- later step
    union all
    select funnel_id, unit_id, 2 as step_number, reached_at from walk_2
    -- end
)

select
    best.funnel_id, best.unit_id, best.person_id, walked.step_number, best.furthest_step, best.entered_at,
    walked.reached_at
from walked
inner join best on walked.funnel_id = best.funnel_id and walked.unit_id = best.unit_id

-- One row per step that the best attempt of a unit and shop day of entry reached, from the model's `units`: touchpoints
-- with a step that each is. Here for funnels of two steps; what stands between `later step` and `end` is said again for
-- step 3, 4, …
--
-- Semantics (definitions: Funnel): closed, sequential, a window from the first step with its end included, one event for
-- one step, of the entries of a day the one that gets furthest.
--
-- How it works: one pass forward. From each entry the next row of step 2, from that the next row of step 3, and so on: the
-- earliest of each leaves most of the window to those behind it, so no other chain from that entry gets further. Rows are
-- put in one total order per unit: by instant, then the source's sequence number, then the first step that a row
-- matches, then its id. A row that matches several steps may serve best as its first or as its last step; both orders
-- are tried and the better attempt counts.
--
-- It joins ASOF, which DuckDB does about five times faster than the portable form, portable_step.sql in the place of
-- walk_2. They give the same rows (tests/test_funnels.py).
with ordered_hits as (
    select
        funnel_id, window_seconds, step_number, unit_id, unit_on, person_id, session_id, occurred_at, 'first' as tie_order,
        dense_rank() over (
            partition by funnel_id, unit_id order by occurred_at, sequence nulls last, first_step, touchpoint_id
        ) as position
    from units
    where unit_id is not null and chain = 'funnel_chain'
    union all
    select
        funnel_id, window_seconds, step_number, unit_id, unit_on, person_id, session_id, occurred_at, 'last',
        dense_rank() over (
            partition by funnel_id, unit_id order by occurred_at, sequence nulls last, last_step, touchpoint_id
        )
    from units
    where unit_id is not null and has_ties and chain = 'funnel_chain'
),

walk_1 as (
    select
        hits.funnel_id, hits.unit_id, hits.person_id, hits.tie_order, hits.position as entry_position,
        hits.occurred_at as entered_at, coalesce(hits.unit_on, shop_day(hits.occurred_at, shop.time_zone)) as entered_on,
        hits.window_seconds, hits.position, hits.occurred_at as reached_at, hits.session_id
    from ordered_hits as hits
    cross join settings.shop as shop
    where hits.step_number = 1
),

-- later step
walk_2 as (
    select
        walk.funnel_id, walk.unit_id, walk.person_id, walk.tie_order, walk.entry_position, walk.entered_at,
        walk.entered_on, walk.window_seconds, hits.position, hits.occurred_at as reached_at
    from walk_1 as walk
    asof join (select * from ordered_hits where step_number = 2) as hits
        on
            walk.funnel_id = hits.funnel_id
            and walk.unit_id = hits.unit_id
            and walk.tie_order = hits.tie_order
            and walk.position < hits.position
    where coalesce(elapsed_seconds(walk.entered_at, hits.occurred_at) <= walk.window_seconds, true)
),
-- end

walked as (
    select
        funnel_id, unit_id, person_id, tie_order, entry_position, entered_at, entered_on, 1 as step_number, reached_at,
        session_id
    from walk_1
    -- later step
    union all
    select
        funnel_id, unit_id, person_id, tie_order, entry_position, entered_at, entered_on, 2, reached_at, null
    from walk_2
    -- end
),

entries as (
    select
        funnel_id, unit_id, person_id, tie_order, entry_position, entered_at, entered_on,
        max(step_number) as furthest_step, max(session_id) as session_id
    from walked
    group by funnel_id, unit_id, person_id, tie_order, entry_position, entered_at, entered_on
),

-- The best entry of a day: furthest, then latest, then the tie order by first step.
best as (
    select funnel_id, unit_id, person_id, tie_order, entry_position, entered_at, entered_on, furthest_step, session_id
    from entries
    qualify row_number() over (
        partition by funnel_id, unit_id, entered_on
        order by furthest_step desc, entered_at desc, tie_order, entry_position desc
    ) = 1
)

select
    best.funnel_id, best.unit_id, best.person_id, best.entered_on, walked.step_number, best.furthest_step,
    best.entered_at, walked.reached_at, best.session_id
from walked
inner join best
    on
        walked.funnel_id = best.funnel_id
        and walked.unit_id = best.unit_id
        and walked.tie_order = best.tie_order
        and walked.entry_position = best.entry_position

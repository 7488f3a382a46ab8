-- One row per step that the best attempt of a unit and shop day of entry reached, from the model's `units`: touchpoints
-- with a step that each is. Here for funnels of two steps; what stands between `last step` and `end` is said of the last
-- step, between `earlier step` and `end` of each before it, backwards, and between `later step` and `end` of each behind the first.
--
-- Semantics (definitions: Funnel): closed, sequential, a window from the first step with its end included, one event for
-- one step, of the entries of a day the one that gets furthest.
--
-- How it works: one pass backwards. To each row of the last step but one the next row of the last step, to each row of the
-- step before the next one of these with what follows it, and so on: so each entry has the earliest chain of steps behind it.
-- The earliest of each leaves most of the window to those behind it, so no other chain from that entry gets further, and
-- the window only cuts it off. Backwards, because late steps are rare: each row meets one row of the next step, once.
-- Rows are put in one total order per unit: by instant, then the source's sequence number, then the first step that a row
-- matches, then its id. A row that matches several steps may serve best as its first (`tie_order` 1) or as its last step
-- (2); both orders are tried and the better attempt counts.
--
-- It joins ASOF, which DuckDB does about five times faster than the portable form, portable_step.sql in the place of
-- chain_1. They give the same rows (tests/test_funnels.py).
with ordered_hits as (
    select
        funnel_id, window_seconds, step_number, unit_id, unit_on, person_id, session_id, occurred_at, 1 as tie_order,
        dense_rank() over (
            partition by funnel_id, unit_id order by occurred_at, sequence nulls last, first_step, touchpoint_id
        ) as position
    from units
    where unit_id is not null and chain = 'funnel_chain'
    union all
    select
        funnel_id, window_seconds, step_number, unit_id, unit_on, person_id, session_id, occurred_at, 2,
        dense_rank() over (
            partition by funnel_id, unit_id order by occurred_at, sequence nulls last, last_step, touchpoint_id
        )
    from units
    where unit_id is not null and has_ties and chain = 'funnel_chain'
),

-- last step
chain_2 as (
    select ordered_hits.*, occurred_at as reached_at_2
    from ordered_hits
    where step_number = 2
),

-- end
-- earlier step
chain_1 as (
    select
        hits.*,
        hits.occurred_at as reached_at_1,
        following.* exclude (
            funnel_id, window_seconds, step_number, unit_id, unit_on, person_id, session_id, occurred_at, tie_order, position
        )
    from (select * from ordered_hits where step_number = 1) as hits
    asof left join chain_2 as following
        on
            hits.funnel_id = following.funnel_id
            and hits.unit_id = following.unit_id
            and hits.tie_order = following.tie_order
            and hits.position < following.position
),

-- end
entries as (
    select
        chain.*,
        coalesce(chain.unit_on, shop_day(chain.occurred_at, shop.time_zone)) as entered_on,
        1
        -- later step
        + case
            when chain.reached_at_2 is null then 0
            when elapsed_seconds(chain.occurred_at, chain.reached_at_2) > chain.window_seconds then 0
            else 1
        end
        -- end
            as furthest_step
    from chain_1 as chain
    cross join settings.shop as shop
),

-- The best entry of a day: furthest, then latest; of those of one instant the first row, which has the earliest steps behind it.
best as (
    select *
    from entries
    qualify row_number() over (
        partition by funnel_id, unit_id, entered_on
        order by furthest_step desc, occurred_at desc, tie_order, position
    ) = 1
)

select
    funnel_id, unit_id, person_id, entered_on, 1 as step_number, furthest_step, occurred_at as entered_at,
    reached_at_1 as reached_at, session_id
from best
-- later step
union all
select funnel_id, unit_id, person_id, entered_on, 2, furthest_step, occurred_at, reached_at_2, session_id
from best
where furthest_step >= 2
-- end

-- One row per row of step 1 that is followed by one of step 2 in time: walk_2 of funnel_chain.sql for engines without an
-- ASOF join.
select
    funnel_id, unit_id, person_id, tie_order, entry_position, entered_at, entered_on, window_seconds,
    next_position as position, next_reached_at as reached_at
from (
    select
        funnel_id, unit_id, person_id, tie_order, entry_position, entered_at, entered_on, window_seconds, is_walk,
        min(step_position) over following as next_position,
        min(step_reached_at) over following as next_reached_at
    from (
        select
            funnel_id, unit_id, person_id, tie_order, entry_position, entered_at, entered_on, window_seconds, position,
            1 as is_walk, cast(null as bigint) as step_position, cast(null as timestamp) as step_reached_at
        from walk_1
        union all
        select
            funnel_id, unit_id, person_id, tie_order, null, null, null, window_seconds, position,
            0, position, occurred_at
        from ordered_hits
        where step_number = 2
    ) as merged
    -- At one position the step's row comes before the walk's, and is not seen by it: an event never follows itself.
    window following as (
        partition by funnel_id, unit_id, tie_order
        order by position, is_walk rows between current row and unbounded following
    )
) as carried
where
    is_walk = 1
    and next_position is not null
    and coalesce(elapsed_seconds(entered_at, next_reached_at) <= window_seconds, true)

-- One row per row of step 1, with the next row of step 2 and what follows that: chain_1 of funnel_chain.sql for engines
-- without an ASOF join.
select
    hits.* exclude (next_position), -- columns are those of ordered_hits -- noqa: AM04
    hits.occurred_at as reached_at_1,
    following.* exclude (
        funnel_id, window_seconds, step_number, unit_id, unit_on, person_id, session_id, occurred_at, tie_order, position
    )
from (
    select * exclude (is_earlier, step_position)
    from (
        select merged.*, min(step_position) over following as next_position
        from (
            select *, 1 as is_earlier, cast(null as bigint) as step_position from ordered_hits where step_number = 1
            union all
            select *, 0, position from ordered_hits where step_number = 2
        ) as merged
        -- At one position the later step's row comes first, and is not seen by the other: an event never follows itself.
        window following as (
            partition by funnel_id, unit_id, tie_order
            order by position, is_earlier rows between current row and unbounded following
        )
    ) as seen
    where is_earlier = 1
) as hits
left join chain_2 as following
    on
        hits.funnel_id = following.funnel_id
        and hits.unit_id = following.unit_id
        and hits.tie_order = following.tie_order
        and hits.next_position = following.position

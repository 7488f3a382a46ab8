-- One row per row of step 2 that a chain reaches: chain_2 of funnel_chain.sql for engines without an ASOF join.
select
    funnel_id, unit_id, person_id, tie_order, position, occurred_at, window_seconds, entered_at, entry_position
from (
    select
        funnel_id, unit_id, person_id, tie_order, position, occurred_at, window_seconds, is_step,
        max(chain_entered_at) over latest as entered_at,
        max(chain_entry_position) over latest as entry_position
    from (
        select
            funnel_id, unit_id, person_id, tie_order, position, occurred_at, window_seconds,
            1 as is_step, cast(null as timestamp) as chain_entered_at, cast(null as bigint) as chain_entry_position
        from ordered_hits
        where step_number = 2
        union all
        select
            funnel_id, unit_id, person_id, tie_order, position, occurred_at, window_seconds,
            0, entered_at, entry_position
        from chain_1
    ) as merged
    -- At one position the step's row comes before the chain's: an event never follows itself.
    window latest as (
        partition by funnel_id, unit_id, tie_order order by position, is_step desc rows unbounded preceding
    )
) as carried
where is_step = 1 and elapsed_seconds(entered_at, occurred_at) <= window_seconds

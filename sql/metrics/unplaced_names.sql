-- One row per source and event name of which some touchpoints have no stage, and what the rules of journey.yaml say.
-- key: source, event_name
with everything as (
    select cast(sum(touchpoint_count) as bigint) as touchpoint_count from metrics.stage_coverage
),

unplaced as (
    select
        source,
        event_name,
        touchpoint_count - staged_count as unplaced_count,
        greatest(named_count - staged_count, 0) as named_count,
        cast(net_revenue - staged_revenue as decimal(36, 2)) as net_revenue
    from metrics.stage_coverage
    where staged_count < touchpoint_count
)

select
    unplaced.source,            -- events, orders, feedback …
    unplaced.event_name,        -- as the source names it
    unplaced.unplaced_count,    -- touchpoints without a stage
    rate(unplaced.unplaced_count, everything.touchpoint_count) as touchpoint_share,  -- of all touchpoints
    unplaced.net_revenue,       -- of orders placed, without a stage; null: none
    case
        when unplaced.named_count = 0 then 'none'
        when unplaced.named_count < unplaced.unplaced_count then 'names some of them'
        else 'names it, without a stage'
    end as rule                 -- whether a rule names the touchpoints that have no stage
from unplaced
cross join everything

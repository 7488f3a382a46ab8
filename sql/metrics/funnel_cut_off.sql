-- One row per funnel: from when until when all that the steps after its entry need is known.
-- A step needs the sources that its touchpoints come from: of several, the click-stream and the orders if it may come
-- from these. An entry before or a window that ends after is in no rate: what is not known is not a drop-off.
-- key: funnel_id
with rule_sources as (
    select distinct touchpoint, stage, source from settings.touchpoint_rules where source is not null
    union
    select touchpoint, stage, source from journeys.event_meanings
    union
    select touchpoint, stage, 'events' from settings.touchpoint_rules where source is null
),

step_sources as (
    select distinct
        steps.funnel_id,
        steps.step_number,
        known.source,
        known.source in ('events', 'orders') as is_main,
        known.known_from,
        known.known_until
    from (
        select funnel_id, step_number, touchpoint, stage from settings.funnel_step_matches
        union all
        -- That something did not come between two steps must be known too.
        select funnel_id, step_number, touchpoint, null from settings.funnel_exclusions
    ) as steps
    inner join rule_sources
        on
            (steps.touchpoint is null or steps.touchpoint = rule_sources.touchpoint)
            and (steps.stage is null or steps.stage = rule_sources.stage)
    inner join metrics.known_sources as known on rule_sources.source = known.source
    inner join settings.funnels as funnels on steps.funnel_id = funnels.funnel_id
    -- An entry is known by itself; what may be unknown is what came of it.
    where steps.step_number > 1 or funnels.step_count = 1 or funnels.step_order = 'any'
),

needed as (
    select
        step_sources.*,
        bool_or(is_main) over (partition by funnel_id, step_number) as has_main
    from step_sources
),

spans as (
    select
        funnel_id,
        max(known_from) as known_from,
        min(known_until) as known_until
    from needed
    where is_main or not has_main
    group by funnel_id
)

select
    funnels.funnel_id,          -- of settings.funnels
    coalesce(spans.known_from, cut_off.visits_from) as known_from,  -- UTC instant; null: nothing bounds it
    coalesce(spans.known_until, cut_off.visits_until) as known_until,  -- UTC instant: the data cut-off of the funnel
from settings.funnels as funnels
cross join metrics.cut_off as cut_off
left join spans on funnels.funnel_id = spans.funnel_id

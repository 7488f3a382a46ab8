-- One row per variant of the session rule and required stage that the click-stream can show: how many matured sessions
-- reach it and get no further, and its rank by drop-off. For metrics.session_sensitivity.
-- A session reaches a required stage when it has a touchpoint in it or in a later required one. Drop-off = matured
-- sessions whose furthest required stage this is / matured sessions that reached it. The last such stage is where the map
-- ends for a session: it has no drop-off. Small cells are not ranked; of equal rates the earlier stage comes first.
-- Matured as for conversion: the attribution time after the session's end is over; days without tracking are left out.
-- key: variant_number, stage
with knobs as (
    select time_zone, small_cell from settings.shop
),

run_counts as (
    select
        found.variants,
        found.furthest_required_position,
        cast(count(*) as bigint) as session_count
    from journeys.session_variants as found
    cross join knobs
    cross join metrics.cut_off as known
    where
        found.ended_at <= known.matured_until
        and coalesce(found.started_at >= known.visits_from, true)
        and shop_day(found.started_at, knobs.time_zone) not in (
            select outage_on from metrics.outage_days where outage = 'tracking'
        )
    group by found.variants, found.furthest_required_position
),

places as (
    select distinct measured.stage, measured.stage_position
    from metrics.measured_stages as measured
    inner join settings.touchpoint_rules as rules on measured.stage = rules.stage
    where measured.is_required and coalesce(rules.source, 'events') = 'events'
),

stages as (
    select stage, stage_position, stage_position = max(stage_position) over () as is_last
    from places
),

sums as (
    select
        variants.variant_number,
        variants.variant,
        variants.is_chosen,
        stages.stage,
        stages.stage_position,
        stages.is_last,
        cast(coalesce(sum(
            case when run_counts.furthest_required_position >= stages.stage_position then run_counts.session_count end
        ), 0) as bigint) as reached_count,
        cast(coalesce(sum(
            case when run_counts.furthest_required_position = stages.stage_position then run_counts.session_count end
        ), 0) as bigint) as furthest_count
    from staging.compared_variants as variants
    cross join stages
    left join run_counts on (run_counts.variants // variants.bit) % 2 = 1
    group by
        variants.variant_number, variants.variant, variants.is_chosen, stages.stage, stages.stage_position,
        stages.is_last
),

drops as (
    select
        sums.*,
        case when not is_last then furthest_count end as dropped_count,
        not is_last and reached_count >= greatest(knobs.small_cell, 1) as is_ranked
    from sums
    cross join knobs
)

select
    variant_number,             -- of staging.compared_variants
    variant,                    -- in words
    is_chosen,                  -- the shop's own setting
    stage,                      -- of settings.stages
    stage_position,             -- on the map
    reached_count,              -- matured sessions that reached it
    dropped_count,              -- of these, sessions that got no further; null: the last stage
    rate(dropped_count, reached_count) as drop_off_rate,  -- dropped / reached
    wilson_low(dropped_count, reached_count) as drop_off_low,  -- Wilson 95 %
    wilson_high(dropped_count, reached_count) as drop_off_high,  -- Wilson 95 %
    case when is_ranked then cast(row_number() over (
        partition by variant_number, is_ranked order by rate(dropped_count, reached_count) desc, stage_position
    ) as bigint) end as drop_off_rank,  -- 1: the highest drop-off rate of the variant; null: last stage or small cell
from drops

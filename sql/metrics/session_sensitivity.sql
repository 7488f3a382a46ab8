-- One row per variant of the session rule: how sessions, conversion and the ranking of stages move with the timeout (15,
-- 30, 60 minutes, and the shop's own), with a cut at the shop's midnight, and by the tracker's own ids, where it gives any.
-- Maximum length and campaign cut are the shop's.
-- The variant that is the shop's own setting gives the figures of journeys.sessions and of the headline conversion:
-- matured sessions with an order / matured sessions, days without tracking left out. Interval: Wilson 95 %.
-- key: variant_number
with knobs as (
    select time_zone from settings.shop
),

run_counts as (
    select
        found.variants,
        found.ordered_variants,
        coalesce(
            found.ended_at <= known.matured_until
            and coalesce(found.started_at >= known.visits_from, true)
            and shop_day(found.started_at, knobs.time_zone) not in (
                select outage_on from metrics.outage_days where outage = 'tracking'
            ),
            false
        ) as is_matured,
        cast(count(*) as bigint) as session_count
    from journeys.session_variants as found
    cross join knobs
    cross join metrics.cut_off as known
    group by 1, 2, 3
),

sums as (
    select
        variants.variant_number,
        variants.variant,
        variants.timeout_seconds,
        variants.cuts_at_midnight,
        variants.cuts_by_tracker,
        variants.is_chosen,
        cast(coalesce(sum(run_counts.session_count), 0) as bigint) as session_count,
        cast(coalesce(sum(
            case when (run_counts.ordered_variants // variants.bit) % 2 = 1 then run_counts.session_count end
        ), 0) as bigint) as ordered_session_count,
        cast(coalesce(sum(case when run_counts.is_matured then run_counts.session_count end), 0) as bigint)
            as matured_count,
        cast(coalesce(sum(
            case
                when run_counts.is_matured and (run_counts.ordered_variants // variants.bit) % 2 = 1
                    then run_counts.session_count
            end
        ), 0) as bigint) as converted_count
    from staging.compared_variants as variants
    left join run_counts on (run_counts.variants // variants.bit) % 2 = 1
    group by
        variants.variant_number, variants.variant, variants.timeout_seconds, variants.cuts_at_midnight,
        variants.cuts_by_tracker, variants.is_chosen
),

rankings as (
    select
        variant_number,
        is_chosen,
        string_agg(stage, ' > ' order by drop_off_rank) as stage_ranking,
        max(case when drop_off_rank = 1 then stage end) as highest_drop_off_stage,
        max(case when drop_off_rank = 1 then drop_off_rate end) as highest_drop_off_rate
    from metrics.session_sensitivity_stages
    where drop_off_rank is not null
    group by variant_number, is_chosen
)

select
    sums.variant_number,        -- of staging.compared_variants
    sums.variant,               -- in words
    sums.timeout_seconds / 60.0 as timeout_minutes,  -- a strictly greater gap starts a new session
    sums.cuts_at_midnight,      -- also cut at the shop's midnight
    sums.cuts_by_tracker,       -- the tracker's own session ids come before timeout and midnight, where there are any
    sums.is_chosen,             -- the shop's own setting
    sums.session_count,         -- sessions, without runaway ones
    sums.ordered_session_count,  -- of these, sessions that an order belongs to
    sums.matured_count,         -- sessions whose attribution time is over
    sums.converted_count,       -- of these, sessions with an order
    rate(sums.converted_count, sums.matured_count) as conversion_rate,  -- converted / matured
    wilson_low(sums.converted_count, sums.matured_count) as conversion_low,  -- Wilson 95 %
    wilson_high(sums.converted_count, sums.matured_count) as conversion_high,  -- Wilson 95 %
    rankings.highest_drop_off_stage,  -- the stage with the highest drop-off rate; null: none has enough sessions
    rankings.highest_drop_off_rate,  -- of that stage
    rankings.stage_ranking,     -- stages by drop-off rate, the highest first, as checkout > cart
    coalesce(rankings.stage_ranking, '') = coalesce(max(case when rankings.is_chosen then rankings.stage_ranking end) over (), '')
        as is_ranked_as_chosen,  -- the ranking is that of the shop's own setting
from sums
left join rankings on sums.variant_number = rankings.variant_number

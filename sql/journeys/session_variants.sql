-- One row per run of touchpoints that is a session in at least one variant of the session rule (settings.session_variants:
-- timeouts of 15, 30 and 60 minutes, cut at the shop's midnight or not, and the shop's own); the other options are the
-- shop's. For metrics.session_sensitivity: which figures depend on the choice, and how much.
-- A session that several variants agree on is one row: a variant is in a sum of bits if (sum // bit) % 2 = 1.
-- As in journeys.sessions, runaway sessions are left out, and an order belongs to the session it was placed in, else to
-- the last that ended within the attribution time before it.
-- How it works: touchpoints are put in order once. A block begins where every variant cuts, a fragment where any does.
-- Most blocks are one fragment and so one session whatever the variant; only the others are cut variant by variant.
-- Touchpoints of one instant are never cut apart, so that a session is told by its person, its start and its end.
-- key: person_id, started_at, ended_at
-- keyed by: person_id
with knobs as (
    select
        shop.time_zone,
        shop.cuts_sessions_at_campaigns,
        shop.session_maximum_seconds,
        shop.runaway_touchpoints,
        shop.attribution_seconds,
        min(variants.timeout_seconds) as shortest_timeout,
        max(variants.timeout_seconds) as longest_timeout,
        cast(sum(variants.bit) as bigint) as every_variant
    from settings.shop as shop
    cross join settings.session_variants as variants
    group by
        shop.time_zone, shop.cuts_sessions_at_campaigns, shop.session_maximum_seconds, shop.runaway_touchpoints,
        shop.attribution_seconds
),

instants as (
    select
        touchpoints.person_id,
        touchpoints.occurred_at,
        case when knobs.cuts_sessions_at_campaigns then touchpoints.campaign end as campaign,
        stages.stage_position as required_position
    from journeys.touchpoints as touchpoints
    left join settings.stages as stages on touchpoints.stage = stages.stage and stages.is_required
    cross join knobs
    where touchpoints.is_on_site
),

ordered as (
    select
        person_id,
        occurred_at,
        campaign,
        required_position,
        lag(occurred_at) over in_time as previous_at,
        last_value(campaign ignore nulls) over (
            partition by person_id order by occurred_at, campaign nulls last
            rows between unbounded preceding and 1 preceding
        ) as previous_campaign
    from instants
    window in_time as (partition by person_id order by occurred_at, campaign nulls last)
),

gaps as (
    select
        ordered.person_id,
        ordered.occurred_at,
        ordered.required_position,
        elapsed_seconds(ordered.previous_at, ordered.occurred_at) as gap,
        case
            when
                ordered.previous_at is null
                or elapsed_seconds(ordered.previous_at, ordered.occurred_at) > knobs.longest_timeout
                then 1
            when ordered.campaign <> coalesce(ordered.previous_campaign, '') then 1
            else 0
        end as begins_block,
        case
            -- Midnight of any zone is at a quarter of an hour of UTC: most gaps need no look at the calendar.
            when
                whole_periods(elapsed_seconds(timestamp '1970-01-01', ordered.previous_at), 900)
                = whole_periods(elapsed_seconds(timestamp '1970-01-01', ordered.occurred_at), 900)
                then 0
            when
                elapsed_seconds(ordered.previous_at, ordered.occurred_at) <= knobs.longest_timeout
                and shop_day(ordered.previous_at, knobs.time_zone) <> shop_day(ordered.occurred_at, knobs.time_zone)
                then 1
            else 0
        end as is_other_day
    from ordered
    cross join knobs
),

numbered as (
    select
        gaps.person_id,
        gaps.occurred_at,
        gaps.required_position,
        gaps.gap,
        gaps.begins_block,
        gaps.is_other_day,
        cast(sum(
            case
                when gaps.begins_block = 1 or gaps.gap > knobs.shortest_timeout or gaps.is_other_day = 1 then 1 else 0
            end
        ) over so_far as bigint) as fragment_number,
        cast(sum(gaps.begins_block) over so_far as bigint) as block_number,
        max(case when gaps.begins_block = 1 then gaps.occurred_at end) over so_far as block_started_at
    from gaps
    cross join knobs
    window so_far as (
        partition by gaps.person_id order by gaps.occurred_at range between unbounded preceding and current row
    )
),

-- Where a visit may be longer than the maximum, each instant is a fragment of its own: it may begin a piece.
-- The largest gap of a fragment is longer than a timeout only if its first one is.
fragments as (
    select
        numbered.person_id,
        numbered.block_number,
        min(numbered.occurred_at) as started_at,
        max(numbered.occurred_at) as ended_at,
        count(*) as touchpoint_count,
        max(numbered.required_position) as required_position,
        max(numbered.gap) as gap,
        max(numbered.begins_block) as begins_block,
        max(numbered.is_other_day) as is_other_day
    from numbered
    cross join knobs
    group by
        numbered.person_id,
        numbered.block_number,
        numbered.fragment_number,
        case
            when
                elapsed_seconds(numbered.block_started_at, numbered.occurred_at) >= knobs.session_maximum_seconds
                then numbered.occurred_at
        end
),

blocks as (
    select
        person_id,
        block_number,
        count(*) as fragment_count,
        min(started_at) as started_at,
        max(ended_at) as ended_at,
        cast(sum(touchpoint_count) as bigint) as touchpoint_count,
        max(required_position) as required_position
    from fragments
    group by person_id, block_number
),

divided as (
    select
        fragments.person_id,
        fragments.block_number,
        fragments.started_at,
        fragments.ended_at,
        fragments.touchpoint_count,
        fragments.required_position,
        variants.bit,
        case
            when
                fragments.begins_block = 1
                or fragments.gap > variants.timeout_seconds
                or (variants.cuts_at_midnight and fragments.is_other_day = 1)
                then 1
            else 0
        end as is_new_visit
    from fragments
    inner join blocks
        on
            fragments.person_id = blocks.person_id
            and fragments.block_number = blocks.block_number
            and blocks.fragment_count > 1
    cross join settings.session_variants as variants
),

visits as (
    select
        divided.*,
        cast(sum(is_new_visit) over so_far as bigint) as visit_number,
        max(case when is_new_visit = 1 then started_at end) over so_far as visit_started_at
    from divided
    window so_far as (partition by person_id, block_number, bit order by started_at rows unbounded preceding)
),

cut_by_variant as (
    select
        visits.person_id,
        visits.bit,
        min(visits.started_at) as started_at,
        max(visits.ended_at) as ended_at,
        cast(sum(visits.touchpoint_count) as bigint) as touchpoint_count,
        max(visits.required_position) as required_position
    from visits
    cross join knobs
    group by
        visits.person_id,
        visits.block_number,
        visits.bit,
        visits.visit_number,
        whole_periods(elapsed_seconds(visits.visit_started_at, visits.started_at), knobs.session_maximum_seconds)
),

runs as (
    select person_id, started_at, ended_at, touchpoint_count, required_position, knobs.every_variant as variants
    from blocks
    cross join knobs
    where fragment_count = 1
    union all
    select
        person_id, started_at, ended_at, max(touchpoint_count), max(required_position), cast(sum(bit) as bigint)
    from cut_by_variant
    group by person_id, started_at, ended_at
),

kept as (
    select person_id, started_at, ended_at, required_position, variants
    from runs
    cross join knobs
    where touchpoint_count <= knobs.runaway_touchpoints
),

-- In each variant the session of an order.
attributed as (
    select
        kept.person_id,
        orders.order_id,
        variants.bit,
        max(kept.started_at) as started_at,
        arg_max(kept.ended_at, kept.started_at) as ended_at
    from journeys.order_sessions as orders
    inner join kept on orders.person_id = kept.person_id
    cross join knobs
    inner join settings.session_variants as variants on (kept.variants // variants.bit) % 2 = 1
    where
        kept.started_at <= orders.ordered_at
        and elapsed_seconds(kept.ended_at, orders.ordered_at) <= knobs.attribution_seconds
    group by kept.person_id, orders.order_id, variants.bit
),

ordering as (
    select person_id, started_at, ended_at, cast(sum(bit) as bigint) as variants
    from (
        select distinct person_id, started_at, ended_at, bit
        from attributed
    ) as once
    group by person_id, started_at, ended_at
)

select
    kept.person_id,             -- of journeys.people
    kept.started_at,            -- UTC instant of the first touchpoint
    kept.ended_at,              -- UTC instant of the last touchpoint
    kept.required_position as furthest_required_position,  -- of the furthest required stage; null: none was touched
    kept.variants,              -- bits of the variants in which it is a session
    coalesce(ordering.variants, 0) as ordered_variants,  -- bits of those in which an order belongs to it
from kept
left join ordering
    on
        kept.person_id = ordering.person_id
        and kept.started_at = ordering.started_at
        and kept.ended_at = ordering.ended_at

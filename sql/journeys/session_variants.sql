-- One row per run of touchpoints that is a session in at least one variant of the session rule (settings.session_variants:
-- timeouts of 15, 30 and 60 minutes, cut at the shop's midnight or not, the shop's own, and by the tracker's own ids where
-- a person has any: as journeys.visits says); the other options are the shop's. For metrics.session_sensitivity: which figures
-- depend on the choice, and how much.
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

-- Who has ids of the tracker is cut by them in that variant, all others by the shop's own timeout.
tracker_visits as (
    select person_id, started_at
    from journeys.visits
    where cut_by = 'tracker' and unit_id = person_id
),

tracked_people as (
    select distinct person_id from tracker_visits
),

site_touchpoints as (
    select
        touchpoints.person_id,
        touchpoints.occurred_at,
        case when knobs.cuts_sessions_at_campaigns then touchpoints.campaign end as campaign,
        stages.stage_position as required_position,
        case when tracked_people.person_id is not null then 1 else 0 end as is_tracked,
        case when tracker_visits.started_at is not null then 1 else 0 end as begins_tracked
    from journeys.touchpoints as touchpoints
    left join settings.stages as stages on touchpoints.stage = stages.stage and stages.is_required
    left join tracked_people on touchpoints.person_id = tracked_people.person_id
    left join tracker_visits
        on touchpoints.person_id = tracker_visits.person_id and touchpoints.occurred_at = tracker_visits.started_at
    cross join knobs
    where touchpoints.is_on_site
),

neighbours as (
    select
        person_id,
        occurred_at,
        campaign,
        required_position,
        is_tracked,
        begins_tracked,
        lag(occurred_at) over in_time as previous_at,
        last_value(campaign ignore nulls) over (
            partition by person_id order by occurred_at, campaign nulls last
            rows between unbounded preceding and 1 preceding
        ) as previous_campaign
    from site_touchpoints
    window in_time as (partition by person_id order by occurred_at, campaign nulls last)
),

gaps as (
    select
        neighbours.person_id,
        neighbours.occurred_at,
        neighbours.required_position,
        neighbours.is_tracked,
        neighbours.begins_tracked,
        elapsed_seconds(neighbours.previous_at, neighbours.occurred_at) as gap,
        case
            when neighbours.previous_at is null then 1
            when neighbours.is_tracked = 1 and neighbours.begins_tracked = 0 then 0
            when elapsed_seconds(neighbours.previous_at, neighbours.occurred_at) > knobs.longest_timeout then 1
            when neighbours.campaign <> coalesce(neighbours.previous_campaign, '') then 1
            else 0
        end as begins_block,
        case when neighbours.campaign <> coalesce(neighbours.previous_campaign, '') then 1 else 0 end
            as is_other_campaign,
        case
            -- Midnight of any zone is at a quarter of an hour of UTC: most gaps need no look at the calendar.
            when
                whole_periods(elapsed_seconds(timestamp '1970-01-01', neighbours.previous_at), 900)
                = whole_periods(elapsed_seconds(timestamp '1970-01-01', neighbours.occurred_at), 900)
                then 0
            when
                elapsed_seconds(neighbours.previous_at, neighbours.occurred_at) <= knobs.longest_timeout
                and shop_day(neighbours.previous_at, knobs.time_zone)
                <> shop_day(neighbours.occurred_at, knobs.time_zone)
                then 1
            else 0
        end as is_other_day
    from neighbours
    cross join knobs
),

fragment_numbers as (
    select
        gaps.person_id,
        gaps.occurred_at,
        gaps.required_position,
        gaps.gap,
        gaps.begins_block,
        gaps.is_other_day,
        gaps.is_other_campaign,
        gaps.is_tracked,
        gaps.begins_tracked,
        cast(sum(
            case
                when gaps.begins_block = 1 or gaps.gap > knobs.shortest_timeout or gaps.is_other_day = 1 then 1
                when gaps.is_other_campaign = 1 or gaps.begins_tracked = 1 then 1
                else 0
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
        fragment_numbers.person_id,
        fragment_numbers.block_number,
        min(fragment_numbers.occurred_at) as started_at,
        max(fragment_numbers.occurred_at) as ended_at,
        count(*) as touchpoint_count,
        max(fragment_numbers.required_position) as required_position,
        max(fragment_numbers.gap) as gap,
        max(fragment_numbers.begins_block) as begins_block,
        max(fragment_numbers.is_other_day) as is_other_day,
        max(fragment_numbers.is_other_campaign) as is_other_campaign,
        max(fragment_numbers.is_tracked) as is_tracked,
        max(fragment_numbers.begins_tracked) as begins_tracked
    from fragment_numbers
    cross join knobs
    group by
        fragment_numbers.person_id,
        fragment_numbers.block_number,
        fragment_numbers.fragment_number,
        case
            when
                elapsed_seconds(fragment_numbers.block_started_at, fragment_numbers.occurred_at)
                >= knobs.session_maximum_seconds
                then fragment_numbers.occurred_at
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

variant_fragments as (
    select
        fragments.person_id,
        fragments.block_number,
        fragments.started_at,
        fragments.ended_at,
        fragments.touchpoint_count,
        fragments.required_position,
        variants.bit,
        case
            when fragments.begins_block = 1 then 1
            when variants.cuts_by_tracker and fragments.is_tracked = 1 then fragments.begins_tracked
            when fragments.gap > variants.timeout_seconds or fragments.is_other_campaign = 1 then 1
            when variants.cuts_at_midnight and fragments.is_other_day = 1 then 1
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

variant_visits as (
    select
        variant_fragments.*,
        cast(sum(is_new_visit) over so_far as bigint) as visit_number,
        max(case when is_new_visit = 1 then started_at end) over so_far as visit_started_at
    from variant_fragments
    window so_far as (partition by person_id, block_number, bit order by started_at rows unbounded preceding)
),

variant_pieces as (
    select
        variant_visits.person_id,
        variant_visits.bit,
        min(variant_visits.started_at) as started_at,
        max(variant_visits.ended_at) as ended_at,
        cast(sum(variant_visits.touchpoint_count) as bigint) as touchpoint_count,
        max(variant_visits.required_position) as required_position
    from variant_visits
    cross join knobs
    group by
        variant_visits.person_id,
        variant_visits.block_number,
        variant_visits.bit,
        variant_visits.visit_number,
        whole_periods(
            elapsed_seconds(variant_visits.visit_started_at, variant_visits.started_at), knobs.session_maximum_seconds
        )
),

runs as (
    select person_id, started_at, ended_at, touchpoint_count, required_position, knobs.every_variant as variants
    from blocks
    cross join knobs
    where fragment_count = 1
    union all
    select
        person_id, started_at, ended_at, max(touchpoint_count), max(required_position), cast(sum(bit) as bigint)
    from variant_pieces
    group by person_id, started_at, ended_at
),

sessions_by_variant as (
    select person_id, started_at, ended_at, required_position, variants
    from runs
    cross join knobs
    where touchpoint_count <= knobs.runaway_touchpoints
),

-- In each variant the session of an order.
order_runs as (
    select
        sessions_by_variant.person_id,
        orders.order_id,
        variants.bit,
        max(sessions_by_variant.started_at) as started_at,
        arg_max(sessions_by_variant.ended_at, sessions_by_variant.started_at) as ended_at
    from journeys.order_sessions as orders
    inner join sessions_by_variant on orders.person_id = sessions_by_variant.person_id
    cross join knobs
    inner join settings.session_variants as variants on (sessions_by_variant.variants // variants.bit) % 2 = 1
    where
        orders.is_web
        and sessions_by_variant.started_at <= orders.ordered_at
        and elapsed_seconds(sessions_by_variant.ended_at, orders.ordered_at) <= knobs.attribution_seconds
    group by sessions_by_variant.person_id, orders.order_id, variants.bit
),

ordering_runs as (
    select person_id, started_at, ended_at, cast(sum(bit) as bigint) as variants
    from (
        select distinct person_id, started_at, ended_at, bit
        from order_runs
    ) as once
    group by person_id, started_at, ended_at
)

select
    sessions_by_variant.person_id,  -- of journeys.people
    sessions_by_variant.started_at,  -- UTC instant of the first touchpoint
    sessions_by_variant.ended_at,  -- UTC instant of the last touchpoint
    sessions_by_variant.required_position as furthest_required_position,  -- of the furthest required stage; null: none was touched
    sessions_by_variant.variants,  -- bits of the variants in which it is a session
    coalesce(ordering_runs.variants, 0) as ordered_variants,  -- bits of those in which an order belongs to it
from sessions_by_variant
left join ordering_runs
    on
        sessions_by_variant.person_id = ordering_runs.person_id
        and sessions_by_variant.started_at = ordering_runs.started_at
        and sessions_by_variant.ended_at = ordering_runs.ended_at

-- One row per session as it would be without stitching: every identifier (the customer's, else the e-mail's, else the
-- device's) on its own, by the same session rule. For metrics.stitching_effect.
-- Runaway sessions are left out. An order belongs to a session of its own identifier: the one it was placed in, else the
-- last that ended within the attribution time before it. An order whose export names nobody has no session.
-- Who has a single identifier on the site has the sessions of journeys.session_facts; only the others are cut again.
-- key: identifier, started_at
-- keyed by: person_id
with identifiers as (
    select
        person_id,
        min(identifier) as identifier,
        min(identifier) <> max(identifier) as is_stitched
    from journeys.touchpoints
    where is_on_site
    group by person_id
),

instants as (
    select
        touchpoints.person_id,
        touchpoints.identifier,
        touchpoints.occurred_at,
        case when shop.cuts_sessions_at_campaigns then touchpoints.campaign end as campaign
    from journeys.touchpoints as touchpoints
    inner join identifiers on touchpoints.person_id = identifiers.person_id and identifiers.is_stitched
    cross join settings.shop as shop
    where touchpoints.is_on_site
),

ordered as (
    select
        person_id,
        identifier,
        occurred_at,
        campaign,
        lag(occurred_at) over in_time as previous_at,
        last_value(campaign ignore nulls) over (
            partition by person_id, identifier order by occurred_at, campaign nulls last
            rows between unbounded preceding and 1 preceding
        ) as previous_campaign
    from instants
    window in_time as (partition by person_id, identifier order by occurred_at, campaign nulls last)
),

gaps as (
    select
        ordered.person_id,
        ordered.identifier,
        ordered.occurred_at,
        case
            when
                ordered.previous_at is null
                or elapsed_seconds(ordered.previous_at, ordered.occurred_at) > shop.session_timeout_seconds
                then 1
            when
                shop.cuts_sessions_at_midnight
                and shop_day(ordered.previous_at, shop.time_zone) <> shop_day(ordered.occurred_at, shop.time_zone)
                then 1
            when ordered.campaign <> coalesce(ordered.previous_campaign, '') then 1
            else 0
        end as is_new_visit
    from ordered
    cross join settings.shop as shop
),

-- Touchpoints of one instant are in one visit.
visits as (
    select
        gaps.*,
        cast(sum(is_new_visit) over so_far as bigint) as visit_number,
        max(case when is_new_visit = 1 then occurred_at end) over so_far as visit_started_at
    from gaps
    window so_far as (
        partition by person_id, identifier order by occurred_at range between unbounded preceding and current row
    )
),

pieces as (
    select
        visits.person_id,
        visits.identifier,
        visits.visit_number,
        coalesce(whole_periods(
            elapsed_seconds(visits.visit_started_at, visits.occurred_at), shop.session_maximum_seconds
        ), 0) as piece,
        visits.occurred_at
    from visits
    cross join settings.shop as shop
),

cut_again as (
    select
        person_id,
        identifier,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        count(*) as touchpoint_count
    from pieces
    group by person_id, identifier, visit_number, piece
),

kept as (
    select person_id, identifier, started_at, ended_at
    from cut_again
    cross join settings.shop as shop
    where touchpoint_count <= shop.runaway_touchpoints
    union all
    select facts.person_id, identifiers.identifier, facts.started_at, facts.ended_at
    from journeys.session_facts as facts
    inner join identifiers on facts.person_id = identifiers.person_id and not identifiers.is_stitched
    where not facts.is_runaway
),

attributed as (
    select
        orders.order_id,
        kept.person_id,
        kept.identifier,
        max(kept.started_at) as started_at
    from journeys.order_sessions as orders
    inner join journeys.record_owners as owned
        on orders.person_id = owned.person_id and owned.kind = 'order' and orders.order_id = owned.row_id
    inner join kept on owned.person_id = kept.person_id and owned.identifier = kept.identifier
    cross join settings.shop as shop
    where
        kept.started_at <= orders.ordered_at
        and elapsed_seconds(kept.ended_at, orders.ordered_at) <= shop.attribution_seconds
    group by orders.order_id, kept.person_id, kept.identifier
),

order_counts as (
    select person_id, identifier, started_at, cast(count(*) as bigint) as order_count
    from attributed
    group by person_id, identifier, started_at
)

select
    kept.person_id,             -- whom the identifier belongs to, once stitched
    kept.identifier,            -- whose session it would be
    kept.started_at,            -- UTC instant of the first touchpoint
    kept.ended_at,              -- UTC instant of the last touchpoint
    coalesce(order_counts.order_count, 0) as order_count,  -- orders of that identifier that belong to it
from kept
left join order_counts
    on
        kept.person_id = order_counts.person_id
        and kept.identifier = order_counts.identifier
        and kept.started_at = order_counts.started_at

-- One row per session as it would be without stitching: every identifier (the customer's, else the e-mail's, else the
-- device's) on its own (journeys.visits). For metrics.stitching_effect.
-- Runaway sessions are left out. An order belongs to a session of its own identifier: the one it was placed in, else the
-- last that ended within the attribution time before it. An order whose export names nobody has no session.
-- Who has a single identifier on the site has the sessions of journeys.session_facts.
-- key: person_id, identifier, started_at
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

cut_again as (
    select
        touchpoints.person_id,
        touchpoints.identifier,
        min(touchpoints.occurred_at) as started_at,
        max(touchpoints.occurred_at) as ended_at,
        count(*) as touchpoint_count
    from journeys.touchpoints as touchpoints
    inner join journeys.visits as visits
        on
            touchpoints.person_id = visits.person_id
            and touchpoints.identifier = visits.unit_id
            and visits.is_chosen
            and touchpoints.occurred_at >= visits.started_at
            and touchpoints.occurred_at < visits.next_started_at
    cross join settings.shop as shop
    where touchpoints.is_on_site
    group by
        touchpoints.person_id,
        touchpoints.identifier,
        visits.visit_number,
        whole_periods(elapsed_seconds(visits.started_at, touchpoints.occurred_at), shop.session_maximum_seconds)
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
    where orders.is_web and takes_order(kept.started_at, kept.ended_at, orders.ordered_at, shop.attribution_seconds)
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

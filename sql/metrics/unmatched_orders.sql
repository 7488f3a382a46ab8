-- One row per order without a purchase event, with the one cause that explains it, by the first that holds. Other channel: it
-- was not placed on the web (orders.web_channels of journey.yaml), so that no event could tell of it. Beyond the cut-off:
-- before the first event, or after what both exports cover. Outage: on a day on which tracking was down. Device never seen: the
-- click-stream has no event at all of its person (no consent, a blocker, nothing in common with the order). Payment
-- redirect: its session went to the checkout, and shows nothing after the order was placed: the customer paid elsewhere and
-- did not come back to the page that sends the event. Else unknown.
-- Everybody's, as metrics.reconciliation, whose orders without an event are those with another cause than the first two.
-- Without any purchase event, or where the orders are the purchase events, there is nothing to miss, and no row.
-- key: order_id
with period as (
    select
        (select min(occurred_at) from staging.events) as events_from,
        least(known.events_until, known.orders_until) as until
    from metrics.cut_off as known
    where
        known.events_until is not null
        and known.orders_until is not null
        and not known.has_orders_by_events
        and exists (select 1 from metrics.purchase_events)
),

matched as (
    select distinct order_id from metrics.purchase_events where order_id is not null
),

people_seen as (
    select distinct identities.person_id
    from journeys.identifier_activity as activity
    inner join journeys.identities as identities on activity.identifier = identities.identifier
),

days_down as (
    select distinct outage_on from metrics.outage_days where outage = 'tracking'
),

unmatched as (
    select orders.order_id, orders.ordered_at, orders.ordered_on, orders.sales_channel, orders.is_web
    from staging.orders as orders
    left join matched on orders.order_id = matched.order_id
    where matched.order_id is null
),

checkouts as (
    select
        unmatched.order_id,
        max(case when touchpoints.action = 'checkout' and touchpoints.occurred_at <= unmatched.ordered_at then 1 else 0 end)
            as went_to_checkout,
        max(case when touchpoints.occurred_at > unmatched.ordered_at then 1 else 0 end) as came_back
    from unmatched
    inner join journeys.order_sessions as attributed on unmatched.order_id = attributed.order_id
    inner join journeys.touchpoints as touchpoints on attributed.session_id = touchpoints.session_id
    group by unmatched.order_id
)

select
    unmatched.order_id,         -- of staging.orders
    unmatched.ordered_on,       -- shop day of placing
    unmatched.sales_channel,    -- where it was placed; null: not said
    case
        when not unmatched.is_web then 'other channel'
        when unmatched.ordered_at < period.events_from or unmatched.ordered_at > period.until then 'beyond the cut-off'
        when days_down.outage_on is not null then 'outage'
        when people_seen.person_id is null then 'device never seen'
        when checkouts.went_to_checkout = 1 and checkouts.came_back = 0 then 'payment redirect'
        else 'unknown'
    end as cause,               -- other channel, beyond the cut-off, outage, device never seen, payment redirect or unknown
from unmatched
cross join period
left join days_down on unmatched.ordered_on = days_down.outage_on
left join journeys.record_owners as owned on owned.kind = 'order' and unmatched.order_id = owned.row_id
left join people_seen on owned.person_id = people_seen.person_id
left join checkouts on unmatched.order_id = checkouts.order_id

-- One row per state that an order of the exports is in: how many there are, and whether figures count them. What was never
-- an order (a payment that failed or expired, a draft, a test, what lies in the trash) and what waits for payment, where
-- journey.yaml or the format says so, is in no other figure.
-- key: state
with stated as (
    select orders.state, true as is_counted, orders.ordered_on, in_shop_currency(orders.total, orders.rate) as total
    from staging.orders as orders
    union all
    select
        exported.state, false, exported.ordered_on,
        in_shop_currency(cast(round(exported.total, 2) as decimal(36, 2)), rates.rate)
    from staging.exported_orders as exported
    left join staging.order_rates as rates on exported.order_id = rates.order_id
    where not exported.is_order
)

select
    state,                      -- placed, paid, pending, cancelled, refunded, partly_refunded, returned, failed, expired, draft, trash or test
    bool_and(is_counted) as is_counted,  -- they are orders; else in no other figure
    cast(count(*) as bigint) as order_count,  -- everybody's, screened people's too
    cast(coalesce(sum(total), 0) as decimal(36, 2)) as total,  -- as the export says, in the shop's currency, as far as it is known
    min(ordered_on) as first_on,  -- shop day of the first
    max(ordered_on) as last_on,  -- shop day of the last
from stated
group by state

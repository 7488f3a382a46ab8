-- One row per product of which enough people saw the page, those seen most first, at most twelve; and how many there are.
with seen as (
    select
        *,
        count(*) over () as product_count
    from metrics.products
    where not is_small and view_to_cart_rate is not null
)

select
    product_id, coalesce(product_name, product_id) as label, viewed_matured_count, added_after_view_count,
    view_to_cart_rate, view_to_cart_low, view_to_cart_high, view_to_order_rate, cart_to_order_rate, left_value,
    ordered_count, piece_count, net_revenue, return_rate, late_rate, csat, answer_count, product_count
from seen
order by viewed_matured_count desc, product_id
limit 12

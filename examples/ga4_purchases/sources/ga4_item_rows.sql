-- Purchases of a Google Analytics 4 export, flattened: one row per item of a purchase event.
-- loads: order_rows
-- reads: csv
-- needs: user_pseudo_id, event_timestamp, item_id, price, quantity, item_revenue
-- No transaction_id is in the file. A purchase is what one browser sent at one instant (microseconds), and that is its
-- order_id here: a page that was loaded again is a second order, for nothing in the file says that it is not.
-- Items have no number: lines are numbered as they stand. Equal rows of a purchase are equal lines (the same gift card
-- five times), not duplicates.
-- `price` and `item_revenue`, the amount of the line, are each rounded to whole dollars: the order's subtotal is the sum
-- of the latter. A purchase whose only item is `(not set)` has no amount: an order without a line, of unknown value.
-- Times are UTC, and so is `event_date`, which says nothing more.
with given as (
    select
        line,
        nullif(trim("user_pseudo_id"), '') as visitor,
        nullif(trim("event_timestamp"), '') as given_at,
        nullif(nullif(trim("item_id"), ''), '(not set)') as product_id,
        nullif(nullif(trim("item_name"), ''), '(not set)') as product_name,
        nullif(trim("quantity"), '') as given_quantity,
        nullif(trim("price"), '') as given_price,
        nullif(trim("item_revenue"), '') as given_revenue
    from file_rows
),

typed as (
    select
        *,
        case when regexp_full_match(given_at, '[0-9]{1,18}') then cast(given_at as bigint) end as microseconds,
        try_cast(given_quantity as double) as quantity,
        try_cast(given_price as decimal(18,4)) as unit_price,
        try_cast(given_revenue as decimal(18,4)) as item_revenue
    from given
),

judged as (
    select
        *,
        case
            when visitor is null then 'user_pseudo_id is missing'
            when microseconds is null
                then 'event_timestamp is not a number of microseconds: ' || coalesce(given_at, '')
            when microseconds not between 946684800000000 and 4102444800000000
                then 'event_timestamp is not in microseconds since 1970: ' || given_at
            when product_id is null and coalesce(given_quantity, given_price, given_revenue) is not null
                then 'item_id is missing, but not its quantity or amount'
            when product_id is not null and quantity is null
                then 'quantity is not a number: ' || coalesce(given_quantity, '')
            when product_id is not null and quantity < 0 then 'quantity is negative: ' || given_quantity
            when product_id is not null and unit_price is null
                then 'price is not an amount: ' || coalesce(given_price, '')
            when product_id is not null and item_revenue is null
                then 'item_revenue is not an amount: ' || coalesce(given_revenue, '')
        end as reject_reason
    from typed
),

numbered as (
    select
        *,
        row_number() over (partition by visitor, microseconds, product_id is null order by line) as position,
        sum(case when reject_reason is null then item_revenue end) over (partition by visitor, microseconds) as subtotal
    from judged
)

select
    line,
    visitor || '.' || microseconds as order_id,
    case when product_id is null then 'no item ' else 'line ' end || position as row_key,
    visitor as customer_id,
    case when reject_reason is null then make_timestamp(microseconds) end as ordered_at,
    'USD' as currency,
    subtotal,
    product_id,
    product_name,
    quantity,
    unit_price,
    reject_reason
from numbered

-- Shopify checkouts that were begun: the API's abandoned checkouts as CSV, one row per checkout.
-- loads: events
-- reads: csv
-- namespace: shopify
-- needs: id, cart_token, created_at, completed_at
-- A checkout is one event, of the instant at which it began. Shopify keeps it as abandoned until completed_at is
-- filled: the name is `Checkout Abandoned` or `Checkout Completed`, and the newest version by updated_at stands. The
-- name is Shopify's word; whether the cart was abandoned is for the orders export to say. The link to recover the cart
-- logs its reader in and is never read, nor are names, addresses, phones, notes and cards. A time with an offset is an
-- instant; one without is UTC, as copies in a warehouse have it.
with values_read as (
    select
        *,
        nullif(trim("id"), '') as checkout_id,
        nullif(trim("customer_id"), '') as customer,
        nullif(trim("email"), '') as address,
        list_transform(
            [trim("created_at"), trim("updated_at"), trim("completed_at")],
            lambda given_at: read_instant(given_at, 'UTC')
        ) as instants,
        list_transform(
            [trim("subtotal_price"), trim("total_price"), trim("shipping_rate_price")],
            lambda amount: read_amount(amount)
        ) as amounts
    from file_rows
)

select
    line,
    'checkout ' || checkout_id as event_id,
    case when coalesce(trim("completed_at"), '') = '' then 'Checkout Abandoned' else 'Checkout Completed' end
        as event_name,
    instants[1] as occurred_at,
    customer as customer_id,
    pseudonym(address) as email_hash,
    url_host("referring_site") as referrer_host,
    coalesce(amounts[1], amounts[2]) as value,
    trim("currency") as currency,
    trim("cart_token") as cart_id,
    trim("gateway") as payment_method,
    amounts[3] as shipping,
    instants[2] as source_updated_at,
    coalesce(
        case
            when checkout_id is null then 'id is empty'
            when customer is null and address is null then 'customer_id and email are both empty'
            when coalesce(trim("created_at"), '') = '' then 'created_at is empty'
        end,
        unread_instant('created_at', "created_at"),
        unread_instant('updated_at', "updated_at"),
        unread_instant('completed_at', "completed_at"),
        unread_amount('subtotal_price', "subtotal_price"),
        unread_amount('total_price', "total_price"),
        unread_amount('shipping_rate_price', "shipping_rate_price")
    ) as reject_reason
from values_read

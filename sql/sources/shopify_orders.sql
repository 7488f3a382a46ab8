-- Shopify admin, Orders > Export: one row per line item, 79 columns today, 47 in older files.
-- loads: order_rows
-- reads: csv
-- namespace: shopify
-- needs: Name, Created at, Lineitem quantity, Lineitem name, Lineitem price
-- Order-level columns stand on the first row of an order only; staging.exported_orders brings a row's order together by
-- `Name`, and never sums `Total`. A row without a name and without order-level columns is a line of the order above it, as
-- long as no row between the two is missing. An order that stands in a file twice (two exports in one) begins anew: its
-- lines are not counted twice. If the first row of an order is rejected, its other rows are too: an order without its
-- amounts and times is another order.
-- Times carry the shop's offset; one that a spreadsheet wrote without it is the shop's wall clock. Delivery is not in Shopify's export: apps write it to the note attributes
-- (`delivered_at: …; promised_on: …`), which are read where they are. So is the time of a refund or a return
-- (`refunded_at: …; returned_at: …`): Shopify's export has the amount alone.
-- Whether Taxes are within the amounts is not said by a column, but by the sum: Total is Subtotal + Shipping + Duties + tips,
-- exactly, where they are; with Taxes, where they come on top. A tip is a line named Tip that nothing is shipped for.
with named as (
    select
        *,
        nullif(trim("Name"), '') as given_name,
        coalesce(trim("Name"), '') = '' and coalesce(trim("Created at"), '') = ''
        and coalesce(trim("Financial Status"), '') = '' and coalesce(trim("Total"), '') = ''
        and coalesce(trim("Subtotal"), '') = '' and coalesce(trim("Lineitem name"), '') <> '' as is_bare,
        line - row_number() over (partition by file_number order by line) as missing_above
    from file_rows
    cross join (select time_zone from settings.shop) as shop
),

carried as (
    select
        *,
        last_value(given_name ignore nulls) over so_far as name_above,
        last_value(case when given_name is not null then missing_above end ignore nulls) over so_far as missing_at_name
    from named
    window so_far as (partition by file_number order by line rows unbounded preceding)
),

ordered as (
    select
        *,
        case when is_bare and missing_above = missing_at_name then name_above else given_name end as order_name,
        concat_ws('|', "Created at", "Lineitem sku", "Lineitem name", "Lineitem price") as line_text,
        coalesce(nullif(trim("Financial Status"), ''), nullif(trim("Total"), ''), nullif(trim("Subtotal"), '')) is not null
            as has_head
    from carried
),

copies as (
    select
        *,
        lag(order_name) over (partition by file_number order by line) as order_above,
        first_value(line_text) over (partition by file_number, order_name order by line) as first_line_text
    from ordered
),

numbered as (
    select
        *,
        cast(count(
            case when has_head and coalesce(order_name <> order_above, true) and line_text = first_line_text then 1 end
        ) over (
            partition by file_number, order_name order by line rows unbounded preceding
        ) as bigint) as copy,
        coalesce(trim("Financial Status"), '') = ''
        and max(nullif(trim("Financial Status"), '')) over (partition by file_number) is not null as lacks_status
    from copies
),

values_read as (
    select
        *,
        row_number() over (partition by file_number, order_name, copy order by line) as position,
        coalesce(trim("Lineitem name"), '') = 'Tip' and coalesce(trim("Lineitem sku"), '') = ''
        and lower(trim("Lineitem requires shipping")) = 'false' as is_tip,
        read_number("Lineitem quantity") as quantity,
        read_amount("Lineitem price") as unit_price,
        read_amount("Subtotal") as given_subtotal,
        read_amount("Shipping") as given_shipping,
        read_amount("Taxes") as given_tax,
        read_amount("Duties") as given_duties,
        read_amount("Total") as given_total,
        nullif(regexp_extract("Note Attributes", 'delivered_at: ([0-9: -]+ [+-][0-9]{4})', 1), '') as delivered,
        nullif(regexp_extract("Note Attributes", 'promised_on: ([0-9-]{10})', 1), '') as promised,
        nullif(regexp_extract("Note Attributes", 'refunded_at: ([0-9: -]+ [+-][0-9]{4})', 1), '') as given_back,
        nullif(regexp_extract("Note Attributes", 'returned_at: ([0-9: -]+ [+-][0-9]{4})', 1), '') as came_back
    from numbered
),

summed as (
    select
        *,
        sum(case when is_tip then quantity * unit_price end) over (partition by file_number, order_name, copy) as all_tips,
        case
            when order_name is null and is_bare then 'Name is empty, and the row above it could not be read'
            when order_name is null then 'Name is empty'
            when coalesce(trim("Created at"), '') = '' and not is_bare then 'Created at is empty'
            when coalesce(trim("Lineitem quantity"), '') = '' then 'Lineitem quantity is empty'
            when coalesce(trim("Lineitem price"), '') = '' then 'Lineitem price is empty'
            when quantity < 0 then 'Lineitem quantity is negative: ' || "Lineitem quantity"
            else coalesce(
                unread_instant('Created at', "Created at"),
                unread_number('Lineitem quantity', "Lineitem quantity"),
                unread_amount('Lineitem price', "Lineitem price"),
                unread_instant('Paid at', "Paid at"),
                unread_instant('Fulfilled at', "Fulfilled at"),
                unread_instant('Cancelled at', "Cancelled at"),
                unread_amount('Subtotal', "Subtotal"),
                unread_amount('Discount Amount', "Discount Amount"),
                unread_amount('Shipping', "Shipping"),
                unread_amount('Taxes', "Taxes"),
                unread_amount('Duties', "Duties"),
                unread_amount('Total', "Total"),
                unread_amount('Refunded Amount', "Refunded Amount"),
                unread_instant('delivered_at of Note Attributes', delivered),
                unread_date('promised_on of Note Attributes', promised),
                unread_instant('refunded_at of Note Attributes', given_back),
                unread_instant('returned_at of Note Attributes', came_back),
                'Created at is a day without a time: '
                || case when not contains("Created at", ':') then nullif(trim("Created at"), '') end,
                'Paid at is a day without a time: '
                || case when not contains("Paid at", ':') then nullif(trim("Paid at"), '') end,
                'Fulfilled at is a day without a time: '
                || case when not contains("Fulfilled at", ':') then nullif(trim("Fulfilled at"), '') end,
                'Cancelled at is a day without a time: '
                || case when not contains("Cancelled at", ':') then nullif(trim("Cancelled at"), '') end,
                case
                    when position = 1 and lacks_status
                        then 'the first row of its order, with status and amounts, is not above it'
                end
            )
        end as reason
    from values_read
),

judged as (
    select
        *,
        coalesce(given_subtotal, 0) + coalesce(given_shipping, 0) + coalesce(given_duties, 0)
        + coalesce(cast(all_tips as decimal(18, 4)), 0) as without_tax,
        first_value(reason) over (partition by file_number, order_name, copy order by line) as first_reason
    from summed
)

select
    line,
    order_name as order_id,
    'line ' || position as row_key,
    nullif(trim("Id"), '') as order_reference,
    pseudonym(nullif("Email", '')) as email_hash,
    read_instant("Created at", time_zone) as ordered_at,
    read_instant("Paid at", time_zone) as paid_at,
    read_instant("Fulfilled at", time_zone) as shipped_at,
    read_instant(delivered, time_zone) as delivered_at,
    read_date(promised) as promised_on,
    read_instant("Cancelled at", time_zone) as cancelled_at,
    read_instant(given_back, time_zone) as refunded_at,
    read_instant(came_back, time_zone) as returned_at,
    nullif("Financial Status", '') as status,
    case
        when lower(trim("Payment Method")) in ('bogus', 'bogus gateway', '(for testing) bogus gateway') then 'test'
        else case plain_status("Financial Status")
            when 'authorized' then 'placed'
            when 'partially-paid' then 'placed'
            when 'pending' then 'pending'
            when 'paid' then 'paid'
            when 'partially-refunded' then 'partly_refunded'
            when 'refunded' then 'refunded'
            when 'voided' then 'cancelled'
            when 'expired' then 'expired'
        end
    end as state,
    nullif("Currency", '') as currency,
    given_subtotal as subtotal,
    read_amount("Discount Amount") as discount,
    given_shipping as shipping,
    given_tax as tax,
    case
        when coalesce(given_tax, 0) = 0 then null
        when given_total = without_tax then true
        when given_total = without_tax + given_tax then false
    end as tax_included,
    case when is_tip then cast(quantity * unit_price as decimal(18, 4)) end as tips,
    given_duties as duties,
    given_total as total,
    read_amount("Refunded Amount") as refunded,
    case plain_status("Source")
        when 'web' then 'web'
        when '580111' then 'web'
        when 'pos' then 'till'
        when '129785' then 'till'
        when 'shopify-draft-order' then 'draft'
        when '1354745' then 'draft'
        when 'iphone' then 'draft'
        when 'android' then 'draft'
        when 'subscription-contract' then 'subscription'
        when 'subscription-contract-checkout-one' then 'subscription'
        when '294517' then 'subscription'
        when '2329312' then 'marketplace'
        when '4383523' then 'marketplace'
        when '1780363' then 'marketplace'
        when '3009811' then 'marketplace'
        when '3890849' then 'marketplace'
        when 'amazon' then 'marketplace'
        when 'ebay' then 'marketplace'
    end as sales_channel,
    nullif(trim("Source"), '') as sold_through,
    nullif("Payment Method", '') as payment_method,
    case when not is_tip then nullif("Lineitem sku", '') end as product_id,
    case when not is_tip then nullif("Lineitem name", '') end as product_name,
    case when not is_tip then quantity end as quantity,
    case when not is_tip then unit_price end as unit_price,
    case
        when reason is not null then reason
        when first_reason is not null then 'the first row of its order is rejected: ' || first_reason
    end as reject_reason
from judged

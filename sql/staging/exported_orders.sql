-- One row per order of the orders exports in its newest state, also of what was never an order: a payment that failed or
-- expired, a draft, a test, what lies in the trash. staging.orders has those that are orders; whatever counts orders reads
-- that. This table is for how many there are beside them (metrics.order_states).
-- The state is what journey.yaml says of the order's status, else what its format makes of it, else the status itself where
-- it is the name of a state. Another text is not guessed: the order is taken as placed, and a check names the text. What
-- the export gives an instant of (cancelled, returned, paid) needs no status.
-- Where it was placed is told likewise, by orders.channels, the format, or the text itself; another text is other, and a
-- check names it. What says nothing counts as placed on the web.
-- Exports overlap, and update an order in place: of each export the rows of its newest that has the order count, of a row
-- its newest version.
-- Amounts that stand on each row of an order count once (the greatest), those that its rows have each for itself add up
-- (sql/raw/order_rows.sql says which). Whether tax is within the amounts or comes on top is what the format says; where it
-- says nothing, the total decides, to the cent: it is what the other parts make without the tax, or with it.
-- A shop without an export of orders has those of its purchase events (staging.purchase_order_rows): here the two meet.
-- An order row without a placing time (a line whose order was never exported) makes no order: a check reports it.
-- key: order_id
-- keyed by: order_id
with all_rows as (
    select
        order_id, own_identifier, row_key, export, covers_until, version, order_reference,
        cast(null as text) as anonymous_id, customer_id, email_hash, ordered_at, paid_at, shipped_at, delivered_at,
        promised_on, cancelled_at, refunded_at, returned_at, sales_channel, sold_through, status, state, currency,
        subtotal, discount, shipping, tax, tax_included, fees, tips, duties, rounding, gift_cards, total, refunded, refunded_goods,
        refunded_shipping, refunded_tax, refund_amount, payment_method, paid_amount, quantity, unit_price, attributes
    from raw.order_rows
    union all
    select
        order_id, own_identifier, row_key, null, null, null, null,
        anonymous_id, customer_id, email_hash, ordered_at, null, null, null,
        null, cancelled_at, refunded_at, null, null, null, null, state, currency, subtotal, null,
        null, null, null, null, null, null, null, null, total, refunded, null,
        null, null, null, payment_method, null, quantity, unit_price, null
    from staging.purchase_order_rows
),

versions as (
    select
        order_id, own_identifier, row_key, export, covers_until, version, order_reference, anonymous_id,
        customer_id, email_hash, ordered_at, paid_at, shipped_at, delivered_at, promised_on, cancelled_at,
        refunded_at, returned_at, sales_channel, sold_through, status, state, currency, subtotal, discount, shipping, tax,
        tax_included, fees, tips, duties, rounding, gift_cards, total, refunded, refunded_goods, refunded_shipping,
        refunded_tax, refund_amount, payment_method, paid_amount, quantity, unit_price, attributes,
        max(covers_until) over (partition by order_id, export) as newest
    from all_rows
),

current_rows as (
    select *
    from versions
    where covers_until = newest or newest is null
    qualify row_number() over (partition by order_id, row_key order by version desc) = 1
),

stated as (
    select
        current_rows.*,
        coalesce(
            said.state,
            current_rows.state,
            case
                when plain_status(current_rows.status) in ('canceled', 'voided') then 'cancelled'
                when plain_status(current_rows.status) in ('partly-refunded', 'partially-refunded') then 'partly_refunded'
                when
                    plain_status(current_rows.status) in (
                        'placed', 'paid', 'pending', 'failed', 'cancelled', 'expired', 'draft', 'trash', 'test',
                        'refunded', 'returned'
                    )
                    then plain_status(current_rows.status)
            end
        ) as row_state,
        coalesce(
            placed.sales_channel,
            current_rows.sales_channel,
            case
                when
                    plain_status(current_rows.sold_through) in (
                        'web', 'till', 'phone', 'marketplace', 'draft', 'subscription', 'other'
                    )
                    then plain_status(current_rows.sold_through)
            end
        ) as row_channel
    from current_rows
    left join settings.order_states as said on plain_status(current_rows.status) = said.status
    left join settings.order_channels as placed on plain_status(current_rows.sold_through) = placed.sold_through
),

merged as (
    select
        order_id,
        max(own_identifier) as own_identifier,
        max(order_reference) as order_reference,
        max(anonymous_id) as anonymous_id,
        max(customer_id) as customer_id,
        max(email_hash) as email_hash,
        min(ordered_at) as ordered_at,
        min(paid_at) as paid_at,
        max(shipped_at) as shipped_at,
        max(delivered_at) as delivered_at,
        max(promised_on) as promised_on,
        max(cancelled_at) as cancelled_at,
        max(refunded_at) as refunded_at,
        max(returned_at) as returned_at,
        arg_max(sold_through, (version, row_key)) filter (where sold_through is not null) as sold_through,
        arg_max(row_channel, (version, row_key)) filter (where row_channel is not null) as row_channel,
        max(case when row_channel is null then sold_through end) as unknown_channel,
        arg_max(status, (version, row_key)) filter (where status is not null) as status,
        arg_max(row_state, (version, row_key)) filter (where row_state is not null) as said_state,
        max(case when row_state is null then status end) as unknown_status,
        min(currency) as first_currency,
        max(currency) as last_currency,
        coalesce(max(payment_method), 'unknown') as payment_method,
        cast(round(sum(cast(quantity as decimal(20, 6)) * unit_price), 2) as decimal(36, 2)) as lines_value,
        cast(round(coalesce(sum(
            case when unit_price < 0 then -cast(quantity as decimal(20, 6)) * unit_price end
        ), 0), 2) as decimal(36, 2)) as discount_lines,
        cast(round(max(subtotal), 2) as decimal(36, 2)) as subtotal,
        cast(round(coalesce(max(abs(discount)), 0), 2) as decimal(36, 2)) as discount,
        cast(round(coalesce(sum(shipping), 0), 2) as decimal(36, 2)) as shipping,
        cast(round(coalesce(sum(fees), 0), 2) as decimal(36, 2)) as fees,
        cast(round(coalesce(sum(tips), 0), 2) as decimal(36, 2)) as tips,
        cast(round(coalesce(sum(duties), 0), 2) as decimal(36, 2)) as duties,
        cast(round(coalesce(sum(rounding), 0), 2) as decimal(36, 2)) as rounding,
        cast(round(coalesce(sum(abs(gift_cards)), 0), 2) as decimal(36, 2)) as gift_cards,
        cast(round(coalesce(max(tax), 0), 2) as decimal(36, 2)) as tax,
        arg_max(tax_included, (version, row_key)) filter (where tax_included is not null) as tax_included,
        cast(round(coalesce(max(total), sum(paid_amount)), 2) as decimal(36, 2)) as given_total,
        cast(
            round(coalesce(max(abs(refunded)), sum(abs(refund_amount)), 0), 2) as decimal(36, 2)
        ) as given_refund,
        cast(round(max(abs(refunded_goods)), 2) as decimal(36, 2)) as refunded_goods,
        cast(round(max(abs(refunded_shipping)), 2) as decimal(36, 2)) as refunded_shipping,
        cast(round(max(abs(refunded_tax)), 2) as decimal(36, 2)) as refunded_tax,
        cast(count(quantity) as bigint) as line_count,
        flatten(list(attributes order by row_key) filter (where len(attributes) > 0)) as attributes
    from stated
    group by order_id
),

valued as (
    select
        *,
        coalesce(row_channel, case when unknown_channel is not null then 'other' end) as sales_channel,
        coalesce(subtotal, lines_value) as goods,
        discount + discount_lines as all_discount,
        coalesce(subtotal, lines_value, 0) + shipping + fees + tips + duties + rounding - gift_cards as without_tax
    from merged
    where ordered_at is not null
),

taxed as (
    select
        *,
        case
            when tax = 0 then 'none'
            when
                coalesce(tax_included, given_total is null or given_total = without_tax)
                and coalesce(rate(tax, goods + shipping) between 0 and 1, false)
                then 'within'
            when coalesce(not tax_included, given_total = without_tax + tax) then 'on top'
            else 'unknown'
        end as tax_is
    from valued
),

totalled as (
    select
        *,
        cast(
            coalesce(given_total, without_tax + case when tax_is = 'on top' then tax else 0 end) as decimal(36, 2)
        ) as total
    from taxed
)

select
    merged.order_id,            -- the order's number
    merged.own_identifier,      -- the order as an identifier of its person; null: its number names no order
    merged.order_reference,     -- the order's other id, which events may use
    merged.anonymous_id,        -- the browser or device, of an order by purchase events
    merged.customer_id,         -- the shop's id of the customer
    merged.email_hash,          -- keyed hash of the e-mail
    merged.ordered_at,          -- UTC instant of placing
    shop_day(merged.ordered_at, shop.time_zone) as ordered_on,  -- shop day of placing
    merged.paid_at,             -- UTC instant of payment or approval
    merged.shipped_at,          -- UTC instant of leaving
    merged.delivered_at,        -- UTC instant of arrival
    merged.promised_on,         -- shop day until which delivery was promised
    merged.cancelled_at,        -- UTC instant of cancellation
    merged.refunded_at,         -- UTC instant of the last refund
    merged.returned_at,         -- UTC instant at which the goods came back
    merged.sales_channel,       -- where it was placed: web, till, phone, marketplace, draft, subscription or other; null: not said
    merged.sold_through,        -- the same, as the source says
    merged.unknown_channel,     -- what neither the format nor journey.yaml knows of it; null: nothing
    merged.sales_channel is null or web.sales_channel is not null as is_web,  -- it counts as placed on the web (orders.web_channels)
    merged.status,              -- as the source says
    merged.unknown_status,      -- a status that neither the format nor journey.yaml knows; null: none
    case
        when merged.said_state in ('failed', 'draft', 'trash', 'expired', 'test') then merged.said_state
        when merged.cancelled_at is not null then 'cancelled'
        when merged.said_state = 'unpaid' then 'pending'
        when merged.said_state in ('cancelled', 'pending', 'refunded', 'partly_refunded', 'returned')
            then merged.said_state
        when merged.returned_at is not null then 'returned'
        when merged.paid_at is not null then 'paid'
        else coalesce(merged.said_state, 'placed')
    end as state,               -- placed, paid, pending, cancelled, refunded, partly_refunded, returned; never an order: failed, expired, draft, trash, test
    case
        when merged.said_state in ('failed', 'draft', 'trash', 'expired', 'test') then false
        when merged.cancelled_at is not null then true
        when merged.said_state = 'pending' then coalesce(rules.counts_pending, true)
        when merged.said_state = 'unpaid' then coalesce(rules.counts_pending, false)
        else true
    end as is_order,            -- it is in staging.orders; else in no figure but metrics.order_states
    case
        when merged.last_currency <> shop.currency then merged.last_currency else merged.first_currency
    end as currency,            -- of its amounts, ISO 4217; of several that its rows name one that is not the shop's; null: not said
    coalesce(merged.first_currency = merged.last_currency, true) as has_one_currency,  -- its rows do not name several
    merged.payment_method,      -- as the source says; else unknown
    merged.line_count,          -- lines of the order
    merged.goods,               -- its lines after discounts, as the source writes them; null: no line is known
    cast(merged.all_discount as decimal(36, 2)) as discount,  -- taken off the goods: discounts, and lines below zero
    merged.shipping,            -- what sending it costs the customer
    merged.fees,                -- below zero: taken off
    merged.tips,                -- for those who serve
    merged.duties,              -- of customs
    merged.rounding,            -- to coins that there are
    merged.gift_cards,          -- what gift cards took off the total: they were paid for before
    merged.tax,                 -- 0: not said
    merged.tax_is,              -- within the amounts, on top of them, none, or unknown: the total is neither
    merged.total,               -- what the customer pays: as the source says, else its payments, else its parts
    case
        when merged.said_state = 'refunded' and merged.given_refund = 0 then greatest(merged.total, 0)
        else merged.given_refund
    end as refunded,            -- so far, without a sign; refunded, the source says, and not how much: all of it
    merged.refunded_goods,      -- of it, for goods; null: not said
    merged.refunded_shipping,   -- of it, for shipping; null: not said
    merged.refunded_tax,        -- of it, tax; null: not said
    merged.attributes,          -- what its rows say of the attributes that journey.yaml names, one row's behind the other's
from totalled as merged
cross join settings.shop as shop
cross join settings.orders as rules
left join settings.web_channels as web on merged.sales_channel = web.sales_channel

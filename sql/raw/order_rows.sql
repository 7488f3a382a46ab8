-- One row per row of an orders export: an order, a line or a payment of it.
create table raw.order_rows (
    order_id text not null,                -- the order
    row_key text not null,                 -- the row within the order: order, line 1, payment 1
    order_reference text,                  -- the order's other id, which events may use
    customer_id text,                      -- the shop's id of the customer
    email_hash text,                       -- pseudonym(e-mail)
    ordered_at timestamp,                  -- when it was placed
    paid_at timestamp,                     -- when it was paid or approved
    shipped_at timestamp,                  -- when it left
    delivered_at timestamp,                -- when it arrived
    promised_on date,                      -- shop day until which delivery was promised
    cancelled_at timestamp,                -- when it was cancelled
    refunded_at timestamp,                 -- when the last refund was made
    returned_at timestamp,                 -- when the goods came back
    status text,                           -- as the source says
    state text check (state in ('placed', 'paid', 'pending', 'unpaid', 'cancelled', 'partly_refunded', 'refunded', 'returned', 'failed', 'expired', 'draft', 'trash', 'test')),  -- what the status means: placed, paid, pending (waits for payment), unpaid (the same, and by its format no order yet), cancelled, partly_refunded, refunded, returned; never an order: failed, expired, draft, trash, test
    currency text,                         -- ISO 4217
    subtotal decimal(18, 4),               -- of the order, on one row or on each: lines after discounts, without shipping
    discount decimal(18, 4),               -- of the order: what is off the subtotal already, with either sign
    shipping decimal(18, 4),               -- what sending it costs the customer; rows add up
    tax decimal(18, 4),                    -- of the order: within the total
    tax_included boolean,                  -- whether lines, subtotal and shipping hold the tax; empty: the total tells, to the cent
    fees decimal(18, 4),                   -- below zero: taken off; rows add up
    tips decimal(18, 4),                   -- rows add up
    duties decimal(18, 4),                 -- of customs; rows add up
    rounding decimal(18, 4),               -- to coins that there are, with its sign; rows add up
    gift_cards decimal(18, 4),             -- what gift cards took off the total, with either sign; rows add up
    total decimal(18, 4),                  -- of the order: what the customer pays
    refunded decimal(18, 4),               -- of the order: so far, with either sign
    refunded_goods decimal(18, 4),         -- of the order: of the refund, goods without tax
    refunded_shipping decimal(18, 4),      -- of the order: of the refund, shipping without tax
    refunded_tax decimal(18, 4),           -- of the order: of the refund, tax
    refund_amount decimal(18, 4),          -- of a row for each refund, where the order has no refunded; rows add up
    sales_channel text check (sales_channel in ('web', 'till', 'phone', 'marketplace', 'draft', 'subscription', 'other')),  -- where it was placed: web, till, phone, marketplace (in another's shop or app), draft (by the shop's staff), subscription (by itself), other
    sold_through text,                     -- the same, as the source says
    payment_method text,                   -- as the source says
    paid_amount decimal(18, 4),            -- of a payment row
    product_id text,                       -- product or SKU of a line
    product_name text,                     -- as the order says
    quantity double,                       -- pieces of a line; below zero: returned
    unit_price decimal(18, 4),             -- of one piece; below zero: a discount
    attributes struct(attribute text, said text)[],  -- what the export says of the attributes that journey.yaml names
    source_updated_at timestamp            -- the source's own time of the last change
)

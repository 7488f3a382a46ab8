-- One row per click-stream event.
create table raw.events (
    event_id text not null,                -- the source's id of the event
    event_name text not null,              -- as the source names it
    occurred_at timestamp not null,        -- when it happened, corrected for the clock
    sequence bigint,                       -- order of simultaneous events, where the source gives one
    anonymous_id text,                     -- the browser or device
    customer_id text,                      -- the shop's id of the customer, when logged in
    email_hash text,                       -- pseudonym(e-mail)
    url_path text,                         -- path of the page, without its query; what follows ? or # is cut off
    referrer_host text,                    -- host of the referring page
    campaign_source text,                  -- utm_source
    campaign_medium text,                  -- utm_medium
    campaign_name text,                    -- utm_campaign
    device text,                           -- desktop, mobile or tablet
    product_id text,                       -- product or SKU
    quantity double check (quantity >= 0), -- pieces added or removed
    price decimal(18, 4),                  -- of one piece; below zero: a discount
    items struct(product_id text, product_name text, quantity double, price decimal(18, 4))[],  -- the products it is about, where the source lists them: pieces, and the price of one
    value decimal(18, 4),                  -- of the event, as an order's revenue
    currency text,                         -- ISO 4217
    cart_id text,                          -- the source's id of the cart
    order_id text,                         -- the order's id or number
    error text,                            -- what went wrong, for errors
    is_person_caused boolean,              -- false: server or e-mail event; opens no session
    is_bot boolean,                        -- the source or the user agent says that no person did it
    payment_method text,                   -- chosen in the checkout
    shipping decimal(18, 4),               -- shipping cost shown in the checkout
    coupon text,                           -- coupon or voucher code
    attributes struct(attribute text, said text)[],  -- what the export says of the attributes that journey.yaml names
    is_exempt boolean,                     -- measured without consent: it names nobody; of all rows of an export with consent: exempt
    agent text,                            -- the agent that acted for the person, as ChatGPT-User; null: none
    tracker_session_id text,               -- the tracker's own id of the session; equal ids of two people are two sessions
    source_updated_at timestamp,           -- the source's own time of the last change
    part text,                             -- what the source restates as a whole, as a day; null: rows stand by themselves
    delivery text                          -- version of the part: the greatest text replaces the others
)

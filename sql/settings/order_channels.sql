-- One row per text of which journey.yaml says where such an order was placed.
create table settings.order_channels (
    sold_through text,          -- as plain_status writes it
    sales_channel text          -- web, till, phone, marketplace, draft, subscription or other
)

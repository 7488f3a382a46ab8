-- One row per status text of which journey.yaml says what it means.
create table settings.order_states (
    status text,                -- as plain_status writes it
    state text                  -- what such an order is: paid, pending, failed …
)

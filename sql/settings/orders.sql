-- One row: what of the orders export counts as an order.
create table settings.orders (
    counts_pending boolean      -- whether an order that waits for payment is one; null: as its format says
)

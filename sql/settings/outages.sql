-- One row: when a day is one on which tracking or payment was down.
create table settings.outages (
    tracking_touchpoint_share double,  -- tracking: down only with fewer of the median day's touchpoints
    tracking_order_share double,  -- tracking: down only with at least so many of the median day's orders
    payment_checkouts bigint,   -- payment: judged from so many sessions with a checkout on
    payment_order_share double,  -- payment: down only if fewer of the expected number ordered
    payment_deviations double,  -- payment: down if more standard deviations are missing
    payment_error_share double,  -- payment: or down if so many of these sessions met an error
    neighbouring_days bigint    -- payment: expected is what so many days before and after give
)

-- One row per split (outcome, delay, channel) and value of it of the carts that were abandoned and are matured.
select
    recovery.split_by, recovery.name, recovery.up_to_hours, recovery.cart_count, recovery.cart_count_so_far,
    recovery.cart_value, recovery.unvalued_count, recovery.abandoned_count, recovery.open_count, recovery.value,
    recovery.low, recovery.high, recovery.is_small, shop.cart_silence_seconds / 86400.0 as silence_days
from metrics.cart_recovery as recovery
cross join settings.shop as shop
order by recovery.split_by, recovery.position

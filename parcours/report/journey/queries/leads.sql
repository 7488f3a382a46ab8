-- One row per window in which leads may be won, the shortest first; nothing where there are no leads.
select
    lead_conversion.*, conversion_rate as value, conversion_low as low, conversion_high as high,
    is_small_cell(matured_count, shop.small_cell) as is_small
from metrics.lead_conversion as lead_conversion
cross join settings.shop as shop
order by window_days

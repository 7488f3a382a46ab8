-- One row per channel whose orders were not placed on the web.
select sales_channel, order_count
from metrics.sales_channels
where not is_web
order by order_count desc, sales_channel

-- Where orders were placed
select
    {'capital': sales_channel} as "Channel",
    {'told': case when is_web then 'a web order' else 'no web order' end} as "Counts as",
    order_count as "Orders",
    cast(net_revenue as decimal(18, 0)) as "Net revenue"
from metrics.sales_channels
order by is_web desc, order_count desc, sales_channel

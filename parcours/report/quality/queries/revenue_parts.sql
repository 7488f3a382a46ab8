-- What they are made of
select
    {'told': part} as "Part",
    order_count as "Orders with it",
    cast(amount as decimal(18, 0)) as "Paid for it",
    cast(refunded as decimal(18, 0)) as "Refunded",
    cast(cancelled as decimal(18, 0)) as "Cancelled",
    cast(net as decimal(18, 0)) as "Left"
from metrics.revenue_parts
order by
    list_position(
        ['goods', 'discount', 'shipping', 'fees', 'tips', 'duties', 'rounding', 'gift cards', 'tax', 'unexplained'],
        part
    )

-- One row per customer and dimension: what the session of the first order was (device, channel, persona, …, as
-- journeys.session_segments has it), for what is said of customers by segment. Each customer has a row of each
-- dimension, so that the values of one add up to `all`; the rarer values are `other` (metrics.segment_values).
-- key: person_id, dimension
with dimensions as (
    select distinct dimension
    from metrics.segment_values
),

known as (
    select
        first_orders.person_id,
        segments.dimension,
        shown.shown_value
    from metrics.first_orders as first_orders
    inner join journeys.session_segments as segments on first_orders.session_id = segments.session_id
    inner join metrics.segment_values as shown
        on segments.dimension = shown.dimension and segments.value = shown.value
)

select
    person_id,                  -- of metrics.first_orders
    'all' as dimension,         -- all, or of metrics.segment_values
    'all' as value              -- all; as it is shown; or unknown: the order has no session, or that no value
from metrics.first_orders
union all
select
    first_orders.person_id,
    dimensions.dimension,
    coalesce(known.shown_value, 'unknown')
from metrics.first_orders as first_orders
cross join dimensions
left join known on first_orders.person_id = known.person_id and dimensions.dimension = known.dimension

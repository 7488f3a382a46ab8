-- One row per dimension and value by which figures are held against each other: the twelve values that most sessions
-- have, the rarer ones together as `other`. A dimension of which all sessions have the same value tells nothing, and has no row.
-- key: dimension, value
with counted as (
    select dimension, value, cast(count(*) as bigint) as session_count
    from journeys.session_segments
    group by dimension, value
),

ranked as (
    select
        dimension, value, session_count,
        row_number() over (partition by dimension order by session_count desc, value) as place,
        count(*) over (partition by dimension) as value_count
    from counted
)

select
    dimension,                  -- of journeys.session_segments
    value,                      -- as it is there
    case when place <= 12 then value else 'other' end as shown_value,  -- itself, or other
    session_count,              -- sessions that have it
from ranked
where value_count > 1

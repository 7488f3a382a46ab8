-- One row per attribute and value that is shown of it: the most frequent ones, as many as journey.yaml allows; the rarer
-- ones are grouped as `other`. An attribute of which no export says anything has one row without value.
-- key: attribute, value
with said as (
    select attribute, value, 'event:' || event_id as said_by from staging.event_attributes
    union all
    select attribute, value, 'contact:' || contact_id from staging.contact_attributes
    union all
    select attribute, value, 'order:' || order_id from staging.order_attributes
),

counted as (
    select attribute, value, cast(count(*) as bigint) as row_count
    from said
    group by attribute, value
),

ranked as (
    select
        attribute, value, row_count,
        row_number() over (partition by attribute order by row_count desc, value) as place
    from counted
)

select
    declared.attribute,         -- of settings.attributes
    case when ranked.place <= declared.most_values then ranked.value when ranked.place is not null then 'other' end
        as value,               -- in its declared type, as text; null: none is said
    coalesce(ranked.place > declared.most_values, false) as is_grouped,  -- other: what is not shown by itself
    cast(count(ranked.value) as bigint) as value_count,  -- values in the row
    cast(coalesce(sum(ranked.row_count), 0) as bigint) as row_count,  -- events, contacts and orders that say it
from settings.attributes as declared
left join ranked on declared.attribute = ranked.attribute
group by declared.attribute, 2, 3

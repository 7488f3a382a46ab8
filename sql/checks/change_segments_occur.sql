-- checks: metrics.change_attempts
-- severity: error
-- finds: values of a change's segment that occur nowhere in the exports
-- do: Correct the value under `segment:` of the change in journey.yaml; `nearest` is the one most alike that occurs.
-- Each value by which a change of journey.yaml names its part of the shop occurs in the data, once the change has come.
with occurring as (
    select distinct 'device' as attribute, device as value from journeys.sessions
    union
    select 'device', device from journeys.carts
    union
    select 'channel', channel from journeys.sessions
    union
    select 'country', country from journeys.people
    union
    select attribute, value from staging.event_attributes
    union
    select attribute, value from staging.contact_attributes
    union
    select attribute, value from staging.order_attributes
),

absent as (
    select segments.change_id, segments.attribute, segments.value
    from settings.change_segments as segments
    inner join settings.changes as changes on segments.change_id = changes.change_id
    cross join metrics.cut_off as cut_off
    cross join settings.shop as shop
    where
        segments.attribute <> 'persona'
        and changes.changed_on <= shop_day(cut_off.visits_until, shop.time_zone)
        and not exists (
            select 1
            from occurring
            where occurring.attribute = segments.attribute and occurring.value = segments.value
        )
)

select
    absent.change_id,
    absent.attribute,
    absent.value,
    arg_min(
        occurring.value, (damerau_levenshtein(lower(occurring.value), lower(absent.value)), occurring.value)
    ) as nearest
from absent
left join occurring on absent.attribute = occurring.attribute and occurring.value is not null
group by absent.change_id, absent.attribute, absent.value

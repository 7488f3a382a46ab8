-- One row per journey that is over at the data cut-off: followed by another of the person's, or without contact for
-- longer than the inactivity limit (a late delivery does not open it again). The other journeys are open, and in no rate;
-- nor are those that began before both click-stream and orders are known: what led to their orders, or became of their
-- visits, may lie before.
select
    journeys.journey_id,        -- of journeys.journeys
    journeys.person_id,         -- of journeys.people
    journeys.furthest_required_position,  -- of the furthest required stage; null: none was reached
    journeys.started_at,        -- UTC instant of the first touchpoint
from journeys.journeys as journeys
cross join settings.shop as shop
cross join metrics.cut_off as cut_off
qualify
    coalesce(journeys.started_at >= cut_off.visits_from, true)
    and (
        lead(journeys.journey_id) over (partition by journeys.person_id order by journeys.journey_number) is not null
        or elapsed_seconds(journeys.last_contact_at, cut_off.visits_until) > shop.inactivity_seconds
    )

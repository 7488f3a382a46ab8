-- One row per journey that is over at the data cut-off: followed by another of the person's, or without contact for
-- longer than the inactivity limit (a late delivery does not open it again). The other journeys are open, and in no rate.
select
    journeys.journey_id,        -- of journeys.journeys
    journeys.person_id,         -- of journeys.people
    journeys.furthest_required_position,  -- of the furthest required stage; null: none was reached
    journeys.started_at,        -- UTC instant of the first touchpoint
from journeys.journeys as journeys
cross join settings.shop as shop
cross join metrics.cut_off as cut_off
qualify
    lead(journeys.journey_id) over (partition by journeys.person_id order by journeys.journey_number) is not null
    or elapsed_seconds(journeys.last_contact_at, cut_off.visits_until) > shop.inactivity_seconds

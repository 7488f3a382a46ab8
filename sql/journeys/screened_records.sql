-- One row per order, survey answer and deal of a screened person, if journey.yaml says that these are left out; else none.
-- Their events need no row here: journeys.touchpoints leaves them out by the person. What reads orders, surveys or
-- deals from staging for a figure leaves these rows out.
-- key: kind, row_id
-- keyed by: person_id
select
    owned.kind,                 -- order, answer or deal
    owned.row_id,               -- of staging.orders, staging.feedback or staging.deals
    owned.person_id,            -- the screened person
from journeys.record_owners as owned
inner join journeys.screened_people as screened on owned.person_id = screened.person_id
cross join settings.shop as shop
where shop.leaves_out_screened and owned.kind in ('order', 'answer', 'deal')

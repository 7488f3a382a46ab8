-- Olist closed deals: the leads that were won, one row per deal. There is no row of a deal that was lost or is open, and no
-- opening: the lead's first contact is in the file of the leads.
-- loads: deals
-- reads: csv
-- namespace: olist
-- needs: mql_id, won_date
with typed as (
    select
        file_rows.*,
        shop.time_zone,
        try_cast("won_date" as timestamp) as won
    from file_rows
    cross join settings.shop as shop
)

select
    line,
    "mql_id" as deal_id,
    'lead ' || "mql_id" as contact_id,
    (won at time zone time_zone) at time zone 'UTC' as closed_at,
    'won' as stage,
    true as is_won,
    case when won is null then 'won_date is not a time: ' || coalesce("won_date", '') end as reject_reason
from typed

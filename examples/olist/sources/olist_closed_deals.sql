-- Olist closed deals: the leads that were won, one row per deal. There is no row of a deal that was lost or is open, and no
-- opening: the lead's first contact is in the file of the leads.
-- loads: deals
-- reads: csv
-- namespace: olist
-- needs: mql_id, won_date
select
    line,
    "mql_id" as deal_id,
    'lead ' || "mql_id" as contact_id,
    read_instant("won_date", shop.time_zone) as closed_at,
    'won' as stage,
    true as is_won,
    unread_instant('won_date', "won_date") as reject_reason
from file_rows
cross join settings.shop as shop

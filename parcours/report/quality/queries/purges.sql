-- Rows deleted because they were older than keep_months
select
    export as "Export",
    keep_months as "Months kept",
    max(purged_at) as "Last deleted (UTC)",
    max(kept_from) as "Kept from (UTC)",
    cast(sum(row_count) as bigint) as "Rows deleted"
from raw.purges
group by export, keep_months
order by export, keep_months

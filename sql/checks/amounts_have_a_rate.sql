-- checks: metrics.currencies
-- severity: warn
-- finds: kinds of rows with amounts in a currency without a rate, which are in no sum
-- do: Say under currencies in journey.yaml what one of that currency is in the shop's: a rate, or a CSV of rates by day.
-- An amount in another currency has a rate; else it is known to be something, and worth nothing that could be added up.
select kind, currency, left_out_count, row_count, left_out_from, left_out_to
from metrics.currencies
where left_out_count > 0
order by kind, currency

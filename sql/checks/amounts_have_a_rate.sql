-- checks: metrics.currencies
-- severity: warn
-- finds: kinds of rows with amounts in a currency without a rate, which are in no sum
-- do: Say under currencies in journey.yaml what one of that currency is in the shop's: a rate, or a CSV of rates by day.
-- An amount in another currency is converted by the rate of its shop day; one without a rate is left out of every sum.
select
    kind,
    string_agg(currency || ' ' || left_out_count, ', ' order by currency) as currencies,
    cast(sum(left_out_count) as bigint) as left_out_count,
    min(left_out_from) as left_out_from,
    max(left_out_to) as left_out_to
from metrics.currencies
where left_out_count > 0
group by kind
order by case kind when 'orders' then 1 when 'events' then 2 else 3 end

-- One row per check that warns.
select table_name as "table", check_name as "check", offending_count as "count", finding, to_do
from metrics.check_results
where verdict = 'warned'
order by all

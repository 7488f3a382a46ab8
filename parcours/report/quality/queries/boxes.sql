-- Checks by box
select
    split_part(table_name, '.', 1) as "Box",
    count(*) as "Checks",
    count(*) filter (where verdict = 'passed') as "Passed",
    count(*) filter (where verdict = 'warned') as "Warned",
    count(*) filter (where verdict = 'failed') as "Failed"
from metrics.check_results
group by 1
order by list_position(['raw', 'staging', 'journeys', 'metrics'], split_part(table_name, '.', 1))

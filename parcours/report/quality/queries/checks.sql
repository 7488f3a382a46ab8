-- Every check, what it says and what to do
select
    {'told': rule} as "What should hold",
    table_name as "Table",
    {'told': verdict} as "Verdict",
    offending_count as "Found",
    {'told': to_do} as "What to do",
    verdict = 'passed' as is_small
from metrics.check_results
order by
    list_position(['raw', 'staging', 'journeys', 'metrics'], split_part(table_name, '.', 1)),
    check_name = 'key_is_unique', list_position(['failed', 'warned', 'passed'], verdict), table_name, check_name

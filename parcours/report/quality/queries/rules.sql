-- One row per name that no rule matches: the rule as journey.yaml would have it. A JSON string is a YAML one, but for
-- what YAML takes for the end of a line.
with quoted as (
    select
        source,
        event_name,
        unplaced_count,
        replace(
            replace(replace(cast(to_json(event_name) as varchar), chr(133), '\u0085'), chr(8232), '\u2028'),
            chr(8233),
            '\u2029'
        ) as name
    from metrics.unplaced_names
    where rule <> 'names it, without a stage'
)

select
    '  - {touchpoint: ' || name || ', ' || case when source = 'events' then '' else 'source: ' || source || ', ' end
    || 'event: ' || name || ', stage: CHOOSE}' as rule
from quoted
order by unplaced_count desc, source, event_name
limit 12

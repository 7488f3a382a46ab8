-- Names without a stage
select
    event_name as "Name",
    {
        'told': case source
            when 'events' then 'click-stream'
            when 'feedback' then 'surveys'
            when 'tickets' then 'support tickets'
            else source
        end
    } as "Source of touchpoints",
    unplaced_count as "Touchpoints",
    touchpoint_share as "Of all",
    cast(nullif(net_revenue, 0) as decimal(18, 0)) as "Net revenue",
    {'told': rule} as "Rule"
from metrics.unplaced_names
order by unplaced_count desc, source, event_name

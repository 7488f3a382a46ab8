-- Stage coverage by source
select
    case
        when source is null then 'All'
        when source = 'events' then 'Click-stream'
        when source = 'feedback' then 'Surveys'
        when source = 'tickets' then 'Support tickets'
        else upper(source[1]) || source[2:]
    end as "Source of touchpoints",
    touchpoint_count as "Touchpoints",
    staged_count as "With a stage",
    staged_share as "Share",
    cast(net_revenue as decimal(18, 0)) as "Net revenue",
    revenue_share as "Share with a stage"
from metrics.stage_coverage_by_source
order by source nulls last

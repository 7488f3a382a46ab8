-- Stage coverage by source
select
    {
        'capital': case
            when source is null then 'all'
            when source = 'events' then 'click-stream'
            when source = 'feedback' then 'surveys'
            when source = 'tickets' then 'support tickets'
            else source
        end
    } as "Source of touchpoints",
    touchpoint_count as "Touchpoints",
    staged_count as "With a stage",
    staged_share as "Share",
    cast(net_revenue as decimal(18, 0)) as "Net revenue",
    revenue_share as "Share with a stage"
from metrics.stage_coverage_by_source
order by source nulls last

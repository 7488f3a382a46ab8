-- One row per stage that the loaded exports can show: a rule places touchpoints of a loaded source in it. A stage of
-- another source (deliveries, without an orders export) is not measured; nobody is said to have dropped before it.
-- key: stage
select
    stages.stage,               -- of settings.stages
    stages.stage_position,      -- on the map
    stages.is_required,         -- optional stages never gate
from settings.stages as stages
inner join settings.touchpoint_rules as rules on stages.stage = rules.stage
cross join metrics.cut_off as cut_off
where
    (coalesce(rules.source, 'events') = 'events' and cut_off.events_until is not null)
    or (coalesce(rules.source, 'orders') = 'orders' and cut_off.orders_until is not null)
    or (coalesce(rules.source, 'feedback') = 'feedback' and cut_off.feedback_until is not null)
    or (coalesce(rules.source, 'tickets') = 'tickets' and cut_off.tickets_until is not null)
    or (coalesce(rules.source, 'deals') = 'deals' and cut_off.deals_until is not null)
group by stages.stage, stages.stage_position, stages.is_required

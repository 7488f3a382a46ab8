-- One row per stage that the loaded exports can show: a rule places touchpoints of a loaded source in it. A stage of
-- another source (deliveries, without an orders export) is not measured; nobody is said to have dropped before it.
-- key: stage
select
    stages.stage,               -- of settings.stages
    stages.stage_position,      -- on the map
    stages.is_required,         -- optional stages never gate
    case
        when stages.is_required
            then cast(row_number() over (partition by stages.is_required order by stages.stage_position) as bigint)
    end as required_number,     -- the step of `map:stages` that comes to it: 1 is the first required one; null: optional
from settings.stages as stages
inner join settings.touchpoint_rules as rules on stages.stage = rules.stage
inner join metrics.known_sources as known
    on
        known.known_until is not null
        and (
            rules.source = known.source
            or (rules.source is null and known.source not in ('contacts', 'invitations'))
        )
group by stages.stage, stages.stage_position, stages.is_required

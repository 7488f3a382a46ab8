-- One row per step of a funnel and kind of touchpoint that is one, of the model's `kinds`: steps are matched once per
-- kind, not once per touchpoint. A kind may match several steps, as where a step comes twice. Of a funnel with rules also a
-- row per kind that may not come before a step (`excluded_step`), and of a strict one per kind that is no step at all.
select
    matching_kinds.*,
    bool_or(first_step <> last_step) over (partition by funnel_id) as has_ties
from (
    select
        matching.*,
        min(step_number) over (partition by funnel_id, touchpoint, stage, device, channel, traits) as first_step,
        max(step_number) over (partition by funnel_id, touchpoint, stage, device, channel, traits) as last_step
    from (
        select distinct
            funnels.funnel_id, funnels.unit, funnels.window_seconds, funnels.chain, matches.step_number,
            cast(null as bigint) as excluded_step, kinds.touchpoint, kinds.stage, kinds.device, kinds.channel, kinds.traits
        from kinds
        inner join settings.funnel_step_matches as matches
            on
                (matches.touchpoint is null or matches.touchpoint = kinds.touchpoint)
                and (matches.stage is null or matches.stage = kinds.stage)
                and (matches.device is null or matches.device = kinds.device)
                and (matches.channel is null or matches.channel = kinds.channel)
        inner join settings.funnels as funnels on matches.funnel_id = funnels.funnel_id
        left join (
            select asked.traits, conditions.funnel_id, conditions.step_number
            from (select distinct traits from kinds) as asked
            cross join settings.funnel_step_conditions as conditions
            group by asked.traits, conditions.funnel_id, conditions.step_number, conditions.condition_number
            having not bool_or(contains(asked.traits, '|' || conditions.attribute || '=' || conditions.value || '|'))
        ) as unmet
            on
                kinds.traits = unmet.traits
                and matches.funnel_id = unmet.funnel_id
                and matches.step_number = unmet.step_number
        where unmet.funnel_id is null
        union all
        select
            funnels.funnel_id, funnels.unit, funnels.window_seconds, funnels.chain, null, exclusions.step_number,
            kinds.touchpoint, kinds.stage, kinds.device, kinds.channel, kinds.traits
        from kinds
        inner join settings.funnel_exclusions as exclusions on kinds.touchpoint = exclusions.touchpoint
        inner join settings.funnels as funnels on exclusions.funnel_id = funnels.funnel_id
        union all
        select
            funnels.funnel_id, funnels.unit, funnels.window_seconds, funnels.chain, null, null, kinds.touchpoint,
            kinds.stage, kinds.device, kinds.channel, kinds.traits
        from kinds
        inner join settings.funnels as funnels on funnels.step_order = 'strict'
    ) as matching
) as matching_kinds

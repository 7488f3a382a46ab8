-- One row per step of a funnel and kind of touchpoint that is one, of the model's `kinds`: steps are matched once per
-- kind, not once per touchpoint. A kind may match several steps, as where a step comes twice.
select
    matching_kinds.*,
    bool_or(first_step <> last_step) over (partition by funnel_id) as has_ties
from (
    select
        matching.*,
        min(step_number) over (partition by funnel_id, touchpoint, stage, device, channel) as first_step,
        max(step_number) over (partition by funnel_id, touchpoint, stage, device, channel) as last_step
    from (
        select distinct
            funnels.funnel_id, funnels.unit, funnels.window_seconds, matches.step_number, kinds.touchpoint,
            kinds.stage, kinds.device, kinds.channel
        from kinds
        inner join settings.funnel_step_matches as matches
            on
                (matches.touchpoint is null or matches.touchpoint = kinds.touchpoint)
                and (matches.stage is null or matches.stage = kinds.stage)
                and (matches.device is null or matches.device = kinds.device)
                and (matches.channel is null or matches.channel = kinds.channel)
        inner join settings.funnels as funnels on matches.funnel_id = funnels.funnel_id
    ) as matching
) as matching_kinds

-- One row per step, factor and level that is compared, those first that are told; stage_left: of a step of the map the
-- stage that is left by it.
select
    drivers.funnel_id, drivers.step_number, funnels.funnel_name, drivers.step_label, drivers.factor,
    replace(drivers.level, '_', ' ') as level, drivers.with_count, drivers.with_dropped, drivers.compared_count,
    drivers.compared_rate, drivers.comparable_rate, drivers.lift, drivers.lift_low, drivers.lift_high,
    drivers.extra_dropped, drivers.extra_revenue, drivers.is_told, drivers.is_small, measured.stage as stage_left
from metrics.drop_off_drivers as drivers
left join settings.funnels as funnels on drivers.funnel_id = funnels.funnel_id
left join metrics.measured_stages as measured
    on drivers.funnel_id = 'map:stages' and drivers.step_number = measured.required_number + 1
where drivers.left_out is null
order by
    drivers.is_told desc, drivers.lift > 1 desc, drivers.extra_dropped desc nulls last, drivers.funnel_id,
    drivers.step_number, drivers.factor, drivers.level

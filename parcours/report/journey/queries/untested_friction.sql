-- Friction at a stage that too few met for a test, though those who did dropped more often by the 95 % interval; where most
-- dropped that others would not have, first.
select
    drivers.step_number, replace(drivers.level, '_', ' ') as level, drivers.with_count, drivers.with_dropped,
    drivers.compared_count, drivers.extra_dropped, drivers.is_small, measured.stage as stage_left, stages.stage_label
from metrics.drop_off_drivers as drivers
inner join metrics.measured_stages as measured on drivers.step_number = measured.required_number + 1
inner join settings.stages as stages on measured.stage = stages.stage
where
    drivers.funnel_id = 'map:stages' and drivers.factor = 'friction' and drivers.left_out = 'too few'
    and drivers.difference_low > 0
order by drivers.extra_dropped desc, drivers.step_number, drivers.level

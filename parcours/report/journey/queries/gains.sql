-- Per required stage of the map and goal that enough journeys stand behind: what it would gain. A stage is left by
-- reaching the next required one, the next step.
select
    measured.stage, gains.step_number, gains.goal, gains.dimension, gains.value, gains.goal_rate, gains.gained_count,
    gains.gained_low, gains.gained_high, gains.gain, gains.gain_low, gains.gain_high
from metrics.attainable_gain as gains
inner join metrics.measured_stages as measured on gains.step_number = measured.required_number + 1
where gains.funnel_id = 'map:stages' and not gains.is_small
order by gains.step_number, gains.gained_count desc, gains.goal

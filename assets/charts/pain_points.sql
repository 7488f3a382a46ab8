-- title: {name}: {value} to be gained
-- unit: currency
-- headline: highest
select
    replace(signal, '_', ' ') || ', ' || coalesce(stages.stage_label, pains.stage) as name, gain as value,
    gain_low as low, gain_high as high
from metrics.pain_points as pains
left join settings.stages as stages on pains.stage = stages.stage
where gain is not null and left_out is null
order by gain_rank

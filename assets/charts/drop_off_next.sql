-- title: {name}: {value} of those who dropped there
-- unit: share
-- headline: highest
select
    place || ': ' || replace(outcome, '_', ' ') as name, outcome_rate as value, outcome_low as low, outcome_high as high
from metrics.drop_off_next
where place_type = 'stage' and outcome_rate is not null and not is_small
order by place_number, outcome_number

-- One row per kind of survey, what happened to those who answered, and value of it that has answers.
select
    kind, dimension, value, answer_count, asked_count, response_rate, satisfied_count, csat, csat_low, csat_high,
    mean_of_10, rest_count, csat_difference, csat_difference_low, csat_difference_high, is_small
from metrics.satisfaction
where
    dimension in ('all', 'delivery', 'support', 'friction', 'order_return', 'order_value', 'customer')
    and answer_count > 0
order by kind, dimension, csat, value

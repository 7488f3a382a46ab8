-- One row per survey and behaviour: the share of what sets its answers apart that goes with it, the largest first.
select
    survey, kind, driver, answer_count, unknown_count, all_explained, explained, explained_low, explained_high,
    p_value, is_told, worst_value, best_value, difference_of_10, left_out
from metrics.satisfaction_drivers
order by survey, kind, explained desc nulls last, driver

-- One row per day since the first order on which anybody ordered again or is no more observed, over all customers.
select
    survival.day_number, survival.at_risk_count, survival.ordered_count, survival.censored_count,
    survival.survival_rate, survival.survival_low, survival.survival_high, survival.median_days,
    is_small_cell(survival.at_risk_count, shop.small_cell) as is_small
from metrics.second_order_survival as survival
cross join settings.shop as shop
where survival.dimension = 'all'
order by survival.day_number

-- One row per figure of metrics.kpis: the later half of its days against the earlier one; null where a half has no attempt.
-- Halves of which one is a small cell are not compared.
-- key: kpi
select
    whole.kpi,                  -- of settings.kpis
    earlier.from_on as earlier_from,  -- first shop day of the earlier half
    earlier.until_on as earlier_until,  -- last shop day of it
    earlier.value as earlier_value,  -- the figure in it, 0–1
    earlier.low as earlier_low, -- Wilson 95 %
    earlier.high as earlier_high,  -- Wilson 95 %
    later.from_on as later_from,  -- first shop day of the later half
    later.until_on as later_until,  -- last shop day of it
    later.value as later_value, -- the figure in it, 0–1
    later.low as later_low,     -- Wilson 95 %
    later.high as later_high,   -- Wilson 95 %
    later.value - earlier.value as difference,  -- later − earlier; times 100 in points
    case
        when
            is_small_cell(earlier.denominator, shop.small_cell) or is_small_cell(later.denominator, shop.small_cell)
            then null
        when later.low > earlier.high then 'rose'
        when later.high < earlier.low then 'fell'
        when later.value is not null and earlier.value is not null then 'overlap'
    end as trend,               -- rose, fell, or overlap: the intervals don't tell the halves apart; null: too few in one
from metrics.kpis as whole
cross join settings.shop as shop
left join metrics.kpis as earlier on whole.kpi = earlier.kpi and earlier.period = 'before'
left join metrics.kpis as later on whole.kpi = later.kpi and later.period = 'after'
where whole.period = 'all'

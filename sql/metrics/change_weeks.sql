-- One row per change, figure and week counted from the change: what a chart of the figure around it shows. The week of the
-- change begins on its day; weeks in which an attempt may still be open are not here. Up to 26 weeks before and 12 after.
-- key: change_id, kpi, week_number
select
    changes.change_id,          -- of settings.changes
    days.kpi,                   -- of settings.kpis
    cast(floor((days.happened_on - changes.changed_on) / 7.0) as bigint) as week_number,  -- 0: begins with the change; −1: ends before it
    cast(changes.changed_on + cast(floor((days.happened_on - changes.changed_on) / 7.0) as integer) * 7 as date) as week_on,  -- its first shop day
    cast(sum(cast(days.numerator as decimal(36, 2))) as double) as numerator,  -- attempts that converted, or the net revenue of net_order_value
    cast(sum(days.denominator) as bigint) as denominator,  -- matured attempts
    rate(cast(sum(cast(days.numerator as decimal(36, 2))) as double), sum(days.denominator)) as value,  -- the week's figure
from settings.changes as changes
inner join metrics.change_days as days
    on
        days.change_id
        = case
            when changes.change_id in (select change_id from settings.change_segments) then changes.change_id
            else 'all changes'
        end
inner join metrics.kpi_cut_off as known on days.kpi = known.kpi
where
    days.happened_on between changes.changed_on - 182 and changes.changed_on + 83
    and days.happened_on between known.first_on
    and changes.changed_on + cast(floor((known.last_on + 1 - changes.changed_on) / 7.0) as integer) * 7 - 1
group by
    changes.change_id, changes.changed_on, days.kpi, cast(floor((days.happened_on - changes.changed_on) / 7.0) as bigint),
    cast(floor((days.happened_on - changes.changed_on) / 7.0) as integer)

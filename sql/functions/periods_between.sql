-- How many calendar periods one beginning of a period is after another.
-- arguments: from_at and to_at, beginnings of periods (period_start); period: hour, day, week or month
-- source: docs/definitions.md, retention, calendar
create macro periods_between(from_at, to_at, period) as
case period
    when 'hour' then date_diff('hour', from_at, to_at)
    when 'day' then date_diff('day', from_at, to_at)
    when 'week' then date_diff('day', from_at, to_at) // 7
    else date_diff('month', from_at, to_at)
end

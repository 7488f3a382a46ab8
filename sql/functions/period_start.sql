-- The beginning of the calendar period that a local time is in.
-- arguments: local_at, a local time; period: hour, day, week or month; week_shift_days, from Monday to the week's first day
-- source: docs/definitions.md, retention, calendar
create macro period_start(local_at, period, week_shift_days) as
case period
    when 'hour' then date_trunc('hour', local_at)
    when 'day' then cast(date_trunc('day', local_at) as timestamp)
    when 'week'
        then
            cast(date_trunc('week', local_at - week_shift_days * interval 1 day) as timestamp)
            + week_shift_days * interval 1 day
    else cast(date_trunc('month', local_at) as timestamp)
end

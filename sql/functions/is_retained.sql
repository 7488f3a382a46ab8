-- Whether somebody counts as back in an interval, by what retention of that kind means.
-- arguments: kind, of metrics.retention_by_segment; interval_number, of the kind; returned, the numbers of the intervals in which the person came back, each once, ascending
-- source: docs/definitions.md, retention
create macro is_retained(kind, interval_number, returned) as
case kind
    when 'on_or_after' then coalesce(returned[len(returned)] >= interval_number, false)
    when 'cumulative' then coalesce(returned[1] <= interval_number, false)
    when 'recurring'
        then len(list_filter(returned, lambda one: one between 1 and interval_number)) = interval_number
    else list_contains(returned, interval_number)
end

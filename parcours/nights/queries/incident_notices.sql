-- One row per thing that the last fourteen nights of a step told of an alarm.
with last_days as (
    select step, max(happened_on) as last_on
    from metrics.step_days
    where dimension = 'all'
    group by step
)

select
    notices.alarm, notices.night, notices.word, steps.step_label, notices.dimension, notices.value, notices.began_on,
    notices.ended_on, notices.relative_size, notices.entered_count, notices.went_on_count, notices.expected_count,
    logged.changes
from metrics.incident_notices as notices
inner join metrics.watched_steps as steps on notices.step = steps.step
inner join last_days on notices.step = last_days.step
left join metrics.incident_changes as logged
    on notices.began_on = logged.began_on and notices.ended_on = logged.ended_on
where notices.night > cast(last_days.last_on - 14 as date)
order by notices.night, notices.alarm, notices.word

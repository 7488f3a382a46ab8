-- One row per alarm that is open, as it was last told, but for those whose incident is found: of its days, and of its
-- segment or of everybody.
select
    steps.step_label, notices.dimension, notices.value, notices.night, notices.began_on, notices.ended_on,
    notices.entered_count, notices.went_on_count, notices.expected_count, notices.relative_size,
    notices.expected_count - notices.went_on_count as lost_count,
    (notices.expected_count - notices.went_on_count) * steps.lost_value as lost_revenue,
    logged.changes
from metrics.incident_notices as notices
inner join metrics.watched_steps as steps on notices.step = steps.step
left join metrics.incident_changes as logged
    on notices.began_on = logged.began_on and notices.ended_on = logged.ended_on
where
    notices.is_open
    and not exists (
        select 1 from metrics.incidents as incidents
        where
            incidents.began_on <= notices.ended_on
            and incidents.ended_on >= notices.began_on
            and (
                (incidents.dimension = notices.dimension and incidents.value = notices.value)
                or 'all' in (incidents.dimension, notices.dimension)
            )
    )
qualify row_number() over (partition by notices.alarm order by notices.night desc) = 1
order by notices.began_on desc, notices.alarm

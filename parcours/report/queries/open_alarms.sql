-- One row per alarm that is open, as it was last told, but for those whose incident is found: of its days, and of its
-- segment or of everybody.
select
    steps.step_label, notices.dimension, notices.value, notices.night, notices.began_on, notices.ended_on,
    notices.entered_count, notices.went_on_count, notices.expected_count, notices.relative_size,
    notices.expected_count - notices.went_on_count as lost_count,
    (notices.expected_count - notices.went_on_count) * steps.lost_value as lost_revenue,
    (
        select string_agg(changes.change_label, ', ' order by changes.changed_on, changes.change_id)
        from settings.changes as changes
        where changes.changed_on <= notices.ended_on
            and coalesce(changes.ended_on, changes.changed_on) >= cast(notices.began_on - 2 as date)
    ) as changes
from metrics.incident_notices as notices
inner join metrics.watched_steps as steps on notices.step = steps.step
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

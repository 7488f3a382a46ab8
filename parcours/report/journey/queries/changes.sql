-- One row per change, by date.
select
    changes.change_id, changes.change_label as label, changes.changed_on, stages.stage_label, changes.what,
    (
        select string_agg(value, ', ' order by attribute, value)
        from settings.change_segments as segments
        where segments.change_id = changes.change_id
    ) as segment
from settings.changes as changes
left join settings.stages as stages on changes.stage = stages.stage
order by changes.changed_on, changes.change_id

-- One row per change, by date.
select
    changes.change_id, changes.change_label as label, changes.changed_on, changes.ended_on, stages.stage_label,
    changes.what
from settings.changes as changes
left join settings.stages as stages on changes.stage = stages.stage
order by changes.changed_on, changes.change_id

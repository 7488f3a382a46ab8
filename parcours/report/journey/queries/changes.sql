-- One row per change, by date; with pairs of attribute and value of those whom it concerned alone (null: everybody).
select
    changes.change_id, changes.change_label as label, changes.changed_on, changes.ended_on, stages.stage_label,
    changes.what,
    (
        select array_agg([attribute, value] order by attribute, value)
        from settings.change_segments as segments
        where segments.change_id = changes.change_id
    ) as segments
from settings.changes as changes
left join settings.stages as stages on changes.stage = stages.stage
order by changes.changed_on, changes.change_id

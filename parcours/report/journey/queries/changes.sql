-- One row per change, by date.
select
    changes.change_id, changes.change_label as label, changes.changed_on, changes.ended_on, stages.stage_label,
    changes.what,
    (
        select string_agg(said, '; ' order by said)
        from (
            select segments.attribute || ' ' || string_agg(segments.value, ', ' order by segments.value) as said
            from settings.change_segments as segments
            where segments.change_id = changes.change_id
            group by segments.attribute
        ) as attributes
    ) as segment
from settings.changes as changes
left join settings.stages as stages on changes.stage = stages.stage
order by changes.changed_on, changes.change_id

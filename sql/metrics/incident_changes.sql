-- One row per days of an incident (metrics.found_incidents) or of an alarm (metrics.incident_notices) beside which a change was
-- logged: one that holds on them, or was made on the two days before.
-- key: began_on, ended_on
with spans as (
    select began_on, ended_on from metrics.found_incidents
    union
    select began_on, ended_on from metrics.incident_notices
)

select
    spans.began_on,             -- the first of the shop days
    spans.ended_on,             -- the last of them
    string_agg(changes.change_label, ', ' order by changes.changed_on, changes.change_id) as changes  -- labels of the changes, by date
from spans
inner join settings.changes as changes
    on
        changes.changed_on <= spans.ended_on
        and coalesce(changes.ended_on, changes.changed_on) >= cast(spans.began_on - 2 as date)
group by spans.began_on, spans.ended_on

-- One row per stage of the map; the label of an optional one has a star.
select *, stage_label as label, stage_label || case when is_required then '' else '*' end as marked_label
from metrics.journey_map
order by stage_position

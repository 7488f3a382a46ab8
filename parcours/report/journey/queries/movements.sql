-- One row per measure and part of its change from the month before to the last whole month, in the order of the visit.
select
    measure, part, part_label, before_value, after_value, contribution, contribution_share, segment, explained_share,
    segment_moved, rest_moved, before_from, before_until, after_from, after_until
from metrics.movements
order by measure, part_number

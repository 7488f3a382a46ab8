-- One row per measure and part of its change from the month before to the last whole month, in the order of the visit;
-- with the dimensions that a segment may be of.
select
    measure, part, part_label, before_value, after_value, contribution, contribution_share, segment, explained_share,
    segment_moved, rest_moved, before_from, before_until, after_from, after_until,
    (select list(distinct dimension order by dimension) from metrics.movement_segments) as dimensions
from metrics.movements
order by measure, part_number

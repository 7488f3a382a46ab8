-- One row per question of the quality page: how many of how many are as they should be.
select mark, good_count, all_count, good_share
from metrics.quality_marks
order by mark_number

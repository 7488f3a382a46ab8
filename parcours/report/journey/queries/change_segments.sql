-- One row per change, attribute and value of those whom it concerned alone.
select change_id, attribute, value
from settings.change_segments
order by change_id, attribute, value

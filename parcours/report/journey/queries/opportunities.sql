-- The ideas of journey.yaml, with the change that each became.
select opportunities.*, changes.changed_on
from settings.opportunities as opportunities
left join settings.changes as changes on opportunities.change_id = changes.change_id
order by opportunities.position

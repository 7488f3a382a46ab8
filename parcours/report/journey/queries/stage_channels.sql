-- Per stage the channels by which journeys came to it, those of most first.
select stage, channel, journey_count, stage_journey_count, journey_share
from metrics.stage_channels
order by stage, journey_count desc, channel

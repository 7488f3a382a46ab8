-- One row per channel and channel of the next session, without the ways back of few; what is followed most often first.
select
    channel, next_channel, is_same, next_count, journey_count, followed_count, followed_journey_count,
    next_share, next_low, next_high,
    case when not is_back_small then third_count end as third_count,
    case when not is_back_small then back_count end as back_count,
    case when not is_back_small then back_share end as back_share,
    case when not is_back_small then back_low end as back_low,
    case when not is_back_small then back_high end as back_high,
    is_small
from metrics.next_channels
order by followed_count desc, channel, next_count desc, next_channel

-- title: {name}: {value} of those who entered get to the end
-- unit: share
-- headline: lowest
select
    concat_ws(
        ' · ', case when count(distinct segments.funnel_id) over () > 1 then funnels.funnel_name end,
        segments.dimension || ' ' || segments.value
    ) as name,
    segments.conversion_rate as value, wilson_low(segments.reached_count, segments.entered_count) as low,
    wilson_high(segments.reached_count, segments.entered_count) as high
from metrics.funnel_by_segment as segments
inner join settings.funnels as funnels
    on segments.funnel_id = funnels.funnel_id and segments.step_number = funnels.step_count
where segments.dimension in ('device', 'channel', 'new or returning') and not segments.is_small
order by funnels.funnel_name, segments.dimension, segments.value

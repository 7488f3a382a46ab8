-- title: {name}: {value} to be gained
-- unit: currency
-- headline: highest
select
    concat_ws(
        ': ', case when count(distinct gains.funnel_id) over () > 1 then coalesce(funnels.funnel_name, 'Map') end, step_label,
        goal || coalesce(' (' || dimension || ' ' || value || ')', '')
    ) as name,
    gain as value, gain_low as low, gain_high as high
from metrics.attainable_gain as gains
left join settings.funnels as funnels on gains.funnel_id = funnels.funnel_id
where gain is not null and not is_small
order by gains.funnel_id, step_number, goal

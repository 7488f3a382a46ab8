-- title: {name}: {value} of what was expected
-- unit: share
-- headline: highest
select
    change_label || ', ' || names.kpi_label || ': ' || verdict as name, relative_difference as value,
    low / abs(expected_value) as low, high / abs(expected_value) as high
from metrics.change_impact as impact
inner join settings.kpis as names on impact.kpi = names.kpi
where relative_difference is not null and (is_meant or verdict in ('improved', 'worsened'))
order by changed_on, change_id, names.kpi_position

-- One row per deviation from the intended path, the most frequent first, and before them any deviation at all.
select
    paths.kind, paths.place_type, coalesce(stages.stage_label, paths.place) as place,
    coalesce(from_stages.stage_label, paths.from_place) as from_place, paths.journey_count, paths.deviating_count,
    paths.conforming_count, paths.deviation_count, paths.conforming_rate, paths.conforming_low, paths.conforming_high,
    paths.median_seconds_beyond, paths.is_small
from metrics.path_conformance as paths
left join settings.stages as stages on paths.place_type = 'stage' and paths.place = stages.stage
left join settings.stages as from_stages on paths.place_type = 'stage' and paths.from_place = from_stages.stage
where paths.journey_type = 'all'
order by paths.kind <> 'all', paths.deviating_count desc, paths.kind, paths.place_type, paths.place, paths.from_place

-- One row per path that enough journeys took, the most taken first, at most twelve; and how many paths there are.
with paths as (
    select
        *,
        count(*) over () as path_count,
        count(case when covers_80 then 1 end) over () as covering_count
    from metrics.journey_variants
    where journey_type = 'all' and journey_count > 0
)

select
    variant_number, path, is_intended, journey_count, journey_share, cumulative_share, ordered_count, ordered_rate,
    ordered_low, ordered_high, median_seconds, path_count, covering_count
from paths
where not is_small and variant_number <= 12
order by variant_number

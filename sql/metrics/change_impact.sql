-- One row per change and figure: before and after, with their difference and what it proves.
-- Matured attempts only; the same number of each weekday on both sides, nearest first; guard days around the change and
-- outage days are left out. An attempt's whole window lies on its side: before, it ends before the change; after, before
-- the next change. So no side holds what another change did, nor the "before" what this one did. The interval and p-value allow for a person
-- having several attempts: the variance of a ratio of sums over persons. p-values are corrected over all rows of a
-- change (Benjamini–Hochberg). Too early: fewer matured attempts after the change than a small cell.
-- key: change_id, kpi
with knobs as (
    select comparison_window_days as window_days, guard_days, small_cell from settings.shop
),

bounds as (
    select
        changes.change_id,
        changes.change_label,
        changes.changed_on,
        changes.stage,
        max(case when others.changed_on < changes.changed_on then others.changed_on end) as previous_change_on,
        min(case when others.changed_on > changes.changed_on then others.changed_on end) as next_change_on
    from settings.changes as changes
    left join settings.changes as others on changes.change_id <> others.change_id
    group by changes.change_id, changes.change_label, changes.changed_on, changes.stage
),

-- The days of each figure, and how many days after its start an attempt's outcome is known.
spans as (
    select
        daily.kpi,
        kpis.is_higher_better,
        min(daily.happened_on) as first_on,
        max(daily.happened_on) as last_on,
        cast(ceil(kpis.horizon_seconds / 86400) as integer) as horizon_days
    from metrics.kpi_daily as daily
    inner join settings.kpis as kpis on daily.kpi = kpis.kpi
    where daily.denominator > 0
    group by daily.kpi, kpis.is_higher_better, kpis.horizon_seconds
),

offsets as (
    select cast(g.n as integer) as days_from_change
    from unnest(generate_series(-4000, 4000)) as g (n)
    cross join settings.shop as shop
    where abs(g.n) <= shop.comparison_reach_days
),

eligible as (
    select
        bounds.change_id,
        spans.kpi,
        case when offsets.days_from_change < 0 then 'before' else 'after' end as side,
        cast(bounds.changed_on + offsets.days_from_change as date) as day,
        abs(offsets.days_from_change) as distance
    from bounds
    cross join spans
    cross join offsets
    cross join knobs
    where
        (
            (offsets.days_from_change >= knobs.guard_days and offsets.days_from_change < knobs.guard_days + knobs.window_days)
            or (
                offsets.days_from_change < -knobs.guard_days - spans.horizon_days
                and offsets.days_from_change >= -knobs.guard_days - spans.horizon_days - knobs.window_days
            )
        )
        and bounds.changed_on + offsets.days_from_change between spans.first_on and spans.last_on
        and coalesce(
            bounds.changed_on + offsets.days_from_change >= bounds.previous_change_on + cast(knobs.guard_days as integer), true
        )
        and coalesce(
            bounds.changed_on + offsets.days_from_change + spans.horizon_days
            < bounds.next_change_on - cast(knobs.guard_days as integer),
            true
        )
        and not exists (
            select 1
            from metrics.outage_days as outages
            where outages.outage_on = cast(bounds.changed_on + offsets.days_from_change as date)
        )
),

nearest as (
    select
        change_id, kpi, side, day,
        isodow(day) as weekday,
        row_number() over (partition by change_id, kpi, side, isodow(day) order by distance, day) as nearness
    from eligible
),

pairs as (
    select
        change_id, kpi, weekday, least(
            max(case when side = 'before' then nearness else 0 end), max(case when side = 'after' then nearness else 0 end)
        ) as pair_count
    from nearest
    group by change_id, kpi, weekday
),

matched as (
    select nearest.change_id, nearest.kpi, nearest.side, nearest.day
    from nearest
    inner join pairs
        on nearest.change_id = pairs.change_id and nearest.kpi = pairs.kpi and nearest.weekday = pairs.weekday
    where nearest.nearness <= pairs.pair_count
),

concerned as (
    select
        matched.change_id,
        matched.kpi,
        matched.side,
        attempts.person_id,
        cast(sum(attempts.numerator) as decimal(36, 2)) as numerator,
        cast(sum(attempts.denominator) as bigint) as denominator
    from metrics.kpi_attempts as attempts
    inner join matched on attempts.kpi = matched.kpi and attempts.happened_on = matched.day
    where
        attempts.is_matured
        and not exists (
            select 1
            from settings.change_segments as asked
            where
                asked.change_id = matched.change_id
                and not exists (
                    select 1
                    from settings.change_segments as accepted
                    where
                        accepted.change_id = asked.change_id
                        and accepted.attribute = asked.attribute
                        and accepted.value
                        = case accepted.attribute when 'persona' then attempts.persona else coalesce(attempts.device, '') end
                )
        )
    group by matched.change_id, matched.kpi, matched.side, attempts.person_id
),

side_values as (
    select
        change_id,
        kpi,
        side,
        cast(sum(numerator) as double) as numerator,
        cast(sum(denominator) as bigint) as denominator,
        rate(sum(numerator), sum(denominator)) as value
    from concerned
    group by change_id, kpi, side
),

deviations as (
    select
        concerned.change_id,
        concerned.kpi,
        concerned.side,
        side_values.denominator,
        concerned.numerator - side_values.value * concerned.denominator as deviation,
        max(abs(concerned.numerator - side_values.value * concerned.denominator)) over (
            partition by concerned.change_id, concerned.kpi, concerned.side
        ) as greatest_deviation
    from concerned
    inner join side_values
        on
            concerned.change_id = side_values.change_id
            and concerned.kpi = side_values.kpi
            and concerned.side = side_values.side
),

-- As shares of the greatest the squares are added up as decimals: to the same last digit whatever order they come in.
variances as (
    select
        change_id,
        kpi,
        side,
        coalesce(
            cast(sum(cast(
                rate(deviation, greatest_deviation) * rate(deviation, greatest_deviation) as decimal(38, 18)
            )) as double),
            0
        ) * max(greatest_deviation) * max(greatest_deviation)
        / nullif(max(denominator) * max(denominator), 0) as variance
    from deviations
    group by change_id, kpi, side
),

day_counts as (
    select change_id, kpi, cast(count(*) filter (where side = 'after') as bigint) as days_per_side
    from matched
    group by change_id, kpi
),

compared as (
    select
        bounds.change_id,
        bounds.change_label,
        bounds.changed_on,
        bounds.stage,
        spans.kpi,
        spans.is_higher_better,
        coalesce(day_counts.days_per_side, 0) as days_per_side,
        earlier.numerator as before_numerator,
        coalesce(earlier.denominator, 0) as before_denominator,
        earlier.value as before_value,
        later.numerator as after_numerator,
        coalesce(later.denominator, 0) as after_denominator,
        later.value as after_value,
        later.value - earlier.value as difference,
        sqrt(earlier_variance.variance + later_variance.variance) as standard_error,
        not is_small_cell(earlier.denominator, knobs.small_cell)
        and not is_small_cell(later.denominator, knobs.small_cell) as is_enough,
        is_small_cell(later.denominator, knobs.small_cell) as is_early
    from bounds
    cross join spans
    cross join knobs
    left join day_counts on bounds.change_id = day_counts.change_id and spans.kpi = day_counts.kpi
    left join side_values as earlier
        on bounds.change_id = earlier.change_id and spans.kpi = earlier.kpi and earlier.side = 'before'
    left join side_values as later
        on bounds.change_id = later.change_id and spans.kpi = later.kpi and later.side = 'after'
    left join variances as earlier_variance
        on bounds.change_id = earlier_variance.change_id and spans.kpi = earlier_variance.kpi and earlier_variance.side = 'before'
    left join variances as later_variance
        on bounds.change_id = later_variance.change_id and spans.kpi = later_variance.kpi and later_variance.side = 'after'
),

-- Two-sided p-value: erfc(|z| / sqrt 2) by Abramowitz & Stegun 7.1.26, exact to 1.5e-7.
scored as (
    select
        *,
        abs(difference) / nullif(standard_error, 0) / 1.4142135623730951 as x,
        1 / (1 + 0.3275911 * abs(difference) / nullif(standard_error, 0) / 1.4142135623730951) as t
    from compared
),

tested as (
    select
        *,
        case
            when is_enough and standard_error > 1e-9
                then
                    least(
                        (((((1.061405429 * t - 1.453152027) * t) + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t * exp(-x * x),
                        1.0
                    )
        end as p_value
    from scored
),

ranked as (
    select
        *,
        count(p_value) over (partition by change_id) as test_count,
        row_number() over (partition by change_id order by p_value nulls last, kpi) as p_rank
    from tested
),

corrected as (
    select
        *,
        case when p_value is not null then least(
            min(p_value * test_count / nullif(p_rank, 0)) over (
                partition by change_id order by p_rank desc rows unbounded preceding
            ),
            1.0
        ) end as corrected_p_value
    from ranked
)

select
    change_id,                  -- of settings.changes
    change_label,               -- as in journey.yaml
    changed_on,                 -- shop day
    stage,                      -- that was changed
    kpi,                        -- of settings.kpis
    days_per_side,              -- matched days on each side
    before_numerator,           -- converted attempts, or net revenue, before
    before_denominator,         -- matured attempts before
    before_value,               -- the figure before
    after_numerator,            -- converted attempts, or net revenue, after
    after_denominator,          -- matured attempts after
    after_value,                -- the figure after
    difference,                 -- after − before; times 100 in points
    rate(difference, before_value) as relative_difference,  -- (after − before) / before
    difference - 1.959964 * standard_error as low,  -- 95 % interval of the difference
    difference + 1.959964 * standard_error as high,  -- 95 % interval of the difference
    2.801585 * standard_error as detectable_difference,  -- found with 80 % power at 5 %
    p_value,                    -- two-sided
    corrected_p_value,          -- Benjamini–Hochberg over the change's rows
    case
        when is_early then 'too early'
        when coalesce(corrected_p_value, 1) >= 0.05 then 'no evidence'
        when (difference > 0) = is_higher_better then 'improved'
        else 'worsened'
    end as verdict,             -- improved, worsened, no evidence or too early
from corrected

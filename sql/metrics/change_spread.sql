-- One row per figure and week of what its matured attempts say of its variance: sums of squares over attempts, and over
-- people, whose attempts of a week hang together. Around a mean m, attempts have the sum of squares Σx² − 2mΣx + m²n, people
-- ΣX² − 2mΣXN + m²ΣN²; the ratio of the two is the design effect.
-- key: change_id, kpi, week_on
with attempts as (
    select 'all changes' as change_id, kpi, happened_on, person_id, numerator
    from metrics.kpi_attempts
    where is_matured
    union all
    select concerned.change_id, attempts.kpi, attempts.happened_on, attempts.person_id, attempts.numerator
    from metrics.change_attempts as concerned
    inner join metrics.kpi_attempts as attempts
        on concerned.kpi = attempts.kpi and concerned.attempt_id = attempts.attempt_id
),

weeks as (
    select
        change_id, kpi, person_id, numerator, cast(date_trunc('week', happened_on) as date) as week_on
    from attempts
    where exists (select 1 from settings.changes)
),

scales as (
    select change_id, kpi, week_on, max(abs(numerator)) as greatest
    from weeks
    group by change_id, kpi, week_on
),

-- As shares of the greatest the squares are added up as decimals: to the same last digit whatever order they come in.
people as (
    select
        weeks.change_id, weeks.kpi, weeks.week_on, weeks.person_id,
        count(*) as attempt_count,
        cast(sum(weeks.numerator) as decimal(36, 2)) as numerator,
        cast(sum(cast(
            coalesce(rate(weeks.numerator, scales.greatest) * rate(weeks.numerator, scales.greatest), 0)
            as decimal(38, 18)
        )) as decimal(38, 18)) as squares
    from weeks
    inner join scales
        on weeks.change_id = scales.change_id and weeks.kpi = scales.kpi and weeks.week_on = scales.week_on
    group by weeks.change_id, weeks.kpi, weeks.week_on, weeks.person_id
),

shares as (
    select
        people.change_id, people.kpi, people.week_on, people.attempt_count, people.numerator, people.squares,
        scales.greatest,
        coalesce(rate(people.numerator, scales.greatest), 0) as share
    from people
    inner join scales
        on people.change_id = scales.change_id and people.kpi = scales.kpi and people.week_on = scales.week_on
)

select
    change_id,                  -- as in metrics.change_days
    kpi,                        -- of settings.kpis
    week_on,                    -- the week's Monday, a shop day
    cast(sum(attempt_count) as bigint) as attempt_count,  -- n
    cast(sum(numerator) as double) as numerator,  -- Σx
    cast(sum(squares) as double) * cast(greatest as double) * cast(greatest as double) as squares,  -- Σx²
    cast(sum(attempt_count * attempt_count) as bigint) as person_count_squares,  -- ΣN² over people
    cast(sum(cast(share * attempt_count as decimal(38, 18))) as double) * cast(greatest as double) as person_products,  -- ΣXN
    cast(sum(cast(share * share as decimal(38, 18))) as double) * cast(greatest as double) * cast(greatest as double)
        as person_squares,      -- ΣX²
from shares
group by change_id, kpi, week_on, greatest

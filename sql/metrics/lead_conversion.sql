-- One row per window (7, 14, 30 and 90 days, and the shop's own): leads that were won within it, end included.
-- Leads whose window has not ended by the deals' cut-off are open; those from before wins are known are uncovered. Both
-- are in no rate, however they ended: what each of these counts of them as won stands beside. Wilson 95 %.
-- key: window_days
with windows as (
    select distinct cast(days as double) as window_days
    from (
        select unnest([7, 14, 30, 90]) as days
        union all
        select horizon_seconds / 86400 from settings.kpis where kpi = 'lead_conversion'
    ) as listed
),

outcomes as (
    select
        windows.window_days,
        leads.is_covered,
        elapsed_seconds(leads.led_at, leads.known_until) >= windows.window_days * 86400 as is_over,
        coalesce(elapsed_seconds(leads.led_at, leads.won_at) <= windows.window_days * 86400, false) as is_won,
        leads.won_at is not null as is_ever_won
    from metrics.leads as leads
    cross join windows
),

counts as (
    select
        window_days,
        cast(count(*) as bigint) as lead_count,
        cast(count(*) filter (where is_won) as bigint) as won_count,
        cast(count(*) filter (where is_ever_won) as bigint) as ever_won_count,
        cast(count(*) filter (where is_covered and is_over) as bigint) as matured_count,
        cast(count(*) filter (where is_covered and is_over and is_won) as bigint) as matured_won_count,
        cast(count(*) filter (where is_covered and not is_over) as bigint) as open_count,
        cast(count(*) filter (where not is_covered) as bigint) as uncovered_count,
        cast(count(*) filter (where not is_covered and is_won) as bigint) as uncovered_won_count
    from outcomes
    group by window_days
)

select
    window_days,                -- from the lead, end included
    lead_count,                 -- all leads
    won_count,                  -- of these, won within the window
    ever_won_count,             -- of these, won at any time at or after the lead
    matured_count,              -- leads that are covered and whose window is over: the denominator
    matured_won_count,          -- of these, won within the window: the numerator
    matured_count - matured_won_count as dropped_count,  -- of these, not
    open_count,                 -- leads whose window has not ended
    uncovered_count,            -- leads from before wins are known
    uncovered_won_count,        -- of these, won within the window
    rate(matured_won_count, matured_count) as conversion_rate,  -- won / matured
    wilson_low(matured_won_count, matured_count) as conversion_low,  -- Wilson 95 %
    wilson_high(matured_won_count, matured_count) as conversion_high,  -- Wilson 95 %
from counts

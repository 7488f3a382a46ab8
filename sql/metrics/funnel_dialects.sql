-- One row per tool and step of the first funnel of journey.yaml that counts persons: how many reach the step by the documented
-- rules of the tool, who is counted there and not here or here and not there, and because of which rule.
-- Here are matured attempts only. Each person is in metrics.funnel_dialect_units.
-- key: dialect, step_number
with steps as (
    select
        units.dialect, steps.step_number, steps.step_label, units.because, units.here_step >= steps.step_number as is_here,
        units.there_step >= steps.step_number as is_there
    from metrics.funnel_dialect_units as units
    inner join settings.funnel_steps as steps on units.funnel_id = steps.funnel_id
),

counts as (
    select
        dialect, step_number, step_label,
        cast(count(*) filter (where is_there) as bigint) as reached_count,
        cast(count(*) filter (where is_here) as bigint) as here_count,
        cast(count(*) filter (where is_there and not is_here) as bigint) as only_there_count,
        cast(count(*) filter (where is_here and not is_there) as bigint) as only_here_count,
        cast(count(*) filter (where is_here <> is_there and because = 'open') as bigint) as open_count,
        cast(count(*) filter (where is_here <> is_there and because = 'window') as bigint) as window_count,
        cast(count(*) filter (where is_here <> is_there and because = 'events') as bigint) as events_count,
        cast(count(*) filter (where is_here <> is_there and because = 'entry') as bigint) as entry_count
    from steps
    group by dialect, step_number, step_label
)

select
    dialect,                    -- ga4, mixpanel, amplitude, posthog or clickhouse
    step_number,                -- of settings.funnel_steps
    step_label,                 -- as pages call it
    reached_count,              -- persons who reach it there
    rate(reached_count, first_value(reached_count) over (partition by dialect order by step_number))
        as conversion_rate,     -- of those who enter there
    here_count,                 -- persons who reach it here
    rate(here_count, first_value(here_count) over (partition by dialect order by step_number))
        as here_rate,           -- of those who enter here
    only_there_count,           -- counted there and not here
    only_here_count,            -- counted here and not there
    open_count,                 -- of both, because it is not over yet, or began before all is known
    window_count,               -- of both, because the window has another length
    events_count,               -- of both, because an event may be several steps
    entry_count                 -- of both, because the first entry alone counts
from counts

-- One row per figure: the shop days of which it is known, and whose attempts are all over.
-- All that its outcome needs is known from the first one on (metrics.known_sources: of several sources the latest begins
-- last). Of a day all attempts are over when its end lies as long before the data cut-off as an outcome may take. A session
-- waits for its order from its end on, which may come a session's maximum length after its beginning. A funnel without a
-- window is never over, and not here; nor is a figure without an attempt, or whose outcome may take ten years.
-- key: kpi
with known as (
    select
        kpis.kpi,
        cast(ceil(kpis.horizon_seconds / 86400) as integer)
        + case
            when kpis.attempts_table = 'journeys.sessions' then cast(ceil(shop.session_maximum_seconds / 86400) as integer) else 0
        end as horizon_days,
        case kpis.attempts_table
            when 'metrics.funnel_attempts' then of_funnels.known_from
            when 'journeys.order_sessions' then cut_off.orders_from
            when 'journeys.survey_answers' then cut_off.feedback_from
            when 'metrics.leads' then cut_off.deals_from
            else cut_off.visits_from
        end as known_from,
        case kpis.attempts_table
            when 'metrics.funnel_attempts' then of_funnels.known_until
            when 'journeys.order_sessions' then cut_off.orders_until
            when 'journeys.survey_answers' then cut_off.feedback_until
            when 'metrics.leads' then cut_off.deals_until
            else cut_off.visits_until
        end as known_until,
        shop.time_zone
    from settings.kpis as kpis
    cross join metrics.cut_off as cut_off
    cross join settings.shop as shop
    left join settings.funnels as funnels on kpis.funnel_id = funnels.funnel_id
    left join metrics.funnel_cut_off as of_funnels on kpis.funnel_id = of_funnels.funnel_id
    where kpis.funnel_id is null or funnels.window_seconds is not null
),

begun as (
    select kpi, min(happened_on) as first_on
    from metrics.kpi_daily
    group by kpi
),

days as (
    select
        known.*,
        shop_day(known.known_from, known.time_zone) as from_on,
        shop_day(known.known_until, known.time_zone) as until_on,
        begun.first_on
    from known
    inner join begun on known.kpi = begun.kpi
    where known.horizon_days <= 3650 and known.known_until >= timestamp '1900-01-01'
),

whole as (
    select
        *,
        elapsed_seconds(shop_midnight(until_on - horizon_days, time_zone), known_until) >= horizon_days * 86400 as is_over
    from days
)

select
    kpi,                        -- of settings.kpis
    cast(horizon_days as bigint) as horizon_days,  -- days that an outcome may take
    cast(coalesce(
        case when shop_midnight(from_on, time_zone) >= known_from then from_on else from_on + 1 end, first_on
    ) as date) as first_on,     -- the first whole shop day of which all is known; its exports tell no beginning: of the first attempt
    cast(case when is_over then until_on else until_on - 1 end as date) as as_of_on,  -- shop day of the cut-off, the days before it are whole
    cast(case when is_over then until_on else until_on - 1 end - horizon_days - 1 as date) as last_on,  -- the last shop day whose attempts are all over
from whole

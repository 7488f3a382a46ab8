-- One row: the shop, what it covers, and the knobs that its definitions name. Instants in shop time, but for data_until.
select
    shop.name, shop.time_zone, shop.currency, shop.language, shop.small_cell, shop.retention_days,
    (select cast(horizon_seconds / 86400 as bigint) from settings.kpis where kpi = 'lead_conversion') as lead_days,
    cut_off.orders_until is null and cut_off.deals_until is not null as sells_by_deals,
    shop.cart_horizon_seconds / 86400.0 as cart_horizon_days,
    shop.inactivity_seconds / 86400.0 as inactivity_days,
    shop.session_timeout_seconds / 60.0 as session_timeout_minutes,
    shop.cuts_sessions_by_tracker,
    shop.attribution_seconds / 3600.0 as attribution_hours,
    shop.survey_lag_seconds / 86400.0 as survey_lag_days,
    shop.guard_days,
    (select min(happened_on) from metrics.kpi_daily) as from_on,
    (select max(happened_on) from metrics.kpi_daily) as until_on,
    (select date_diff('day', min(happened_on), max(happened_on)) + 1 from metrics.kpi_daily) as covered_days,
    shop_time(cut_off.events_until, shop.time_zone) as events_until,
    shop_time(cut_off.orders_until, shop.time_zone) as orders_until,
    shop_time(cut_off.feedback_until, shop.time_zone) as feedback_until,
    cut_off.has_orders_by_events,
    coalesce(cut_off.events_until, cut_off.orders_until, cut_off.visits_until) as data_until,
    shop_time(coalesce(cut_off.events_until, cut_off.orders_until, cut_off.visits_until), shop.time_zone) as known_until,
    coalesce((select max(reached_count) from metrics.stage_drop_off where is_required), 0) as journey_count
from settings.shop as shop
cross join metrics.cut_off as cut_off

"""A published database by hand, of which each finding of the report's pages is known, and what reads pages."""

from __future__ import annotations

import shutil
from copy import copy
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
from empty_pages import copy_empty
from given import settings
from made_once import found_once, made_once

from parcours.numbers import NBSP, Numbers
from parcours.report.figures import Figures, read_figures
from parcours.report.journey.page import QUERIES, page_sections
from parcours.report.section import Section
from parcours.settings.kpis import kpi_rows
from parcours.warehouse.rows import insert_rows

HOSTILE = (
    '<script>alert(1)</script><img src=x onerror="alert(2)"><b>bold</b> & "q" $x$ $y$ {count} {0.__class__} %(x)s 🦊'
)
ENGLISH, FRENCH = Numbers("en", "EUR"), Numbers("fr", "EUR")

LEADS = {"touchpoints": [{"touchpoint": "won", "source": "deals", "event": "deal won", "stage": "purchase"}]}
SUMMED = ("export_rows", "incident_changes", "journey_map", "kpi_trend", "retention_curve", "stage_coverage_by_source")
"""Tables of metrics that the models make of those above: views here, so that they follow what a test changes."""

SHOP = """
insert into settings.shop (
    name, time_zone, currency, language, session_timeout_seconds, session_maximum_seconds, cart_horizon_seconds,
    retention_days, inactivity_seconds, attribution_seconds, survey_lag_seconds, identity_link_limit,
    small_cell, guard_days, leaves_out_screened, cart_silence_seconds
) values
    ('{text}', 'Europe/Paris', 'EUR', '{language}', 1800, 86400, 604800, 90, 2592000, 86400, 604800,
     10, 30, 1, true, 86400);
"""

ROWS = """
insert into settings.stages (stage, stage_position, stage_label, is_required, to_be_rate) values
    ('cart', 1, '{text}', true, 0.5),
    ('checkout', 2, 'Checkout', true, 0.6),
    ('purchase', 3, 'Purchase', true, null),
    ('support', 4, 'Support', false, null);
insert into settings.changes (change_id, change_label, changed_on, stage, what) values
    ('guest', '{text}', '2026-07-03', 'checkout', ''),
    ('photos', 'Photos', '2026-07-04', null, '');
insert into settings.funnels (
    funnel_id, funnel_name, unit, window_seconds, step_count, step_order, window_from, ties
) values
    ('buy', '{text}', 'person', 604800, 2, 'sequential', 'first', 'advance');
insert into settings.funnel_rules values
    ('buy', 1, 604800, null, 0, false, false),
    ('buy', 2, 604800, 7200, 60, false, false);
insert into settings.funnel_exclusions values ('buy', 2, '{text}');
insert into settings.funnel_steps (funnel_id, step_number, step_label) values
    ('buy', 1, '{text}'),
    ('buy', 2, 'Order');
insert into raw.loads (
    file_id, path, file_order, load_number, export, format, kind, status, reason, rows_read, rows_loaded,
    rows_duplicate, rows_rejected, covers_until
) values
    ('1', 'a.csv', 'a', 1, 'clicks', 'segment', 'events', 'loaded', null, 100, 90, 8, 2, '2026-07-05 10:00'),
    ('2', 'b.csv', 'b', 1, 'orders', '{text}', 'order_rows', 'loaded', null, 50, 50, 0, 0, '2026-07-05 09:00');
insert into metrics.cut_off (events_until, orders_until, feedback_until, visits_until, has_orders_by_events) values
    ('2026-07-05 22:30', '2026-07-05 20:00', null, '2026-07-05 20:00', false);
insert into metrics.kpis (
    kpi, period, from_on, until_on, numerator, denominator, open_count, value, low, high, target
) values
    ('conversion', 'all', '2026-07-01', '2026-07-05', 30, 1000, 20, 0.03, 0.021, 0.0425, 0.05),
    ('conversion', 'before', '2026-07-01', '2026-07-02', 5, 500, 0, 0.01, 0.004, 0.023, 0.05),
    ('conversion', 'after', '2026-07-03', '2026-07-05', 25, 500, 0, 0.05, 0.034, 0.073, 0.05),
    ('cart_abandonment', 'all', '2026-07-01', '2026-07-05', 70, 100, 3, 0.7, 0.604, 0.781, null);
insert into metrics.kpi_daily (kpi, happened_on, numerator, denominator, open_count, value) values
    ('conversion', '2026-07-01', 1, 250, 0, 0.004),
    ('conversion', '2026-07-02', 4, 250, 0, 0.016),
    ('conversion', '2026-07-03', 12, 250, 0, 0.048),
    ('conversion', '2026-07-04', 1, 10, 0, 0.1),
    ('conversion', '2026-07-05', 0, 0, 20, null);
insert into metrics.watched_steps (step, step_position, step_label, order_share, lost_value) values
    ('visit:cart', 1, '{text} → Checkout in a visit', 0.5, 20);
insert into metrics.incidents (
    incident, step, step_label, dimension, value, began_on, ended_on, is_open, relative_size, size_low, size_high,
    entered_count, went_on_count, expected_count, lost_count, lost_revenue, also_fell, payment_failure_count,
    usual_payment_failure_count, error_count, usual_error_count, payment_outage_count, changes, appeared_events,
    vanished_events
) values
    ('a', 'visit:cart', '{text} → Checkout in a visit', 'device', '{text}', '2026-07-04', '2026-07-05', true,
     -0.43, -0.6, -0.2, 100, 30, 53, 23, 460, null, 12, 1.5, 0, 0, 1, '{text}', null, '{text}'),
    ('b', 'conversion', 'Visit → Order', 'channel', 'mail', '2026-07-01', '2026-07-02', false,
     -0.2, -0.3, -0.1, 500, 8, 10, 2, 40, 'Cart → Order', 3, 1, 0, 0, 0, null, null, null);
insert into metrics.incident_notices (
    alarm, night, word, step, dimension, value, is_open, began_on, ended_on, entered_count, went_on_count,
    expected_count, relative_size
) values
    ('c', '2026-07-03', 'open', 'visit:cart', 'new or returning', '{text}', true,
     '2026-07-02', '2026-07-03', 40, 4, 12, -0.67),
    ('c', '2026-07-05', 'worse', 'visit:cart', 'new or returning', '{text}', true,
     '2026-07-02', '2026-07-05', 80, 4, 24, -0.83);
insert into metrics.movements (
    measure, part_number, part, part_label, before_value, after_value, contribution, contribution_share, segment,
    explained_share, segment_moved, rest_moved, p, before_from, before_until, after_from, after_until
)
select *, '2026-05-01', '2026-05-31', '2026-06-01', '2026-06-30' from (values
    ('orders', 0, 'all', 'Orders', 100, 80, -20, 1, null, null, null, null, null),
    ('orders', 1, 'days', 'Days', 31, 30, -2.9, 0.145, null, null, null, null, null),
    ('orders', 2, 'visits', 'Visits a day', 50, 52, 3.5, -0.175, null, null, null, null, null),
    ('orders', 3, 'step:cart', 'Visit → {text}', 0.3, 0.25, -20.6, 1.03, 'device {text}', 0.96, -0.4, -0.01, 0.001),
    ('revenue', 0, 'all', 'Revenue', 900, 700, -200, 1, null, null, null, null, null),
    ('revenue', 1, 'value', 'Net value of an order', 9, 8.75, -200, 1, null, null, null, null, null)
);
insert into metrics.movement_segments (
    measure, part, dimension, value, before_count, after_count, before_value, after_value, mix_contribution,
    rate_contribution
) values
    ('orders', 'step:cart', 'device', '{text}', 1000, 1000, 0.3, 0.18, -0.2, -20.1),
    ('orders', 'step:cart', 'device', 'desktop', 550, 560, 0.3, 0.297, 0.1, -0.4);
insert into metrics.emotion_curve (
    stage, stage_label, stage_position, session_count, friction_session_count, friction_rate, friction_low,
    friction_high, is_small_friction, rage_repeat_count, repeated_search_count, support_contact_count
) values
    ('cart', '{text}', 1, 400, 20, 0.05, 0.03, 0.08, false, 1, 12, 7),
    ('checkout', 'Checkout', 2, 12, 3, 0.25, 0.09, 0.53, true, 0, 0, 3),
    ('purchase', 'Purchase', 3, 60, 0, 0, 0, 0.06, false, 0, 0, 0),
    ('support', 'Support', 4, 0, 0, null, null, null, true, 0, 0, 0);
insert into metrics.stage_channels (stage, channel, journey_count, stage_journey_count, journey_share) values
    ('cart', '{text}', 90, 100, 0.9),
    ('cart', 'e-mail', 20, 100, 0.2),
    ('cart', 'direct', 5, 100, 0.05),
    ('cart', 'social', 1, 100, 0.01);
insert into settings.retentions (
    retention_id, retention_label, period, cohort, interval_seconds, week_shift_days, at_least
) values
    ('visits', '{text}', 'week', 'every', 604800, 0, 2);
insert into metrics.retention_calendar (
    retention_id, cohort_at, interval_number, cohort_size, is_finished, returned_count, retention_rate
) values
    ('visits', '2026-06-01', 0, 100, true, 100, 1),
    ('visits', '2026-06-01', 1, 100, true, 40, 0.4),
    ('visits', '2026-06-01', 2, 100, true, 10, 0.1),
    ('visits', '2026-06-08', 0, 20, true, 20, 1),
    ('visits', '2026-06-08', 1, 20, true, 2, 0.1),
    ('visits', '2026-06-15', 0, 20, true, 20, 1);
insert into metrics.conversion (way, numerator, denominator, value) values
    ('sessions with an order / sessions', 30, 1000, 0.03),
    ('orders / sessions', 31, 1000, 0.031);
insert into metrics.cart_abandonment (way, position, numerator, denominator, open_count, value, low, high) values
    ('cart abandonment', 1, 70, 100, 3, 0.7, 0.604, 0.781),
    ('checkout abandonment', 2, 30, 60, 1, 0.5, 0.377, 0.623),
    ('recovery (silent for 24 h, then ordered)', 3, 1, 20, 0, 0.05, 0.009, 0.236),
    ('emptied by the person (in no rate)', 4, 5, null, 0, null, null, null);
insert into metrics.cart_recovery (
    split_by, name, position, up_to_hours, cart_count, cart_value, unvalued_count, cart_count_so_far, abandoned_count,
    open_count, value, low, high, is_small
) values
    ('outcome', 'recovered', 1, null, 10, 400, 0, 10, 80, 3, 0.125, 0.07, 0.21, false),
    ('outcome', 'not recovered', 2, null, 70, 3000, 1, 80, 80, 3, 0.875, 0.79, 0.93, false),
    ('delay', 'over 24 to 48 h', 1, 48, 4, 100, 0, 4, 80, 3, 0.05, 0.02, 0.12, false),
    ('delay', 'over 2 to 3 days', 2, 72, 6, 300, 0, 10, 80, 3, 0.075, 0.04, 0.15, false),
    ('delay', 'not recovered', 3, null, 70, 3000, 1, 80, 80, 3, 0.875, 0.79, 0.93, false),
    ('channel', 'e-mail', 1, null, 10, 400, 0, 10, 80, 3, 0.125, 0.07, 0.21, false),
    ('channel', 'not recovered', 2, null, 70, 3000, 1, 80, 80, 3, 0.875, 0.79, 0.93, false);
insert into metrics.cart_abandonment_splits (
    way, position, split_by, day, name, numerator, denominator, open_count, value, low, high, lost_value,
    unvalued_count, is_small
) values
    ('cart abandonment', 1, 'all', null, null, 70, 100, 3, 0.7, 0.6, 0.78, 3000, 0, false),
    ('cart abandonment', 1, 'level', null, 'cart', 40, 40, 1, 1, 0.91, 1, 1000, 0, false),
    ('cart abandonment', 1, 'level', null, 'checkout', 30, 60, 2, 0.5, 0.38, 0.62, 2000, 0, false),
    ('cart abandonment', 1, 'device', null, 'mobile', 55, 60, 3, 0.92, 0.82, 0.97, 2000, 0, false),
    ('cart abandonment', 1, 'device', null, 'desktop', 15, 38, 0, 0.39, 0.26, 0.55, 900, 0, false),
    ('cart abandonment', 1, 'device', null, 'tablet', 2, 2, 0, 1, 0.34, 1, 100, 0, true),
    ('cart abandonment', 1, 'campaign', null, '{text}', 40, 50, 0, 0.8, 0.67, 0.89, 100, 0, false),
    ('cart abandonment', 1, 'campaign', null, 'none', 30, 50, 0, 0.6, 0.46, 0.72, 100, 0, false),
    ('cart abandonment', 1, 'country', null, 'unknown', 70, 100, 3, 0.7, 0.6, 0.78, 3000, 0, false),
    ('recovery', 5, 'device', null, 'mobile', 10, 80, 3, 0.125, 0.07, 0.21, 3000, 0, false);
insert into metrics.satisfaction (
    kind, dimension, value, answer_count, asked_count, response_rate, satisfied_count, csat, csat_low, csat_high,
    mean_of_10, rest_count, csat_difference, csat_difference_low, csat_difference_high, is_small
) values
    ('csat', 'all', 'all', 100, 200, 0.5, 50, 0.5, 0.4, 0.6, 5, null, null, null, null, false),
    ('csat', 'delivery', 'late', 40, 80, 0.5, 8, 0.2, 0.1, 0.35, 3, 50, -0.64, -0.77, -0.44, false),
    ('csat', 'delivery', 'on time', 50, 90, 0.55, 42, 0.84, 0.72, 0.92, 8, 40, 0.64, 0.44, 0.77, false),
    ('csat', 'delivery', 'unknown', 10, 30, 0.33, 0, 0, 0, 0.28, 2, null, null, null, null, true),
    ('csat', 'order_value', 'highest third', 60, 100, 0.6, 24, 0.4, 0.29, 0.53, 4, 10, 0.1, -0.2, 0.3, false),
    ('csat', 'order_value', 'lowest third', 10, 50, 0.2, 3, 0.3, 0.11, 0.6, 4, 60, -0.1, -0.3, 0.2, true),
    ('csat', 'support', 'contacted', 100, 200, 0.5, 50, 0.5, 0.4, 0.6, 5, 0, null, null, null, false);
insert into metrics.satisfaction_drivers (
    survey, kind, driver, answer_count, unknown_count, all_explained, explained, explained_low, explained_high,
    is_told, worst_value, best_value, left_out
) values
    ('{text}', 'csat', 'delivery', 90, 10, 0.3, 0.25, 0.1, 0.4, true, 'late', 'on time', null),
    ('{text}', 'csat', 'device', 90, 10, 0.3, 0.05, 0, 0.1, false, null, null, null),
    ('{text}', 'csat', 'channel', null, null, null, null, null, null, null, null, null, 'always direct');
insert into metrics.second_order_survival (
    dimension, value, day_number, at_risk_count, ordered_count, censored_count, survival_rate, survival_low,
    survival_high
) values
    ('all', 'all', 0, 100, 0, 0, 1, null, null),
    ('all', 'all', 10, 100, 8, 0, 0.92, 0.85, 0.96),
    ('all', 'all', 40, 90, 9, 60, 0.828, 0.74, 0.89),
    ('all', 'all', 70, 20, 1, 19, 0.787, 0.68, 0.86),
    ('device', '{text}', 10, 50, 25, 0, 0.5, 0.3, 0.6);
insert into metrics.retention_expected (
    kind, cohort_at, interval_number, entered_count, open_count, returned_so_far_count, expected_rate, expected_low,
    expected_high
) values
    ('cumulative', '2026-06-01', 0, 40, 20, 10, 0.3, 0.25, 0.35),
    ('cumulative', '2026-06-01', 1, 40, 40, 10, null, null, null),
    ('cumulative', '2026-07-01', 0, 9, 9, 0, 0.9, 0.1, 1),
    ('on', '2026-06-01', 0, 40, 20, 10, 0.7, 0.6, 0.8);
insert into metrics.path_conformance (
    journey_type, kind, place_type, place, from_place, journey_count, deviating_count, conforming_count,
    deviation_count, conforming_rate, conforming_low, conforming_high, median_seconds_beyond, is_small
) values
    ('all', 'all', 'all', 'all', null, 100, 30, 70, 40, 0.7, 0.6, 0.78, null, false),
    ('all', 'back', 'stage', 'cart', 'checkout', 100, 25, 75, 30, 0.75, 0.66, 0.82, null, false),
    ('all', 'late', 'touchpoint', '{text}', 'order placed', 100, 10, 90, 10, 0.9, 0.83, 0.94, 9000, false),
    ('usage', 'back', 'stage', 'cart', 'checkout', 90, 90, 0, 90, 0, 0, 0.04, null, false);
insert into metrics.deviation_cost (
    kind, place, from_place, deviating_count, after_order_count, compared_count, ordered_count, comparable_count,
    ordered_rate, comparable_rate, difference, difference_low, difference_high, is_small
) values
    ('back', 'cart', 'checkout', 40, 0, 40, 4, 50, 0.1, 0.4, -0.3, -0.45, -0.12, false),
    ('skip', 'checkout', null, 3, 0, 0, 0, 0, null, null, null, null, null, true);
insert into metrics.transitions (
    kind, journey_type, from_place, to_place, person_count, journey_count, transition_count, median_seconds, is_loop,
    is_back_step
) values
    ('stage', 'all', 'cart', 'checkout', 60, 66, 90, 60, false, false),
    ('stage', 'all', 'checkout', 'cart', 35, 36, 50, 7200, false, true),
    ('stage', 'all', 'checkout', 'purchase', 24, 24, 24, 60, false, false),
    ('stage', 'all', null, 'cart', 100, 100, 100, null, false, false),
    ('stage', 'usage', 'purchase', 'checkout', 90, 90, 90, 60, false, true),
    ('touchpoint', 'all', '{text}', '{text}', 99, 99, 99, 5, true, false),
    ('touchpoint', 'all', '{text}', 'search', 40, 40, 40, 5, false, false),
    ('touchpoint', 'all', 'search', '{text}', 4, 4, 4, 5, false, true);
insert into metrics.next_channels (
    channel, next_channel, is_same, next_count, journey_count, followed_count, followed_journey_count, next_share,
    next_low, next_high, third_count, back_count, back_share, back_low, back_high, is_small, is_back_small
) values
    ('direct', 'direct', true, 60, 40, 100, 70, 0.6, 0.5, 0.7, null, null, null, null, null, false, true),
    ('direct', '{text}', false, 40, 35, 100, 70, 0.4, 0.3, 0.5, 36, 27, 0.75, 0.6, 0.86, false, false),
    ('{text}', 'direct', false, 50, 45, 50, 45, 1, 0.92, 1, 20, 19, 0.95, 0.7, 0.99, false, true),
    ('social', 'direct', false, 3, 3, 3, 3, 1, 0.3, 1, 0, 0, null, null, null, true, true);
insert into metrics.journey_variants (
    journey_type, variant_number, path, visit_count, is_intended, journey_count, ordered_count, journey_share,
    cumulative_share, covers_80, ordered_rate, ordered_low, ordered_high, median_seconds, is_small
) values
    ('all', 1, 'cart → checkout → cart', 3, false, 70, 7, 0.7, 0.7, true, 0.1, 0.05, 0.2, 90, false),
    ('all', 2, 'cart → {text}', 2, true, 20, 20, 0.2, 0.9, true, 1, 0.8, 1, null, false),
    ('all', 3, 'checkout', 1, false, 10, 0, 0.1, 1, false, 0, 0, 0.3, 0, true),
    ('usage', 1, 'cart', 1, true, 90, 0, 1, 1, true, 0, 0, 0.1, 0, false);
insert into metrics.products (
    product_id, product_name, viewed_matured_count, added_after_view_count, view_to_cart_rate, view_to_cart_low,
    view_to_cart_high, left_value, is_small
) values
    ('p1', '{text}', 100, 5, 0.05, 0.02, 0.11, 90, false),
    ('p2', null, 80, 20, 0.25, 0.17, 0.36, 0, false),
    ('p3', 'Few', 9, 9, 1, 0.7, 1, 0, true);
insert into metrics.stage_drop_off_by_segment (
    dimension, value, stage, stage_position, matured_count, dropped_count, drop_off_rate, drop_off_low, drop_off_high,
    is_small, is_left_out
)
values
    ('device', '{text}', 'checkout', 2, 60, 40, 0.66, 0.5, 0.75, false, false),
    ('device', 'desktop', 'checkout', 2, 60, 20, 0.33, 0.2, 0.5, false, false),
    ('device', '{text}', 'cart', 1, 70, 20, 0.28, 0.2, 0.4, false, true),
    ('device', 'desktop', 'cart', 1, 20, 10, 0.5, 0.3, 0.7, true, true),
    ('{text}', '{text}', 'cart', 1, 80, 20, 0.25, 0.2, 0.4, false, false),
    ('{text}', 'other', 'cart', 1, 20, 17, 0.85, 0.7, 0.9, true, true),
    ('{text}', 'not known', 'cart', 1, 90, 30, 0.33, 0.25, 0.5, false, false),
    ('month', '2026-06-01', 'cart', 1, 100, 20, 0.2, 0.1, 0.3, false, false);
insert into metrics.stages_by_journey_type (
    journey_type, stage, stage_position, is_required, journey_count, visited_count, visited_share, visited_low,
    visited_high, median_seconds, answer_count, satisfaction_mean, is_small, is_left_out, is_time_left_out,
    is_satisfaction_left_out
)
values
    ('all', 'cart', 1, true, 160, 100, 0.625, 0.55, 0.7, 60, 40, 7.5, false, false, false, true),
    ('all', 'purchase', 3, true, 160, 80, 0.5, 0.42, 0.58, 7200, 0, null, false, false, false, true),
    ('first purchase', 'cart', 1, true, 40, 30, 0.75, 0.6, 0.86, 60, 31, 8.04, false, false, false, false),
    ('first purchase', 'purchase', 3, true, 40, 40, 1, 0.91, 1, 3600, 0, null, false, false, false, true),
    ('renewal', 'cart', 1, true, 40, 4, 0.1, 0.04, 0.23, 30, 5, 1.5, false, false, true, true),
    ('renewal', 'purchase', 3, true, 40, 40, 1, 0.91, 1, 14400, 0, null, false, false, false, true),
    ('support', 'cart', 1, true, 12, 2, 0.16, 0.05, 0.4, 30, 0, null, true, true, true, true),
    ('support', 'purchase', 3, true, 12, 0, 0, 0, 0.2, null, 0, null, true, true, true, true);
insert into metrics.stage_drop_off (
    stage, stage_label, stage_position, is_required, reached_count, matured_count, dropped_count, open_count,
    skipped_count, back_step_count, median_seconds, drop_off_rate, drop_off_low, drop_off_high,
    revenue_at_stake, to_be_rate, satisfaction_mean, answer_count, is_small
) values
    ('cart', '{text}', 1, true, 110, 100, 40, 10, 0, 3, 30, 0.4, 0.309, 0.498, 900, 0.5, null, 0, false),
    ('checkout', 'Checkout', 2, true, 66, 60, 36, 6, 2, 0, 4000, 0.6, 0.474, 0.714, 1500, 0.6, 4.5, 40, false),
    ('purchase', 'Purchase', 3, true, 26, 24, null, 2, 0, 0, 200000, null, null, null, null, null, null, 0, true),
    ('support', 'Support', 4, false, 5, 5, null, 0, 0, 1, 0, null, null, null, null, null, 3.1, 8, true);
insert into metrics.drop_off_ranking (stage, ranking, value, rank, is_tie_with_first) values
    ('checkout', 'revenue_at_stake', 1500, 1, false),
    ('cart', 'revenue_at_stake', 900, 2, {tie}),
    ('checkout', 'drop_off_rate', 0.6, 1, false),
    ('cart', 'drop_off_rate', 0.4, 2, false),
    ('cart', 'units_lost', 40, 1, false),
    ('checkout', 'units_lost', 36, 2, true);
insert into metrics.stage_touchpoints (stage, touchpoint, is_error, journey_count, journey_share, ended_count) values
    ('cart', '{text}', false, 100, 1, 40),
    ('checkout', 'payment error', true, 6, 0.1, 5);
insert into metrics.funnel_steps (
    funnel_id, funnel_name, unit, window_days, step_number, step_label, entered_count, reached_count,
    dropped_count, open_count, conversion_rate, step_rate, drop_off_rate, step_rate_low, step_rate_high,
    median_seconds_from_previous, mean_seconds_from_previous, median_seconds_from_entry, revenue_at_stake
) values
    ('buy', '{text}', 'person', 7, 1, '{text}', 200, 200, 0, 9, 1, null, null, null, null, null, null, 0, null),
    ('buy', '{text}', 'person', 7, 2, 'Order', 200, 78, 122, 4, 0.39, 0.39, 0.61, 0.325, 0.459, 250, 300, 250,
     5000);
insert into metrics.retention_cohorts (
    cohort_on, interval_number, customer_count, finished_count, returned_count, returned_on_or_after_count,
    retention_rate, unbounded_retention_rate
) values
    ('2026-05-01', 0, 60, 60, 6, 7, 0.1, 0.117),
    ('2026-05-01', 1, 60, 60, 0, 1, 0, 0.017),
    ('2026-05-01', 2, 60, 0, 0, 0, null, null),
    ('2026-06-01', 0, 40, 20, 10, 10, 0.5, 0.5),
    ('2026-06-01', 1, 40, 0, 0, 0, null, null),
    ('2026-06-01', 2, 40, 0, 0, 0, null, null);
insert into metrics.csat_by_stage (
    stage, stage_label, stage_position, answer_count, satisfied_count, csat, csat_low, csat_high, mean_of_10,
    mean_low, mean_high, unattached_count, asked_count, response_rate
) values
    ('checkout', 'Checkout', 2, 40, 12, 0.3, 0.181, 0.454, 4.5, 4, 5, 5, null, null),
    ('support', '{text}', 4, 8, 1, 0.125, 0.02, 0.47, 3.1, 2, 4, 0, null, null),
    ('all', null, null, 48, 13, 0.271, 0.166, 0.41, 4.2, 3.8, 4.6, 5, 100, 0.48);
insert into metrics.change_impact (
    change_id, changed_on, stage, kpi, is_meant, verdict, crossed, looked, looked_until, measuring_until, weeks_before,
    before_denominator, before_value, after_denominator, after_value, expected_value, difference, relative_difference,
    low, high, p_seq, sentence
) values
    ('guest', '2026-07-03', 'checkout', 'conversion', false, 'improved', 'day 14', 'day 28', '2026-07-31', null, 20,
     500, 0.01, 500, 0.05, 0.01, 0.04, 4, 0.02, 0.06, 0.002, 'Improved by day 14.'),
    ('guest', '2026-07-03', 'checkout', 'step_conversion:buy:2', true, 'worsened', 'day 7', 'day 28', '2026-07-31',
     null, 20, 100, 0.5, 100, 0.28, 0.5, -0.22, -0.44, -0.35, -0.09, 0.002, 'Worsened by day 7: {text}.'),
    ('guest', '2026-07-03', 'checkout', 'net_order_value', false, 'no evidence', null, 'day 28', '2026-07-31', null,
     20, 30, 30, 30, 33, 30, 3, 0.1, -5, 11, 0.4, 'No evidence of an effect.'),
    ('guest', '2026-07-03', 'checkout', 'retention', false, 'not measured before', null, null, null, '2026-09-30', 2,
     null, null, null, null, null, null, null, null, null, null, 'Not measured before.'),
    ('photos', '2026-07-04', null, 'conversion', false, 'measuring', null, null, null, '2026-07-12', 5, null, null,
     null, null, null, null, null, null, null, null, 'Measuring until 12 July 2026.');
insert into metrics.change_weeks (change_id, kpi, week_number, week_on, numerator, denominator, value) values
    ('guest', 'step_conversion:buy:2', -2, '2026-06-19', 50, 100, 0.5),
    ('guest', 'step_conversion:buy:2', -1, '2026-06-26', 10, 20, 0.5),
    ('guest', 'step_conversion:buy:2', 0, '2026-07-03', 28, 100, 0.28);
insert into metrics.outage_days (
    outage_on, outage, touchpoint_count, order_count, checkout_count, ordered_count, failed_count,
    expected_order_count
) values
    ('2026-07-02', 'payment', 900, 2, 30, 2, 9, 12.5);
insert into metrics.stage_coverage (
    source, event_name, touchpoint_count, staged_count, named_count, net_revenue, staged_revenue
) values
    ('events', 'Viewed', 100, 90, 95, null, null),
    ('orders', 'order placed', 20, 20, 20, 500, 500);
"""


def funnel(text: str) -> dict[str, Any]:
    """The funnel of the rows above."""
    return {"id": "buy", "name": text, "steps": [{"label": text, "any": True}, {"label": "Order", "any": True}]}


def write_published(
    path: Path, text: str = "Cart", language: str = "en", tie: bool = False, empty: bool = False
) -> Path:
    """A published database by hand; `text` stands wherever an analyst or an export may write something."""
    made = made_once(
        ("published by hand", text, language, tie, empty), lambda made: _write(made, text, language, tie, empty)
    )
    shutil.copy(made, path)
    return path


def _write(path: Path, text: str, language: str, tie: bool, empty: bool) -> None:
    rows = SHOP + ("insert into metrics.cut_off (events_until) values (null);" if empty else ROWS)
    for name, value in {"text": text.replace("'", "''"), "language": language, "tie": str(tie).lower()}.items():
        rows = rows.replace("{" + name + "}", value)
    with duckdb.connect(str(copy_empty(path, SUMMED))) as connection:
        connection.execute(rows)
        insert_rows(connection, "settings.kpis", kpi_rows(settings(funnels=[funnel(text)])))
        connection.execute("comment on table metrics.kpis is 'One row per <i>headline</i> figure.'")


def figures_of(path: Path) -> Figures:
    def find(path: Path) -> Figures:
        with duckdb.connect(str(path), read_only=True) as connection:
            return read_figures(connection, QUERIES)

    return copy(found_once(path, "figures", find))


def sections_of(path: Path, numbers: Numbers = ENGLISH) -> dict[str, Section]:
    def find(path: Path) -> dict[str, Section]:
        return {section.key: section for section in page_sections(figures_of(path), numbers)}

    return dict(found_once(path, ("report", numbers), find))


def sections_of_open(connection: duckdb.DuckDBPyConnection) -> dict[str, Section]:
    return {section.key: section for section in page_sections(read_figures(connection, QUERIES), ENGLISH)}


class Tags(HTMLParser):
    """The elements of a page with their attributes, and the text outside scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._within = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._within = tag

    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within not in ("script", "style"):
            self.texts.append(data)


def plain(text: str) -> str:
    return text.replace(NBSP, " ")

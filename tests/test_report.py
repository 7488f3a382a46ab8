"""The report's page: its words, its escaping, and that the same database gives the same bytes.

The databases are written by hand here, so that each finding is known. How the page behaves in a browser is tested in
`test_report_browser.py`.
"""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from math import log10
from pathlib import Path
from typing import Any

import duckdb
import pytest
from empty_pages import copy_empty
from given import settings

from parcours.numbers import MINUS, NARROW_NBSP, NBSP, Numbers
from parcours.report.day_axis import INCIDENT_SHADE
from parcours.report.drawing import safe, wrapped
from parcours.report.figures import Figures, Row, read_figures
from parcours.report.journey import sections
from parcours.report.journey.cards import cards
from parcours.report.journey.daily_chart import axis_end
from parcours.report.journey.page import QUERIES, page_sections
from parcours.report.journey.summary import summary
from parcours.report.movement_words import segments
from parcours.report.page import LAST_RUN, unturned, with_last_run
from parcours.report.section import Section
from parcours.report.write import write_report
from parcours.settings.kpis import kpi_rows
from parcours.tables.segment_words import segment_words

HOSTILE = '<script>alert(1)</script><b>bold</b> & "q" $x$ $y$'
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
    rows = SHOP + ("insert into metrics.cut_off (events_until) values (null);" if empty else ROWS)
    for name, value in {"text": text.replace("'", "''"), "language": language, "tie": str(tie).lower()}.items():
        rows = rows.replace("{" + name + "}", value)
    with duckdb.connect(str(copy_empty(path, SUMMED))) as connection:
        connection.execute(rows)
        catalogue = kpi_rows(settings(funnels=[funnel(text)]))
        connection.executemany(f"insert into settings.kpis values ({', '.join('?' for _ in catalogue[0])})", catalogue)
        connection.execute("comment on table metrics.kpis is 'One row per <i>headline</i> figure.'")
    return path


def figures_of(path: Path) -> Figures:
    with duckdb.connect(str(path), read_only=True) as connection:
        return read_figures(connection, QUERIES)


def sections_of(path: Path, numbers: Numbers = ENGLISH) -> dict[str, Section]:
    return {section.key: section for section in page_sections(figures_of(path), numbers)}


@pytest.fixture(scope="module")
def hostile_page(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("report")
    write_report(write_published(folder / "published.duckdb", text=HOSTILE), folder / "journey.html")
    return (folder / "journey.html").read_text(encoding="utf-8")


@pytest.fixture
def changed(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A published database still open for writing; close it before reading."""
    connection = duckdb.connect(str(write_published(tmp_path / "published.duckdb")))
    yield connection
    connection.close()


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


def test_hostile_text_is_shown_and_never_a_tag(hostile_page: str) -> None:
    tags = Tags(hostile_page)
    scripts = [attributes for tag, attributes in tags.elements if tag == "script"]
    assert scripts == [{"type": "application/json", "id": "drawings"}, {}, {}]
    assert not [tag for tag, _ in tags.elements if tag in ("b", "img", "iframe")]
    assert "alert(1)" in "".join(tags.texts)


def test_hostile_text_is_escaped_in_every_label_of_a_chart(hostile_page: str) -> None:
    found = re.search(r'<script type="application/json" id="drawings">(.*?)</script>', hostile_page, re.S)
    assert found
    assert "<" not in found[1] and "&" not in found[1]
    texts = list(_strings(json.loads(found[1])))
    assert any("alert(1)" in text for text in texts)
    for text in texts:
        assert set(re.findall(r"</?(\w+)", text)) <= {"b", "br", "span", "extra"}, text
        assert "<b>bold" not in text
        assert "$" not in text


def _strings(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for item in value.values():
                yield from _strings(item)
        case list():
            for item in value:
                yield from _strings(item)


def test_the_page_loads_nothing_from_anywhere(hostile_page: str) -> None:
    for tag, attributes in Tags(hostile_page).elements:
        for name in ("src", "href", "srcset", "data", "action", "poster"):
            target = attributes.get(name) or ""
            assert target in ("", "data:,", "quality.html") or target.startswith("#"), (tag, target)
    policy = next(a["content"] for tag, a in Tags(hostile_page).elements if "http-equiv" in a)
    assert policy and policy.startswith("default-src 'none'; script-src 'sha256-")
    style = hostile_page[hostile_page.index("<style>") : hostile_page.index("</style>")]
    assert "url(" not in style and "@import" not in style


def test_the_same_database_gives_the_same_bytes(tmp_path: Path) -> None:
    published = write_published(tmp_path / "published.duckdb")
    for name in ("one", "two"):
        write_report(published, tmp_path / name / "journey.html")
    assert (tmp_path / "one" / "journey.html").read_bytes() == (tmp_path / "two" / "journey.html").read_bytes()
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["journey.html"]


def test_a_failed_report_leaves_the_last_one(tmp_path: Path, changed: duckdb.DuckDBPyConnection) -> None:
    target = tmp_path / "journey.html"
    target.write_text("the last good report")
    changed.execute("delete from settings.shop")
    changed.close()
    with pytest.raises(ValueError, match=r"settings\.shop joined to metrics\.cut_off has 0 rows"):
        write_report(tmp_path / "published.duckdb", target)
    assert target.read_text() == "the last good report"


def test_importing_the_report_loads_neither_plotly_nor_pandas() -> None:
    code = "import sys, parcours.report.write; print([m for m in ('plotly', 'pandas', 'jinja2') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_title_names_the_stage_that_loses_most(tmp_path: Path) -> None:
    section = sections_of(write_published(tmp_path / "published.duckdb"))["journey"]
    assert section.title == f"Checkout → Purchase loses 60{NBSP}% of the journeys that reach it"
    assert section.flag
    assert section.flag.title == "Highest drop-off by revenue at stake: Checkout"
    lines = [f"{line.lead}: {line.text}" for line in section.flag.lines]
    assert lines[0] == "By revenue at stake: Checkout €1.5k, then Cart €900"
    assert lines[2] == f"By journeys lost: Cart 40 ties with Checkout 36: their order is not certain at 95{NBSP}%"


def test_the_flag_says_what_the_stage_would_gain_by_each_goal(
    tmp_path: Path, changed: duckdb.DuckDBPyConnection
) -> None:
    changed.execute("insert into metrics.measured_stages values ('cart', 1, true, 1), ('checkout', 2, true, 2)")
    changed.execute("""
        insert into metrics.attainable_gain (
            funnel_id, step_number, goal, dimension, value, goal_rate, gained_count, gained_low, gained_high, gain,
            gain_low, gain_high, is_small
        ) values
            ('map:stages', 3, 'best segment', 'device', '<i>', 0.55, 9.4, 2, 15, 380.5, 80, 600, false),
            ('map:stages', 3, 'best month', 'month', '2026-07-01', 0.5, 6, 0, 12, null, null, null, false),
            ('map:stages', 3, 'to-be rate', null, null, 0.425, 1.2, 0, 3, 1500, 0, 4000, false),
            ('map:stages', 3, 'nothing to tell', null, null, 0.41, 0.9, 0.1, 24, 1900, 0, 4000, false),
            ('map:stages', 2, 'to-be rate', null, null, 0.5, 99, 90, 110, 1, 1, 1, false),
            ('buy', 3, 'to-be rate', null, null, 0.5, 99, 90, 110, 1, 1, 1, false),
            ('map:stages', 3, 'other', null, null, 0.5, 99, 90, 110, 1, 1, 1, true)
    """)
    changed.close()
    flag = sections_of(tmp_path / "published.duckdb")["journey"].flag
    assert flag and [f"{line.lead}: {line.text}" for line in flag.lines][-1] == (
        f"To be gained: if all went on as device <i> (at least 55.0{NBSP}%) 9 more journeys (2 to 15) and €380 "
        f"(€80 to €600); if all months went as Jul{NBSP}2026 (at least 50.0{NBSP}%) 6 more journeys (0 to 12); "
        f"at its to-be rate (42.5{NBSP}%) 1 more journey (0 to 3) and €1.5k (€0 to €4.0k)"
    )
    # Not the to-be rate of Checkout, which may bring nothing, nor a second goal of the same stage.
    assert said(tmp_path / "published.duckdb")["What to do first"] == (
        "Bring Checkout → Purchase to what it is for device <i> (at least 55.0 %): 9 more journeys (2 to 15) and €380 "
        "(€80 to €600). Then bring Cart → Checkout to its to-be rate (50 %): 99 more journeys (90 to 110) and €1 (€1 "
        "to €1)."
    )


def said(path: Path) -> dict[str, str]:
    """The summary's sentences by their leads."""
    return {sentence.lead: plain(sentence.text) for sentence in summary(figures_of(path), ENGLISH)}


def test_what_next_says_what_most_did_and_leaves_out_where_nobody_dropped(
    tmp_path: Path, changed: duckdb.DuckDBPyConnection
) -> None:
    changed.close()
    assert "next" not in sections_of(tmp_path / "published.duckdb")
    with duckdb.connect(str(tmp_path / "published.duckdb")) as connection:
        connection.execute("""
            insert into metrics.drop_off_next (
                place_type, funnel_id, place_number, place, outcome_number, outcome, dropped_count, unit_count,
                returned_count, ordered_count, dropped_share, outcome_rate, outcome_low, outcome_high, is_small
            ) values
                ('stage', null, 1, 'cart', 4, 'later session', 100, 20, 20, 3, 0.2, 0.25, 0.17, 0.35, false),
                ('stage', null, 1, 'cart', 5, 'left', 100, 60, 0, 0, 0.6, 0.75, 0.65, 0.83, false),
                ('stage', null, 1, 'cart', 6, 'open', 100, 20, 0, 0, 0.2, null, null, null, false),
                ('stage', null, 2, 'checkout', 5, 'left', 40, 40, 0, 0, 1, 1, 0.91, 1, false),
                ('stage', null, 3, 'purchase', 5, 'left', 0, 0, 0, 0, null, null, null, null, true),
                ('step', 'buy', 2, 'Order', 5, 'left', 900, 900, 0, 0, 1, 1, 1, 1, false)
        """)
    section = sections_of(tmp_path / "published.duckdb")["next"]
    assert section.title == f"Of those who end at Cart, 75{NBSP}% left and 25{NBSP}% came back in a later session"
    assert [name for _, name in section.legend] == ["later session", "left", "open"]
    strips = json.loads(section.charts[0].wide)["data"]
    assert [sum(trace["x"][place] for trace in strips) for place in (0, 1)] == [100, 100]
    assert len(section.tables[0].rows) == 4


def test_who_and_why_names_the_driver_that_most_dropped_with(
    tmp_path: Path, changed: duckdb.DuckDBPyConnection
) -> None:
    changed.execute("""
        insert into metrics.drop_off_drivers (
            funnel_id, step_number, step_label, factor, level, with_count, with_dropped, compared_count, compared_rate,
            comparable_rate, lift, lift_low, lift_high, extra_dropped, extra_revenue, q, is_told, left_out, is_small
        ) values
            ('map:stages', 3, 'Purchase', 'friction', 'support_contact', 50, 40, 50,
             0.8, 0.4, 2, 1.6, 2.5, 20, 9, 0.01, true, null, false),
            ('buy', 2, 'Order', 'new or returning', '<new>', 90, 60, 90,
             0.66, 0.22, 3, 2, 4, 40, 9, 0.02, true, null, false),
            ('map:stages', 3, 'Purchase', 'device', 'tablet', 50, 10, 50,
             0.2, 0.4, 0.5, 0.4, 0.7, -10, 0, 0.01, true, null, false),
            ('map:stages', 3, 'Purchase', 'device', 'mobile', 50, 45, 50,
             0.9, 0.8, 1.1, 0.9, 1.4, 99, 0, 0.4, false, null, false),
            ('map:stages', 3, 'Purchase', 'coupon', 'A', 5, 5, 5,
             1, 0.8, 1.2, 0.9, 1.4, 99, 0, null, false, 'too few', true)
    """)
    changed.close()
    section = sections_of(tmp_path / "published.duckdb")["why"]
    assert (
        section.title.startswith("<new> visitors: dropping 3.0 times as often before Order (") and "66" in section.title
    )
    assert "of 4 levels" in section.subtitle and len(section.tables[0].rows) == 3
    # Checkout is flagged: who drops there is told though more dropped elsewhere; else that nothing tells them apart.
    at_checkout = "Who met support contact: dropping 2.0 times as often before Purchase, 80 % against 40 % of others."
    elsewhere = "<new> visitors: dropping 3.0 times as often before Order (Cart), 66 % against 22 % of others."
    nothing = "Nothing sets those who end at Checkout apart from the others there, beyond chance."
    assert said(tmp_path / "published.duckdb")["Who, and why"] == f"{nothing} {elsewhere}"
    with duckdb.connect(str(tmp_path / "published.duckdb")) as connection:
        connection.execute("insert into metrics.measured_stages values ('checkout', 2, true, 2)")
    assert said(tmp_path / "published.duckdb")["Who, and why"] == at_checkout
    drawn = section.charts[0].wide
    # Twice as often is as far from 1, which is at 0, as half as often: a lift of hundreds leaves the others readable.
    places = [trace["x"] for trace in json.loads(drawn)["data"] if trace["mode"] == "markers"]
    assert places == [[pytest.approx(log10(3))], [pytest.approx(log10(2))]]
    assert "Who met support contact" in drawn and "tablet" not in drawn and "&lt;new&gt; visitors" in drawn
    with duckdb.connect(str(tmp_path / "published.duckdb")) as connection:
        connection.execute("update metrics.drop_off_drivers set is_told = false")
    section = sections_of(tmp_path / "published.duckdb")["why"]
    assert section.title == "Nothing sets those who drop apart" and "4 levels" in section.empty


def test_a_tie_is_said_in_the_title_the_flag_and_the_summary(tmp_path: Path) -> None:
    path = write_published(tmp_path / "published.duckdb", tie=True)
    section = sections_of(path)["journey"]
    assert section.title == "Checkout and Cart tie for the highest drop-off by revenue at stake"
    assert section.flag and section.flag.title.endswith("a tie of Checkout and Cart")
    assert summary(figures_of(path), ENGLISH)[0].lead.startswith("Checkout and Cart tie")


def test_the_summary_names_another_ranking_s_first_only_where_it_is_certain(
    tmp_path: Path, changed: duckdb.DuckDBPyConnection
) -> None:
    changed.close()
    path = tmp_path / "published.duckdb"
    # Checkout is flagged by revenue; by journeys lost Cart is first, and Checkout ties with it.
    assert "journeys lost" not in summary(figures_of(path), ENGLISH)[0].text
    with duckdb.connect(str(path)) as connection:
        connection.execute("update metrics.drop_off_ranking set is_tie_with_first = false")
    assert summary(figures_of(path), ENGLISH)[0].text.endswith("By journeys lost it is Cart.")


def test_without_a_ranking_no_stage_is_flagged(tmp_path: Path, changed: duckdb.DuckDBPyConnection) -> None:
    changed.execute("delete from metrics.drop_off_ranking")
    changed.close()
    section = sections_of(tmp_path / "published.duckdb")["journey"]
    assert section.title == "No stage has both a drop-off and the 30 finished journeys a ranking needs"
    assert section.flag is None


def test_shops_without_order_values_are_flagged_by_the_next_ranking(
    tmp_path: Path, changed: duckdb.DuckDBPyConnection
) -> None:
    changed.execute("update metrics.drop_off_ranking set value = 0 where ranking = 'revenue_at_stake'")
    changed.close()
    section = sections_of(tmp_path / "published.duckdb")["journey"]
    assert section.flag and section.flag.title == "Highest drop-off by drop-off rate: Checkout"


def test_every_section_without_data_says_so_in_one_line(tmp_path: Path) -> None:
    path = write_published(tmp_path / "published.duckdb", empty=True)
    by_key = sections_of(path)
    assert {key: bool(section.empty) for key, section in by_key.items()} == dict.fromkeys(by_key, True)
    assert not [section.key for section in by_key.values() if section.charts]
    write_report(path, tmp_path / "journey.html")
    page = html.unescape((tmp_path / "journey.html").read_text(encoding="utf-8"))
    assert "No sessions, or no orders, in the exports: conversion can't be measured." in page


def test_a_section_is_on_the_page_where_it_says_once_its_module_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "planted.py").write_text(
        "from parcours.report.section import Section\n"
        "PLACE = 35\n"
        "def sections(figures, numbers):\n"
        "    return [Section('planted', 'Planted', f'{len(figures.days)} days', '', ())]\n"
    )
    monkeypatch.setattr(sections, "__path__", [*sections.__path__, str(tmp_path)])
    by_key = sections_of(write_published(tmp_path / "published.duckdb"))
    assert list(by_key) == [
        "journey",
        "segments",
        "back-and-forth",
        "variants",
        "conformance",
        "funnel-1",
        "daily",
        "incidents",
        "planted",
        "movements",
        "carts",
        "cart-segments",
        "cart-recovery",
        "products",
        "retention",
        "second-order",
        "csat",
        "satisfaction",
        "changes",
        "change-1",
        "change-2",
        "restated",
        "method",
    ]
    assert by_key["planted"].title == "5 days"


def test_incidents_are_told_with_their_cost_and_what_else_was_seen(tmp_path: Path) -> None:
    found = sections_of(write_published(tmp_path / "published.duckdb"))["incidents"]
    assert plain(found.title) == (
        "Cart → Checkout in a visit, device Cart fell by 43 %, since 4 July 2026: 23 fewer went on than expected, "
        "€460 of revenue; 1 more incident"
    )
    first, second = found.shown[0].rows
    assert plain(first[2]) == (
        "12 failed payments (usual 1.5). A payment outage on 1 of its days. Logged: Cart. Gone: Cart."
    )
    assert plain(second[2]) == "Also fell: Cart → Order."
    assert plain(second[0]) == "Visit → Order, channel mail, 1 July – 2 July 2026"
    # The alarm is told as the last night told it.
    assert plain(found.notes[0]) == (
        "Alarm of 5 July 2026: Cart → Checkout in a visit, Cart visitors fell by 83 %, 2 July – 5 July 2026: 20 fewer "
        "went on than expected, €400 of revenue. Logged: Cart, Photos."
    )


def test_the_summary_names_what_goes_on_and_charts_shade_it(tmp_path: Path) -> None:
    figures = figures_of(write_published(tmp_path / "published.duckdb"))
    [going_on] = [sentence for sentence in summary(figures, ENGLISH) if sentence.lead == "Going on now"]
    assert plain(going_on.text).startswith(
        "Cart → Checkout in a visit, device Cart has fallen by 43 % since 4 Jul: 23 fewer went on than expected, €460 "
        "of revenue (logged: Cart). Cart → Checkout in a visit, Cart visitors has fallen by 83 % since 2 Jul:"
    )
    daily = {section.key: section for section in page_sections(figures, ENGLISH)}["daily"]
    assert "an incident that nobody logged" in [text for _, text in daily.legend]
    shades = [
        one for one in json.loads(daily.charts[0].wide)["layout"]["shapes"] if one.get("fillcolor") == INCIDENT_SHADE
    ]
    assert [(one["x0"], one["x1"]) for one in shades] == [
        ("2026-06-30 12:00", "2026-07-02 12:00"),
        ("2026-07-03 12:00", "2026-07-05 12:00"),
    ]


def test_why_it_moved_names_the_part_that_moved_most_and_its_segment(
    tmp_path: Path, changed: duckdb.DuckDBPyConnection
) -> None:
    found = sections_of_open(changed)["movements"]
    assert (
        plain(found.title)
        == "Orders fell 100 → 80 (−20 %), above all by Visit → Cart (30.0 % → 25.0 %), on device Cart"
    )
    assert plain(found.notes[0]) == (
        "Visit → Cart: device Cart moved by −40 %, all others by −1 %. Had the segment moved like the rest, 96 % of it "
        "would be gone."
    )
    parts, segments = found.tables
    assert [plain(cell) for cell in parts.rows[2]] == ["Orders: Visits a day", "50.0", "52.0", "+3.5", "−17.5 %", "–"]
    assert [plain(cell) for cell in segments.rows[0]] == ["Device Cart", "30.0 %", "18.0 %", "−0.2", "−20.1"]
    changed.execute("update metrics.movements set segment = null")
    found = sections_of_open(changed)["movements"]
    assert found.title.endswith("; no segment explains it")
    moved = next(one for one in summary(read_figures(changed, QUERIES), ENGLISH) if one.lead == "What moved")
    assert plain(moved.text).startswith(f"May 2026 → Jun 2026: {plain(found.title)}.") and moved.to == found.key
    assert found.notes[0].startswith("No segment explains any part")


def plain(text: str) -> str:
    return text.replace(NBSP, " ")


def test_shops_without_sessions_show_satisfaction_by_day(tmp_path: Path, changed: duckdb.DuckDBPyConnection) -> None:
    changed.execute("delete from metrics.kpis")
    changed.execute(
        "insert into metrics.kpis (kpi, period, from_on, until_on, numerator, denominator, open_count, value, low, "
        "high, target) values "
        "('satisfaction', 'all', '2026-07-01', '2026-07-05', 13, 48, 0, 0.27, 0.17, 0.41, null)"
    )
    changed.execute("update metrics.kpi_daily set kpi = 'satisfaction'")
    changed.execute("update metrics.cut_off set events_until = null")
    changed.close()
    section = sections_of(tmp_path / "published.duckdb")["daily"]
    assert section.title == f"Satisfaction (CSAT) per day: 27.0{NBSP}% over the whole period"
    assert section.subtitle.endswith("this shop has no sessions.")


def test_a_funnel_names_its_unit_window_and_worst_step(tmp_path: Path) -> None:
    section = sections_of(write_published(tmp_path / "published.duckdb"))["funnel-1"]
    assert section.title == f"Cart → Order loses 61{NBSP}% of the people who reach it"
    assert "best matured attempt; window: 7 days" in section.subtitle and "9 are still open" in section.subtitle


def test_a_funnel_with_few_attempts_names_no_step(tmp_path: Path, changed: duckdb.DuckDBPyConnection) -> None:
    changed.execute("update metrics.funnel_steps set entered_count = 12, reached_count = least(reached_count, 12)")
    changed.close()
    section = sections_of(tmp_path / "published.duckdb")["funnel-1"]
    assert section.title == "Cart: 12 people, too few to say which step loses most"


def test_titles_of_days_carts_retention_and_satisfaction(tmp_path: Path) -> None:
    by_key = sections_of(write_published(tmp_path / "published.duckdb"))
    assert by_key["daily"].title == (
        f"Conversion rose from 1.00{NBSP}% in the earlier half to 5.00{NBSP}% in the later half"
    )
    assert by_key["carts"].title == (
        f"70{NBSP}% of carts get no order within 7 days, 50{NBSP}% once checkout has begun"
    )
    assert by_key["retention"].title.startswith(f"20.0{NBSP}% of customers order again within 30 days")
    assert by_key["csat"].title == f"Checkout: 30{NBSP}% of 40 answers satisfied"


def test_the_mean_over_cohorts_is_weighted_by_size_and_unfinished_intervals_are_blank(tmp_path: Path) -> None:
    cells = figures_of(write_published(tmp_path / "published.duckdb")).cohorts
    mean = {cell.interval_number: (cell.rate, cell.finished_count) for cell in cells if cell.cohort_on is None}
    assert mean == {0: (16 / 80, 80), 1: (0, 60)}
    june = [cell.rate for cell in cells if cell.cohort_on == date(2026, 6, 1)]
    assert june == [0.5, None]


def test_titles_of_changes_say_the_verdicts(tmp_path: Path) -> None:
    by_key = sections_of(write_published(tmp_path / "published.duckdb", text="Guest"))
    assert by_key["change-1"].title == (
        f"After “Guest” (3{NBSP}July{NBSP}2026): conversion improved; Guest → Order worsened"
    )
    assert (
        by_key["change-2"].title == f"“Photos” (4{NBSP}July{NBSP}2026): measuring, read next on 12{NBSP}July{NBSP}2026"
    )
    assert not by_key["change-2"].charts


def test_each_change_has_a_line_with_its_figure_and_what_else_moved(tmp_path: Path) -> None:
    overview = sections_of(write_published(tmp_path / "published.duckdb"))["changes"]
    assert overview.title == "2 changes: figures moved with “Cart”"
    first, second = ([plain(cell) for cell in row] for row in overview.shown[0].rows)
    step = ["Cart → Order, step of Cart", "Worsened by day 7: Cart."]
    assert first == ["Cart", "3 July 2026", *step, "Conversion +4.00 pt improved"]
    assert second[0] == "Photos" and second[-1] == "–"


def test_a_change_shows_its_own_figure_first_with_its_weeks_and_sentences(tmp_path: Path) -> None:
    change = sections_of(write_published(tmp_path / "published.duckdb"))["change-1"]
    assert [chart.key for chart in change.charts] == ["change-1-impact", "change-1-weeks-1"]
    assert change.charts[1].description == "Cart → Order, step of Cart by week. Worsened by day 7: Cart."
    assert list(change.shown[0].rows[0]) == ["Cart → Order, step of Cart", "Worsened by day 7: Cart."]
    # Every other figure is behind a click.
    assert [row[0] for row in change.shown[0].rows] == ["Cart → Order, step of Cart", "Conversion"]
    assert len(change.tables[0].rows) == 4 and [chart.key for chart in change.folded] == ["change-1-every"]
    assert change.notes[0] == f"Within 28 days of it: “Photos” (4{NBSP}July{NBSP}2026)."


def test_the_axis_of_weeks_holds_small_weeks_too(changed: duckdb.DuckDBPyConnection) -> None:
    changed.execute("update metrics.change_weeks set denominator = 3, value = 0.97 where week_number = 0")
    drawn = json.loads(sections_of_open(changed)["change-1"].charts[1].wide)
    values = [value for trace in drawn["data"] for value in trace["y"] if value is not None]
    assert max(values) == 97 and drawn["layout"]["yaxis"]["range"][1] > 97


def test_step_conversions_are_named_by_their_steps(tmp_path: Path) -> None:
    table = sections_of(write_published(tmp_path / "published.duckdb"))["change-1"].tables[1]
    assert [row[0] for row in table.rows] == [
        "Cart → Order, step of Cart",
        "Conversion",
        "Net order value",
        "Retention, 90 days",
    ]
    assert table.rows[0][4] == f"{MINUS}22.0{NBSP}pt"
    assert table.rows[2][4] == "+€3.00"


def test_warnings_name_outages_unattached_answers_rejects_and_coverage(tmp_path: Path) -> None:
    careful = summary(figures_of(write_published(tmp_path / "published.duckdb")), ENGLISH)[-1]
    assert careful.lead == "Read with care"
    for part in (
        f"1 payment outage day (2{NBSP}Jul)",
        "5 of 48 answers could not be attached",
        "2 of 150 rows were rejected",
        f"Only 91.7{NBSP}% of touchpoints have a stage",
    ):
        assert part in careful.text


def test_rows_that_do_not_add_up_are_said(tmp_path: Path, changed: duckdb.DuckDBPyConnection) -> None:
    assert sections_of_open(changed)["method"].title.endswith("every one accounted for")
    changed.execute("update raw.loads set rows_loaded = 1 where file_id = '2'")
    assert sections_of_open(changed)["method"].title.endswith("which do not add up")


def sections_of_open(connection: duckdb.DuckDBPyConnection) -> dict[str, Section]:
    return {section.key: section for section in page_sections(read_figures(connection, QUERIES), ENGLISH)}


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (ENGLISH.count(1234567), "1,234,567"),
        (FRENCH.count(1234567), f"1{NARROW_NBSP}234{NARROW_NBSP}567"),
        (ENGLISH.share(0.0347), f"3.47{NBSP}%"),
        (FRENCH.share(0.642), f"64,2{NBSP}%"),
        (ENGLISH.share(0), f"0{NBSP}%"),
        (ENGLISH.share(None), "–"),
        (ENGLISH.points(-0.0772), f"{MINUS}7.72{NBSP}pt"),
        (ENGLISH.points(0.000001), f"±0.00{NBSP}pt"),
        (ENGLISH.interval(-1e-9, 0.0005), f"0.00–0.05{NBSP}%"),
        (ENGLISH.short_money(32_226), "€32.2k"),
        (ENGLISH.short_money(999_600), "€1.0M"),
        (FRENCH.short_money(184_400), f"184{NBSP}k€"),
        (Numbers("en", "CHF").money(-5), f"{MINUS}CHF{NBSP}5"),
        (ENGLISH.duration(0.2), f"<{NBSP}1{NBSP}s"),
        (ENGLISH.duration(59.6), f"1{NBSP}min"),
        (ENGLISH.duration(104_298), f"29{NBSP}h"),
        (ENGLISH.duration(376_956), f"4.4{NBSP}days"),
        (ENGLISH.days(7), "7 days"),
        (ENGLISH.days(1.5), "1.5 days"),
        (ENGLISH.days(0), "0 days"),
        (ENGLISH.days(30 / 1440), f"30{NBSP}min"),
        (ENGLISH.days(90 / 1440), f"90{NBSP}min"),
        (ENGLISH.days(0.5), f"12{NBSP}h"),
        (ENGLISH.days(45 / 86_400), f"45{NBSP}s"),
        (ENGLISH.period(date(2026, 7, 1), date(2026, 9, 28)), f"1{NBSP}July – 28{NBSP}September{NBSP}2026"),
        (FRENCH.day(date(2026, 8, 15)), f"15{NBSP}août{NBSP}2026"),
    ],
)
def test_numbers_are_written_in_the_shops_language(shown: str, expected: str) -> None:
    assert shown == expected


def test_a_french_report_has_decimal_commas_in_text_and_charts(tmp_path: Path) -> None:
    write_report(write_published(tmp_path / "published.duckdb", language="fr"), tmp_path / "journey.html")
    page = (tmp_path / "journey.html").read_text(encoding="utf-8")
    assert f"3,00{NBSP}%" in page and f'"separators":",{NARROW_NBSP}"' in page


def test_labels_of_charts_are_cut_before_they_are_escaped() -> None:
    assert safe("a<b>c", 3) == "a&lt;…"
    assert safe("  two\n lines ") == "two lines"
    assert wrapped("<i>Very</i> long stage name", 12) == "&lt;i&gt;Very&lt;/i&gt;<br>long stage…"


def test_no_text_turns_another_round(tmp_path: Path) -> None:
    assert unturned("a\u202eb\u2066c d") == "a\ufffdb\ufffdc d"
    target = tmp_path / "journey.html"
    write_report(write_published(tmp_path / "turned.duckdb", "Cart \u202egnp"), target)
    page = with_last_run(target.read_text(encoding="utf-8"), "exe.\u202d")
    assert "Cart \ufffdgnp" in page and "exe.\ufffd" + LAST_RUN[1] in page
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", page)


def test_by_segment_speaks_of_the_flagged_stage_and_shows_no_small_cell(tmp_path: Path) -> None:
    section = sections_of(write_published(tmp_path / "published.duckdb"))["segments"]
    assert plain(section.title) == "Most apart by device: from 33 % (desktop) to 66 % (Cart) end at Checkout"
    assert [view.name for view in section.views] == ["Device", "Cart"]  # a single month tells nothing apart
    device, other = section.views
    assert [row[0] for row in device.table.rows] == ["All journeys", "Cart", "desktop"]
    # Nobody may be told of at the flagged stage: another stage is spoken of; and the small cell is nowhere.
    assert plain(other.title) == "By Cart, too few journeys to compare"
    assert plain(str(other.table.rows)).count("other") == 0 and "85" not in other.chart.wide
    assert "left out" in device.chart.wide  # of both at Cart


def test_paths_are_strips_of_visits_and_those_of_few_are_counted(tmp_path: Path) -> None:
    section = sections_of(write_published(tmp_path / "published.duckdb", text="Basket"))["variants"]
    title = "2 paths hold 80 % of the journeys; the most taken, Basket → Checkout → Basket, holds 70 %"
    assert plain(section.title) == title
    assert [row[0] for row in section.tables[0].rows] == ["Basket → Checkout → Basket", "Basket → Basket"]
    assert plain(section.notes[0]).startswith("1 more path, of 10.0 % of the journeys")
    drawn = json.loads(section.charts[0].wide)["layout"]
    assert len(drawn["shapes"]) == 5 and len({one["fillcolor"] for one in drawn["shapes"][:3]}) == 2


def test_the_map_has_no_row_of_answers_where_nobody_was_asked(changed: duckdb.DuckDBPyConnection) -> None:
    def rows_of_the_map() -> list[str]:
        """Their names; each has an axis of its own."""
        drawn = json.loads(sections_of_open(changed)["journey"].charts[0].wide)
        names = [one["text"] for one in drawn["layout"]["annotations"] if one.get("xref") == "paper"]
        used = {str(trace["yaxis"]) for trace in drawn["data"]}
        assert used == {name.replace("axis", "") for name in drawn["layout"] if name.startswith("yaxis")}
        return [re.sub("<.*?>", " ", name).split("  ")[0].strip() for name in names]

    assert rows_of_the_map() == ["Journeys", "Satisfaction", "Time in stage", "Opportunity"]
    changed.execute("update metrics.stage_drop_off set satisfaction_mean = null, answer_count = 0")
    assert rows_of_the_map() == ["Journeys", "Time in stage", "Opportunity"]
    assert "no answers" not in sections_of_open(changed)["journey"].charts[0].wide
    changed.execute("update metrics.stage_drop_off set revenue_at_stake = null")
    assert rows_of_the_map() == ["Journeys", "Time in stage"]


def test_attributes_are_read_without_underscores(changed: duckdb.DuckDBPyConnection) -> None:
    changed.execute("update metrics.stage_drop_off_by_segment set dimension = 'company_size' where dimension = 'Cart'")
    assert "Company size" in [view.name for view in sections_of_open(changed)["segments"].views]
    assert segment_words("company_size", "a_b") == "company size a_b"
    row = Row(segment="company size 1-49 and device mobile", dimensions=["company_size", "device"])
    assert segments(row) == "company size 1-49 and device mobile"


def test_products_that_most_saw_run_from_the_least_to_the_most_wanted(tmp_path: Path) -> None:
    section = sections_of(write_published(tmp_path / "published.duckdb"))["products"]
    assert plain(section.title) == "Of those who see a product, from 5.00 % (Cart) to 25.0 % (p2) put it into a cart"
    assert [row[0] for row in section.tables[0].rows] == ["Cart", "p2"] and "Few" not in section.charts[0].wide


def emptied(path: Path, *tables: str) -> dict[str, Section]:
    """The sections of a page whose tables of metrics are without a row."""
    with duckdb.connect(str(path)) as connection:
        for name in tables:
            connection.execute(f"delete from metrics.{name}")
    return sections_of(path)


def test_carts_by_segment_speak_of_the_split_that_tells_them_apart(tmp_path: Path) -> None:
    path = write_published(tmp_path / "published.duckdb", text="Spring")
    section = sections_of(path)["cart-segments"]
    assert plain(section.title) == "Carts differ most by device: from 39 % (desktop) to 92 % (mobile) get no order"
    # Level is what an order needs, no cause; of the country nothing is known.
    assert [view.name for view in section.views] == ["Device", "Campaign", "Level"]
    device, campaign, _ = section.views
    assert [row[0] for row in device.table.rows] == ["Mobile", "Desktop", "Tablet"]
    assert device.table.small == {2}
    assert (
        plain(campaign.title) == "By campaign, from 60 % (none) to 80 % (Spring) get no order; their intervals overlap"
    )
    with duckdb.connect(str(path)) as connection:
        connection.execute("delete from metrics.cart_abandonment_splits where split_by = 'device'")
    same = sections_of(path)["cart-segments"].title
    assert same == "No segment of carts is certain to be abandoned more often than another"
    assert "cart-segments" not in emptied(path, "cart_abandonment_splits")


def test_carts_that_come_back_say_how_many_when_and_what_was_in_them(tmp_path: Path) -> None:
    path = write_published(tmp_path / "published.duckdb")
    section = sections_of(path)["cart-recovery"]
    assert plain(section.title) == (
        "12.5 % of abandoned carts are ordered after all (€400), half of these within 3 days of being left"
    )
    assert "silent for 1 day" in section.subtitle and "3 more may still come back" in section.subtitle
    assert section.notes[0] == (
        "In the carts that came back were €400, in the others €3,000, as far as prices are known."
    )
    assert section.notes[1] == "Most of these orders came by the channel “e-mail”: 10 of 10."
    assert [row[0] for row in section.tables[0].rows] == ["Over 24 to 48 h", "Over 2 to 3 days", "Not recovered"]
    with duckdb.connect(str(path)) as connection:
        connection.execute("delete from metrics.cart_recovery where name <> 'not recovered'")
    none = sections_of(path)["cart-recovery"]
    assert none.title == "None of 80 abandoned carts came back" and not none.charts
    assert "cart-recovery" not in emptied(path, "cart_recovery")


def test_orders_by_purchase_events_are_said_with_every_figure_that_counts_them(
    tmp_path: Path, changed: duckdb.DuckDBPyConnection
) -> None:
    changed.execute("update metrics.cut_off set has_orders_by_events = true")
    changed.close()
    path = tmp_path / "published.duckdb"
    figures = figures_of(path)
    names = {card["kpi"].kpi: card["name"] for card in cards(figures, ENGLISH)}
    assert names["conversion"] == "Conversion, by purchase events" and names["satisfaction"] == "Satisfaction (CSAT)"
    section = sections_of(path)["daily"]
    assert section.title.startswith("Conversion, by purchase events, rose from 1.00")
    assert section.tables[0].caption == "Conversion, by purchase events, by day"
    write_report(path, tmp_path / "journey.html")
    assert "<h2>Conversion, by purchase events</h2>" in (tmp_path / "journey.html").read_text(encoding="utf-8")


@pytest.fixture
def by_deals(changed: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """The rows above as those of a shop that has visits and deals, and no orders."""
    changed.execute("update metrics.cut_off set orders_until = null, deals_until = '2026-07-05'")
    return changed


def test_a_shop_of_deals_has_no_carts_and_no_second_orders(by_deals: duckdb.DuckDBPyConnection) -> None:
    of_orders = {"carts", "cart-segments", "cart-recovery", "retention", "second-order", "movements"}
    assert not of_orders & {*sections_of_open(by_deals)}
    by_deals.execute("update metrics.cut_off set events_until = null")
    assert not of_orders & {*sections_of_open(by_deals)}


def test_a_shop_of_deals_is_headed_by_leads_won(by_deals: duckdb.DuckDBPyConnection) -> None:
    by_deals.execute("delete from metrics.kpis")
    by_deals.execute(
        "insert into metrics.kpis (kpi, period, from_on, until_on, numerator, denominator, open_count, value, low, "
        "high, target) values "
        "('satisfaction', 'all', '2026-07-01', '2026-07-05', 13, 48, 0, 0.27, 0.17, 0.41, null),"
        "('lead_conversion', 'all', '2026-07-01', '2026-07-05', 12, 48, 0, 0.25, 0.15, 0.39, null)"
    )
    by_deals.execute("update metrics.kpi_daily set kpi = 'lead_conversion'")
    catalogue = kpi_rows(settings(**LEADS))
    by_deals.execute("delete from settings.kpis")
    by_deals.executemany(f"insert into settings.kpis values ({', '.join('?' for _ in catalogue[0])})", catalogue)
    figures = read_figures(by_deals, QUERIES)
    assert [kpi.kpi for kpi in figures.kpis] == ["satisfaction", "lead_conversion"]
    section = sections_of_open(by_deals)["daily"]
    assert section.title == f"Leads won, 90 days per day: 25.0{NBSP}% over the whole period"
    assert section.subtitle.endswith("Shown because this shop has no orders.")


def test_days_of_few_attempts_fill_the_chart() -> None:
    level = Row(earlier_high=0.2, later_high=None)
    days = [Row(value=value, is_small=is_small) for value, is_small in ((0.1, True), (0.5, True), (0.3, False))]
    assert axis_end(days, level) == pytest.approx(56) and axis_end(days[2:], level) == pytest.approx(33.6)
    assert axis_end([Row(value=1.0, is_small=True)], level) == 104


def test_a_shop_of_deals_wins_and_speaks_of_no_order(by_deals: duckdb.DuckDBPyConnection) -> None:
    by_deals.execute("update metrics.funnel_steps set revenue_at_stake = null")
    by_key = sections_of_open(by_deals)
    assert by_key["funnel-1"].legend[-1][1] == "lost, highest rate"
    assert not [note for note in by_key["method"].notes if "at stake" in note]
    assert by_key["csat"].notes[0].startswith("5 of 48 answers follow no touchpoint within 7")
    assert by_key["variants"].tables[0].columns[4:6] == ["Won", "Won, rate"]
    assert "% won" in plain(by_key["variants"].charts[0].wide)
    for key in ("csat", "variants", "conformance"):
        assert "order" not in f"{by_key[key].subtitle} {by_key[key].notes}".replace("in the order", ""), key
    [warning] = [one.text for one in summary(read_figures(by_deals, QUERIES), ENGLISH) if one.to == "method"]
    assert "5 of 48 answers could not be attached to a touchpoint." in warning
    by_deals.execute("update metrics.csat_by_stage set unattached_count = 0")
    assert sections_of_open(by_deals)["csat"].notes == ["Every answer is attached to a touchpoint."]


def test_satisfaction_says_what_goes_with_less_of_it(tmp_path: Path) -> None:
    path = write_published(tmp_path / "published.duckdb", text="Review")
    section = sections_of(path)["satisfaction"]
    assert plain(section.title) == "Satisfaction differs most by delivery: from 20 % (late) to 84 % (on time) satisfied"
    # Of support everybody is the same: it tells nothing.
    assert [view.name for view in section.views] == ["Delivery", "Order value", "All at once"]
    delivery, value, everything = section.views
    assert "Unknown" in [row[0] for row in delivery.table.rows] and "Unknown" not in delivery.chart.wide
    assert value.title == "By order value: too few answers to compare"
    assert (
        plain(everything.title)
        == "Beside all the others, this tells how satisfied people are: delivery (25 % of what sets answers apart)"
    )
    assert [row[0] for row in everything.table.rows] == ["Review, delivery", "Review, device", "Review, channel"]
    with duckdb.connect(str(path)) as connection:
        connection.execute("update metrics.satisfaction set is_small = true where value = 'late'")
    assert sections_of(path)["satisfaction"].title == (
        "100 answers are too few to say what goes with lower satisfaction"
    )
    assert "satisfaction" not in emptied(path, "satisfaction")


def test_second_orders_are_measured_and_what_is_expected_stands_apart(tmp_path: Path) -> None:
    path = write_published(tmp_path / "published.duckdb")
    section = sections_of(path)["second-order"]
    # By day 30, of which June is expected something; July has too few customers.
    assert plain(section.title) == (
        "An estimated 8.00 % of customers order again within 30 days of their first order; of those of Jun 2026 30.0 % "
        "are expected to (25.0–35.0 %)"
    )
    measured, expected = section.tables
    assert [plain(row[1]) for row in measured.rows] == ["8.00 %", "17.2 %"]
    assert measured.small == {1}  # 20 are observed on day 60
    assert [row[0] for row in expected.rows] == [f"Jun{NBSP}2026, within 30 days", f"Jul{NBSP}2026, within 30 days"]
    drawn = json.loads(section.charts[0].wide)["data"]
    dashed = [trace for trace in drawn if trace["line"].get("dash") == "dash"]
    assert len(dashed) == 1 and dashed[0]["y"] == [30]
    assert [name for _, name in section.legend][:2] == ["measured", "measured of few"]
    apart = emptied(path, "retention_expected")["second-order"]
    # Nothing is expected: the last day on which enough are observed.
    assert plain(apart.title) == "An estimated 8.00 % of customers order again within 30 days of their first order"
    assert len(apart.tables) == 1 and "dash" not in apart.charts[0].wide
    assert "second-order" not in emptied(path, "second_order_survival")


def test_the_intended_path_says_who_keeps_to_it_and_what_goes_with_leaving_it(tmp_path: Path) -> None:
    path = write_published(tmp_path / "published.duckdb", text="Basket")
    section = sections_of(path)["conformance"]
    assert plain(section.title) == (
        "70 % of journeys keep to the intended path; the most frequent deviation is “Back: Checkout → Basket” (25.0 %)"
    )
    deviations, costs = section.tables
    assert [row[0] for row in deviations.rows] == ["Back: Checkout → Basket", "Late: order placed → Basket"]
    assert [row[0] for row in costs.rows] == ["Back: Checkout → Basket"]  # nobody can be held against who skipped
    assert plain(section.notes[1]) == "Back: Checkout → Basket: 10.0 % order later, 40.0 % of comparable journeys."
    assert len(section.folded) == 1
    with duckdb.connect(str(path)) as connection:
        connection.execute("delete from metrics.path_conformance where kind <> 'all'")
    kept = emptied(path, "deviation_cost")["conformance"]
    assert kept.title == "All 100 journeys that are over kept to the intended path" and not kept.drawn
    assert "conformance" not in emptied(path, "path_conformance")


def test_back_and_forth_names_the_pair_gone_back_between_most_often(tmp_path: Path) -> None:
    path = write_published(tmp_path / "published.duckdb", text="Basket")
    section = sections_of(path)["back-and-forth"]
    assert section.title == "People go back and forth most between Basket and Checkout: 50 times back, in 36 journeys"
    # Between touchpoints too few went back; one after itself is no pair; other types of journeys are not all.
    assert [view.name for view in section.views] == ["Stages"]
    assert section.views[0].table.rows == [["Basket ⇄ Checkout", "90", "50", "66", "36", "35", f"2{NBSP}h"]]
    assert "back-and-forth" not in emptied(path, "transitions")

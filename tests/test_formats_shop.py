"""Formats of shop tools (REES46, Zendesk, HubSpot, WooCommerce): what each fixture's rows become."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from pathlib import Path

import pytest
from format_shops import FIXTURES, NO_ORDER, built, reasons, shop_reading
from shops import load as load_new

from parcours.loading.accounting import Load
from parcours.project import Project


def load(folder: Path, format_name: str, *contents: str) -> tuple[Project, list[Load]]:
    """A shop in Paris whose only export has this format: the format's fixture, or files with these contents."""
    ending = "jsonl" if format_name == "zendesk_ratings" else "csv"
    project = shop_reading(folder, format_name)
    if not contents:
        shutil.copy(FIXTURES / f"{format_name}.{ending}", project.exports_folder)
    for number, content in enumerate(contents):
        (project.exports_folder / f"{number}.{ending}").write_text(content, encoding="utf-8")
    return project, load_new(project)


@pytest.mark.parametrize(
    ("format_name", "counts"),
    [
        ("rees46_events", (13, 6, 1, 6)),
        ("zendesk_ratings", (14, 5, 1, 8)),
        ("hubspot_feedback", (13, 6, 1, 6)),
        ("woocommerce_orders", (30, 15, 1, 14)),
    ],
)
def test_every_row_is_accounted_and_no_plain_email_is_kept(
    tmp_path: Path, format_name: str, counts: tuple[int, int, int, int]
) -> None:
    project, (found,) = load(tmp_path, format_name)
    assert found.status == "loaded", found.reason
    assert (found.rows_read, found.rows_loaded, found.rows_duplicate, found.rows_rejected) == counts
    for table in ("events", "order_rows", "feedback", "rejected_rows"):
        assert built(project, f"from raw.{table} as t where cast(t as text) ilike '%@example%'") == [], table


def test_rees46_rows_are_events_of_a_visitor(tmp_path: Path) -> None:
    project, _ = load(tmp_path, "rees46_events")
    found = built(
        project,
        "select strftime(occurred_at, '%m-%d %H:%M:%S'), event_name, anonymous_id, customer_id, product_id, quantity, "
        "cast(price as double), order_id from staging.events order by 1, 2, 3 desc",
        ["staging.events"],
    )
    assert found == [
        ("10-01 00:00:00", "view", "554748717", None, "3900821", 1.0, 33.2, None),
        ("10-01 00:00:00", "view", "541312140", None, "44600062", 1.0, 35.79, None),
        ("10-01 00:05:10", "cart", "541312140", None, "44600062", 1.0, 35.79, None),
        ("10-01 00:05:10", "remove_from_cart", "541312140", None, "44600062", 1.0, 35.79, None),
        ("10-01 00:09:00", "purchase", "554748717", None, "3900821", 1.0, 33.2, None),
        ("10-01 00:09:01", "view", "554748717", None, "3900821", 1.0, None, None),
    ]
    assert reasons(project) == [
        (9, "event_type is empty"),
        (10, "event_time is not a time as 2019-10-01 00:00:00 UTC: 1569888600"),
        (11, "user_id is empty"),
        (12, "product_id is empty"),
        (13, "price is not an amount: dear"),
        (14, "price is negative: -33.20"),
    ]


def test_the_last_zendesk_rating_of_a_ticket_stands(tmp_path: Path) -> None:
    project, _ = load(tmp_path, "zendesk_ratings")
    found = built(
        project,
        "select answer_id, strftime(asked_at, '%d %H:%M'), strftime(answered_at, '%d %H:%M'), score, score_of_10, "
        "is_satisfied, customer_id, email_hash is not null, comment from staging.feedback order by 1",
        ["staging.feedback"],
    )
    assert found == [
        ("ticket 101", "01 09:00", "03 10:00", 1.0, 10.0, True, None, False, "Solved, write to [e-mail]"),
        ("ticket 102", "02 08:00", "02 09:00", 0.0, 0.0, False, "C-17", True, None),
        ("ticket 103", "02 12:00", None, None, None, None, None, False, None),
    ]
    assert reasons(project) == [
        (7, "unoffered: nobody was asked"),
        (8, "ticket_id is missing"),
        (9, "score is missing"),
        (10, "score is not offered, unoffered, good or bad: goodish"),
        (11, "created_at is not a time: yesterday"),
        (12, "updated_at is missing"),
        (13, "ticket_id is missing"),
        (14, "is not valid JSON"),
    ]


def test_the_last_zendesk_rating_stands_whichever_file_has_it(tmp_path: Path) -> None:
    """An older file loaded later changes nothing."""
    created = "2026-07-01T08:00:00Z"
    older, newer = (
        json.dumps({"ticket_id": 1, "score": score, "created_at": created, "updated_at": updated}) + "\n"
        for score, updated in (("good", created), ("bad", "2026-07-02T08:00:00Z"))
    )
    for folder, contents in (("ahead", (newer, older)), ("behind", (older, newer))):
        project, _ = load(tmp_path / folder, "zendesk_ratings", *contents)
        assert built(project, "select answer_id, score from staging.feedback", ["staging.feedback"]) == [
            ("ticket 1", 0.0)
        ]


def test_unoffered_zendesk_ratings_are_not_asked(tmp_path: Path) -> None:
    """Asked: tickets 101, 102 and 103; answered: the first two."""
    project, _ = load(tmp_path, "zendesk_ratings")
    asked = built(
        project,
        "select answer_count, satisfied_count, asked_count from metrics.csat_by_stage where stage = 'all'",
        ["metrics.csat_by_stage"],
    )
    assert asked == [(2, 1, 3)]


def test_hubspot_scales_are_of_the_survey_type(tmp_path: Path) -> None:
    project, _ = load(tmp_path, "hubspot_feedback")
    scales = built(
        project, "select answer_id, survey, score, scale_low, scale_high, satisfied_from from raw.feedback order by 1"
    )
    assert scales == [
        ("1", "After support", 2.0, 0.0, 2.0, 2.0),
        ("2", "After support", 1.0, 0.0, 2.0, 2.0),
        ("3", "Recommend us", 9.0, 0.0, 10.0, 9.0),
        ("4", "Recommend us", 8.0, 0.0, 10.0, 9.0),
        ("6", "13", 4.0, 1.0, 7.0, 5.0),
        ("i-5", "13", 5.0, 1.0, 7.0, 5.0),
    ]
    answers = built(
        project,
        "select answer_id, strftime(answered_at, '%d %H:%M'), asked_at, is_satisfied, round(score_of_10, 2), "
        "email_hash is not null, comment from staging.feedback order by 1",
        ["staging.feedback"],
    )
    assert answers == [
        ("1", "01 08:00", None, True, 10.0, True, "Thanks, call me: [e-mail]"),
        ("2", "01 08:00", None, False, 5.0, False, None),
        ("3", "01 08:00", None, True, 9.0, False, None),  # the roll-up holds two e-mails
        ("4", "01 10:00", None, False, 8.0, True, None),
        ("6", "01 08:00", None, False, 5.0, False, None),
        ("i-5", "01 08:00", None, True, 6.67, False, None),
    ]
    assert reasons(project) == [
        (9, "Record ID, hs_object_id and hs_ingestion_id are all empty"),
        (10, "hs_survey_name and hs_survey_id are both empty"),
        (11, "hs_survey_type is not CSAT, NPS or CES: CUSTOM"),
        (12, "hs_value is empty"),
        (13, "hs_value is outside the scale of CSAT: 5"),
        (14, f"hs_submission_timestamp {NO_ORDER}: 01/07/2026"),
    ]


def test_woocommerce_orders_add_up(tmp_path: Path) -> None:
    project, _ = load(tmp_path, "woocommerce_orders")
    orders = built(
        project,
        "select order_id, strftime(ordered_at, '%m-%d %H:%M:%S'), strftime(ordered_on, '%m-%d'), status, customer_id, "
        "email_hash is not null, payment_method, line_count, cast(total as double), cast(refunded as double), "
        "cast(net_revenue as double), is_cancelled, is_fully_refunded from staging.orders order by 1",
        ["staging.orders", "staging.order_lines"],
    )
    assert orders == [
        # half past midnight in Paris is the day before in UTC; 50.00 less the coupon of 5.00, tax on top
        ("1001", "06-30 22:30:00", "07-01", "completed", "17", True, "Card", 2, 59.88, 0.0, 45.0, False, False),
        ("1002", "07-01 08:00:05", "07-01", "refunded", None, True, "PayPal", 1, 18.0, 18.0, 0.0, False, True),
        ("1004", "07-03 08:00:00", "07-03", "processing", None, False, "Card", 1, 42.0, 0.0, 30.0, False, False),
        (
            "1020",
            "07-04 08:00:00",
            "07-04",
            "on-hold",
            "18",
            False,
            "Bank transfer",
            10,
            130.8,
            0.0,
            100.0,
            False,
            False,
        ),
    ]
    times = built(project, "select distinct paid_at, source_updated_at from raw.order_rows where order_id = '1001'")
    assert times == [(datetime(2026, 6, 30, 22, 31), datetime(2026, 7, 5, 7))]
    # On the first item; of 1004, whose first is rejected, on the next.
    shipping = built(project, "select order_id, row_key, cast(shipping as double) from raw.order_rows order by line")
    assert shipping == [
        ("1001", "line 1", 4.9),
        ("1001", "line 2", None),
        ("1002", "line 1", 5.0),
        ("1003", "line 1", 5.0),
        ("1004", "line 2", 5.0),
        ("1020", "line 1", 9.0),
        *(("1020", f"line {item}", None) for item in range(2, 11)),
    ]
    lines = built(
        project,
        "select line_id, product_id, product_name, quantity, cast(unit_price as double) from staging.order_lines "
        "where order_id = '1001' order by 1",
    )
    assert lines == [("line 1", "MUG", "Mug, blue", 2.0, 13.5), ("line 2", "POST", "Poster", 1.0, 18.0)]
    assert reasons(project) == [
        (7, "Quantity is not a number: x"),
        (9, "Order Number is empty"),
        (10, "Order Date has no known order of day and month (say `dates` of its export in journey.yaml): 03/07/2026"),
        (11, "Item # is not a whole number: one"),
        (12, "Quantity is negative: -1"),
        (13, "Item Cost is empty"),
        (14, "Order Subtotal Amount is not an amount: ten"),
        (15, "Cart Discount Amount is not an amount: half"),
        (16, "Order Shipping Amount is not an amount: free"),
        (17, "Order Total Tax Amount is not an amount: 20 %"),
        (18, "Order Total Amount is not an amount: 12 €"),
        (19, "Order Refund Amount is not an amount: all"),
        (20, "Paid Date is not a time: today"),
        (21, "Modification Date is not a time: today"),
    ]


def test_a_short_woocommerce_export_and_a_later_one(tmp_path: Path) -> None:
    """No item numbers, the e-mail under its other label, no order amounts; then the order is cancelled."""
    header = "Order Number,Order Status,Order Date,Email (Billing),Order Shipping Amount,Item Name,"
    header += "Quantity (- Refund),Item Cost\n"
    order = "7,{0},2026-07-01 10:00,ann@example.com,4.00,"
    items = f"{order}Mug,1,15.00\n{order}Pen,2,5.00\n"
    other = "8,completed,2026-07-02 10:00,,0,Pen,1,5.00\n"
    project, loads = load(
        tmp_path, "woocommerce_orders", header + items.format("processing"), header + items.format("cancelled") + other
    )
    assert [(found.rows_loaded, found.rows_rejected) for found in loads] == [(2, 0), (3, 0)]
    orders = built(
        project,
        "select order_id, status, email_hash is not null, line_count, cast(total as double), "
        "cast(net_revenue as double), is_cancelled from staging.orders order by 1",
        ["staging.orders"],
    )
    assert orders == [
        ("7", "cancelled", True, 2, 29.0, 0.0, True),
        ("8", "completed", False, 1, 5.0, 5.0, False),
    ]


def test_a_changed_woocommerce_order_stands_by_its_modification_date(tmp_path: Path) -> None:
    """Refunded since, in an export that holds nothing newer; whichever is loaded first."""
    header = "Order Number,Order Status,Order Date,Modification Date,Order Total Amount,Order Refund Amount,Item #,"
    header += "Item Name,Quantity,Item Cost\n"
    before = header + "7,Completed,2026-07-01 10:00,2026-07-01 10:00,15.00,0,1,Mug,1,15.00\n"
    after = header + "7,Refunded,2026-07-01 10:00,2026-07-04 10:00,15.00,15.00,1,Mug,1,15.00\n"
    for folder, contents in (("ahead", (before, after)), ("behind", (after, before))):
        project, _ = load(tmp_path / folder, "woocommerce_orders", *contents)
        found = built(project, "select status, is_fully_refunded, line_count from staging.orders", ["staging.orders"])
        assert found == [("refunded", True, 1)], folder


def test_a_file_without_a_needed_column_is_refused(tmp_path: Path) -> None:
    _, (found,) = load(tmp_path, "woocommerce_orders", "Order Number,Order Date\n1,2026-07-01 10:00\n")
    assert found.status == "refused" and "has no column Order Status, Item Cost" in str(found.reason)

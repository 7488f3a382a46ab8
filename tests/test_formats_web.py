"""The web-analytics exports, GA4 in BigQuery and PostHog: given a file with their traps, then these canonical rows."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from format_shops import FIXTURES, build, built, event_columns, hashed, shop_reading, shop_with
from shops import load, query

BROWSER = "0197c0de-aaaa-7000-8000-000000000001"
PERSON_BEFORE, PERSON = "5f0aa000-0000-5000-8000-00000000000a", "5f0aa000-0000-5000-8000-00000000000b"


@pytest.mark.parametrize(
    ("format_name", "lines", "counts", "rejected"),
    [
        (
            "ga4_bigquery",
            15,
            (8, 1, 6),
            [
                (10, "event_name is missing"),
                (11, "event_timestamp is missing"),
                (12, "event_timestamp is not a whole number: yesterday"),
                (13, "user_pseudo_id is missing"),
                (14, "event_timestamp is impossible: 9000000000000000000"),
                (15, "occurred_at is impossible, before the shop (shop.opened_on): 1970-01-01 00:29:42.9"),
            ],
        ),
        (
            "posthog_events",
            16,
            (8, 1, 7),
            [
                (10, "uuid is missing"),
                (11, "event is missing"),
                (12, "timestamp is missing"),
                (13, "timestamp is not a time: soon"),
                (14, "person_id and distinct_id are both missing"),
                (15, "properties is not valid JSON"),
                (16, "is not valid JSON"),
            ],
        ),
    ],
)
def test_every_row_is_loaded_a_duplicate_or_rejected(
    tmp_path: Path, format_name: str, lines: int, counts: tuple[int, int, int], rejected: list[tuple[int, str]]
) -> None:
    project = shop_with(tmp_path, f"{format_name}.jsonl")
    (found,) = load(project)
    assert (found.status, found.rows_read) == ("loaded", lines)
    assert (found.rows_loaded, found.rows_duplicate, found.rows_rejected) == counts
    assert query(project, "select line, reason from raw.rejected_rows order by line") == rejected
    assert load(project) == []


@pytest.mark.parametrize("format_name", ["ga4_bigquery", "posthog_events"])
def test_no_email_is_in_the_warehouse(tmp_path: Path, format_name: str) -> None:
    project = shop_with(tmp_path, f"{format_name}.jsonl")
    fixture = (FIXTURES / f"{format_name}.jsonl").read_text(encoding="utf-8").lower()
    assert "anna@example.com" in fixture and "bob@example.com" in fixture
    load(project)
    assert query(project, "from raw.events e where regexp_matches(lower(e::text), '@example|%40example|ünal')") == []
    content = project.warehouse.read_bytes().lower()
    assert not [name for name in (b"anna@", b"anna%40", b"bob@", b"eve@") if name in content]


def test_ga4_rows_become_these_events(tmp_path: Path) -> None:
    project = shop_with(tmp_path, "ga4_bigquery.jsonl")
    load(project)
    browser = {"anonymous_id": "1000000001.1782900000", "device": "mobile", "is_person_caused": True}
    tie = browser | {"occurred_at": "01 10:00:00.123456"}
    page = tie | {"url_path": "/catégorie/thé", "referrer_host": "www.google.com"}
    purchase = browser | {
        "event_name": "purchase",
        "customer_id": "c-7",
        "url_path": "/merci",
        "value": 27.99,
        "currency": "EUR",
        "order_id": "T-1",
    }
    cup, pen = (
        {"product_id": f"SKU-{i}", "product_name": name, "quantity": pieces, "price": price}
        for i, (name, pieces, price) in enumerate([("Tasse “été”", 2.0, 12.5), ("Stylo", 1.0, 3.0)], 1)
    )
    found = event_columns(project, without=("event_id", "part", "delivery", "sequence", "tracker_session_id"))
    assert found == [
        tie | {"line": 1, "event_name": "scroll"},
        tie
        | {"line": 2, "event_name": "view_item", "url_path": "/p/tasse", "product_id": "SKU-1", "quantity": 2.0}
        | {"price": 12.5, "value": 12.5, "currency": "EUR", "items": [cup]},
        page
        | {"line": 3, "event_name": "page_view"}
        | {"campaign_source": "lettre", "campaign_medium": "email", "campaign_name": "été 2026"},
        page
        | {"line": 4, "event_name": "session_start", "device": "desktop"}
        | {"campaign_source": "google", "campaign_medium": "organic"},
        page | {"line": 5, "event_name": "first_visit"},
        purchase | {"line": 7, "occurred_at": "01 10:01:00.123456", "items": [cup, pen]},
        purchase | {"line": 8, "occurred_at": "01 10:01:30.123456", "items": [cup, pen]},
        browser
        | {"line": 9, "event_name": "add_to_cart", "occurred_at": "01 10:02:00.123456", "anonymous_id": "app-1"}
        | {"email_hash": hashed(project, "anna@example.com"), "product_id": "SKU-2", "quantity": 1.0}
        | {"price": 3.0, "value": 3.0, "currency": "EUR", "items": [pen]},
    ]
    assert query(project, "select occurred_at from raw.events where line = 1") == [
        (datetime(2026, 7, 1, 10, 0, 0, 123456),)
    ]


def test_ga4_events_of_one_microsecond_stand_in_the_order_of_their_batch(tmp_path: Path) -> None:
    """Requests 1, 2 and 10 of a page, places 2 and 11: numbers, not texts, are compared."""
    project = shop_with(tmp_path, "ga4_bigquery.jsonl")
    load(project)
    ordered = "select event_name from raw.events where occurred_at < '2026-07-01 10:01' order by occurred_at, sequence"
    assert [name for (name,) in query(project, ordered)] == [
        "first_visit",
        "session_start",
        "page_view",
        "view_item",
        "scroll",
    ]
    # The app sends no batch; a later page's first request comes after an earlier page's last.
    assert query(project, "select line from raw.events where sequence is null") == [(9,)]
    assert query(project, "select count(distinct sequence) from raw.events where sequence > 0") == [(7,)]
    assert query(project, "select line from raw.events order by sequence desc nulls last limit 1") == [(8,)]


def test_ga4_the_same_row_exported_again_has_the_same_id_and_another_row_another(tmp_path: Path) -> None:
    project = shop_reading(tmp_path, "ga4_bigquery")
    first = {
        "event_name": "add_to_cart",
        "event_timestamp": "1782900000123456",
        "user_pseudo_id": "1.2",
        "event_params": [{"key": "ga_session_id", "value": {"int_value": "5"}}],
        "items": [{"item_id": "SKU-1", "quantity": "1"}],
    }
    other_item = first | {"items": [{"item_id": "SKU-2", "quantity": "1"}]}
    other_parameter = first | {"event_params": [{"key": "ga_session_id", "value": {"int_value": "6"}}]}
    later_category = first | {"event_timestamp": 1782900000123456, "device": {"category": "desktop"}}
    for name, given in (("a", [first, other_item]), ("b", [later_category, other_parameter])):
        lines = "".join(json.dumps(row) + "\n" for row in given)
        (project.exports_folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    load(project)
    build(project, "staging.events")
    # The export of `b` differs in a column that is no part of the id: still the one event.
    assert query(project, "select count(*), count(distinct event_id) from raw.events") == [(4, 3)]
    assert query(project, "select count(*) from staging.events") == [(3,)]


def test_posthog_rows_become_these_events(tmp_path: Path) -> None:
    project = shop_with(tmp_path, "posthog_events.jsonl")
    load(project)
    anna, bob = hashed(project, "anna@example.com"), hashed(project, "bob@example.com")
    browser = {"device": "mobile", "is_person_caused": True}
    order = {
        "event_name": "order completed",
        "occurred_at": "01 08:05:00.500000",
        "email_hash": anna,
        "value": 27.99,
        "currency": "EUR",
        "cart_id": "k-1",
        "order_id": "#1001",
        "is_person_caused": False,
    }
    assert event_columns(project, without=("event_id", "sequence", "is_bot")) == [
        browser
        | {"line": 1, "event_name": "$pageview", "occurred_at": "01 08:00:00.123456", "anonymous_id": BROWSER}
        | {"url_path": "/thé/vert", "referrer_host": "www.google.com"}
        | {"campaign_source": "lettre", "campaign_medium": "email", "campaign_name": "été"},
        browser
        | {"line": 2, "event_name": "$autocapture", "occurred_at": "01 08:00:05.000000", "anonymous_id": BROWSER}
        | {"url_path": "/reset/[e-mail]"},
        browser
        | {"line": 3, "event_name": "$identify", "occurred_at": "01 08:01:00.000000", "anonymous_id": BROWSER}
        | {"customer_id": "c-7", "email_hash": anna},
        browser
        | {"line": 4, "event_name": "product added", "occurred_at": "01 08:02:00.000000", "anonymous_id": PERSON}
        | {"customer_id": "c-7", "product_id": "SKU-1", "quantity": 2.0, "price": 12.5, "value": 25.0}
        | {"currency": "EUR"},
        order | {"line": 5, "anonymous_id": PERSON},
        order | {"line": 7, "anonymous_id": PERSON_BEFORE},
        {"line": 8, "event_name": "newsletter opened", "occurred_at": "01 09:00:00.000000", "email_hash": bob}
        | {"error": "bounced for [e-mail]", "is_person_caused": True},
        {"line": 9, "event_name": "$pageview", "occurred_at": "01 09:30:00.000000", "anonymous_id": "app-9"}
        | {"is_person_caused": True},
    ]
    assert query(project, "select event_id from raw.events where line = 1") == [
        ("0197c0de-0000-7000-8000-000000000001",)
    ]


def test_posthog_says_by_the_user_agent_who_was_there(tmp_path: Path) -> None:
    agents = [
        ("Mozilla/5.0 (compatible; Claude-User/1.0; +Claude-User@anthropic.com)", ("Claude-User", False)),
        ("Mozilla/5.0 (compatible; PerplexityBot/1.0; +https://perplexity.ai/perplexitybot)", (None, True)),
        ("Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0", (None, False)),
    ]
    project = shop_reading(tmp_path, "posthog_events")
    head = {"event": "$pageview", "timestamp": "2026-07-01T08:00:00Z"}
    lines = [
        {**head, "uuid": f"u{number}", "distinct_id": f"d{number}", "properties": {"$raw_user_agent": said}}
        for number, (said, _) in enumerate(agents)
    ]
    (project.exports_folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    load(project)
    assert query(project, "select agent, is_bot from raw.events order by line") == [told for _, told in agents]


def test_posthog_what_a_browser_did_before_its_first_log_in_belongs_to_the_customer(tmp_path: Path) -> None:
    """The rows before keep another person_id: $identify names the browser, the next events the person."""
    project = shop_reading(tmp_path, "posthog_events")
    lines = (FIXTURES / "posthog_events.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (project.exports_folder / "a.jsonl").write_text("".join(lines[:6]), encoding="utf-8")
    load(project)
    build(project, "journeys.identities", "staging.events")
    assert query(project, "select count(*) from staging.events") == [(5,)]
    identifiers = query(project, "select identifier from journeys.identities order by 1")
    assert [identifier for (identifier,) in identifiers] == [
        f"anonymous:{BROWSER}",
        f"anonymous:{PERSON}",
        "customer:c-7",
        f"email:{hashed(project, 'anna@example.com')}",
    ]
    assert query(project, "select count(distinct person_id) from journeys.identities") == [(1,)]


def test_posthog_an_event_delivered_again_with_another_person_is_one_event(tmp_path: Path) -> None:
    project = shop_with(tmp_path, "posthog_events.jsonl")
    load(project)
    build(project, "staging.events")
    assert query(project, "select count(*) from raw.events where order_id = '#1001'") == [(2,)]
    assert query(project, "select count(*) from staging.events where order_id = '#1001'") == [(1,)]


@pytest.mark.parametrize("format_name", ["ga4_bigquery", "posthog_events"])
def test_a_refund_that_the_shop_notes_is_no_visit(tmp_path: Path, format_name: str) -> None:
    """A page, and two days later the refund: one session."""
    ga4 = [
        {"event_name": name, "event_timestamp": str(seconds * 1_000_000), "user_pseudo_id": "d1"}
        for name, seconds in (("page_view", 1782864000), ("refund", 1783036800))
    ]
    posthog = [
        {"uuid": name, "event": name, "timestamp": f"2026-07-0{day}T00:00:00Z", "distinct_id": "d1", "properties": {}}
        for name, day in (("$pageview", 1), ("Order Refunded", 3))
    ]
    project = shop_reading(tmp_path, format_name)
    text = "".join(json.dumps(row) + "\n" for row in (ga4 if format_name == "ga4_bigquery" else posthog))
    (project.exports_folder / "web.jsonl").write_text(text, encoding="utf-8")
    load(project)
    assert built(project, "select count(*) from journeys.sessions", ["journeys.sessions"]) == [(1,)]

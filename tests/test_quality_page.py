"""The quality page: what it says of rows, orders, stages, lateness, shape, bots and identity, and its escaping.

The databases are written by hand, so that each finding is known. How the page behaves in a browser is tested in
`test_report_browser.py`.
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import duckdb
import pytest
import yaml
from given import project, settings, warehouse
from test_report import HOSTILE, Tags, write_published

from parcours.report.numbers import MINUS, NARROW_NBSP, NBSP, Numbers
from parcours.report.quality.figures import read_quality
from parcours.report.quality.page import quality_sections
from parcours.report.quality.section import Checked, not_quite
from parcours.report.write import write_quality
from parcours.tables.catalogue import build_all

ENGLISH, FRENCH = Numbers("en", "EUR"), Numbers("fr", "EUR")
KEYS = ["rows", "orders", "outages", "stages", "late", "drift", "screening", "identity"]

SCHEMA = """
create schema journeys;
alter table settings.shop add column if not exists leaves_out_screened boolean default true;
create table metrics.rejected_reasons (export text, reason text, row_count bigint);
create table metrics.reconciliation (
    day date, channel text, payment_method text, order_count bigint, matched_order_count bigint,
    orders_without_event_count bigint, events_without_order_count bigint, duplicate_event_count bigint,
    amount_difference_count bigint, amount_difference double
);
create table metrics.late_rows (
    export text, day date, row_count bigint, late_count bigint, median_lateness_seconds double
);
create table metrics.schema_drift (
    export text, what text, name text, first_load bigint, last_load bigint, row_count bigint, verdict text
);
create table metrics.screening (
    figure text, value_without double, value_with double, bot_value double, staff_value double
);
create table journeys.screened_people (person_id text, reason text, evidence text);
create table journeys.identities (identifier text, person_id text, has_evidence boolean);
create table journeys.identity_evidence (identifier text, other_identifier text, evidence text, is_used boolean);
create table journeys.shared_identifiers (identifier text, kind text, other_count bigint, login_count bigint);
alter table metrics.stage_coverage add column if not exists net_revenue double;
alter table metrics.stage_coverage add column if not exists staged_revenue double;
"""

ROWS = """
insert into raw.loads values
    ('3', 'c/{text}.csv', 'c', 2, 'orders', 'shopify_orders', 'order_rows', 'refused',
     '30 of 40 rows are rejected: correct the file. line 2: currency is unknown: SECRET', 0, 0, 0, 0, null);
insert into metrics.rejected_reasons values
    ('orders', 'currency is unknown', 2);
insert into metrics.reconciliation values
    ('2026-07-01', 'web', 'card', 40, 40, 0, 0, 1, 0, 0),
    ('2026-07-02', 'web', 'card', 20, 18, 2, 0, 0, 1, -2.5),
    ('2026-07-03', 'web', 'card', 300, 300, 0, 0, 0, 0, 0),
    ('2026-07-03', '{text}', 'unknown', 22, 21, 1, 0, 0, 0, 0),
    ('2026-07-04', 'unknown', 'unknown', 0, 0, 0, 1, 0, 0, 0);
insert into metrics.late_rows values
    ('clicks', '2026-07-01', 900, 90, 7200),
    ('clicks', '2026-07-02', 100, 10, 36000),
    ('{text}', '2026-07-02', 1000, 0, null);
insert into metrics.schema_drift values
    ('clicks', 'column', '{text}', 2, 2, 100, 'new'),
    ('clicks', 'event', 'Order Done', 2, 2, 4, 'new'),
    ('orders', 'column', 'Gift note', 1, 1, 50, 'gone'),
    ('orders', 'column', 'Name', 1, 2, 50, 'known');
insert into metrics.screening values
    ('sessions', 900, 1000, 80, 20),
    ('conversion', 0.03, 0.027, 0, 0.001);
insert into journeys.screened_people values
    ('p1', 'bot', 'user agent {text}'),
    ('p2', 'bot', 'user agent {text}'),
    ('p3', 'staff', 'address of the shop');
insert into journeys.identity_evidence
    select 'anonymous:till', 'customer:c' || n, 'event', false from generate_series(1, 11) as g(n);
insert into journeys.identity_evidence
    select 'customer:c' || n, 'order:o' || n, 'order', true from generate_series(1, 11) as g(n);
insert into journeys.identities
    select 'customer:c' || n, 'p' || n, n <= 11 from generate_series(1, 1187) as g(n);
insert into journeys.shared_identifiers values ('anonymous:till', 'anonymous', 11, 11);
insert into journeys.identity_evidence
    select 'anonymous:phone', 'customer:c' || n, 'event', n > 1 from generate_series(1, 11) as g(n);
update metrics.stage_coverage set net_revenue = 0, staged_revenue = 0;
insert into metrics.stage_coverage values
    ('events', 'Wish', 40, 0, 0, 0, 0),
    ('orders', '{text}', 10, 0, 10, 500, 0);
update metrics.stage_coverage set net_revenue = 1500, staged_revenue = 1500 where event_name = 'order placed';
comment on table metrics.reconciliation is 'One row per <i>day</i>.';
"""

LATER_LOAD = """
insert into raw.loads values
    ('4', 'd.csv', 'd', 2, 'clicks', 'segment', 'events', 'loaded', null, 0, 0, 0, 0, null);
"""


def write_shop(path: Path, text: str = "Cart", language: str = "en", empty: bool = False, loads: int = 2) -> Path:
    """A published database by hand; `text` stands wherever an export may write something."""
    write_published(path, text=text, language=language, empty=empty)
    with duckdb.connect(str(path)) as connection:
        connection.execute(SCHEMA)
        if not empty:
            connection.execute(ROWS.replace("{text}", text.replace("'", "''")))
            if loads > 1:
                connection.execute(LATER_LOAD)
    return path


def checked(path: Path, numbers: Numbers = ENGLISH) -> dict[str, Checked]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return {part.section.key: part for part in quality_sections(read_quality(connection), numbers)}


def page_of(path: Path) -> str:
    write_quality(path, path.with_suffix(".html"))
    return path.with_suffix(".html").read_text(encoding="utf-8")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write_shop(tmp_path / "published.duckdb")


@pytest.fixture(scope="module")
def hostile_page(tmp_path_factory: pytest.TempPathFactory) -> str:
    return page_of(write_shop(tmp_path_factory.mktemp("quality") / "published.duckdb", text=HOSTILE))


def change(path: Path, *statements: str) -> None:
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)


def test_the_sections_answer_in_order_and_each_title_is_a_finding(shop: Path) -> None:
    found = checked(shop)
    assert list(found) == KEYS
    assert {key: part.section.title for key, part in found.items()} == {
        "rows": f"Every row is accounted for: 150 read = 140 loaded + 8 duplicate + 2 rejected; 1{NBSP}file refused",
        "orders": f"3 of 382{NBSP}orders have no purchase event; 1{NBSP}purchase event names no known order",
        "outages": f"1{NBSP}outage day: 2{NBSP}July{NBSP}2026 (payment)",
        "stages": f"64.7{NBSP}% of touchpoints and 75.0{NBSP}% of revenue have a stage; 3{NBSP}names have none",
        "late": f"100 of 2,000{NBSP}rows came late (5.00{NBSP}%), in the median by 2{NBSP}h",
        "drift": f"Since the load before: 1{NBSP}column new, 1{NBSP}event name new, 1{NBSP}column gone",
        "screening": f"2{NBSP}bots and 1{NBSP}person of staff are left out: conversion is 3.00{NBSP}%, "
        f"with them 2.70{NBSP}%",
        "identity": f"1{NBSP}device would link too many people and links nothing: 11{NBSP}logins met there",
    }


def test_what_to_fix_comes_first_with_a_link_to_its_section(shop: Path) -> None:
    page = html.unescape(page_of(shop))
    fixes = re.findall(r'<li><a href="#(\w+)">(.*?)</a> (.*?)</li>', page)
    assert [(key, lead) for key, lead, _ in fixes] == [
        ("rows", "Replace the refused files."),
        ("rows", "Correct the rows that were rejected."),
        ("orders", "Send a purchase event with every order."),
        ("orders", "Find the orders behind the lone events."),
        ("orders", "Send the purchase event once."),
        ("orders", "Make the amounts agree."),
        ("stages", "Map names in journey.yaml."),
        ("late", "Export whole days."),
        ("drift", "Ask where the missing names went."),
        ("identity", "Look at shared identifiers."),
    ]
    assert f"most often “currency is unknown” (orders, 2{NBSP}rows)" in fixes[1][2]


def test_rows_that_do_not_add_up_are_said(shop: Path) -> None:
    change(shop, "update raw.loads set rows_loaded = 1 where file_id = '2'")
    rows = checked(shop)["rows"]
    assert rows.section.title.startswith("Rows do not add up: 150 read, but 91 loaded + 8 duplicate + 2 rejected")
    assert rows.holds == ""


def test_reasons_are_shown_without_the_values_that_were_rejected(shop: Path) -> None:
    tables = {table.caption: table.rows for table in checked(shop)["rows"].section.shown}
    assert tables["Why rows were rejected"] == [["currency is unknown", "orders", "2"]]
    assert tables["Refused files"] == [["c/Cart.csv", "orders", "30 of 40 rows are rejected: correct the file."]]
    assert "SECRET" not in page_of(shop)


def test_orders_without_an_event_are_split_by_channel_and_payment_method(shop: Path) -> None:
    section = checked(shop)["orders"].section
    channels, methods = section.shown
    assert channels.rows == [
        ["web", "360", "2", f"0.56{NBSP}%", "0", "1", "1"],
        ["Cart", "22", "1", f"4.55{NBSP}%", "0", "0", "0"],
        ["not known", "0", "0", "–", "1", "0", "0"],
    ]
    assert channels.small == {1, 2}
    assert [row[:3] for row in methods.rows] == [["card", "360", "2"], ["not known", "22", "1"]]
    assert section.notes[1] == (
        f"1{NBSP}purchase event repeats an order's event; 1{NBSP}order has another amount in the event, "
        f"{MINUS}€2.50 in sum (event − order)."
    )


def test_the_chart_of_orders_has_a_bar_per_day_and_shades_outage_days(shop: Path) -> None:
    section = checked(shop)["orders"].section
    assert [text for _, text in section.legend] == [
        "orders without a purchase event, by shop day",
        "payment outage day",
    ]
    (chart,) = section.charts
    drawing = json.loads(chart.wide)
    (bars,) = drawing["data"]
    assert dict(zip(bars["x"], bars["y"], strict=True)) == {
        "2026-07-01": 0,
        "2026-07-02": 2,
        "2026-07-03": 1,
        "2026-07-04": 0,
    }
    assert [shape["x1"] for shape in drawing["layout"]["shapes"]] == ["2026-07-02 12:00"]


def test_orders_on_tracking_outages_are_told_from_others(shop: Path) -> None:
    change(shop, "update metrics.outage_days set outage = 'tracking'")
    found = checked(shop)
    assert found["orders"].section.notes[0].startswith(f"2 of the 3{NBSP}orders without a purchase event fall on the 1")
    assert "2 of them on tracking outage days" in found["orders"].fixes[0].text
    assert found["outages"].section.notes == [
        f"2{NBSP}July{NBSP}2026, tracking: 2{NBSP}orders came in, but only "
        f"900{NBSP}touchpoints on the site were recorded."
    ]
    assert found["outages"].fixes[0].lead == "Look for the lost events."


def test_a_payment_method_that_loses_far_more_events_is_named(shop: Path) -> None:
    change(shop, "insert into metrics.reconciliation values ('2026-07-05', 'app', 'paypal', 40, 20, 20, 0, 0, 0, 0)")
    assert (
        checked(shop)["orders"].fixes[0].text.endswith(f"the share is highest at app, 50.0{NBSP}% of 40{NBSP}orders.")
    )


def test_shops_without_purchase_events_are_not_compared(shop: Path) -> None:
    change(
        shop,
        "update metrics.reconciliation set orders_without_event_count = order_count, matched_order_count = 0, "
        "events_without_order_count = 0",
    )
    part = checked(shop)["orders"]
    assert part.section.empty == "No event is a purchase event: the orders have nothing to be compared with."
    assert [fix.lead for fix in part.fixes] == ["Say which event is the purchase."]


def test_names_without_a_stage_are_ready_to_copy_into_journey_yaml(shop: Path) -> None:
    change(
        shop,
        """insert into metrics.stage_coverage values ('events', 'a"b: }\u2028c', 5, 0, 0, 0, 0)""",
        "insert into metrics.stage_coverage values ('orders', 'paid', 6, 0, 0, 0, 0)",
    )
    section = checked(shop)["stages"].section
    assert yaml.safe_load(section.code) == [
        {"touchpoint": "Wish", "event": "Wish", "stage": "CHOOSE"},
        {"touchpoint": "Viewed", "event": "Viewed", "stage": "CHOOSE"},
        {"touchpoint": "paid", "source": "orders", "event": "paid", "stage": "CHOOSE"},
        {"touchpoint": 'a"b: }\u2028c', "event": 'a"b: }\u2028c', "stage": "CHOOSE"},
    ]
    names = section.shown[1].rows
    assert names[0] == ["Wish", "click-stream", "40", f"22.1{NBSP}%", "–", "none"]
    assert [row[5] for row in names] == ["none", "names some of them", "names it, without a stage", "none", "none"]
    assert "A rule names Viewed and Cart" in section.notes[1]


def test_late_rows_are_counted_by_export_with_the_days_they_restate(shop: Path) -> None:
    section = checked(shop)["late"].section
    assert section.shown[0].rows == [
        ["Cart", "1,000", "0", f"0{NBSP}%", "–"],
        ["clicks", "1,000", "100", f"10.0{NBSP}%", f"2{NBSP}h"],
    ]
    assert section.notes[0].startswith(f"2 of 2{NBSP}days were restated by late rows.")


def test_figures_that_keep_bots_say_what_they_would_be_without(shop: Path) -> None:
    change(shop, "update settings.shop set leaves_out_screened = false")
    section = checked(shop)["screening"].section
    assert section.title == (
        f"2{NBSP}bots and 1{NBSP}person of staff are in the figures: conversion is 2.70{NBSP}%, "
        f"without them 3.00{NBSP}%"
    )
    assert section.shown[0].rows[0] == ["Sessions", "900", "1,000", "80", "20"]
    assert section.shown[1].rows == [["user agent Cart", "bot", "2"], ["address of the shop", "staff", "1"]]


def test_one_load_shows_no_drift_and_says_so(tmp_path: Path) -> None:
    path = write_shop(tmp_path / "published.duckdb", loads=1)
    change(
        path, "delete from metrics.schema_drift where verdict <> 'known'", "delete from raw.loads where file_id = '3'"
    )
    part = checked(path)["drift"]
    assert (
        part.section.empty == "One load so far: what is new or gone in the exports can be seen from the second load on."
    )
    assert part.fixes == ()


def test_only_what_the_evidence_says_is_shared_is_called_so(shop: Path) -> None:
    (table,) = checked(shop)["identity"].section.shown
    assert table.rows == [["Device", "1", "11", "11"]]
    change(shop, "delete from journeys.shared_identifiers")
    part = checked(shop)["identity"]
    assert part.section.title == "No identifier would link too many people, of 1,200"
    assert part.holds and not part.fixes


def test_an_empty_shop_says_in_every_section_that_there_is_nothing(tmp_path: Path) -> None:
    path = write_shop(tmp_path / "published.duckdb", empty=True)
    found = checked(path)
    assert {key: bool(part.section.empty) for key, part in found.items()} == dict.fromkeys(KEYS, True)
    assert not [key for key, part in found.items() if part.fixes or part.holds or part.section.charts]
    assert "No row is loaded yet." in page_of(path)


def test_a_shop_without_faults_has_nothing_to_fix(shop: Path) -> None:
    change(
        shop,
        "delete from raw.loads where status = 'refused'",
        "delete from metrics.rejected_reasons",
        "delete from metrics.reconciliation",
        "insert into metrics.reconciliation values ('2026-07-01', 'web', 'card', 40, 40, 0, 0, 0, 0, 0)",
        "delete from metrics.outage_days",
        "update metrics.stage_coverage set staged_count = touchpoint_count",
        "update metrics.late_rows set late_count = 0",
        "delete from metrics.schema_drift where verdict <> 'known'",
        "delete from journeys.screened_people",
        "delete from journeys.shared_identifiers",
    )
    page = html.unescape(page_of(shop))
    assert "Nothing to fix." in page
    assert (
        "every row is accounted for; every order has a purchase event; no outage day was found; every touchpoint has a "
        "stage; no row came late; the exports kept their shape; nobody looks like a bot or staff; no device or address "
        "is shared by many." in page
    )


@pytest.mark.parametrize(
    ("share", "shown"),
    [(1, "100"), (0.9997, "99.97"), (0.99999, "99.999"), (0.999999999, f">{NBSP}99.99"), (0.98, "98.0"), (0, "0")],
)
def test_a_share_that_is_not_all_does_not_look_like_it(share: float, shown: str) -> None:
    assert not_quite(share, ENGLISH) == f"{shown}{NBSP}%"


def test_numbers_are_written_in_the_shops_language(tmp_path: Path) -> None:
    page = page_of(write_shop(tmp_path / "published.duckdb", language="fr"))
    assert f"5,00{NBSP}%" in page and f"1{NARROW_NBSP}000" in page and f"2{NBSP}juillet{NBSP}2026" in page


def test_hostile_text_is_shown_and_never_a_tag(hostile_page: str) -> None:
    tags = Tags(hostile_page)
    scripts = [attributes for tag, attributes in tags.elements if tag == "script"]
    assert scripts == [{"type": "application/json", "id": "drawings"}, {}, {}]
    assert not [tag for tag, _ in tags.elements if tag in ("b", "img", "iframe")]
    shown = "".join(tags.texts)
    for place in (f"c/{HOSTILE}.csv", f"user agent {HOSTILE}", f"orders ({HOSTILE})", "<i>day</i>"):
        assert place in shown, place
    found = re.search(r'<script type="application/json" id="drawings">(.*?)</script>', hostile_page, re.S)
    assert found and "<" not in found[1] and "&" not in found[1] and "bold" not in found[1]


def test_the_page_loads_nothing_and_links_only_to_the_report(hostile_page: str) -> None:
    elements = Tags(hostile_page).elements
    for tag, attributes in elements:
        for name in ("src", "href", "srcset", "data", "action", "poster"):
            target = attributes.get(name) or ""
            assert target in ("", "data:,", "journey.html") or target.startswith("#"), (tag, target)
    policy = next(a["content"] for _, a in elements if "http-equiv" in a)
    assert policy and policy.startswith("default-src 'none'; script-src 'sha256-")


def test_every_link_within_the_page_has_a_place_to_go_to(hostile_page: str) -> None:
    elements = Tags(hostile_page).elements
    ids = {attributes.get("id") for _, attributes in elements}
    links = {(attributes.get("href") or "").removeprefix("#") for tag, attributes in elements if tag == "a"}
    assert links - {"journey.html"} <= ids


def test_the_same_database_gives_the_same_bytes(shop: Path) -> None:
    assert page_of(shop) == page_of(shop)


def test_reasons_of_rejected_rows_are_counted_per_export_without_their_values() -> None:
    connection = warehouse(build=["settings.shop"])
    connection.execute(
        "insert into raw.loads (file_id, export, status) values ('a', 'web', 'loaded'), ('b', 'shop', 'loaded')"
    )
    connection.execute(
        "insert into raw.rejected_rows values ('a', 1, 'price is negative: -1', ''), "
        "('a', 2, 'price is negative: -2', ''), ('b', 1, 'price is negative: -1', ''), "
        "('b', 2, 'belongs to a forgotten person', '')"
    )
    build_all(connection, project(settings()), ["metrics.rejected_reasons"], full_refresh=True)
    assert connection.execute("from metrics.rejected_reasons order by all").fetchall() == [
        ("shop", "belongs to a forgotten person", 1),
        ("shop", "price is negative", 1),
        ("web", "price is negative", 2),
    ]

"""The quality page: what it says of rows, orders, stages, lateness, shape, bots and identity, and its escaping.

The databases are written by hand, so that each finding is known; what the page reads beside is made from them by the
models and the checks themselves. How the page behaves in a browser is tested in `test_report_browser.py`.
"""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest
import yaml
from given import project, settings, warehouse
from made_once import found_once, made_once
from report_shop import HOSTILE, SUMMED, Tags, write_published

from parcours.engine.checks import Check, read_checks, record
from parcours.numbers import MINUS, NARROW_NBSP, NBSP, Numbers
from parcours.project import ROOT
from parcours.report.day_axis import INCIDENT_SHADE
from parcours.report.figures import rows
from parcours.report.quality.page import quality_sections
from parcours.report.quality.sections import Mark, Result
from parcours.report.quality.tables import QUERIES, not_quite
from parcours.report.section import Section
from parcours.report.write import write_quality
from parcours.tables.catalogue import build_all

ENGLISH, FRENCH = Numbers("en", "EUR"), Numbers("fr", "EUR")
KEYS = ["rows", "states", "orders", "outages", "stages", "late", "drift", "screening", "identity", "checks"]

DERIVED = (
    "export_rows",
    "rejected_files",
    "reconciliation_splits",
    "late_row_splits",
    "stage_coverage_by_source",
    "unplaced_names",
    "screening_evidence",
    "shared_identifiers",
    "quality_marks",
)
"""The tables that the page reads and that are sums of others."""

CHECKED = (
    "raw.loads",
    "metrics.reconciliation",
    "metrics.outage_days",
    "metrics.stage_coverage",
    "metrics.late_row_splits",
    "metrics.schema_drift",
    "journeys.shared_identifiers",
)

ROWS = """
insert into raw.loads (
    file_id, path, file_order, load_number, export, format, kind, status, reason, rows_read, rows_loaded,
    rows_duplicate, rows_rejected, covers_until
) values
    ('3', 'c/{text}.csv', 'c', 2, 'orders', 'shopify_orders', 'order_rows', 'refused',
     '30 of 40 rows are rejected: currency is unknown (30, the first in line 2)', 0, 0, 0, 0, null);
insert into metrics.rejected_reasons (export, reason, row_count) values
    ('orders', 'currency is unknown', 2);
insert into metrics.order_states (state, is_counted, order_count, total, first_on, last_on) values
    ('paid', true, 380, 19000, '2026-07-01', '2026-07-03'),
    ('partly_refunded', true, 2, 80, '2026-07-02', '2026-07-02'),
    ('failed', false, 18, 900, '2026-07-01', '2026-07-03');
insert into metrics.reconciliation (
    day, channel, payment_method, order_count, matched_order_count, orders_without_event_count,
    events_without_order_count, duplicate_event_count, amount_difference_count, amount_difference
) values
    ('2026-07-01', 'web', 'card', 40, 40, 0, 0, 1, 0, 0),
    ('2026-07-02', 'web', 'card', 20, 18, 2, 0, 0, 1, -2.5),
    ('2026-07-03', 'web', 'card', 300, 300, 0, 0, 0, 0, 0),
    ('2026-07-03', '{text}', 'unknown', 22, 21, 1, 0, 0, 0, 0),
    ('2026-07-04', 'unknown', 'unknown', 0, 0, 0, 1, 0, 0, 0);
insert into metrics.unmatched_causes (cause, order_count, order_share) values
    ('unknown', 1, 0.05), ('other channel', 17, 0.85), ('device never seen', 2, 0.1);
insert into metrics.sales_channels (sales_channel, is_web, order_count, net_revenue) values
    ('till', false, 17, 340), ('web', true, 382, 20000);
insert into metrics.late_rows (export, day, row_count, late_count, median_lateness_seconds) values
    ('clicks', '2026-07-01', 900, 90, 7200),
    ('clicks', '2026-07-02', 100, 10, 36000),
    ('{text}', '2026-07-02', 1000, 0, null);
insert into metrics.schema_drift (export, what, name, first_load, last_load, row_count, verdict) values
    ('clicks', 'column', '{text}', 2, 2, 100, 'new'),
    ('clicks', 'event', 'Order Done', 2, 2, 4, 'new'),
    ('orders', 'column', 'Gift note', 1, 1, 50, 'gone'),
    ('orders', 'column', 'Name', 1, 2, 50, 'known');
insert into metrics.screening (figure, value_without, value_with, bot_value, staff_value) values
    ('people', 997, 1000, 2, 1),
    ('sessions', 900, 1000, 80, 20),
    ('conversion', 0.03, 0.027, 0, 0.001);
insert into journeys.screened_people (person_id, reason, evidence) values
    ('p1', 'bot', 'user agent {text}'),
    ('p2', 'bot', 'user agent {text}'),
    ('p3', 'staff', 'address of the shop');
insert into journeys.identity_evidence (identifier, other_identifier, evidence, is_used)
    select 'anonymous:till', 'customer:c' || n, 'event', false from generate_series(1, 11) as g(n);
insert into journeys.identity_evidence (identifier, other_identifier, evidence, is_used)
    select 'customer:c' || n, 'order:o' || n, 'order', true from generate_series(1, 11) as g(n);
insert into journeys.identities (identifier, person_id, has_evidence)
    select 'customer:c' || n, 'p' || n, n <= 11 from generate_series(1, 1187) as g(n);
insert into journeys.shared_identifiers (identifier, kind, other_count, login_count) values
    ('anonymous:till', 'anonymous', 11, 11);
insert into journeys.identity_evidence (identifier, other_identifier, evidence, is_used)
    select 'anonymous:phone', 'customer:c' || n, 'event', n > 1 from generate_series(1, 11) as g(n);
update metrics.stage_coverage set net_revenue = 0, staged_revenue = 0;
insert into metrics.stage_coverage (
    source, event_name, touchpoint_count, staged_count, named_count, net_revenue, staged_revenue
) values
    ('events', 'Wish', 40, 0, 0, 0, 0),
    ('orders', '{text}', 10, 0, 10, 500, 0);
update metrics.stage_coverage set net_revenue = 1500, staged_revenue = 1500 where event_name = 'order placed';
comment on table metrics.reconciliation is 'One row per <i>day</i>.';
"""

LATER_LOAD = """
insert into raw.loads (
    file_id, path, file_order, load_number, export, format, kind, status, reason, rows_read, rows_loaded,
    rows_duplicate, rows_rejected, covers_until
) values
    ('4', 'd.csv', 'd', 2, 'clicks', 'segment', 'events', 'loaded', null, 0, 0, 0, 0, null);
"""


def write_shop(path: Path, text: str = "Cart", language: str = "en", empty: bool = False, loads: int = 2) -> Path:
    """A published database by hand; `text` stands wherever an export may write something."""
    made = made_once(
        ("quality by hand", text, language, empty, loads), lambda made: _write(made, text, language, empty, loads)
    )
    shutil.copy(made, path)
    return path


def _write(path: Path, text: str, language: str, empty: bool, loads: int) -> None:
    write_published(path, text=text, language=language, empty=empty)
    written = [] if empty else [ROWS.replace("{text}", text.replace("'", "''")), *([LATER_LOAD] if loads > 1 else [])]
    change(path, *(f"drop view metrics.{name}" for name in DERIVED if name in SUMMED), *written)


def change(path: Path, *statements: str, checks: Sequence[Check] = ()) -> None:
    """Change the database, then make what is computed of it, and run the checks of its tables and those given."""
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        for name in DERIVED:
            sql = (ROOT / f"sql/metrics/{name}.sql").read_text(encoding="utf-8")
            connection.execute(f"create or replace table metrics.{name} as {sql}")
        own = [check for check in read_checks(ROOT / "sql" / "checks") if check.table in CHECKED]
        record(connection, [*own, *checks])


def sections(path: Path, numbers: Numbers = ENGLISH) -> dict[str, Section]:
    return dict(found_once(path, ("quality", numbers), lambda path: _sections(path, numbers)))


def _sections(path: Path, numbers: Numbers) -> dict[str, Section]:
    with duckdb.connect(str(path), read_only=True) as connection:
        marks = {mark.mark: mark for mark in rows(connection, QUERIES / "marks.sql", Mark)}
        results = rows(connection, QUERIES / "results.sql", Result)
        return {section.key: section for section in quality_sections(connection, results, marks, numbers)}


def found(section: Section) -> list[str]:
    """What the checks of a section found."""
    return [line.lead for line in section.flag.lines] if section.flag else []


def table(section: Section, caption: str) -> list[Sequence[str]]:
    """The rows of a section's table."""
    (one,) = (table for table in [*section.shown, *section.tables] if table.caption == caption)
    return list(one.rows)


def page_of(path: Path) -> str:
    write_quality(path, path.with_suffix(".html"))
    return path.with_suffix(".html").read_text(encoding="utf-8")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write_shop(tmp_path / "published.duckdb")


@pytest.fixture(scope="module")
def hostile_page(tmp_path_factory: pytest.TempPathFactory) -> str:
    return page_of(write_shop(tmp_path_factory.mktemp("quality") / "published.duckdb", text=HOSTILE))


def test_the_sections_answer_in_order_and_each_title_is_a_finding(shop: Path) -> None:
    assert {key: section.title for key, section in sections(shop).items()} == {
        "rows": f"148 of 150 rows were loaded, or had been before (98.7{NBSP}%)",
        "states": f"382 of 400 orders count as placed (95.5{NBSP}%)",
        "orders": f"379 of 382 web orders have a purchase event (99.2{NBSP}%)",
        "outages": f"1 of 2 shop days passed without an outage (50.0{NBSP}%)",
        "stages": f"110 of 170 touchpoints have a stage (64.7{NBSP}%)",
        "late": f"1,900 of 2,000 rows came in time (95.0{NBSP}%)",
        "drift": f"0 of 2 names of columns and events are as before the latest load (0{NBSP}%)",
        "screening": f"997 of 1,000 people are neither bots nor staff (99.7{NBSP}%)",
        "identity": f"1,199 of 1,200 identifiers meet few enough others to link people (99.9{NBSP}%)",
        "checks": "9 of 19 checks passed",
    }
    assert list(sections(shop)) == KEYS


def test_what_to_look_at_comes_first_errors_before_warnings_with_a_link_and_what_to_do(shop: Path) -> None:
    page = html.unescape(page_of(shop))
    shown = re.findall(r'<li><a href="#(\S+)">(.*?)</a>\. (.*?)</li>', page)
    assert [(key, lead) for key, lead, _ in shown] == [
        ("rows", "Refused files: 1"),
        ("identity", "Identifiers that meet too many others: 1"),
        ("late", "Exports with many late rows: 1"),
        ("outages", "Outage days: 1"),
        ("orders", "Days with purchase events of another amount than their order: 1"),
        ("orders", "Days with purchase events that repeat one of their order: 1"),
        ("orders", "Days with purchase events that name no known order: 1"),
        ("drift", "Names of columns or events that are gone: 1"),
        ("drift", "Event names that are new: 1"),
        ("stages", "Names that no rule matches: 2"),
    ]
    assert shown[0][2].startswith("Correct or replace the file")
    assert 'What holds:</strong> <a href="#checks">9 of 19 checks' in page


def test_rows_that_do_not_add_up_are_an_error_of_their_section(shop: Path) -> None:
    change(shop, "update raw.loads set rows_loaded = 1 where file_id = '2'")
    section = sections(shop)["rows"]
    assert found(section) == ["Files whose rows do not add up: 1", "Refused files: 1"]
    assert section.flag and section.flag.title == "Does not hold"
    assert table(section, "Files whose rows do not add up, the first of them") == [["b.csv", "50", "1", "0", "0"]]


def test_every_row_is_counted_with_its_fate(shop: Path) -> None:
    section = sections(shop)["rows"]
    everything = table(section, "What became of the rows")[-1]
    assert everything == ["All", "4", "150", "140", "8", "2", f"1.33{NBSP}%"]
    assert table(section, "Files with rejected rows") == [["a.csv", "clicks", "100", "2", f"2.00{NBSP}%"]]


def test_reasons_are_shown_with_their_rows_and_files(shop: Path) -> None:
    section = sections(shop)["rows"]
    assert table(section, "Why rows were rejected") == [["currency is unknown", "orders", "2"]]
    assert table(section, "Refused files, the first of them") == [
        ["c/Cart.csv", "shopify_orders", "30 of 40 rows are rejected: currency is unknown (30, the first in line 2)"]
    ]


def test_orders_are_counted_by_state_those_that_are_none_too(shop: Path) -> None:
    first, between, last = (f"{day}{NBSP}July{NBSP}2026" for day in (1, 2, 3))
    assert table(sections(shop)["states"], "What became of them") == [
        ["paid", "an order", "380", "€19,000", first, last],
        ["partly refunded", "an order", "2", "€80", between, between],
        ["failed", "in no figure", "18", "€900", first, last],
    ]


def test_each_cause_of_orders_without_an_event_and_each_sales_channel_is_said(shop: Path) -> None:
    section = sections(shop)["orders"]
    assert [row[:3] for row in table(section, "Why orders have no event")] == [
        ["Other channel", "17", f"85.0{NBSP}%"],
        ["Device never seen", "2", f"10.0{NBSP}%"],
        ["Unknown", "1", f"5.00{NBSP}%"],
    ]
    assert table(section, "Where orders were placed") == [
        ["Web", "a web order", "382", "€20,000"],
        ["Till", "no web order", "17", "€340"],
    ]


def test_orders_without_an_event_are_split_by_channel_and_payment_method(shop: Path) -> None:
    section = sections(shop)["orders"]
    channels, methods = section.shown[2:4]
    assert channels.rows == [
        ["web", "360", "2", f"0.56{NBSP}%", "0", "1", "1", f"{MINUS}€2.50"],
        ["Cart", "22", "1", f"4.55{NBSP}%", "0", "0", "0", "€0.00"],
        ["not known", "0", "0", "–", "1", "0", "0", "€0.00"],
    ]
    assert channels.small == {1, 2}
    assert [row[:3] for row in methods.rows] == [["card", "360", "2"], ["not known", "22", "1"]]


def test_the_chart_of_orders_has_a_bar_per_day_and_shades_outage_days_and_incidents(shop: Path) -> None:
    section = sections(shop)["orders"]
    assert [text for _, text in section.legend] == [
        "orders without a purchase event, by shop day",
        "payment outage day",
        "incident that nobody logged",
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
    shades = [(shape["x1"], shape["fillcolor"] == INCIDENT_SHADE) for shape in drawing["layout"]["shapes"]]
    # Those of 1 and 2, and of 4 and 5 July, as far as there are days; then the outage.
    assert shades == [("2026-07-02 12:00", True), ("2026-07-04 12:00", True), ("2026-07-02 12:00", False)]


def test_orders_on_tracking_outages_are_told_from_others(shop: Path) -> None:
    change(shop, "update metrics.outage_days set outage = 'tracking'")
    by_key = sections(shop)
    days = table(by_key["orders"], "By shop day")
    assert [(row[0], row[2], row[-1]) for row in days if row[2] != "0"] == [
        (f"2{NBSP}July{NBSP}2026", "2", "tracking"),
        (f"3{NBSP}July{NBSP}2026", "1", "–"),
    ]
    assert table(by_key["outages"], "Outage days") == [
        [f"2{NBSP}July{NBSP}2026", "tracking", "900", "2", "30", "2", "12.5", "9"]
    ]
    assert by_key["outages"].flag and by_key["outages"].flag.lines[0].text.startswith("Ask who runs the site")


def test_every_number_of_the_outage_tables_is_aligned_right_and_in_the_shops_language(tmp_path: Path) -> None:
    section = sections(write_shop(tmp_path / "published.duckdb", language="fr"), FRENCH)["outages"]
    (days,), (samples,) = section.tables, section.shown
    assert (
        [days.columns[place] for place in days.texts]
        == [samples.columns[place] for place in samples.texts]
        == ["Outage"]
    )
    assert days.rows[0][6] == "12,5"


def test_days_on_which_many_orders_lack_an_event_are_named(shop: Path) -> None:
    change(
        shop,
        """insert into metrics.reconciliation (
    day, channel, payment_method, order_count, matched_order_count, orders_without_event_count,
    events_without_order_count, duplicate_event_count, amount_difference_count, amount_difference
) values ('2026-07-05', 'app', 'paypal', 40, 20, 20, 0, 0, 0, 0)""",
    )
    section = sections(shop)["orders"]
    caption = "Days on which many orders lack a purchase event, the first of them"
    assert table(section, caption) == [["2026-07-05", "20", "40"]]
    assert table(section, "By channel")[1][:4] == ["app", "40", "20", f"50.0{NBSP}%"]


def test_shops_without_purchase_events_are_not_compared(shop: Path) -> None:
    change(
        shop,
        "update metrics.reconciliation set orders_without_event_count = order_count, matched_order_count = 0, "
        "events_without_order_count = 0",
    )
    section = sections(shop)["orders"]
    assert "no event is a purchase event" in section.empty and not section.charts
    assert found(section)[0] == "Comparisons of orders without any purchase event: 1"
    assert section.flag and section.flag.lines[0].text.endswith("the action purchase.")


def test_names_without_a_stage_are_ready_to_copy_into_journey_yaml(shop: Path) -> None:
    change(
        shop,
        """insert into metrics.stage_coverage (
    source, event_name, touchpoint_count, staged_count, named_count, net_revenue, staged_revenue
) values ('events', 'a"b: }\u2028c', 5, 0, 0, 0, 0)""",
        """insert into metrics.stage_coverage (
    source, event_name, touchpoint_count, staged_count, named_count, net_revenue, staged_revenue
) values ('orders', 'paid', 6, 0, 0, 0, 0)""",
        """insert into metrics.stage_coverage (
    source, event_name, touchpoint_count, staged_count, named_count, net_revenue, staged_revenue
) values ('events', 'Named', 4, 0, 4, 0, 0)""",
    )
    section = sections(shop)["stages"]
    assert yaml.safe_load(section.code) == [
        {"touchpoint": "Wish", "event": "Wish", "stage": "CHOOSE"},
        {"touchpoint": "Viewed", "event": "Viewed", "stage": "CHOOSE"},
        {"touchpoint": "paid", "source": "orders", "event": "paid", "stage": "CHOOSE"},
        {"touchpoint": 'a"b: }\u2028c', "event": 'a"b: }\u2028c', "stage": "CHOOSE"},
    ]
    names = table(section, "Names without a stage")
    assert names[0] == ["Wish", "click-stream", "40", f"21.6{NBSP}%", "–", "none"]
    assert names[2] == ["Cart", "orders", "10", f"5.41{NBSP}%", "€500", "names it, without a stage"]
    assert [row[5] for row in names][1:] == [
        "names some of them",
        "names it, without a stage",
        "none",
        "none",
        "names it, without a stage",
    ]
    assert "add stage: to that rule instead" in section.notes[0]


def test_stage_coverage_is_told_by_source_in_touchpoints_and_revenue(shop: Path) -> None:
    assert table(sections(shop)["stages"], "Stage coverage by source") == [
        ["Click-stream", "140", "90", f"64.3{NBSP}%", "€0", "–"],
        ["Orders", "30", "20", f"66.7{NBSP}%", "€2,000", f"75.0{NBSP}%"],
        ["All", "170", "110", f"64.7{NBSP}%", "€2,000", f"75.0{NBSP}%"],
    ]


def test_late_rows_are_counted_by_export_with_the_days_they_restate(shop: Path) -> None:
    section = sections(shop)["late"]
    assert table(section, "Late rows by export") == [
        ["Cart", "1,000", "0", f"0{NBSP}%", "–", "–", "–", "0", "1"],
        ["clicks", "1,000", "100", f"10.0{NBSP}%", f"2{NBSP}h", f"2{NBSP}h", f"10{NBSP}h", "2", "2"],
    ]
    assert len(section.charts) == 1


def test_figures_that_keep_bots_say_what_they_would_be_without(shop: Path) -> None:
    section = sections(shop)["screening"]
    assert table(section, "Figures with and without")[-1][1:4] == [
        f"3.00{NBSP}%",
        f"3.00{NBSP}%",
        f"2.70{NBSP}%",
    ]
    change(shop, "update settings.shop set leaves_out_screened = false")
    section = sections(shop)["screening"]
    assert table(section, "Figures with and without")[-1][1:4] == [
        f"2.70{NBSP}%",
        f"3.00{NBSP}%",
        f"2.70{NBSP}%",
    ]
    assert table(section, "Figures with and without")[1] == ["Sessions", "1,000", "900", "1,000", "80", "20"]
    assert table(section, "Why people are taken for bots or staff") == [
        ["user agent Cart", "bot", "2"],
        ["address of the shop", "staff", "1"],
    ]


def test_one_load_shows_no_drift_and_says_so(tmp_path: Path) -> None:
    path = write_shop(tmp_path / "published.duckdb", loads=1)
    change(
        path, "delete from metrics.schema_drift where verdict <> 'known'", "delete from raw.loads where file_id = '3'"
    )
    section = sections(path)["drift"]
    assert section.empty == "One load so far: what is new or gone in an export can be seen from its second load on."
    assert found(section) == []


def test_new_and_gone_names_are_listed_with_their_loads(shop: Path) -> None:
    section = sections(shop)["drift"]
    assert found(section) == ["Names of columns or events that are gone: 1", "Event names that are new: 1"]
    assert table(section, "New and gone names") == [
        ["Cart", "new", "column", "clicks", "100", "2–2"],
        ["Order Done", "new", "event", "clicks", "4", "2–2"],
        ["Gift note", "gone", "column", "orders", "50", "1–1"],
    ]


def test_only_what_the_evidence_says_is_shared_is_called_so(shop: Path) -> None:
    assert table(sections(shop)["identity"], "Identifiers that link nothing") == [["Device", "1", "11", "11"]]
    change(shop, "delete from journeys.shared_identifiers")
    section = sections(shop)["identity"]
    assert section.title == "All 1,200 identifiers meet few enough others to link people"
    assert not section.shown and section.flag is None


def test_an_empty_shop_says_in_every_section_that_there_is_nothing(tmp_path: Path) -> None:
    path = write_shop(tmp_path / "published.duckdb", empty=True)
    by_key = sections(path)
    assert {key: bool(section.empty) for key, section in by_key.items() if key != "checks"} == dict.fromkeys(
        KEYS[:-1], True
    )
    assert not [key for key, section in by_key.items() if section.flag or section.charts]
    assert "No row is loaded yet." in page_of(path)


def test_a_shop_without_faults_has_nothing_to_fix(shop: Path) -> None:
    change(
        shop,
        "delete from raw.loads where status = 'refused'",
        "delete from metrics.rejected_reasons",
        "delete from metrics.reconciliation",
        """insert into metrics.reconciliation (
    day, channel, payment_method, order_count, matched_order_count, orders_without_event_count,
    events_without_order_count, duplicate_event_count, amount_difference_count, amount_difference
) values ('2026-07-01', 'web', 'card', 40, 40, 0, 0, 0, 0, 0)""",
        "delete from metrics.outage_days",
        "update metrics.stage_coverage set staged_count = touchpoint_count, named_count = touchpoint_count",
        "update metrics.late_rows set late_count = 0",
        "delete from metrics.schema_drift where verdict <> 'known'",
        "delete from journeys.screened_people",
        "delete from journeys.shared_identifiers",
    )
    page = html.unescape(page_of(shop))
    assert "Nothing to fix." in page and "19 of 19 checks" in page
    assert not [section.key for section in sections(shop).values() if section.flag]


def test_a_new_check_appears_by_itself_with_what_it_found_and_what_to_do(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "weekends_are_quiet.sql").write_text(
        "-- checks: metrics.kpis\n-- severity: warn\n-- finds: busy <weekends>\n-- do: Sleep in.\n"
        "-- Nobody buys on a weekend.\nselect kpi, numerator from metrics.kpis where period = 'all'\n",
        encoding="utf-8",
    )
    change(shop, checks=read_checks(tmp_path))
    section = sections(shop)["metrics-kpis"]
    assert (section.name, section.title) == ("Kpis", "Busy <weekends>: 2")
    assert section.flag and "Nobody buys on a weekend." in section.flag.text
    assert [(line.lead, line.text) for line in section.flag.lines] == [("Busy <weekends>: 2", "Sleep in.")]
    assert [(shown.columns, shown.rows) for shown in section.shown] == [
        (["Kpi", "Numerator"], [["cart_abandonment", "70"], ["conversion", "30"]])
    ]
    every = table(sections(shop)["checks"], "Every check, what it says and what to do")
    assert ["Nobody buys on a weekend.", "metrics.kpis", "warned", "2", "Sleep in."] in every
    page = page_of(shop)
    assert '<a href="#metrics-kpis">Busy &lt;weekends&gt;: 2</a>. Sleep in.' in page and "<weekends>" not in page


def test_checks_are_counted_by_box_and_all_listed(shop: Path) -> None:
    section = sections(shop)["checks"]
    assert table(section, "Checks by box") == [
        ["raw", "8", "7", "0", "1"],
        ["journeys", "1", "0", "1", "0"],
        ["metrics", "10", "2", "8", "0"],
    ]
    assert len(table(section, "Every check, what it says and what to do")) == 19


@pytest.mark.parametrize(
    ("share", "shown"),
    [(1, "100"), (0.9997, "99.97"), (0.99999, "99.999"), (0.999999999, f">{NBSP}99.99"), (0.98, "98.0"), (0, "0")],
)
def test_a_share_that_is_not_all_does_not_look_like_it(share: float, shown: str) -> None:
    assert not_quite(share, ENGLISH) == f"{shown}{NBSP}%"


def test_numbers_are_written_in_the_shops_language(tmp_path: Path) -> None:
    page = page_of(write_shop(tmp_path / "published.duckdb", language="fr"))
    assert f"4,55{NBSP}%" in page and f"1{NARROW_NBSP}000" in page and f"2{NBSP}juillet{NBSP}2026" in page


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
        "insert into raw.rejected_rows (file_id, line, reason, text) values ('a', 1, 'price is negative: -1', ''), "
        "('a', 2, 'price is negative: -2', ''), ('b', 1, 'price is negative: -1', ''), "
        "('b', 2, 'belongs to a forgotten person', '')"
    )
    build_all(connection, project(settings()), ["metrics.rejected_reasons"], full_refresh=True)
    assert connection.execute("from metrics.rejected_reasons order by all").fetchall() == [
        ("shop", "belongs to a forgotten person", 1),
        ("shop", "price is negative", 1),
        ("web", "price is negative", 2),
    ]

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
from math import log10
from pathlib import Path

import duckdb
import pytest
from report_shop import (
    ENGLISH,
    FRENCH,
    HOSTILE,
    Tags,
    figures_of,
    plain,
    sections_of,
    sections_of_open,
    write_published,
)

from parcours.numbers import MINUS, NARROW_NBSP, NBSP, Numbers
from parcours.project import ROOT, load_project
from parcours.report.day_axis import INCIDENT_SHADE
from parcours.report.drawing import safe, wrapped
from parcours.report.figures import QUERIES as COMMON
from parcours.report.figures import read_figures
from parcours.report.journey import sections
from parcours.report.journey.page import QUERIES, page_sections
from parcours.report.journey.summary import summary
from parcours.report.page import LAST_RUN, unturned, with_last_run
from parcours.report.write import write_report
from parcours.tables.catalogue import declared_tables


@pytest.fixture(scope="module")
def hostile_page(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("report")
    write_report(write_published(folder / "published.duckdb", text=HOSTILE), folder / "journey.html")
    return (folder / "journey.html").read_text(encoding="utf-8")


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
        f"(€80 to €600) in these 5 days; if all months went as Jul{NBSP}2026 (at least 50.0{NBSP}%) 6 more journeys "
        f"(0 to 12) in these 5 days; at its to-be rate (42.5{NBSP}%) 1 more journey (0 to 3) and €1.5k (€0 to €4.0k) "
        f"in these 5 days"
    )
    # Not the to-be rate of Checkout, which may bring nothing, nor a second goal of the same stage.
    assert said(tmp_path / "published.duckdb")["What to do first"] == (
        "Bring Checkout → Purchase to what it is for device <i> (at least 55.0 %): 9 more journeys (2 to 15) and €380 "
        "(€80 to €600) in these 5 days. Then get 50 % to go on at Cart → Checkout, your to-be rate: 99 more "
        "journeys (90 to 110) and €1 (€1 to €1) in these 5 days."
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
    elsewhere = "Elsewhere, before Order (Cart): <new> visitors, 3.0 times as often as others (66 % against 22 %)."
    nothing = "Nothing that is tested sets those who end at Checkout apart from the others there, beyond chance."
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


def test_friction_that_too_few_met_for_a_test_is_not_said_to_set_nobody_apart(
    tmp_path: Path, changed: duckdb.DuckDBPyConnection
) -> None:
    changed.execute("insert into metrics.measured_stages values ('checkout', 2, true, 2)")
    changed.execute("""
        insert into metrics.drop_off_drivers (
            funnel_id, step_number, step_label, factor, level, with_count, with_dropped, compared_count, compared_rate,
            comparable_rate, lift, difference_low, extra_dropped, is_told, left_out, is_small
        ) values
            ('map:stages', 3, 'Purchase', 'device', 'tablet', 50, 20, 50, 0.4, 0.4, 1, -0.1, 0, false, null, false),
            ('map:stages', 3, 'Purchase', 'friction', 'payment_failure', 34, 34, 34, 1, 0.01, 99, 0.9, 33, false,
             'too few', false),
            ('map:stages', 3, 'Purchase', 'friction', 'error', 3, 2, 3, 0.6, 0.5, 1.2, -0.3, 1, false, 'too few', true)
    """)
    changed.close()
    untested = "Too few to test: 34 of 34 who met payment failure at Checkout went no further."
    assert said(tmp_path / "published.duckdb")["Who, and why"] == (
        f"Nothing that is tested sets those who end at Checkout apart from the others there, beyond chance. {untested}"
    )
    assert [plain(note) for note in sections_of(tmp_path / "published.duckdb")["why"].notes] == [untested]


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
    assert "Most journeys" not in summary(figures_of(path), ENGLISH)[0].text
    with duckdb.connect(str(path)) as connection:
        connection.execute("update metrics.drop_off_ranking set is_tie_with_first = false")
    assert summary(figures_of(path), ENGLISH)[0].text.endswith("Most journeys are lost at Cart.")


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
    figures = figures_of(write_published(tmp_path / "published.duckdb"))
    by_key = {
        section.key: section for section in page_sections(figures, ENGLISH)
    }  # anew: the planted one is among them
    assert list(by_key) == [
        "journey",
        "segments",
        "journey-types",
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
        "returns-1",
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
    [going_on] = [sentence for sentence in summary(figures, ENGLISH) if sentence.lead == "Fell, not recovered"]
    assert plain(going_on.text).startswith(
        "Cart → Checkout in a visit, device Cart has fallen by 43 % since 4 Jul, until 5 Jul, the last day that can be "
        "judged: 23 fewer went on than expected, €460 of revenue (logged: Cart). Cart → Checkout in a visit, Cart "
        "visitors fell by 83 % from 2 Jul to 5 Jul, and has not been seen to recover since: 20 fewer"
    )
    figures.incidents *= 3
    [going_on] = [sentence for sentence in summary(figures, ENGLISH) if sentence.lead == "Fell, not recovered"]
    assert going_on.text.count("fewer went on") == 2 and going_on.text.endswith("And 2 more.")
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
        f"1 day without payments (2{NBSP}Jul): marked",
        "5 of 48 answers could not be attached",
        "2 of 150 rows were rejected",
        f"Only 91.7{NBSP}% of touchpoints have a stage",
    ):
        assert part in careful.text


def test_rows_that_do_not_add_up_are_said(tmp_path: Path, changed: duckdb.DuckDBPyConnection) -> None:
    assert sections_of_open(changed)["method"].title.endswith("every one accounted for")
    changed.execute("update raw.loads set rows_loaded = 1 where file_id = '2'")
    assert sections_of_open(changed)["method"].title.endswith("which do not add up")


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


def test_the_page_reads_no_table_that_has_rows_of_people(tmp_path: Path) -> None:
    """So that its size and the time to write it do not grow with them."""
    keyed = {
        table.table for table in declared_tables(load_project(ROOT / "journey.yaml", output=tmp_path)) if table.keyed_by
    }
    read = {
        name
        for file in (*QUERIES.glob("*.sql"), *COMMON.glob("*.sql"))
        for name in re.findall(r"\b(?:raw|staging|journeys|metrics)\.\w+", file.read_text(encoding="utf-8"))
    }
    assert len(read) > 40 and {name for name in read if not name.startswith("metrics.")} <= {"raw.loads"}
    assert not read & keyed

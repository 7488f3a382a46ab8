"""What single sections of the journey page say, where each finding is known."""

from __future__ import annotations

import json
import re
from pathlib import Path

import duckdb
import pytest
from given import settings
from report_shop import (
    ENGLISH,
    LEADS,
    figures_of,
    plain,
    sections_of,
    sections_of_open,
    write_published,
)

from parcours.numbers import NBSP, NOTHING
from parcours.report.figures import Row, read_figures
from parcours.report.journey.cards import cards
from parcours.report.journey.daily_chart import axis_end
from parcours.report.journey.page import QUERIES
from parcours.report.journey.segments_chart import NARROW, WIDE
from parcours.report.journey.summary import summary
from parcours.report.movement_words import segments
from parcours.report.section import Section
from parcours.report.write import write_report
from parcours.settings.kpis import kpi_rows
from parcours.tables.segment_words import segment_words


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


def test_the_map_has_no_row_of_what_nobody_said_met_or_ordered(changed: duckdb.DuckDBPyConnection) -> None:
    def rows_of_the_map() -> list[str]:
        """Their names; each has an axis of its own."""
        drawn = json.loads(sections_of_open(changed)["journey"].charts[0].wide)
        names = [one["text"] for one in drawn["layout"]["annotations"] if one.get("xref") == "paper"]
        used = {str(trace["yaxis"]) for trace in drawn["data"]}
        assert used == {name.replace("axis", "") for name in drawn["layout"] if name.startswith("yaxis")}
        return [re.sub("<.*?>", " ", name).split("  ")[0].strip() for name in names]

    assert rows_of_the_map() == ["Journeys", "Satisfaction", "Friction", "Time in stage", "Opportunity"]
    changed.execute("update metrics.stage_drop_off set satisfaction_mean = null, answer_count = 0")
    assert rows_of_the_map() == ["Journeys", "Friction", "Time in stage", "Opportunity"]
    assert "no answers" not in sections_of_open(changed)["journey"].charts[0].wide
    changed.execute("update metrics.emotion_curve set friction_session_count = 0")
    assert rows_of_the_map() == ["Journeys", "Time in stage", "Opportunity"]
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
    assert "5 of 48 answers could not be attached to a touchpoint: they count in CSAT" in warning
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
    assert [view.name for view in section.views] == ["Stages", "Channels"]
    assert section.views[0].table.rows == [["Basket ⇄ Checkout", "90", "50", "66", "36", "35", f"2{NBSP}h"]]
    channels = section.views[1]
    assert plain(channels.title) == (
        "Direct → Basket → direct: of those who come by direct, then Basket, then again, "
        "75 % come by direct (60.0–86.0 %)"
    )
    assert [[plain(cell) for cell in row] for row in channels.table.rows[1:3]] == [
        ["direct", "Basket", "40", "100", "70", "40.0 %", "30.0–50.0 %", "36", "27", "75.0 %", "60.0–86.0 %"],
        ["Basket", "direct", "50", "50", "45", "100 %", "92–100 %", *[NOTHING] * 4],
    ]
    drawn = json.loads(channels.chart.wide)["data"]
    assert [sum(part["x"][row] for part in drawn) for row in (0, 1)] == pytest.approx([100, 100])
    assert [len(part["x"]) for part in drawn] == [2, 2, 2], "a channel after which few came again is in the table alone"
    assert [view.name for view in emptied(path, "next_channels")["back-and-forth"].views] == ["Stages"]


def test_channels_alone_are_back_and_forth_too(tmp_path: Path) -> None:
    path = write_published(tmp_path / "published.duckdb", text="Basket")
    section = emptied(path, "transitions")["back-and-forth"]
    assert [view.name for view in section.views] == ["Channels"] and section.title == section.views[0].title
    with duckdb.connect(str(path)) as connection:
        connection.execute("update metrics.next_channels set is_back_small = true")
    assert plain(sections_of(path)["back-and-forth"].title) == (
        "After Basket, 100 % of the next sessions come by direct (92–100 %)"
    )
    assert "back-and-forth" not in emptied(path, "next_channels")


def test_who_comes_back_by_week_is_a_section_per_retention_of_the_shop(tmp_path: Path) -> None:
    section = sections_of(write_published(tmp_path / "published.duckdb", "Back?"))["returns-1"]
    assert section.title == f"Back?: 35.0{NBSP}% in week 1, 10.0{NBSP}% in week 2"
    assert "the first or a later one" in section.subtitle and "Back: at least 2 times." in section.subtitle
    [drawn] = section.charts
    layout = json.loads(drawn.wide)["layout"]
    assert layout["xaxis"]["ticktext"] == ["week 1", "week 2"]
    assert [plain(re.sub("<.*?>", "", label)) for label in layout["yaxis"]["ticktext"]] == [
        "1 Jun  n 100", "8 Jun  n 20", "Mean  n 120"
    ]  # fmt: skip
    assert [note["text"] for note in layout["annotations"]] == ["2 of 20"]  # a small cell has no shade
    with duckdb.connect(str(tmp_path / "published.duckdb")) as connection:
        connection.execute("update metrics.retention_calendar set cohort_size = 9, retention_rate = returned_count / 9")
    few = sections_of(tmp_path / "published.duckdb")["returns-1"]
    assert few.title == "Back?: fewer than 30 people in each period", "no rate of few in a title"


def test_the_map_shows_friction_under_satisfaction_and_by_which_channels_journeys_came(tmp_path: Path) -> None:
    section = sections_of(write_published(tmp_path / "published.duckdb"))["journey"]
    [drawn] = section.charts
    drawing = json.loads(drawn.wide)
    notes = [plain(note["text"]) for note in drawing["layout"]["annotations"]]
    places = {note["text"].split("<br>")[0]: note["y"] for note in drawing["layout"]["annotations"]}
    assert places["<b>Satisfaction</b>"] > places["<b>Friction</b>"] > places["<b>Time in stage</b>"]
    assert {"5.00 %", "n 12", "0 %"} <= {*notes}  # a rate of few visits is a count
    assert section.stage_table
    lanes = section.stage_table.rows
    assert lanes["Channels"][0][1:] == [f"e-mail 20{NBSP}%", f"direct 5{NBSP}%"]
    assert {
        "12 searches after one that found nothing",
        "1 time the same again and again",
        "7 times help was asked for right after",
    } <= {*lanes["Pain points"][0]}
    assert "3 times help was asked for right after" in lanes["Pain points"][1]


def test_types_of_journeys_say_where_renewals_and_first_purchases_differ(tmp_path: Path) -> None:
    path = write_published(tmp_path / "published.duckdb", text="Basket")
    section = sections_of(path)["journey-types"]
    assert plain(section.title) == (
        "Renewals visit Basket less often than first purchases: 10 % of them, 75 % of first purchases"
    )
    assert "This is no drop-off" in section.subtitle
    side, firsts, renewals = section.views  # of support too few are over, and there is no row of others
    assert [view.name for view in section.views] == ["Side by side", "First purchases", "Renewals"]
    assert [plain(cell) for cell in side.table.rows[1]] == [
        *("First purchases", "75.0 % (30 / 40)", "100 % (40 / 40)"),
    ]
    assert plain(firsts.title) == "First purchases stay longest in Purchase: 1 h, median"
    assert [plain(cell) for cell in firsts.table.rows[0]] == [
        *("Basket", "30", "40", "75.0 %", "60.0–86.0 %", "1 min", "8.0", "31"),
    ]
    assert renewals.table.rows[0][-3:] == [NOTHING, NOTHING, NOTHING], "times and answers of few are left out"
    # One scale: the bars of all types, a row per type and where it is narrow a row per stage.
    wide, narrow = (json.loads(drawing)["data"][0]["x"] for drawing in (side.chart.wide, side.chart.narrow))
    assert [share / WIDE for share in wide] == pytest.approx([0.625, 0.5, 0.75, 1, 0.1, 1])
    assert [share / NARROW for share in narrow] == pytest.approx([0.625, 0.75, 0.1, 0.5, 1, 1])
    with duckdb.connect(str(path)) as connection:
        connection.execute("update metrics.stages_by_journey_type set visited_low = 0, visited_high = 1")
    assert sections_of(path)["journey-types"].title.endswith("about as often: all intervals overlap")
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "update metrics.stages_by_journey_type set journey_type = 'other' where journey_type = 'renewal'"
        )
    together = sections_of(path)["journey-types"]
    assert plain(together.title) == "Of 80 journeys that are over: 50 % first purchases, 50 % support journeys"
    assert together.notes == [
        "Support journeys stand together: fewer than 30 of one of them are over, and the rest would tell these."
    ]
    with duckdb.connect(str(path)) as connection:
        connection.execute("update metrics.stages_by_journey_type set is_left_out = journey_type <> 'other'")
    assert "journey-types" not in sections_of(path), "one type alone is compared with none"


def test_halves_of_few_are_not_compared(changed: duckdb.DuckDBPyConnection) -> None:
    assert "rose from" in sections_of_open(changed)["daily"].title
    changed.execute("update metrics.kpis set denominator = 29 where kpi = 'conversion' and period = 'before'")
    assert sections_of_open(changed)["daily"].title.startswith("Conversion per day: 3.00")
    [conversion] = [card for card in cards(read_figures(changed, QUERIES), ENGLISH) if card["kpi"].kpi == "conversion"]
    assert conversion["halves"] == ("", "")

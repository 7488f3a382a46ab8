"""A shop whose checkout broke on mobiles for a week, and nobody logged it: what its tables say of that.

Incidents with place, days, cost and what else was seen; what a night told; why orders moved.
"""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections import defaultdict
from datetime import date, datetime, timedelta
from math import log
from typing import Any

import duckdb
import pytest
from given import START, at, event, order, rows, settings, warehouse

from parcours.engine.checks import read_checks
from parcours.numbers import NBSP, Numbers
from parcours.project import ROOT
from parcours.tables.movements import PeriodError, Span, movements, named, spans_that_are_known
from parcours.warehouse.comments import read_declaration
from pipelines.commands.why import lines, span

FEBRUARY = 27
"""Days from START to the shop's first: two whole months and some days of a third."""
DAYS, VISITS = 68, 12
BROKEN = range(50, 57)
STEPS = {"visit:checkout", "cart_abandonment", "checkout_abandonment"}
"""They are the same here."""
WANTED = ["metrics.incidents", "metrics.incident_notices", "metrics.movements", "metrics.movement_segments"]


def on(day: int) -> date:
    return (START + timedelta(FEBRUARY + day)).date()


@pytest.fixture(scope="module")
def shop() -> duckdb.DuckDBPyConnection:
    """Twelve visits a day that all come to the checkout, every other on a mobile, half of which order: on the broken
    days none on a mobile, where each payment fails. Another event begins with it, and one stops."""
    events, orders = [], []
    for day in range(DAYS):
        for visit in range(VISITS):
            who, when = f"v{day} {visit}", (FEBRUARY + day) * 86_400 + visit * 3_600
            device = "mobile" if visit % 2 else "desktop"
            is_broken = day in BROKEN and device == "mobile"
            names = ["product", "add", "checkout", *(["failed"] if is_broken else [])]
            names += ["banner"] if day in BROKEN and visit == 0 else []
            names += ["chat"] if day not in BROKEN and visit == 0 else []
            events += [event(who, when + 60 * n, name, customer_id=who, device=device) for n, name in enumerate(names)]
            if visit % 4 < 2 and not is_broken:
                orders.append(order(f"o{day} {visit}", when + 300, customer_id=who, value=10))
    changes = [
        {"id": "button", "label": "New button", "date": on(49).isoformat()},
        {"id": "later", "label": "Something later", "date": on(57).isoformat()},
    ]
    buyers = [{"id": "buyer", "label": "Buyer", "where": [{"attribute": "lifecycle_stage", "is": "Customer"}]}]
    told = settings(changes=changes, personas=buyers, outages={"payment_order_share": 0.6})
    return warehouse(events=events, order_rows=orders, shop=told, build=WANTED)


def as_dicts(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    result = connection.execute(query)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def test_a_device_s_failed_payments_are_one_incident_with_place_days_and_what_they_cost(
    shop: duckdb.DuckDBPyConnection,
) -> None:
    [found] = as_dicts(shop, "from metrics.incidents")
    assert (found["dimension"], found["value"]) == ("device", "mobile")
    assert (found["began_on"], found["ended_on"], found["is_open"]) == (on(50), on(56), False)
    assert found["step"] in STEPS
    assert found["step_label"].endswith("Order")
    assert (found["entered_count"], found["went_on_count"], found["relative_size"]) == (42, 0, -1)
    assert found["lost_count"] == pytest.approx(21, rel=0.02)
    assert found["lost_revenue"] == pytest.approx(210, rel=0.02)
    assert found["size_low"] == -1 < found["size_high"] < -0.8
    assert "Visit → Order" in found["also_fell"].split(", ")


def test_what_else_was_seen_stands_beside_it(shop: duckdb.DuckDBPyConnection) -> None:
    [found] = as_dicts(shop, "from metrics.incidents")
    assert (found["payment_failure_count"], found["usual_payment_failure_count"]) == (42, 0)
    assert (found["error_count"], found["usual_error_count"]) == (0, 0)
    assert found["payment_outage_count"] == 7
    assert found["changes"] == "New button"
    assert (found["appeared_events"], found["vanished_events"]) == ("banner, failed", "chat")


def test_a_night_tells_of_it_once_and_that_it_is_over(shop: duckdb.DuckDBPyConnection) -> None:
    told = as_dicts(shop, "from metrics.incident_notices order by night")
    assert [notice["word"] for notice in told] == ["open", "over"]
    opened, over = told
    assert (opened["dimension"], opened["value"], opened["began_on"]) == ("device", "mobile", on(50))
    assert on(51) <= opened["night"] <= on(56)
    assert on(63) <= over["night"] <= on(66)
    assert opened["alarm"] == over["alarm"]
    assert not opened["is_open"]


def test_steps_are_counted_by_day_and_segment(shop: duckdb.DuckDBPyConnection) -> None:
    """Against plain loops over the visits."""
    segments = defaultdict(list)
    for session, dimension, value in rows(shop, "select session_id, dimension, value from journeys.session_segments"):
        segments[session].append((dimension, value))
    of_one_value = {
        dimension
        for dimension in {"device", "channel", "country", "persona", "new or returning"}
        if len({pair for pairs in segments.values() for pair in pairs if pair[0] == dimension}) < 2
    }
    chain = rows(shop, "select step_number, step from metrics.visit_chain order by step_number")
    expected: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0])
    for session, day, furthest in rows(shop, "select session_id, happened_on, furthest_step from metrics.visit_steps"):
        for number, step in chain[:-1]:
            for pair in [("all", "all"), *(pair for pair in segments[session] if pair[0] not in of_one_value)]:
                if furthest >= number:
                    expected[f"visit:{step}", *pair, day][0] += 1
                    expected[f"visit:{step}", *pair, day][1] += furthest > number
    counted = rows(shop, "from metrics.step_days where starts_with(step, 'visit:')")
    assert {row[:4]: [*row[4:]] for row in counted} == dict(expected)
    assert [step for _, step in chain] == ["visit", "consideration", "cart", "checkout", "order"]
    # Carts that were ordered went on; those that were abandoned did not.
    [carts] = rows(shop, "select sum(entered_count), sum(went_on_count) from metrics.step_days "
                         "where step = 'cart_abandonment' and dimension = 'all'")  # fmt: skip
    assert carts == (DAYS * VISITS, DAYS * VISITS // 2 - 21)


def test_what_orders_moved_by_is_shared_out_to_days_visits_and_steps(shop: duckdb.DuckDBPyConnection) -> None:
    parts = as_dicts(shop, "from metrics.movements where measure = 'orders' order by part_number")
    whole, days, visits, *steps = parts
    assert (whole["before_from"], whole["before_until"]) == (date(2026, 2, 1), date(2026, 2, 28))
    assert (whole["after_from"], whole["after_until"]) == (date(2026, 3, 1), date(2026, 3, 31))
    assert (whole["before_value"], whole["after_value"], whole["contribution"]) == (28 * 6, 31 * 6 - 21, -3)
    assert (days["before_value"], days["after_value"], visits["contribution"]) == (28, 31, 0)
    assert {step["part"]: step["contribution"] for step in steps if step["contribution"]} == {
        "step:order": pytest.approx(-3 - days["contribution"])
    }
    # By the formula: 3 orders fewer, of which the days' share is that of their logarithms.
    assert days["contribution"] == pytest.approx(-3 * log(31 / 28) / log(165 / 168))
    [revenue] = as_dicts(shop, "from metrics.movements where measure = 'revenue' and part = 'all'")
    assert revenue["contribution"] == -30


def test_parts_and_their_segments_add_up(shop: duckdb.DuckDBPyConnection) -> None:
    off_by_measure = rows(
        shop,
        "select abs(sum(case when part = 'all' then -contribution else contribution end)) from metrics.movements "
        "group by measure",
    )
    off_by_part = rows(
        shop,
        "select max(abs(parts.contribution - segments.contribution)), count(*) from metrics.movements as parts "
        "inner join (select measure, part, dimension, sum(mix_contribution + rate_contribution) as contribution "
        "from metrics.movement_segments group by all) as segments using (measure, part)"
        "where parts.part <> 'days'",
    )
    assert all(off < 1e-9 for (off,) in off_by_measure) and len(off_by_measure) == 2
    assert off_by_part[0][0] < 1e-9 and off_by_part[0][1] > 10


def test_a_device_s_own_rate_is_what_moved_and_its_share_of_visits_is_not(shop: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        shop,
        "select value, mix_contribution, rate_contribution, before_value, after_value from metrics.movement_segments "
        "where measure = 'orders' and part = 'step:order' and dimension = 'device' order by value",
    )
    [step] = rows(shop, "select contribution from metrics.movements where measure = 'orders' and part = 'step:order'")
    assert found == [
        ("desktop", 0, 0, 0.5, 0.5),
        ("mobile", 0, pytest.approx(step[0]), 0.5, pytest.approx((31 * 3 - 21) / (31 * 6))),
    ]


def test_between_any_two_periods_the_broken_device_explains_why_orders_fell(shop: duckdb.DuckDBPyConnection) -> None:
    orders, revenue = movements(shop, Span(on(36), on(49)), Span(on(50), on(56)))
    assert [part.contribution for part in orders.parts[:2]] == [-84 + 21, pytest.approx(orders.parts[1].contribution)]
    for movement in (orders, revenue):
        by_part = {part.part: part for part in movement.parts}
        explained = by_part["step:order"].explained
        assert explained is not None
        assert (named(explained), explained.share, explained.moved) == ("device mobile", pytest.approx(1), -1)
        assert by_part["visits"].explained is None
    back, _ = movements(shop, Span(on(8), on(21)), Span(on(22), on(35)))
    assert all(part.explained is None and part.contribution == 0 for part in back.parts)


def test_what_is_needed_of_days_that_lie_before_the_exports_is_not_measured(shop: duckdb.DuckDBPyConnection) -> None:
    none, _ = movements(shop, Span(date(2020, 1, 1), date(2020, 1, 31)), Span(date(2020, 2, 1), date(2020, 2, 29)))
    assert {part.contribution for part in none.parts} == {0}


def test_periods_that_cannot_be_compared_are_refused(shop: duckdb.DuckDBPyConnection) -> None:
    assert spans_that_are_known(shop, Span(on(0), on(6)), Span(on(7), on(13)))
    with pytest.raises(PeriodError, match="have the same days"):
        spans_that_are_known(shop, Span(on(0), on(6)), Span(on(6), on(13)))
    with pytest.raises(PeriodError, match="Orders can be compared from 2026-02-01 to 2026-04-09"):
        spans_that_are_known(shop, Span(on(-1), on(6)), Span(on(7), on(13)))


def test_parcours_why_prints_each_part_with_its_segment(shop: duckdb.DuckDBPyConnection) -> None:
    before, after = span(f"{on(43)}..{on(49)}"), span(f"{on(50)}..{on(56)}")
    orders, _ = movements(shop, before, after)
    assert "\n".join(lines(orders, Numbers("en", "EUR"))).replace(NBSP, " ") == (
        "\nOrders: 42 → 21 (−50 %)\n"
        "         −21.0  Checkout → Order  50.0 % → 25.0 %  device mobile\n"
        "  explained by device mobile"
    )
    assert span("2026-07-01") == Span(date(2026, 7, 1), date(2026, 7, 1))
    for wrong in ("July", "2026-07-02..2026-07-01", "2026-07-01..x"):
        with pytest.raises(ArgumentTypeError):
            span(wrong)


@pytest.fixture(scope="module")
def three_people() -> duckdb.DuckDBPyConnection:
    """One of whom the CRM knows after the first visit; one who orders from the first page; one who looks for help."""
    shop = settings(
        attributes=[
            {"id": "ab", "from": "ab", "scope": "session"},
            {"id": "plan", "from": "plan", "scope": "person"},
            {"id": "size", "from": "size"},
        ],
        personas=[{"id": "french", "label": "French", "where": [{"attribute": "country", "is": "FR"}]}],
    )

    def said(**values: str) -> list[dict[str, str]]:
        return [{"attribute": name, "said": value} for name, value in values.items()]

    return warehouse(
        events=[
            event("a", 0, "landing", customer_id="c1", device="mobile", attributes=said(plan="free")),
            event("a", 60, "product", attributes=said(ab="B", size="L")),
            event("a", 120, "checkout", payment_method="card"),
            event("a", 86_400, "landing", attributes=said(plan="pro")),
            event("b", 0, "landing", customer_id="c2"),
            event("c", 0, "help"),
        ],
        contacts=[{"contact_id": "k", "customer_id": "c1", "country": "FR", "created_at": at(600)}],
        order_rows=[order("1", 60, customer_id="c2", value=7)],
        shop=shop,
        build=["journeys.session_segments", "metrics.visit_steps"],
    )


def test_a_session_has_the_segments_that_were_known_when_it_began(three_people: duckdb.DuckDBPyConnection) -> None:
    found = defaultdict(dict)
    for session, dimension, value in rows(
        three_people,
        "select segments.session_id, dimension, value from journeys.session_segments as segments "
        "where segments.person_id in (select person_id from journeys.people where country = 'FR') order by session_id",
    ):
        found[session][dimension] = value
    first, second = found.values()
    assert first == {
        "device": "mobile", "channel": "direct", "new or returning": "new", "payment method": "card", "ab": "B",
        "plan": "free",
    }  # fmt: skip
    assert second == {"channel": "direct", "new or returning": "returning", "country": "FR",
                      "persona": "french", "plan": "pro"}  # fmt: skip


def test_an_order_is_the_last_step_whatever_was_touched_before_it(three_people: duckdb.DuckDBPyConnection) -> None:
    found = rows(three_people, "select furthest_step, order_count, net_revenue from metrics.visit_steps")
    assert sorted(found) == [(1, 0, 0), (1, 0, 0), (4, 0, 0), (5, 1, 7)]


def test_a_persona_that_an_order_makes_is_no_segment(shop: duckdb.DuckDBPyConnection) -> None:
    assert rows(shop, "select distinct dimension from journeys.session_segments order by 1") == [
        ("channel",), ("device",), ("new or returning",),
    ]  # fmt: skip


def test_the_check_lists_each_open_alarm_once_as_it_was_last_told() -> None:
    [check] = [check for check in read_checks(ROOT / "sql" / "checks") if check.name == "no_alarm_is_open"]
    assert check.severity == "warn"
    with duckdb.connect() as connection:
        connection.execute("create schema metrics")
        declared = read_declaration("metrics.incident_notices")
        connection.execute(f"create table metrics.incident_notices ({declared.definition})")
        for day, word, alarm, is_open in (
            (1, "open", "a", True), (4, "worse", "a", True), (2, "open", "b", False), (9, "over", "b", False),
        ):  # fmt: skip
            connection.execute(
                "insert into metrics.incident_notices (night, word, alarm, is_open) values (?, ?, ?, ?)",
                [datetime(2026, 1, day).date(), word, alarm, is_open],
            )
        count, samples = check.find(connection)
    assert (count, samples[0]["alarm"], samples[0]["word"]) == (1, "a", "worse")


def test_a_shop_of_orders_alone_has_the_months_of_its_orders() -> None:
    placed = [order(f"{day}", day * 86_400, value=10 + (day > 57)) for day in range(27, 90) if day > 55 or day % 2]
    built = warehouse(order_rows=placed, known_until=at(90 * 86_400), without=["events"], build=["metrics.movements"])
    parts = rows(built, "select part, before_value, after_value, contribution from metrics.movements "
                        "where measure = 'orders' and contribution <> 0 order by part_number")  # fmt: skip
    assert [part[0] for part in parts] == ["all", "days", "other"]
    assert parts[0][1:] == (14, 31, 17)
    assert parts[1][3] + parts[2][3] == pytest.approx(17, abs=1e-9)
    assert parts[2][1:3] == (0.5, 1)

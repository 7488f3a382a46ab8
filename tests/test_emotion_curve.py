"""The emotion curve: how people felt at each stage, and what went wrong for them there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import sqrt
from pathlib import Path
from typing import Any

import duckdb
import pytest
from given import answer, at, event, order, rows, settings, warehouse

from parcours.engine.checks import read_checks, run_check
from parcours.project import ROOT

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


def curve(events: Sequence[tuple[str, float, str]], **more: Any) -> duckdb.DuckDBPyConnection:
    """A warehouse with the curve of these events: (who, seconds, event)."""
    return warehouse(events=[event(*row) for row in events], build=["metrics.emotion_curve"], **more)


def by_stage(built: duckdb.DuckDBPyConnection, columns: str) -> dict[str, tuple[Any, ...]]:
    """These columns of each stage, in the order of the table."""
    return {stage: tuple(row) for stage, *row in rows(built, f"select stage, {columns} from metrics.emotion_curve")}


# Three people: u pays at the second attempt; v goes back to the product; w does nothing wrong and buys nothing.
THREE_VISITS = [
    ("u", 0, "product"),
    ("u", 60, "add"),
    ("u", 120, "checkout"),
    ("u", 180, "failed"),
    ("u", 240, "failed"),
    ("u", 300, "checkout"),
    ("v", 0, "product"),
    ("v", 60, "checkout"),
    ("v", 120, "product"),
    ("w", 0, "landing"),
    ("w", 60, "product"),
]


def test_signals_sessions_and_touchpoints_of_each_stage() -> None:
    columns = "session_count, friction_session_count, touchpoint_count, payment_failure_count, friction_count"
    assert by_stage(curve(THREE_VISITS), f"{columns}, back_step_count") == {
        "discovery": (1, 0, 1, 0, 0, 0),
        "consideration": (3, 0, 4, 0, 0, 1),
        "cart": (1, 0, 1, 0, 0, 0),
        "checkout": (2, 1, 5, 2, 2, 0),
        "purchase": (0, 0, 0, 0, 0, 0),
        "support": (0, 0, 0, 0, 0, 0),
    }


def test_rates_have_their_own_denominators_and_none_is_blank() -> None:
    columns = "friction_rate, friction_per_100, payment_failures_per_100, errors_per_100, back_steps_per_100"
    found = by_stage(curve(THREE_VISITS), columns)
    assert found["checkout"] == (0.5, 40.0, 40.0, 0.0, 0.0)
    assert found["consideration"] == (0.0, 0.0, 0.0, 0.0, 25.0)
    assert found["purchase"] == (None,) * 5


def test_each_signal_has_its_rate() -> None:
    broken = {"touchpoint": "broken", "event": "broken", "stage": "discovery", "action": "error"}
    search = {"touchpoint": "search", "event": "search", "stage": "discovery", "action": "search"}
    rules = [broken, search, *(rule.model_dump() for rule in settings().touchpoints)]
    names = ["broken", "search", "search", "landing", "landing", "landing", "landing", "landing", "landing", "landing"]
    visit = [("u", float(i), name) for i, name in enumerate(names)]
    found = by_stage(
        curve([*visit, ("u", MINUTE, "help")], shop=settings(touchpoints=rules)),
        "errors_per_100, repeated_searches_per_100, rage_repeats_per_100, support_contacts_per_100, friction_per_100",
    )
    assert found["discovery"] == (10.0, 10.0, 10.0, 10.0, 40.0)


def test_the_interval_of_the_friction_rate_is_wilsons() -> None:
    n, p, z = 2, 0.5, 1.959963984540054
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    found = by_stage(curve(THREE_VISITS), "friction_low, friction_high")
    assert found["checkout"] == pytest.approx((middle - half, middle + half), abs=1e-6)
    assert found["purchase"] == (None, None)


@pytest.mark.parametrize(
    ("age", "tickets_age", "expected"),
    [
        (DAY, None, (1, 0, 1, 1)),
        (DAY - 0.000001, None, (0, 1, 0, 0)),  # whether help is asked for within the day is not known yet
        (DAY, 0, (1, 0, 1, 1)),
        (DAY, -0.000001, (0, 1, 0, 0)),  # the tickets are not known for that long
    ],
)
def test_a_session_counts_once_its_day_is_over(age: float, tickets_age: float | None, expected: Any) -> None:
    built = curve([("u", 0, "failed")], known_until=at(age))
    if tickets_age is not None:
        built.execute("update metrics.cut_off set tickets_until = $until", {"until": at(age + tickets_age)})
        built.execute(f"create or replace table metrics.emotion_curve as {_model()}")
    columns = "session_count, open_session_count, touchpoint_count, friction_count"
    assert by_stage(built, columns)["checkout"] == expected


def _model() -> str:
    return (ROOT / "sql" / "metrics" / "emotion_curve.sql").read_text(encoding="utf-8")


def test_a_session_that_may_still_go_on_is_open_however_long_the_timeout() -> None:
    shop = settings(sessions={"timeout_minutes": 2 * 24 * 60})
    built = curve([("u", 0, "failed")], known_until=at(1.5 * DAY), shop=shop)
    assert by_stage(built, "session_count, open_session_count")["checkout"] == (0, 1)


def test_a_runaway_session_is_in_no_figure() -> None:
    shop = settings(sessions={"runaway_touchpoints": 3})
    built = curve([("u", 60.0 * i, "failed") for i in range(4)], shop=shop)
    found = by_stage(built, "session_count, open_session_count, touchpoint_count, friction_count")
    assert found["checkout"] == (0, 0, 0, 0)


def test_errors_off_the_site_are_known_at_once_and_in_no_session() -> None:
    late = {"touchpoint": "late", "source": "orders", "event": "order delivered late", "stage": "support"}
    shop = settings(touchpoints=[{**late, "action": "error"}, *(rule.model_dump() for rule in settings().touchpoints)])
    late_order = order("#1", 0, customer_id="c", delivered_at=at(DAY), promised_on="2026-01-05")
    found = by_stage(
        curve([], order_rows=[late_order], known_until=at(DAY), shop=shop),
        "session_count, touchpoint_count, error_count, friction_rate, errors_per_100",
    )
    assert found["support"] == (0, 1, 1, None, 100.0)


def test_satisfaction_of_the_answers_about_the_stage() -> None:
    feedback = [answer("a", HOUR, 5, order_id="#1"), answer("b", HOUR, 2, order_id="#1")]
    found = by_stage(
        curve([], order_rows=[order("#1", 0, customer_id="c")], feedback=feedback),
        "answer_count, satisfied_count, csat, mean_of_10",
    )
    assert found["purchase"] == (2, 1, 0.5, (10 + 2.5) / 2)
    assert found["checkout"] == (0, 0, None, None)


@pytest.mark.parametrize(("small_cell", "expected"), [(2, (False, True)), (3, (True, True))])
def test_small_cells_are_flagged(small_cell: int, expected: Any) -> None:
    built = curve(THREE_VISITS, shop=settings(measures={"small_cell": small_cell}))
    assert by_stage(built, "is_small_friction, is_small_satisfaction")["checkout"] == expected


def test_stages_are_in_the_order_of_the_map() -> None:
    stages = [{"id": name, "label": name.title()} for name in ("support", "purchase", "cart", "checkout")]
    stages += [{"id": name, "label": name.title()} for name in ("discovery", "consideration")]
    found = by_stage(curve(THREE_VISITS, shop=settings(stages=stages)), "stage_label, stage_position")
    assert list(found.values()) == [(stage["label"], i) for i, stage in enumerate(stages, 1)]


def test_the_check_finds_a_stage_that_does_not_add_up() -> None:
    built = curve(THREE_VISITS)
    (check,) = (c for c in read_checks(ROOT / "sql" / "checks") if c.name == "friction_adds_up")
    assert run_check(built, check).offending_count == 0
    built.execute("update metrics.emotion_curve set error_count = 1 where stage = 'cart'")
    assert run_check(built, check).offending_count == 1


def test_failed_payments_of_the_sample_are_those_that_were_planted(published_sample: Path) -> None:
    truth = json.loads((ROOT / "data" / "sample" / "truth.json").read_text(encoding="utf-8"))
    with duckdb.connect(str(published_sample), read_only=True) as published:
        ((failures, sessions),) = rows(
            published,
            "select count(*), count(distinct session_id) from journeys.friction_signals "
            "where signal = 'payment_failure'",
        )
        assert sessions == truth["journeys"]["payment_failed"]
        assert rows(published, "select sum(payment_failure_count) from journeys.session_friction") == [(failures,)]
        curve_of_checkout = by_stage(published, "payment_failure_count, friction_session_count")["checkout"]
        assert curve_of_checkout == (failures, sessions)  # none on the last day, where sessions are open

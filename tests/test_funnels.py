"""Funnels: closed, sequential, an attempt per unit and day of entry, a window from the first step."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from conftest import cases
from given import Row, at, event, examples, rows, settings, warehouse
from hypothesis import HealthCheck, given, strategies
from hypothesis import settings as budget
from portable_sql import unportable

from parcours.engine.model import read_model
from parcours.project import ROOT
from parcours.tables.funnel_parts import funnel_parts, with_steps

DAY = 86400.0
BUILD = ["metrics.funnel_steps"]

# Those with an option (tier `mode`) are run in tests/test_funnel_rules.py.
TIERS = ("core", "entry_day", "session_unit")


def funnel_shop(names: Sequence[str], steps: Sequence[Any], window_seconds: float | None, unit: str = "person") -> Any:
    """Settings with a rule per event name and one funnel."""
    window = "none" if window_seconds is None else window_seconds / DAY
    return settings(
        touchpoints=[{"touchpoint": name, "event": name, "stage": "discovery"} for name in sorted(set(names))],
        funnels=[{"id": "f", "name": "F", "unit": unit, "window_days": window, "steps": list(steps)}],
    )


def _step(step: Any, names: set[str]) -> dict[str, Any]:
    if isinstance(step, dict):
        if step.get("any"):
            return {"any": True}
        return {"touchpoint": step["event"], "device": step["props"]["browser"]}
    return {"touchpoint": list(step) if isinstance(step, list) else [step]}


def _events(case: dict[str, Any]) -> list[Row]:
    return [
        event(who, when, name, device=(more[0].get("browser") if more else None))
        for who, when, name, *more in case["events"]
    ]


@pytest.mark.parametrize("case", cases("funnel_cases", *TIERS))
def test_published_case(case: dict[str, Any]) -> None:
    names = {row[2] for row in case["events"]}
    wanted = {s if isinstance(s, str) else s.get("event", "") for s in case["steps"]} - {""}
    shop = funnel_shop([*names, *wanted], [_step(s, names) for s in case["steps"]], case["semantics"]["window_s"])
    built = warehouse(events=_events(case), build=BUILD, shop=shop)
    steps = rows(
        built, "select reached_count, mean_seconds_from_previous from metrics.funnel_steps order by step_number"
    )
    levels = dict(
        rows(
            built,
            "select s.anonymous_id, max(a.furthest_step) from staging.events s "
            "join journeys.identities i on i.identifier = 'anonymous:' || s.anonymous_id "
            "join journeys.attempt_steps a on a.person_id = i.person_id group by 1",
        )
    )
    expected = case["expected"]
    if "step_counts" in expected:
        assert [reached for reached, _ in steps] == expected["step_counts"]
    if "user_levels" in expected:
        assert levels == expected["user_levels"]
    if "users_at_step" in expected:
        for number, users in enumerate(expected["users_at_step"], 1):
            assert sorted(user for user, level in levels.items() if level >= number) == sorted(users)
    if "avg_conversion_s" in expected:
        assert [mean for _, mean in steps][1:] == expected["avg_conversion_s"][1:]
    if "by_entry_day" in expected:
        days = rows(
            built,
            "select cast(entered_at as date), count(*) filter (where step_number = 1), "
            "count(*) filter (where step_number = 3) from journeys.attempt_steps group by 1",
        )
        assert {str(day): (entered, reached) for day, entered, reached in days} == {
            day: (values["entered"], values["converted"]) for day, values in expected["by_entry_day"].items()
        }


def attempts(events: Sequence[Row], steps: Sequence[str], window: float = 7 * DAY) -> list[tuple[Any, ...]]:
    """Step and instant of each step reached, of the only unit."""
    names = [str(row["event_name"]) for row in events]
    shop = funnel_shop([*names, *steps], [{"touchpoint": step} for step in steps], window)
    built = warehouse(events=events, build=["journeys.attempt_steps"], shop=shop)
    return rows(built, "select step_number, reached_at from journeys.attempt_steps order by 1")


def test_among_equal_attempts_the_latest_entry_counts() -> None:
    found = attempts([event("u", t, n) for t, n in [(0, "a"), (5, "a"), (9, "b"), (20, "a")]], ["a", "b"])
    assert found == [(1, at(5)), (2, at(9))]


def test_a_later_entry_does_not_hide_an_earlier_one_that_got_further() -> None:
    found = attempts([event("u", t, n) for t, n in [(0, "a"), (5, "b"), (6, "c"), (50, "a"), (55, "b")]], list("abc"))
    assert [step for step, _ in found] == [1, 2, 3]


def test_the_windows_end_is_included() -> None:
    within = attempts([event("u", 0, "a"), event("u", 100, "b")], ["a", "b"], window=100)
    beyond = attempts([event("u", 0, "a"), event("u", 100.000001, "b")], ["a", "b"], window=100)
    assert (len(within), len(beyond)) == (2, 1)


def test_one_event_serves_one_step() -> None:
    assert len(attempts([event("u", 0, "a")], ["a", "a"])) == 1
    assert len(attempts([event("u", 0, "a"), event("u", 0, "a")], ["a", "a"])) == 2


def test_equal_instants_may_advance_in_step_order() -> None:
    assert len(attempts([event("u", 0, "c"), event("u", 0, "b"), event("u", 0, "a")], ["a", "b", "c"])) == 3


def test_a_row_that_comes_twice_in_the_funnel_may_serve_as_its_last_step() -> None:
    tied = [event("u", 0, "a"), event("u", 9, "b"), event("u", 9, "a")]
    assert len(attempts(tied, ["a", "b", "a"])) == 3


def test_the_sources_sequence_orders_equal_instants() -> None:
    backwards = [event("u", 0, "b", sequence=1), event("u", 0, "a", sequence=2)]
    assert len(attempts(backwards, ["a", "b"])) == 1


AB = [{"touchpoint": "a"}, {"touchpoint": "b"}]
OUTCOMES = (
    "select entered_on - date '2026-01-05', furthest_step, state, is_best from metrics.funnel_attempts order by all"
)


def outcomes(events: Sequence[Row], known_until: float, window: float | None = 7 * DAY) -> list[tuple[Any, ...]]:
    """Day of entry, furthest step, state and whether it is its unit's best, of each attempt at a funnel a → b."""
    shop = funnel_shop(["a", "b"], AB, window)
    built = warehouse(events=events, build=["metrics.funnel_attempts"], shop=shop, known_until=at(known_until))
    return rows(built, OUTCOMES)


def test_each_day_of_entry_is_an_attempt_and_the_best_matured_one_is_its_units() -> None:
    clicks = [(0, "a"), (9, "a"), (10, "b"), (2 * DAY, "a"), (4 * DAY, "a"), (4 * DAY + 5, "b")]
    events = [event("u", t, n) for t, n in clicks]
    assert outcomes(events, 30 * DAY) == [
        (0, 2, "matured", False),
        (2, 2, "matured", False),
        (4, 2, "matured", True),
    ]


def test_a_matured_attempt_is_the_same_whatever_comes_later() -> None:
    early = [event("u", 0, "a"), event("u", 5, "a")]
    later = [event("u", 8 * DAY, "a"), event("u", 8 * DAY + 1, "b"), event("u", 20 * DAY, "a")]
    first = outcomes(early, 8 * DAY)
    assert first == [(0, 1, "matured", True)]
    then = outcomes([*early, *later], 40 * DAY)
    assert [attempt[:3] for attempt in then][:1] == [attempt[:3] for attempt in first]
    assert then[1:] == [(8, 2, "matured", True), (20, 1, "matured", False)]


def test_an_attempt_is_matured_when_the_end_of_its_day_and_the_window_are_over() -> None:
    events = [event("u", 100, "a"), event("late", DAY - 1, "b")]
    assert outcomes(events, 8 * DAY - 1) == [(0, 1, "open", True)]
    assert outcomes(events, 8 * DAY) == [(0, 1, "matured", True)]


def test_a_window_of_a_minute_and_none() -> None:
    events = [event("u", 0, "a"), event("u", 61, "b"), event("v", 0, "a"), event("v", 60, "b")]
    assert [found[1] for found in outcomes(events, 30 * DAY, 60)] == [1, 2]
    later = [event("u", 0, "a"), event("u", 4000 * DAY, "b")]
    assert outcomes(later, 4001 * DAY, None) == [(0, 2, "matured", True)]
    assert outcomes(later[:1], 1 * DAY, None) == [(0, 1, "matured", True)]
    assert outcomes(later[:1], 1 * DAY - 1, None) == [(0, 1, "open", True)]


def test_a_journey_enters_on_the_day_on_which_it_began() -> None:
    shop = settings(
        touchpoints=[{"touchpoint": n, "event": n, "stage": "discovery"} for n in "xab"],
        funnels=[{"id": "f", "name": "F", "unit": "journey", "window_days": 7, "steps": AB}],
    )
    events = [event("u", t, n) for t, n in [(0, "x"), (DAY, "a"), (2 * DAY, "a"), (2 * DAY + 1, "b")]]
    built = warehouse(events=events, build=["metrics.funnel_attempts"], shop=shop, known_until=at(60 * DAY))
    assert rows(built, OUTCOMES) == [(0, 2, "matured", True)]


def test_by_day_an_attempt_counts_each_day_and_by_week_a_unit_once_with_its_best() -> None:
    shop = funnel_shop(["a", "b"], AB, DAY)
    monday = [event("u", 0, "a"), event("u", DAY, "a"), event("u", DAY + 1, "b"), event("u", 2 * DAY, "a")]
    events = [*monday, event("u", 7 * DAY, "a"), event("v", 0, "a")]
    built = warehouse(
        events=events, build=["metrics.kpi_daily", "metrics.kpi_weekly", *BUILD], shop=shop, known_until=at(20 * DAY)
    )
    by_day = (
        "select numerator, denominator from metrics.kpi_daily where kpi = 'step_conversion:f:2' order by happened_on"
    )
    assert rows(built, by_day) == [(0, 2), (1, 1), (0, 1), (0, 1)]
    by_week = "select numerator, denominator from metrics.kpi_weekly where kpi = 'step_conversion:f:2' order by week_on"
    assert rows(built, by_week) == [(1, 2), (0, 1)]
    steps = "select reached_count from metrics.funnel_steps order by step_number"
    assert rows(built, steps) == [(2,), (1,)]


def test_open_attempts_are_in_no_rate() -> None:
    shop = funnel_shop(["a", "b"], AB, 7 * DAY)
    events = [event("old", 0, "a"), event("new", 5 * DAY, "a"), event("new", 5 * DAY + 1, "b")]
    built = warehouse(events=events, build=BUILD, shop=shop, known_until=at(10 * DAY))
    steps = rows(
        built, "select reached_count, open_count, dropped_count from metrics.funnel_steps order by step_number"
    )
    assert steps == [(1, 1, 0), (0, 1, 1)]


def portable(table: str, step_count: int) -> str:
    """The select of a table of attempts without ASOF joins."""
    folder = ROOT / "sql" / "funnels"
    fast, step = ((folder / f"{name}.sql").read_text(encoding="utf-8") for name in ("funnel_chain", "portable_step"))
    chain, found = re.subn(r"(?<=^chain_1 as \()\n.*?(?=^\),$)", lambda _: f"\n{step}", fast, flags=re.M | re.S)
    assert found == 1
    parts = funnel_parts(step_count) | {"funnel_chain": with_steps(chain, step_count)}
    return read_model(ROOT / "sql" / "journeys" / f"{table}.sql", parts).sql


@pytest.mark.parametrize("table", ["attempt_steps", "unstitched_attempts"])
def test_the_portable_form_passes_the_lint_and_the_fast_one_says_why_not(table: str) -> None:
    assert unportable(portable(table, 5), "portable") == []
    fast = unportable(read_model(ROOT / "sql" / "journeys" / f"{table}.sql", funnel_parts(5)).sql, "fast")
    assert len(fast) == 4 and all("asof join" in finding for finding in fast)


def test_what_is_said_of_step_2_is_said_of_every_later_step() -> None:
    text = "a_1, 2\n  -- later step\n  a_2 from a_1 = 2, 12, x2\n  -- end\nlast\n"
    assert with_steps(text, 1) == "a_1, 2\nlast\n"
    assert with_steps(text, 2) == "a_1, 2\n  a_2 from a_1 = 2, 12, x2\nlast\n"
    later = "".join(f"  a_{step} from a_{step - 1} = {step}, 12, x2\n" for step in range(2, 13))
    assert with_steps(text, 12) == f"a_1, 2\n{later}last\n"


def test_over_identifiers_a_funnel_of_persons_counts_each_device_on_its_own() -> None:
    steps = [{"touchpoint": "a"}, {"touchpoint": "b"}]
    funnels = [
        {"id": "persons", "name": "P", "unit": "person", "window_days": 7, "steps": steps},
        {"id": "sessions", "name": "S", "unit": "session", "window_days": 7, "steps": steps},
    ]
    shop = settings(touchpoints=[{"touchpoint": n, "event": n, "stage": "discovery"} for n in "ab"], funnels=funnels)
    events = [
        event("phone", 0, "a", customer_id="c1"),
        event("laptop", 5, "a"),
        event("laptop", 9, "b", customer_id="c1"),
        event("tablet", 0, "a"),
        event("tablet", 3, "b"),
    ]
    built = warehouse(events=events, build=["journeys.attempt_steps", "journeys.unstitched_attempts"], shop=shop)
    query = "select funnel_id, identifier, step_number, reached_at from journeys.unstitched_attempts order by all"
    assert rows(built, query) == [
        ("persons", "anonymous:laptop", 1, at(5)),
        ("persons", "anonymous:tablet", 1, at(0)),
        ("persons", "anonymous:tablet", 2, at(3)),
        ("persons", "customer:c1", 1, at(0)),
        ("persons", "customer:c1", 2, at(9)),
    ]
    fast = rows(built, "from journeys.unstitched_attempts order by all")
    assert fast == rows(built, f"from ({portable('unstitched_attempts', 2)}) order by all")


histories = strategies.lists(
    strategies.tuples(strategies.sampled_from("uvw"), strategies.integers(0, 30), strategies.sampled_from("abcx")),
    max_size=40,
)
chains = strategies.lists(strategies.sampled_from("abc"), min_size=1, max_size=4)
HALF_DAY = DAY / 2


@pytest.mark.random
@budget(max_examples=examples(6, 40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories, chains, strategies.one_of(strategies.none(), strategies.integers(0, 12)), strategies.integers(0, 20))
def test_equal_to_trying_every_entry(
    history: list[tuple[str, int, str]], steps: list[str], window: int | None, known_until: int
) -> None:
    """Instants are half days, and the window is of them: so that a unit enters on several days."""
    distinct = list(dict.fromkeys((who, when) for who, when, _ in history))  # one event per instant: no ties
    events = [next((w, t, n) for w, t, n in history if (w, t) == key) for key in distinct]
    longest = None if window is None else max(window * HALF_DAY, 1e-6)
    shop = funnel_shop(["a", "b", "c", "x"], [{"touchpoint": step} for step in steps], longest)
    built = warehouse(
        events=[event(who, when * HALF_DAY, name) for who, when, name in events],
        build=["metrics.funnel_attempts"],
        shop=shop,
        known_until=at(known_until * DAY),
    )
    found = rows(
        built,
        "select * exclude (unit_id) from (select unit_id, outcomes.entered_on - date '2026-01-05', "
        "outcomes.furthest_step, outcomes.state = 'matured', "
        "outcomes.is_best, list(attempts.reached_at order by attempts.step_number) "
        "from metrics.funnel_attempts as outcomes inner join journeys.attempt_steps as attempts "
        "using (funnel_id, unit_id, entered_on) group by all)",
    )
    wanted = [
        attempt
        for who in "uvw"
        for attempt in _attempts(
            [(t, n) for w, t, n in sorted(events, key=lambda e: e[1]) if w == who], steps, longest, known_until
        )
    ]
    assert sorted(found) == sorted(wanted)


def _attempts(
    events: list[tuple[int, str]], steps: list[str], window: float | None, known_until: int
) -> list[tuple[Any, ...]]:
    """The slow, obvious form: from every entry the earliest next steps; of a day's the furthest, then latest."""
    by_day: dict[int, list[tuple[int, int, list[int]]]] = {}
    for start, (entered, name) in enumerate(events):
        if name != steps[0]:
            continue
        reached = [entered]
        for when, other in events[start + 1 :]:
            is_next = len(reached) < len(steps) and other == steps[len(reached)]
            if is_next and (window is None or (when - entered) * HALF_DAY <= window):
                reached.append(when)
        by_day.setdefault(entered // 2, []).append((len(reached), entered, reached))
    attempts = []
    for day, tried in by_day.items():
        level, entered, reached = max(tried)
        is_matured = (day + 1) * DAY + (window or 0) <= known_until * DAY
        attempts.append((is_matured, level, entered, day, reached))
    best = max(attempts, default=None)
    return [
        (
            day,
            level,
            is_matured,
            (is_matured, level, entered, day, reached) == best,
            [at(t * HALF_DAY) for t in reached],
        )
        for is_matured, level, entered, day, reached in attempts
    ]


ties = strategies.lists(
    strategies.tuples(strategies.integers(0, 3), strategies.sampled_from("abc")), min_size=1, max_size=10
)


@pytest.mark.random
@budget(max_examples=examples(4, 30), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(strategies.lists(ties, min_size=1, max_size=20), chains)
def test_the_fast_and_the_portable_form_agree_on_ties(histories: list[Any], steps: list[str]) -> None:
    events = [event(f"u{i}", t, n) for i, history in enumerate(histories) for t, n in history]
    shop = funnel_shop(["a", "b", "c"], [{"touchpoint": step} for step in steps], 3)
    built = warehouse(events=events, build=["journeys.attempt_steps"], shop=shop)
    fast = rows(built, "from journeys.attempt_steps order by all")
    assert fast == rows(built, f"from ({portable('attempt_steps', len(steps))}) order by all")

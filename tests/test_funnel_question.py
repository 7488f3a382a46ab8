"""`parcours.funnel`: any table of events, with every option; against published cases and a walk row by row."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import pandas as pd
import pytest
import slow_funnel
from conftest import cases
from given import examples
from hypothesis import example, given, settings, strategies

import parcours
from parcours.questions.funnel import FunnelAnswer
from parcours.questions.steps import QuestionError

START = datetime(2026, 1, 5)
FAR = "2100-01-01"


def log(*rows: tuple[Any, ...], columns: str = "person_id t event") -> pd.DataFrame:
    """Rows with seconds after START, or instants."""
    frame = pd.DataFrame(rows, columns=columns.split())
    return frame.assign(
        occurred_at=[
            START + timedelta(seconds=t) if isinstance(t, int | float) else datetime.fromisoformat(t)
            for t in frame.pop("t")
        ]
    )


def reached(answer: pd.DataFrame) -> list[int]:
    return [int(count) for count in answer["reached_count"]]


def ask(rows: pd.DataFrame, steps: Any, **options: Any) -> FunnelAnswer:
    return parcours.funnel(rows, steps, **{"known_until": FAR} | options)


ONE_PATH = log(("u", 0, "a"), ("u", 5, "b"), ("u", 14, "b"), ("u", 20, "c"))


# Each option by hand.


def test_in_order_with_others_between() -> None:
    assert reached(ask(ONE_PATH, ["a", "b", "c"])) == [1, 1, 1]
    assert reached(ask(ONE_PATH, ["b", "a", "c"])) == [1, 0, 0]


def test_a_window_from_the_first_step_includes_its_end() -> None:
    assert reached(ask(ONE_PATH, ["a", "b", "c"], window=20)) == [1, 1, 1]
    assert reached(ask(ONE_PATH, ["a", "b", "c"], window="19 s")) == [1, 1, 0]


def test_a_window_from_the_prior_step_looks_for_a_chain_not_for_the_next_event() -> None:
    # The first b is in time for a, the second one is not, and c is only in time for the second.
    assert reached(ask(ONE_PATH, ["a", "b", "c"], window=10, window_from="prior")) == [1, 1, 0]
    # From the first b to c are 15 s; with 14 s for a → b and 6 s for b → c the second b leads there.
    steps = ["a", parcours.step("b", within=14), parcours.step("c", within=6)]
    assert reached(ask(ONE_PATH, steps, window=None)) == [1, 1, 1]


def test_a_least_time_since_the_step_before() -> None:
    assert reached(ask(ONE_PATH, ["a", parcours.step("b", at_least=6), "c"])) == [1, 1, 1]
    assert reached(ask(ONE_PATH, ["a", parcours.step("b", at_least=15), "c"])) == [1, 0, 0]


def test_what_may_not_come_between() -> None:
    rows = log(("u", 0, "a"), ("u", 1, "x"), ("u", 2, "b"), ("v", 0, "a"), ("v", 1, "x"), ("v", 2, "a"), ("v", 3, "b"))
    assert reached(ask(rows, ["a", parcours.step("b", without="x")])) == [2, 1]


def test_strict_means_the_very_next_event() -> None:
    rows = log(("u", 0, "a"), ("u", 1, "x"), ("u", 2, "b"), ("v", 0, "a"), ("v", 1, "b"))
    assert reached(ask(rows, ["a", "b"], order="strict")) == [2, 1]


def test_in_any_order_a_step_is_how_many_were_done() -> None:
    rows = log(("u", 0, "c"), ("u", 1, "a"), ("v", 0, "b"), ("v", 90, "a"), ("w", 0, "b"), ("w", 1, "c"), ("w", 2, "a"))
    assert reached(ask(rows, ["a", "b", "c"], order="any", window=60)) == [3, 2, 1]


def test_events_of_one_instant_may_be_two_steps_unless_that_is_forbidden() -> None:
    rows = log(("u", 0, "b"), ("u", 0, "a"))
    assert reached(ask(rows, ["a", "b"])) == [1, 1]
    assert reached(ask(rows, ["a", "b"], ties="forbidden")) == [1, 0]
    later = ask(ONE_PATH, ["a", "b", "c"], ties="forbidden")
    assert [*later["median_seconds_from_previous"]][1:] == [5, 15], "the same steps as where ties may advance"


def test_an_open_funnel_is_entered_at_any_step() -> None:
    rows = log(("u", 0, "a"), ("u", 1, "b"), ("v", 0, "b"), ("v", 1, "c"), ("w", 0, "c"))
    found = ask(rows, ["a", "b", "c"], entry="open")
    assert reached(found) == [1, 2, 2]
    assert [*found["entered_count"]] == [3, 3, 3]
    assert [*found["dropped_count"]] == [0, 0, 1], "u, who came to b and not to c"


def test_an_optional_step_is_counted_and_never_asked_for() -> None:
    rows = log(("u", 0, "a"), ("u", 1, "x"), ("u", 2, "b"), ("v", 0, "a"), ("v", 1, "b"), ("v", 2, "x"), ("w", 9, "a"))
    found = ask(rows, ["a", parcours.step("x", optional=True), "b"])
    assert reached(found) == [3, 1, 2]
    assert [*found["dropped_count"].fillna(-1)] == [0, -1, 1]
    assert found["step_rate"][2] == pytest.approx(2 / 3), "of those who reached a, not x"


def test_a_route_of_several_events_and_a_condition_on_the_rows() -> None:
    rows = log(
        ("u", 0, "a", 1),
        ("u", 1, "buy now", 9),
        ("v", 0, "a", 1),
        ("v", 1, "add", 3),
        columns="person_id t event price",
    )
    assert reached(ask(rows, ["a", ["add", "buy now"]])) == [2, 2]
    assert reached(ask(rows, ["a", parcours.step(where="price > 5")])) == [2, 1]


def test_windows_that_are_not_over_are_open_and_in_no_rate() -> None:
    rows = log(("u", 0, "a"), ("u", 1, "b"), ("v", 86400 * 3, "a"))
    found = ask(rows, ["a", "b"], window="1 day", known_until="2026-01-09")
    assert (reached(found), [*found["open_count"]]) == ([1, 1], [1, 0])


def test_groups_are_those_of_the_entry_and_add_up() -> None:
    rows = log(
        ("u", 0, "a", "m"),
        ("u", 1, "b", "d"),
        ("v", 0, "a", "d"),
        ("w", 0, "a", None),
        columns="person_id t event device",
    )
    found = ask(rows, ["a", "b"], by="device")
    by_device = found.assign(device=found["device"].astype(object).where(found["device"].notna(), "-"))
    assert {(one.device, one.step_number): one.reached_count for one in by_device.itertuples()} == {
        ("m", 1): 1, ("m", 2): 1, ("d", 1): 1, ("d", 2): 0, ("-", 1): 1, ("-", 2): 0,
    }  # fmt: skip
    assert reached(ask(rows, ["a", "b"], where="device = 'm'")) == [1, 1]
    assert reached(ask(rows, ["a", "b"], since="2026-01-06")) == []


def test_a_unit_is_any_column() -> None:
    rows = log(
        ("u", 0, "a", 1), ("u", 1, "b", 2), ("u", 2, "b", 1), ("u", 3, "b", None), columns="person_id t event cart"
    )
    assert reached(ask(rows, ["a", "b"], unit="cart")) == [1, 1]
    assert reached(ask(rows, ["b", "b"], unit="cart")) == [2, 0]


def test_the_people_behind_each_count() -> None:
    rows = log(("u", 0, "a"), ("u", 1, "b"), ("v", 0, "a"), ("w", 86400 * 9, "a"))
    found = ask(rows, ["a", "b"], known_until="2026-01-15")
    assert found.people(1) == ["u", "v"]
    assert (found.people(2), found.people(2, "dropped"), found.people(1, "open")) == (["u"], ["v"], ["w"])


# What holds the log, and what it says.


def test_the_same_figures_whatever_holds_the_log(tmp_path: Path) -> None:
    rows = log(("u", 0, "a"), ("u", 1, "b"), ("v", 0, "a"))
    with duckdb.connect() as connection:
        connection.register("rows", rows)
        connection.execute(f"copy rows to '{tmp_path}/log.parquet'")
        connection.execute(f"copy rows to '{tmp_path}/log.csv'")
        arrow = connection.sql("from rows").to_arrow_table()
        in_zone = rows.assign(occurred_at=rows["occurred_at"].dt.tz_localize("Europe/Paris"))
        for held in (
            rows,
            arrow,
            tmp_path / "log.parquet",
            f"{tmp_path}/log.csv",
            connection.sql("from rows"),
            in_zone,
        ):
            assert reached(ask(held, ["a", "b"])) == [2, 1]


def test_names_are_data() -> None:
    name = "a'; drop table event_log; --"
    rows = log(("u", 0, name, 'x"y'), ("u", 1, "b\"'", "z"), columns='person_id t event odd"column')
    found = ask(rows, [name, "b\"'"], by='odd"column')
    assert reached(found) == [1, 1]
    assert found['odd"column'][0] == 'x"y'
    assert ask(rows, ["no such event", "b"])["reached_count"].sum() == 0


def test_an_answer_has_its_sql_its_definition_and_its_chart() -> None:
    found = ask(ONE_PATH, ["a", "b", "d"])
    with duckdb.connect() as connection:
        connection.register("event_log", ONE_PATH)
        assert connection.sql(found.sql).df().equals(pd.DataFrame(found)), "the SQL alone gives the same"
    assert "window 7 days from the first step, its end included" in found.definition
    assert found.plot().layout.title.text == "b → d loses most: 1 of those who reached b"
    assert type(found[found["step_number"] > 1]) is pd.DataFrame


@pytest.mark.parametrize(
    ("steps", "options", "said"),
    [
        ([], {}, "without steps"),
        ("a", {}, "expected a list"),
        (["a"], {"unit": "nobody"}, "No column 'nobody'. The table has: person_id, event, occurred_at."),
        (["a"], {"window": "soon"}, "window: expected a length of time"),
        ([parcours.step("a", optional=True), "b"], {}, "'a' is the entry"),
        (["a", parcours.step("b", within=3)], {"order": "any"}, "In any order no step comes before another"),
        (["a", parcours.step("b", within=0)], {"order": "any"}, "In any order no step comes before another"),
        (["a", "b"], {"order": "any", "ties": "forbidden"}, "In any order no step comes before another"),
        (["a", ["a", "b"]], {"order": "any"}, "an event belongs to one step"),
        (["a", parcours.step("b", optional=True)], {"entry": "open"}, "An open funnel has no optional steps"),
        (["a", parcours.step(where="no_column > 3")], {}, "The columns are: person_id, event, occurred_at."),
    ],
)
def test_what_cannot_be_asked(steps: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(QuestionError) as refused:
        ask(ONE_PATH, steps, **options)
    assert said in str(refused.value)
    with pytest.raises(QuestionError, match="No event can come then"):
        parcours.step("a", at_least="2 h", within="1 h")


def test_of_entries_of_one_instant_the_one_with_the_shortest_time_counts() -> None:
    found = ask(log(("u", 0, "a"), ("u", 0, "a"), ("u", 14_400, "a")), ["a", "a"])
    assert found["reached_count"].tolist() == [1, 1]
    assert found["median_seconds_from_previous"].tolist()[1] == 0


# Published cases, and a second implementation.


CASES = cases("funnel_cases", "core", "entry_day", "session_unit", "mode")
NOT_TAKEN = {"ch-wf-31", "ch-wf-32", "ch-wf-34"}
"""ClickHouse's allow_reentry, which is for its strict order alone: see docs/definitions.md, "Funnel"."""


def test_all_cases_but_those_that_the_docs_name_are_run() -> None:
    assert {case.id for case in CASES} > NOT_TAKEN


def _said(properties: dict[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in properties.items())


def _step(said: Any) -> Any:
    """A step as a case says it: a name, several, any event, one with a property, or a comparison of numbers."""
    if not isinstance(said, dict):
        return said
    if said.get("any"):
        return parcours.step(where="true")
    if "op" in said:
        return parcours.step(where=f"cast(event as bigint) {said['op']} {said['value']}")
    return parcours.step(said["event"], where=f"properties = '{_said(said['props'])}'")


@pytest.mark.parametrize("case", [case for case in CASES if case.id not in NOT_TAKEN])
def test_published_case(case: dict[str, Any]) -> None:
    asked, modes = case["semantics"], case["semantics"].get("modes", [])
    rows = log(
        *((who, when, name, _said((more or [{}])[0])) for who, when, name, *more in case["events"]),
        columns="person_id t event properties",
    )
    order = {"ordered": "sequential", "unordered": "any"}.get(asked["order"], asked["order"])
    found = ask(
        rows,
        [_step(one) for one in case["steps"]],
        window=asked["window_s"],
        order="strict" if "strict_order" in modes else order,
        ties="forbidden" if "strict_increase" in modes else "advance",
    )
    expected = case["expected"]
    if "step_counts" in expected:
        assert reached(found) == expected["step_counts"]
    if "user_levels" in expected:
        attempts = found.attempts()
        best = attempts[attempts["is_best"]].set_index("unit_id")["furthest_step"]
        assert {who: best.get(who, 0) for who in expected["user_levels"]} == expected["user_levels"]


names = strategies.sampled_from("abcx")
slow_steps = strategies.lists(
    strategies.builds(
        slow_funnel.SlowStep,
        names=strategies.lists(names, min_size=1, max_size=2, unique=True).map(tuple),
        within=strategies.sampled_from([None, None, 0.0, 2.0, 5.0]),
        at_least=strategies.sampled_from([0.0, 0.0, 1.0, 3.0]),
        without=strategies.sampled_from([(), (), ("x",), ("a", "x")]),
    ),
    min_size=1,
    max_size=4,
)
logs = strategies.lists(
    strategies.tuples(strategies.sampled_from("uv"), strategies.integers(0, 12), names), min_size=1, max_size=14
)


@pytest.mark.random
@settings(max_examples=examples(40, 1000), deadline=None)
@given(
    rows=logs,
    steps=slow_steps,
    window=strategies.sampled_from([None, 0.0, 3.0, 6.0, 100.0]),
    order=strategies.sampled_from(["sequential", "sequential", "strict", "any"]),
    window_from=strategies.sampled_from(["first", "first", "prior"]),
    ties=strategies.sampled_from(["advance", "forbidden"]),
    entry=strategies.sampled_from(["closed", "closed", "open"]),
    has_rules=strategies.booleans(),
)
@example(
    rows=[("u", 0, "a"), ("u", 0, "c"), ("u", 1, "a"), ("u", 1, "b")],
    steps=[slow_funnel.SlowStep((name,)) for name in "abc"],
    window=None,
    order="any",
    window_from="first",
    ties="advance",
    entry="closed",
    has_rules=False,
)
def test_equal_to_walking_all_chains(
    rows: list[Any],
    steps: list[slow_funnel.SlowStep],
    window: float | None,
    order: str,
    window_from: str,
    ties: str,
    entry: str,
    has_rules: bool,
) -> None:
    if order == "any":
        window_from, ties, entry, has_rules = "first", "advance", "closed", False
        taken: set[str] = set()
        for place, one in enumerate(steps):
            steps[place] = slow_funnel.SlowStep(tuple(name for name in one.names if name not in taken))
            taken |= {*one.names}
        steps = [one for one in steps if one.names] or [slow_funnel.SlowStep(("a",))]
    elif not has_rules:
        steps = [slow_funnel.SlowStep(one.names) for one in steps]
    steps = [slow_funnel.SlowStep(steps[0].names), *steps[1:]]
    steps = [
        one if one.within is None or one.within >= one.at_least else slow_funnel.SlowStep(one.names) for one in steps
    ]
    # An hour of the clock to a second of the test, so that attempts of several days are walked.
    given_log = log(*((who, t * 14400, name) for who, t, name in rows))
    hours = 14400.0
    scaled = [
        slow_funnel.SlowStep(
            one.names, None if one.within is None else one.within * hours, one.at_least * hours, one.without
        )
        for one in steps
    ]
    whole = None if window is None else window * hours
    asked = slow_funnel.Slow(scaled, whole, order, window_from, ties, entry)
    walked = slow_funnel.attempts(asked, [{**row, "row": n} for n, row in enumerate(given_log.to_dict("records"))])
    found = ask(
        given_log,
        [
            parcours.step(*one.names, within=one.within, at_least=one.at_least, without=one.without)
            if place
            else [*one.names]
            for place, one in enumerate(scaled)
        ],
        window=whole,
        order=order,
        window_from=window_from,
        ties=ties,
        entry=entry,
    )
    assert {
        (one.unit_id, one.entered_on.date(), one.entry_step): (one.furthest_step, one.entered_at)
        for one in found.attempts().itertuples()
    } == {key: (furthest, path[0]) for key, (furthest, path) in walked.items()}
    best: dict[tuple[str, int], Any] = {}
    for (unit, _, first), (furthest, path) in walked.items():
        best[unit, first] = max(
            best.get((unit, first), (0, START, [])), (furthest, path[0], path), key=lambda one: one[:2]
        )
    at: dict[int, set[str]] = defaultdict(set)
    came: dict[int, set[str]] = defaultdict(set)
    spent: dict[int, list[float]] = defaultdict(list)
    for (unit, first), (furthest, _, path) in best.items():
        for step in range(first, furthest + 1):
            at[step].add(unit)
            if step > first:
                came[step].add(unit)
                spent[step].append((path[step - first] - path[step - first - 1]).total_seconds())
    for row in found.itertuples():
        step = row.step_number
        assert row.reached_count == len(at[step]) == len(found.people(step))
        assert row.dropped_count == (len(at[step - 1]) - len(came[step]) if step > 1 else 0)
        assert row.dropped_count == len(found.people(step, "dropped") if step > 1 else [])
        if spent[step]:
            assert row.median_seconds_from_previous == pytest.approx(median(spent[step]))

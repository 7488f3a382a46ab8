"""Two sides of a funnel beside each other, the map by groups, a figure over time: by hand, and counted one by one.

The answers read tables of a run; here these are written down, so that thousands of attempts cost nothing.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import pandas as pd
import pytest
from given import examples
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from parcours.questions.compare import Side, answer_compare
from parcours.questions.drop_off import answer_drop_off
from parcours.questions.groups import groups_of
from parcours.questions.listed_answer import ListedAnswer
from parcours.questions.steps import QuestionError
from parcours.questions.trend import answer_trend

MONDAY = date(2026, 1, 5)
STAGES = ("discovery", "cart", "purchase")
Attempt = tuple[str, int, int, str, str]
"""Unit, day after MONDAY, furthest step, state, device."""


class Tables:
    """The tables that the answers read, of these attempts."""

    def __init__(self, attempts: Iterable[Attempt]) -> None:
        self.connection = duckdb.connect(config={"threads": 1})
        self.connection.execute(f"""
            create schema metrics; create schema settings; create schema journeys;
            create table settings.shop as select 5 as small_cell, 'UTC' as time_zone;
            create table settings.stages as select unnest({[*STAGES]}) as stage, stage as stage_label;
            create table metrics.measured_stages as
            select unnest({[*STAGES]}) as stage, unnest([1, 2, 4]) as stage_position, true as is_required,
            unnest([1, 2, 3]) as required_number;
            create table metrics.drop_off_steps as
            select unnest(['f', 'map:stages']) as funnel_id, step_number, step_label
            from (select unnest([1, 2, 3]) as step_number, unnest({[*STAGES]}) as step_label);
            create table settings.kpis as
            select 'step' as kpi, 1 as kpi_position, 'Step' as kpi_label, 'share' as unit,
            'entries' as denominator_name, 'f' as funnel_id
            union all select 'value', 2, 'Value', 'currency', 'orders', null
        """)
        rows = [
            {
                "unit_id": unit,
                "person_id": f"p {unit}",
                "entered_on": MONDAY + timedelta(days=day),
                "entered_at": datetime(2026, 1, 5, 12) + timedelta(days=day),
                "furthest_step": furthest,
                "session_id": f"s{number}",
                "campaign": None,
                "state": state,
                "device": device,
            }
            for number, (unit, day, furthest, state, device) in enumerate(attempts)
        ]
        self.connection.execute("""
            create table given (
                unit_id text, person_id text, entered_on date, entered_at timestamp, furthest_step bigint,
                session_id text, campaign text, state text, device text
            )
        """)
        if rows:
            self.connection.register("rows_given", pd.DataFrame(rows))
            self.connection.execute("insert into given select * from rows_given")
        self.connection.execute("""
            create table metrics.drop_off_attempts as
            select funnel_id, given.* exclude (device), true as is_best
            from given cross join (select unnest(['f', 'map:stages']) as funnel_id);
            create table journeys.sessions as select session_id, 'spring' as campaign from given;
            create table journeys.session_segments as
            select session_id, 'device' as dimension, device as value from given where device <> 'not known';
            create table metrics.kpi_attempts as
            select 'step' as kpi, unit_id || ' ' || entered_on as attempt_id, unit_id, person_id, session_id,
            entered_at as happened_at, entered_on as happened_on, furthest_step > 1 as is_converted,
            case when state <> 'matured' then state when furthest_step > 1 then 'converted' else 'dropped' end
            as outcome,
            case when outcome = 'converted' then 1 else 0 end as numerator,
            case when state = 'matured' then 1 else 0 end as denominator
            from given where furthest_step >= 1
        """)

    def ask(self, sql: str) -> pd.DataFrame:
        return self.connection.execute(sql).df()

    def compare(self, a: Side, b: Side, of: str = "f", by: Any = (), where: str | None = None) -> ListedAnswer:
        return answer_compare(self.ask, ["device"], {"a": a, "b": b}, of, by, None, None, where, "said")


def people(device: str, week: int, entered: int, converted: int) -> list[Attempt]:
    return [
        (f"{device}{week}-{number}", 7 * week, 2 if number < converted else 1, "matured", device)
        for number in range(entered)
    ]


WEEKS: tuple[Side, Side] = (("2026-01-05", "2026-01-11"), ("2026-01-12", "2026-01-18"))


def test_the_difference_is_mix_and_rate_by_hand() -> None:
    tables = Tables(
        [
            *people("mobile", 0, 4, 1),
            *people("desktop", 0, 4, 3),
            *people("mobile", 1, 6, 3),
            *people("desktop", 1, 2, 1),
        ]
    )
    found = tables.compare(*WEEKS, by="device")
    first = found[(found["from_step"] == 1) & (found["to_step"] == 2)].set_index("device")
    # Half of all went on in both weeks. That of mobile went from 1/4 to 1/2, with 3/4 of all instead of half; desktop's
    # from 3/4 to 1/2, with a quarter. The whole's mean rate is 1/2, mobile's 3/8, desktop's 5/8.
    assert first.loc["mobile", ["mix_part", "rate_part"]].tolist() == [0.25 * (3 / 8 - 1 / 2), 5 / 8 * 1 / 4]
    assert first.loc["desktop", ["mix_part", "rate_part"]].tolist() == [-0.25 * (5 / 8 - 1 / 2), 3 / 8 * -1 / 4]
    [whole] = found[found["is_whole"] & (found["from_step"] == 1) & (found["to_step"] == 2)].to_dict("records")
    assert (whole["a_rate"], whole["b_rate"], whole["difference"]) == (0.5, 0.5, 0)
    assert (whole["mix_part"], whole["rate_part"]) == (-1 / 16, 1 / 16)
    assert [*found.loc[found["is_whole"], "to_label"]] == ["cart", "purchase", "purchase"]
    title = found.plot().layout.title.text
    assert title.startswith("discovery → purchase: 0") and "within chance" in title
    assert "2026-01-05 – 2026-01-11" in title


def test_the_interval_of_a_difference_is_newcombes() -> None:
    # Newcombe 1998, table II, method 10, without continuity correction: 56/70 against 48/80.
    found = Tables([*people("mobile", 0, 80, 48), *people("mobile", 1, 70, 56)]).compare(*WEEKS).iloc[0]
    assert [round(float(found[one]), 4) for one in ("difference", "difference_low", "difference_high")] == [
        0.2,
        0.0524,
        0.3339,
    ]


def test_a_group_of_one_side_alone_is_all_mix_and_a_side_of_nobody_has_no_difference() -> None:
    tables = Tables([*people("mobile", 0, 4, 2), *people("mobile", 1, 4, 2), *people("desktop", 1, 4, 4)])
    found = tables.compare(*WEEKS, by="device")
    row = found[(found["device"] == "desktop") & (found["to_step"] == 2)].iloc[0]
    assert row["rate_part"] == 0 and row["mix_part"] == pytest.approx(0.5 * (1 - (0.5 + 0.75) / 2))
    nobody = tables.compare("2025-01", WEEKS[1], by="device")
    assert nobody["difference"].isna().all() and nobody.plot().layout.title.text == "Nothing to compare"


def test_segments_figures_and_weeks_that_are_over_are_sides_too() -> None:
    tables = Tables([*people("mobile", 0, 4, 1), *people("desktop", 4, 4, 3), ("late", 60, 1, "open", "mobile")])
    by_device = tables.compare({"device": "mobile"}, {"device": "desktop"}).iloc[0]
    assert (by_device["a_entered_count"], by_device["a_open_count"]) == (4, 1)
    assert (by_device["a_rate"], by_device["b_rate"], by_device["b_open_count"]) == (0.25, 0.75, 0)
    figure = tables.compare("2026-01", "2026-02", of="step").iloc[0]
    assert (figure["from_label"], figure["to_label"], figure["a_rate"], figure["b_rate"]) == (
        "entries",
        "Step",
        0.25,
        0.75,
    )
    # The last day on which nobody is open is the 59th after Monday: weeks from day 4 and from day 32 on.
    over = tables.compare(None, None).iloc[0]
    assert (over["a_entered_count"], over["b_entered_count"]) == (4, 0)
    for ask, said in (
        (lambda: tables.compare("a week", "2026-02"), "'a week': expected a month as"),
        (
            lambda: tables.compare("2026-01", "2026-02", of="value"),
            "No funnel or share 'value'. There are: f, map:stages, step",
        ),
        (lambda: tables.compare("2026-01", "2026-02", by="payment method"), "No segment 'payment method'"),
        (lambda: tables.compare("2026-01", "2026-02", by="week"), "No segment 'week'. There are: campaign, device"),
        (lambda: tables.compare("2026-01", "2026-02").people("gone"), "No outcome 'gone'"),
    ):
        with pytest.raises(QuestionError) as refused:
            ask()
        assert said in str(refused.value)


ATTEMPTS = st.lists(
    st.tuples(
        st.sampled_from(["u", "v", "w", "x", "y", "z"]),
        st.integers(0, 20),
        st.integers(1, 3),
        st.sampled_from(["matured", "matured", "open", "uncovered"]),
        st.sampled_from(["mobile", "desktop", "not known"]),
    ),
    max_size=40,
    # An attempt is a unit on a day of entry.
    unique_by=lambda one: (one[0], one[1]),
)


def best(attempts: Iterable[Attempt], first: int, last: int) -> dict[str, Attempt]:
    """The one that each unit counts with: matured before open before uncovered, the furthest, the latest."""
    order = {"matured": 2, "open": 1, "uncovered": 0}
    found: dict[str, Attempt] = {}
    for one in sorted(attempts, key=lambda one: (order[one[3]], one[2], one[1])):
        if first <= one[1] <= last:
            found[one[0]] = one
    return found


def outcome(one: Attempt, step: int) -> str:
    if one[3] != "matured":
        return one[3]
    return "converted" if one[2] >= step else "dropped"


def wilson(part: int, whole: int) -> tuple[float, float]:
    z = 1.959964
    middle = (part + z * z / 2) / (whole + z * z)
    half = z / (whole + z * z) * math.sqrt(part * (whole - part) / whole + z * z / 4)
    return middle - half, middle + half


@budget(max_examples=examples(6, 200), deadline=None)
@given(attempts=ATTEMPTS)
def test_counted_one_by_one_and_every_list_is_as_long_as_its_count(attempts: list[Attempt]) -> None:
    tables = Tables(attempts)
    found = tables.compare(("2026-01-05", "2026-01-14"), ("2026-01-15", "2026-01-25"), by="device")
    sides = {"a": best(attempts, 0, 9), "b": best(attempts, 10, 20)}
    expected: dict[Any, Counter[tuple[str, str]]] = defaultdict(Counter)
    for side, units in sides.items():
        for one in units.values():
            for passage in ((1, 2), (2, 3), (1, 3)):
                # A group has a row for each passage, with nothing where nobody of it came.
                for cell in ((passage, None), (passage, one[4])):
                    expected[cell][side, outcome(one, passage[1])] += one[2] >= passage[0]
    assert len(found) == len(expected)
    for row in found.to_dict("records"):
        cell = ((row["from_step"], row["to_step"]), None if row["is_whole"] else row["device"])
        place = {"from_step": row["from_step"], "to_step": row["to_step"]}
        group = {} if row["is_whole"] else {"device": row["device"]}
        for side in sides:
            for name in ("converted", "dropped", "open", "uncovered"):
                assert row[f"{side}_{name}_count"] == expected[cell][side, name]
                assert row[f"{side}_{name}_count"] == len(found.people(name, side=side, **place, **group))
            entered = row[f"{side}_entered_count"]
            assert entered == row[f"{side}_converted_count"] + row[f"{side}_dropped_count"]
            assert pd.isna(row[f"{side}_rate"]) == (entered == 0)
        if not pd.isna(row["difference"]):
            (low_a, high_a), (low_b, high_b) = (
                wilson(row[f"{side}_converted_count"], row[f"{side}_entered_count"]) for side in sides
            )
            below = math.hypot(row["b_rate"] - low_b, high_a - row["a_rate"])
            above = math.hypot(high_b - row["b_rate"], row["a_rate"] - low_a)
            assert row["difference_low"] == pytest.approx(row["difference"] - below, abs=1e-5)
            assert row["difference_high"] == pytest.approx(row["difference"] + above, abs=1e-5)
    for passage, rows in found.groupby(["from_step", "to_step"]):
        whole, parts = rows[rows["is_whole"]].iloc[0], rows[~rows["is_whole"]]
        if not pd.isna(whole["difference"]):
            total = parts["mix_part"].sum() + parts["rate_part"].sum()
            assert total == pytest.approx(whole["difference"], abs=1e-12), passage
            assert whole["mix_part"] + whole["rate_part"] == pytest.approx(total, abs=1e-12)


@budget(max_examples=examples(4, 100), deadline=None)
@given(attempts=ATTEMPTS)
def test_the_map_by_groups_is_counted_one_by_one(attempts: list[Attempt]) -> None:
    tables = Tables([(f"{one[0]}{one[1]}", *one[1:]) for one in attempts])
    groups = groups_of(["week", "device"], ["device"])
    found = answer_drop_off(tables.ask, groups, "2026-01-07", "2026-01-20", None, "said")
    counted = [one for one in attempts if 2 <= one[1] <= 15]
    cells = {(MONDAY + timedelta(days=one[1] - one[1] % 7), one[4]) for one in counted}
    assert len(found) == len(STAGES) * len(cells)
    for row in found.to_dict("records"):
        step = STAGES.index(row["stage"]) + 1
        here = [
            one
            for one in counted
            if one[2] >= step
            and one[4] == row["device"]
            and MONDAY + timedelta(days=one[1] - one[1] % 7) == pd.Timestamp(row["week"]).date()
        ]
        states = Counter(one[3] for one in here)
        assert [row[f"{state}_count"] for state in ("matured", "open", "uncovered")] == [
            states[state] for state in ("matured", "open", "uncovered")
        ]
        dropped = sum(one[3] == "matured" and one[2] == step for one in here)
        assert pd.isna(row["dropped_count"]) if step == 3 else row["dropped_count"] == dropped
        for name in ("reached", "matured", "open", "uncovered", *(("dropped",) if step < 3 else ())):
            listed = found.people(row["stage"], name, week=row["week"], device=row["device"])
            assert len(listed) == row[f"{name}_count"], name


@budget(max_examples=examples(4, 100), deadline=None)
@given(attempts=ATTEMPTS)
def test_a_figure_by_week_and_segment_adds_up_to_its_week(attempts: list[Attempt]) -> None:
    tables = Tables(attempts)
    whole, parts = (
        answer_trend(tables.ask, "step", "Step", groups_of(by, ["device"], day="happened_on"), None, None, None, "said")
        for by in (["week"], ["week", "device"])
    )
    weeks = {number: best(attempts, 7 * number, 7 * number + 6) for number in range(3)}
    expected = {
        MONDAY + timedelta(days=7 * number): Counter(outcome(one, 2) for one in units.values())
        for number, units in weeks.items()
        if units
    }
    assert [pd.Timestamp(one).date() for one in whole["week"]] == [*expected]
    for row, counts in zip(whole.to_dict("records"), expected.values(), strict=True):
        assert row["denominator"] == counts["converted"] + counts["dropped"]
        assert [row["numerator"], row["open_count"], row["uncovered_count"]] == [
            counts[name] for name in ("converted", "open", "uncovered")
        ]
        of_week = parts[parts["week"] == row["week"]]
        for column in ("numerator", "denominator", "open_count", "uncovered_count"):
            assert of_week[column].sum() == row[column]
    for row in parts.to_dict("records"):
        for name, count in (("converted", row["numerator"]), ("open", row["open_count"])):
            assert len(parts.people(name, week=row["week"], device=row["device"])) == count

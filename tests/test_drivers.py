"""What goes with dropping, and what is to be gained: by hand, and as plain Python finds it on random logs."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from math import exp, log, sqrt
from typing import Any

import duckdb
import numpy as np
import pytest
from given import answer, at, event, examples, order, rows, settings, warehouse
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st
from scipy.stats import binomtest, false_discovery_control, norm

DAY = 86400.0
TABLES = ["metrics.drop_off_drivers", "metrics.attainable_gain"]
FUNNEL = [
    {"id": "buy", "name": "Buy", "window_days": 7, "steps": [{"touchpoint": t} for t in ("product", "add", "checkout")]}
]

PATHS = {
    "fails and leaves": (3, ["failed"]),
    "fails and goes on": (1, ["failed", "checkout"]),
    "looks back and leaves": (1, ["landing"]),
    "looks back and goes on": (3, ["landing", "checkout"]),
    "goes on": (3, ["checkout"]),
    "leaves": (2, []),
}
"""What one does who has something in the cart, and how many of thirteen do."""


@pytest.fixture(scope="module")
def by_hand() -> duckdb.DuckDBPyConnection:
    """Ten times thirteen people, of whom those who look back are on a phone and look at another product."""
    acts = [
        (f"{path} {copy}", 60.0 * number, name, path)
        for path, (count, names) in PATHS.items()
        for copy in range(10 * count)
        for number, name in enumerate(["product", "add", *names])
    ]
    device = {path: "mobile" if "looks" in path else "desktop" for path in PATHS}
    return warehouse(
        events=[
            event(who, when, name, device=device[path], **({"product_id": device[path]} if name == "product" else {}))
            for who, when, name, path in acts
        ],
        build=TABLES,
        shop=settings(
            funnels=FUNNEL,
            stages=[
                *({"id": one, "label": one, **({"to_be": 0.9} if one == "cart" else {})}
                  for one in ("discovery", "consideration", "cart", "checkout", "purchase")),
                {"id": "support", "label": "Support", "required": False},
            ],
        ),
    )  # fmt: skip


def wilson(count: int, whole: int) -> tuple[float, float]:
    interval = binomtest(count, whole).proportion_ci(method="wilson")
    return interval.low, interval.high


def test_friction_is_held_against_those_who_were_as_far_and_still_there(by_hand: Any) -> None:
    counts = "with_count, with_dropped, without_count, without_dropped, compared_count, compared_rate, comparable_rate"
    found = rows(
        by_hand,
        f"select level, {counts}, lift, difference, extra_dropped, p, left_out from metrics.drop_off_drivers "
        "where funnel_id = 'buy' and step_number = 3 and factor = 'friction' order by level",
    )
    z = (30 - 40 * 30 / 70 - 0.5) / sqrt(40 * 30 * 30 * 40 / (70 * 70 * 69))
    # Instead of an error one may pass, and none of those that left at once could have met it. Those that look back are
    # on another device, and comparable with nobody.
    assert found == [
        ("back_step", 40, 10, 0, 0, 0, None, None, None, None, None, None, "everybody has it"),
        ("payment_failure", 40, 30, 30, 0, 40, 0.75, 0.0, None, 0.75, 30.0,
         pytest.approx(2 * norm.sf(z), rel=1e-6), None),
    ]  # fmt: skip
    # On the map the error is itself what brings them to the checkout: it is no friction on the way there, or behind it.
    on_the_map = rows(
        by_hand,
        "select step_label, level, with_count, with_dropped, without_count from metrics.drop_off_drivers "
        "where funnel_id = 'map:stages' and factor = 'friction'",
    )
    assert on_the_map == [("checkout", "back_step", 40, 10, 0)]


def test_who_they_are_is_held_against_others_at_the_same_point_of_the_path(by_hand: Any) -> None:
    where = "from metrics.drop_off_drivers where funnel_id = 'buy' and step_number = 3"
    found = rows(
        by_hand,
        f"select level, with_count, with_dropped, without_count, without_dropped, lift, lift_low, lift_high {where} "
        "and factor = 'device' order by level",
    )
    # 10 of 40 on the phone drop, 50 of 90 on the desktop; the intervals of both as in textbooks.
    assert [row[:5] for row in found] == [("desktop", 90, 50, 40, 10), ("mobile", 40, 10, 90, 50)]
    lift, (low, high), (other_low, other_high) = 0.25 / (50 / 90), wilson(10, 40), wilson(50, 90)
    below = sqrt(log(0.25 / low) ** 2 + log(other_high / (50 / 90)) ** 2)
    above = sqrt(log(high / 0.25) ** 2 + log(50 / 90 / other_low) ** 2)
    assert found[1][5:] == pytest.approx((lift, lift * exp(-below), lift * exp(above)), rel=1e-6)
    # What everybody has, or what each has for himself alone by the strata, is not tested, and said.
    assert rows(by_hand, f"select level, left_out {where} and factor in ('channel', 'product') order by 1") == [
        ("desktop", "nobody to compare"),
        ("direct", "everybody has it"),
        ("mobile", "nobody to compare"),
    ]


def test_what_is_told_by_chance_is_controlled_over_all_that_is_tested(by_hand: Any) -> None:
    found = rows(by_hand, "select p, q, is_told from metrics.drop_off_drivers where p is not null")
    assert len(found) >= 3
    assert [q for _, q, _ in found] == pytest.approx([*false_discovery_control([p for p, _, _ in found])])
    assert all(told == (q < 0.04) for _, q, told in found)
    assert rows(
        by_hand, "select count(*) from metrics.drop_off_drivers where p is null and (is_told or q is not null)"
    ) == [(0,)]


def test_a_step_gains_up_to_its_best_segment_and_to_what_is_asked_of_it(by_hand: Any) -> None:
    columns = "goal, dimension, value, best_count, best_rate, goal_rate, gaining_count, as_is_rate, gained_count"
    found = rows(
        by_hand, f"select {columns} from metrics.attainable_gain where funnel_id = 'buy' and step_number = 3 order by 1"
    )
    # 30 of 40 go on on the phone, where of the 90 on the desktop 40 do.
    surely = wilson(30, 40)[0]
    assert found == [("best segment", "device", "mobile", 40, 0.75, pytest.approx(surely), 90, pytest.approx(4 / 9),
                      pytest.approx(90 * surely - 40))]  # fmt: skip
    of_map = "from metrics.attainable_gain where funnel_id = 'map:stages'"
    assert rows(
        by_hand, f"select step_label, gaining_count, gained_count, dropped_count {of_map} and goal = 'to-be rate'"
    ) == [
        # All but the 20 that left and the 10 that looked back come to the checkout.
        ("checkout", 130, pytest.approx(130 * 0.9 - 100), 30)
    ]
    assert rows(
        by_hand,
        "select count(*) from metrics.attainable_gain where not (0 <= gained_low and gained_low <= gained_count "
        "and gained_count <= gained_high and gained_high <= dropped_count)",
    ) == [(0,)]


def test_payment_and_shipping_may_be_said_at_the_place() -> None:
    checkout = {"payment_method": "card", "shipping": 5}
    built = warehouse(
        events=[
            *(event("early", n, name, **more) for n, (name, more) in enumerate(
                [("product", checkout), ("add", {"value": 8}), ("landing", {"payment_method": "cash"})])),
            *(event("late", n, name, **more) for n, (name, more) in enumerate(
                [("product", {}), ("add", {"coupon": "C"}), ("landing", {}), ("landing", checkout), ("checkout", {})])),
            *(event("never", n, name, **more) for n, (name, more) in enumerate(
                [("product", {}), ("add", {}), ("checkout", checkout)])),
        ],
        build=["metrics.drop_off_risks"],
        shop=settings(funnels=FUNNEL),
    )  # fmt: skip
    assert rows(
        built,
        "select payment_method, payment_number, shipping, shipping_number, amount, coupon, path_length, is_dropped "
        "from metrics.drop_off_risks where funnel_id = 'buy' and step_number = 3 order by payment_number",
    ) == [
        ("card", 0, 5.0, 0, 8.0, "none", 2, True),
        ("card", 2, 5.0, 2, None, "used", 2, False),
        (None, None, None, None, None, "none", 2, False),
    ]


CHECKOUTS = {
    # What follows the checkout, how many do, how many of those answer, and how many of these are satisfied.
    "fails and leaves": (12, ["failed"], 6, 1),
    "fails and orders": (8, ["failed", "purchased"], 4, 2),
    "looks back and leaves": (4, ["landing"], 4, 3),
    "orders": (16, ["purchased"], 16, 12),
}


def test_a_pain_point_says_its_loss_its_answers_and_what_is_to_be_gained() -> None:
    people = [(path, f"{path} {copy}", copy) for path, (count, *_) in CHECKOUTS.items() for copy in range(count)]
    connection = warehouse(
        events=[
            event(who, 60.0 * n, name, customer_id=who)
            for path, who, _ in people
            for n, name in enumerate(["product", "add", "checkout", *CHECKOUTS[path][1]])
        ],
        order_rows=[
            order(f"#{who}", 60.0 * (2 + CHECKOUTS[path][1].index("purchased") + 1), customer_id=who)
            for path, who, _ in people
            if "purchased" in CHECKOUTS[path][1]
        ],
        feedback=[
            answer(f"a {who}", DAY, 5 if copy < CHECKOUTS[path][3] else 1, customer_id=who)
            for path, who, copy in people
            if copy < CHECKOUTS[path][2]
        ],
        build=["metrics.pain_points"],
        # An answer is no purchase here.
        shop=settings(
            funnels=FUNNEL,
            measures={"small_cell": 5},
            touchpoints=[one for one in settings().touchpoints if one.touchpoint != "review"],
        ),
    )
    columns = (
        "signal_count, session_count, person_count, journey_count, dropped_count, compared_rate, comparable_rate, "
        "gain, gain_rank, left_out, answer_count, csat_met, other_answer_count, csat_others"
    )
    found = rows(connection, f"select signal, stage, {columns} from metrics.pain_points order by signal")
    # Of the 20 that fail 12 leave; of the 20 that did something else there, 4. The other 8 are worth 10 each: the order
    # of who goes on. Of 10 answers 3 are good; of the others 15 of 20.
    assert found == [
        ("back_step", "discovery", 4, 4, 4, 0, 0, None, None, None, None, "met later only", 4, 0.75, 26,
         pytest.approx(15 / 26)),
        ("payment_failure", "checkout", 20, 20, 20, 20, 12, 0.6, 0.2, 80.0, 1, None, 10, 0.3, 20, 0.75),
    ]  # fmt: skip
    low, high = wilson(3, 10)
    other_low, other_high = wilson(15, 20)
    interval = rows(
        connection,
        "select csat_difference, csat_difference_low, csat_difference_high from metrics.pain_points "
        "where signal = 'payment_failure'",
    )
    assert interval[0] == pytest.approx(
        (
            -0.45,
            -0.45 - sqrt((0.3 - low) ** 2 + (other_high - 0.75) ** 2),
            -0.45 + sqrt((high - 0.3) ** 2 + (0.75 - other_low) ** 2),
        )
    )


# By random logs.

NAMES = ("landing", "product", "add", "checkout", "failed", "help")
Drawn = list[tuple[int, int, str, bool, int]]
Stratum = tuple[Any, ...]


def of_drawn(drawn: Drawn, until: float) -> duckdb.DuckDBPyConnection:
    known = [
        (f"c{who}", minute * 3 * 60 + n / 1000, name, is_mobile, product)
        for n, (who, minute, name, is_mobile, product) in enumerate(drawn)
    ]
    return warehouse(
        events=[
            event(who, when, name, device="mobile" if is_mobile else "desktop",
                  **({"product_id": f"p{product}", "value": product} if name in ("product", "add") else {}),
                  **({"payment_method": f"m{product % 2}", "shipping": product % 3} if name == "landing" else {}),
                  **({"coupon": "C"} if product == 5 else {}))
            for who, when, name, is_mobile, product in known
            if when <= until
        ],
        build=TABLES,
        known_until=at(until),
        shop=settings(funnels=FUNNEL, measures={"small_cell": 2}),
    )  # fmt: skip


def slow_risks(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Who came to the step before each step, one after the other, with the acts of its visit since then."""
    asked = connection.execute(
        "select * from journeys.touchpoints where is_on_site order by occurred_at, sequence nulls last, touchpoint_id"
    )
    names = [one[0] for one in asked.description]
    touches = [dict(zip(names, row, strict=True)) for row in asked.fetchall()]
    visits: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for touch in touches:
        visits[touch["session_id"]].append(touch)
    signals = defaultdict(set)
    for touchpoint, signal in rows(connection, "select touchpoint_id, signal from journeys.friction_signals"):
        if signal != "support_contact":
            signals[touchpoint].add(signal)
    sessions = {
        one[0]: {"device": one[1], "channel": one[2], "new or returning": "new" if one[3] == 1 else "returning"}
        for one in rows(connection, "select session_id, device, channel, session_number from journeys.sessions")
    }
    attempts = defaultdict(list)
    columns = "funnel_id, unit_id, person_id, entered_on, entered_at, furthest_step, session_id, is_best"
    for one in rows(
        connection, f"select {columns} from metrics.drop_off_attempts where state = 'matured' order by entered_at"
    ):
        attempts[one[:2]].append(one)
    reached = defaultdict(dict)
    for funnel, unit, entered, step, when in rows(
        connection, "select funnel_id, unit_id, entered_on, step_number, reached_at from journeys.attempt_steps"
    ):
        reached[funnel, unit, entered][step] = when
    stages = ["discovery", "consideration", "cart", "checkout", "purchase"]
    for journey, stage, when, passed in rows(
        connection, "select journey_id, stage, reached_at, passed_at from metrics.stage_passages"
    ):
        reached["map:stages", journey, None][stages.index(stage) + 1] = when
        if passed is not None:
            reached["map:stages", journey, None][stages.index(stage) + 2] = passed
    risks = []
    for (funnel, unit), tried in attempts.items():
        [best] = [one for one in tried if one[7]]
        times = reached[funnel, unit, best[3] if funnel == "buy" else None]
        for step in range(2, (3 if funnel == "buy" else 5) + 1):
            if best[5] < step - 1:
                continue
            came, passed = times[step - 1], times.get(step) if best[5] >= step else None
            end = best[4] + timedelta(days=7) if funnel == "buy" else None
            there = [one for one in touches if one["person_id"] == best[2] and one["occurred_at"] == came]
            visit = visits[there[-1]["session_id"]] if there else []
            place = visit.index(there[-1]) + 1 if there else 0
            after = [
                one
                for one in visit[place:]
                if (passed is None or one["occurred_at"] < passed) and (end is None or one["occurred_at"] <= end)
            ]
            last = {
                column: next((one[column] for one in reversed(visit[:place]) if one[column] is not None), None)
                for column in ("product_id", "value", "coupon", "payment_method", "shipping")
            }
            numbers = {"payment_method": 0, "shipping": 0}
            for column in ("payment_method", "shipping"):
                if last[column] is None:
                    for number, one in enumerate(after, 1):
                        if one[column] is not None and last[column] is None:
                            last[column], numbers[column] = one[column], number
            acts = [("act", before["touchpoint"], signals[one["touchpoint_id"]] | (
                {"support_contact"} if one["stage"] == "support" else set()))
                for before, one in zip([*visit[place - 1:place], *after], after, strict=False)]  # fmt: skip
            if passed is not None and visit and passed <= visit[-1]["occurred_at"] + timedelta(minutes=30):
                acts.append(("pass", [*visit[place - 1 : place], *after][-1]["touchpoint"], set()))
            at_step = signals[visit[place - 1]["touchpoint_id"]] if visit else set()
            at_step = at_step | ({"support_contact"} if visit and visit[place - 1]["stage"] == "support" else set())
            first = sessions.get(tried[0][6], {})
            risks.append({
                "place": (funnel, step), "unit": unit, "came": came, "dropped": best[5] < step, "length": place,
                "last": last, "numbers": numbers, "acts": acts, "at step": at_step, "first": first,
            })  # fmt: skip
    return risks


def band(length: int) -> int:
    return max(one for one in (*range(11), 11, 13, 16, 21, 31, 51) if one <= length)


def slow_cells(risks: list[dict[str, Any]]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Of each place, factor and level: units, strata and sums, counted one by one."""
    strata: dict[tuple[Any, ...], list[tuple[Any, str, bool]]] = defaultdict(list)
    for place in {one["place"] for one in risks}:
        here = [one for one in risks if one["place"] == place]
        amounts = [float(one["last"]["value"]) for one in here if one["last"]["value"] is not None]
        cuts = np.quantile(amounts, [0.25, 0.5, 0.75]) if amounts else []
        paid = [float(one["last"]["shipping"]) for one in here if (one["last"]["shipping"] or 0) > 0]
        for one in here:
            last, first = one["last"], one["first"]
            device, visitor = first.get("device") or "", first.get("new or returning") or ""
            levels = {
                "device": first.get("device"), "new or returning": first.get("new or returning"),
                "channel": first.get("channel"), "campaign": "no campaign", "product": last["product_id"],
                "coupon": "used" if last["coupon"] else "none", "payment method": last["payment_method"],
                "persona": "unassigned" if first else None,
            }  # fmt: skip
            if last["value"] is not None:
                number = sum(float(last["value"]) > cut for cut in cuts)
                levels["price"] = ("lowest quarter", "second quarter", "third quarter", "highest quarter")[number]
            if last["shipping"] is not None:
                is_free, is_lower = last["shipping"] <= 0, paid and last["shipping"] <= np.median(paid)
                levels["shipping cost"] = "free" if is_free else "lower half" if is_lower else "upper half"
            for factor, level in levels.items():
                number = {"payment method": "payment_method", "shipping cost": "shipping"}.get(factor)
                alike = (
                    "" if factor == "device" else device, "" if factor == "new or returning" else visitor,
                    band(one["length"]), one["numbers"][number] if number else 0,
                )  # fmt: skip
                if level is not None:
                    strata[place, factor, alike].append((level, one["unit"], one["dropped"]))
            for signal in ("payment_failure", "error", "back_step", "rage_repeat", "support_contact"):
                for number, (kind, before, met) in enumerate(one["acts"], 1):
                    if signal in one["at step"] or any(signal in act[2] for act in one["acts"][: number - 1]):
                        break
                    if kind == "act" or signal in ("payment_failure", "error"):
                        alike = (signal, device, visitor, number, before)
                        strata[place, "friction", alike].append((str(signal in met), one["unit"], one["dropped"]))
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for (place, factor, alike), units in strata.items():
        for level in {one[0] for one in units}:
            if level in ("none", "no campaign", "False"):
                continue
            key = (*place, factor, alike[0] if factor == "friction" else level)
            cell = found.setdefault(key, {"with": [], "strata": [], "without": set()})
            cell["strata"].append(
                ([one for one in units if one[0] == level], [one for one in units if one[0] != level])
            )
    for (*place, factor, level), cell in found.items():
        if factor == "friction":
            cell["without"] = {one[1:] for _, others in cell["strata"] for one in others}
        else:
            cell["without"] = {
                one[1:] for key, units in strata.items() if key[:2] == (tuple(place), factor)
                for one in units if one[0] != level
            }  # fmt: skip
    return {key: slow_sums(cell) for key, cell in found.items()}


def slow_sums(cell: dict[str, Any]) -> dict[str, Any]:
    everyone = [one for met, _ in cell["strata"] for one in met]
    compared = [(met, others) for met, others in cell["strata"] if others]
    weights: Counter[str] = Counter()
    comparable = expected = variance = least = most = 0.0
    for met, others in compared:
        n, m, whole = len(met), sum(one[2] for one in [*met, *others]), len(met) + len(others)
        for one in others:
            weights[one[1]] += n / len(others)
        comparable += n * sum(one[2] for one in others) / len(others)
        expected += n * m / whole
        variance += n * len(others) * m * (whole - m) / (whole * whole * (whole - 1))
        least, most = least + max(0, n - (whole - m)), most + min(n, m)
    count = sum(len(met) for met, _ in compared)
    return {
        "with_count": len(everyone),
        "with_dropped": sum(one[2] for one in everyone),
        "without_count": len(cell["without"]),
        "without_dropped": sum(one[1] for one in cell["without"]),
        "compared_count": count,
        "compared_dropped": sum(one[2] for met, _ in compared for one in met),
        "comparable_rate": comparable / count if count else None,
        "comparable_worth": count**2 / sum(one**2 for one in weights.values()) if count else None,
        "expected_dropped": expected if count else None,
        "variance": variance if count else None,
        "least_expected": min(expected - least, most - expected) if count else None,
    }


def slow_gains(connection: duckdb.DuckDBPyConnection) -> dict[tuple[Any, ...], list[Any]]:
    """The best segment and month of each place, and what the others would gain, place by place."""
    groups: dict[tuple[Any, ...], list[bool]] = defaultdict(list)
    wholes: dict[tuple[str, int], list[bool]] = defaultdict(list)
    for funnel, step, device, channel, dropped in rows(
        connection, "select funnel_id, step_number, device, channel, is_dropped from metrics.drop_off_risks"
    ):
        wholes[funnel, step].append(not dropped)
        for dimension, value in (("device", device), ("channel", channel)):
            if value is not None:
                groups[funnel, step, "best segment", dimension, value].append(not dropped)
    furthest: dict[tuple[str, str, str], int] = {}
    states: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for funnel, unit, day, step, state in rows(
        connection, "select funnel_id, unit_id, entered_on, furthest_step, state from metrics.drop_off_attempts"
    ):
        key = (funnel, unit, f"{day:%Y-%m}-01")
        states[funnel, key[2]][state] += 1
        if state == "matured":
            furthest[key] = max(step, furthest.get(key, 0))
    fresh = {of for of, seen in states.items() if 19 * seen["open"] > seen["matured"]}
    furthest = {
        (funnel, unit, month): step for (funnel, unit, month), step in furthest.items() if (funnel, month) not in fresh
    }
    for funnel, place in wholes:
        for (of, _, month), step in furthest.items():
            if of == funnel and step >= place - 1:
                groups[funnel, place, "best month", "month", month].append(step >= place)
    found: dict[tuple[Any, ...], list[Any]] = {}
    surest: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for (funnel, step, goal, dimension, value), passed in groups.items():
        alike = [key for key in groups if key[:4] == (funnel, step, goal, dimension) and key[4] != value]
        others = [one for key in alike for one in groups[key]]
        if len(passed) < 2 or len(others) < 2:
            continue
        surely, rest = wilson(sum(passed), len(passed))[0], sum(others) / len(others)
        rank = (-round(surely, 12), dimension, value)
        if surely > rest and rank < surest.get((funnel, step, goal), (1,)):
            surest[funnel, step, goal] = rank
            whole = wholes[funnel, step]
            gaining = len(others)
            if goal == "best month":
                gaining = len(whole) * len(others) / (len(others) + len(passed))
            gained = min(gaining * (surely - rest), whole.count(False))
            found[funnel, step, goal] = [dimension, value, len(passed), surely, gaining, rest, gained]
    return found


@pytest.mark.random
@budget(max_examples=examples(2, 40), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(
            st.integers(1, 6),
            st.one_of(st.integers(0, 20), st.integers(4800, 4820), st.integers(0, 20 * 480)),
            st.sampled_from((*NAMES, "product", "add", "product")),
            st.booleans(),
            st.integers(1, 6),
        ),
        min_size=20,
        max_size=90,
    ),
    st.integers(9, 30),
)
def test_equal_to_what_plain_python_counts_and_what_was_known_does_not_change(drawn: Drawn, early_day: int) -> None:
    connection = of_drawn(drawn, 90 * DAY)
    risks = slow_risks(connection)
    of_units = (
        "select funnel_id, step_number, unit_id, came_at, is_dropped, path_length, device, product_id, payment_method"
    )
    found = rows(connection, f"{of_units} from metrics.drop_off_risks")
    assert sorted((one[:6] for one in found), key=str) == sorted(
        ((*one["place"], one["unit"], one["came"], one["dropped"], one["length"]) for one in risks), key=str
    )
    expected = slow_cells(risks)
    columns = ", ".join(next(iter(expected.values())))
    cells = rows(connection, f"select funnel_id, step_number, factor, level, {columns} from metrics.driver_cells")
    assert {row[:4] for row in cells} == {*expected}
    for row in cells:
        assert row[4:] == pytest.approx([*expected[row[:4]].values()], abs=1e-9), row[:4]
    gains = slow_gains(connection)
    columns = "dimension, value, best_count, goal_rate, gaining_count, as_is_rate, gained_count"
    listed = rows(connection, f"select funnel_id, step_number, goal, {columns} from metrics.attainable_gain")
    assert {row[:3] for row in listed} == {*gains}
    for row in listed:
        assert [*row[3:6]] == gains[row[:3]][:3]
        assert [*row[6:]] == pytest.approx(gains[row[:3]][3:], abs=1e-6)
    # What was known early still holds, of every unit that still counts with the same attempt.
    early = of_drawn(drawn, early_day * DAY)
    later = {row[:4]: row for row in found}
    for row in rows(early, f"{of_units} from metrics.drop_off_risks"):
        if row[:4] in later:
            assert later[row[:4]] == row
    met = "select funnel_id, step_number, unit_id, signal, act_number from metrics.friction_trials where is_met"
    still = {row[:4] for row in rows(early, f"{of_units} from metrics.drop_off_risks")} & {*later}
    assert {row for row in rows(early, met) if row[:3] in {one[:3] for one in still}} == {
        row for row in rows(connection, met) if row[:3] in {one[:3] for one in still}
    }

"""What a score goes with: shares against every order of the drivers, what is left out, and that no more is told."""

from __future__ import annotations

from itertools import permutations
from math import factorial
from typing import Any

import duckdb
import numpy as np
import pytest
from given import answer, at, event, examples, order, settings, warehouse
from numpy.typing import NDArray

from parcours.inference.shapley import LEVEL, explain
from parcours.tables.satisfaction_drivers import DRIVERS, write_satisfaction_drivers

DAY = 86400.0
Floats = NDArray[np.float64]


def fitted(scores: Floats, drivers: dict[str, NDArray[Any]], names: Any) -> Floats:
    """Least squares on a column for each value."""
    columns = [np.ones(len(scores)), *((drivers[n] == value).astype(float) for n in names for value in set(drivers[n]))]
    design = np.column_stack(columns)
    return np.asarray(design @ np.linalg.lstsq(design, scores, rcond=None)[0], dtype=float)


def r_squared(scores: Floats, drivers: dict[str, NDArray[Any]], names: Any) -> float:
    left = scores - fitted(scores, drivers, names)
    return float(1 - left @ left / ((scores - scores.mean()) @ (scores - scores.mean())))


def by_every_order(scores: Floats, drivers: dict[str, NDArray[Any]]) -> dict[str, float]:
    """What each adds to those before it, on average over all orders."""
    found = dict.fromkeys(drivers, 0.0)
    for names in permutations(drivers):
        for place, name in enumerate(names):
            before, after = (r_squared(scores, drivers, names[: place + more]) for more in (0, 1))
            found[name] += (after - before) / factorial(len(drivers))
    return found


def some_drivers(rng: np.random.Generator, count: int, sizes: tuple[int, ...]) -> dict[str, NDArray[Any]]:
    """Drivers of so many values, the second often the same as the first."""
    found = {f"d{place}": rng.integers(0, size, count).astype(str) for place, size in enumerate(sizes)}
    found["d1"] = np.where(rng.random(count) < 0.6, found["d0"], found["d1"])
    return found


@pytest.mark.parametrize("seed", range(examples(4, 30)))
def test_shares_are_what_each_adds_over_all_orders(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(30, 200))
    drivers = some_drivers(rng, count, (2, 3, 4, 2))
    if seed % 2:  # two that say the same share it
        drivers["d3"] = np.where(drivers["d0"] == "0", "yes", "no")
    scores = rng.integers(1, 6, count) + 2.0 * (drivers["d0"] == "1")
    parts = explain(scores, drivers, np.arange(count))
    wanted = by_every_order(scores, drivers)
    assert {name: part.explained for name, part in parts.items()} == pytest.approx(wanted)
    assert sum(part.explained for part in parts.values()) == pytest.approx(r_squared(scores, drivers, drivers))
    for name, part in parts.items():
        others = [other for other in drivers if other != name]
        whole = r_squared(scores, drivers, drivers)
        assert part.alone == pytest.approx(r_squared(scores, drivers, [name]))
        assert part.beyond == pytest.approx(whole - r_squared(scores, drivers, others), abs=1e-9)
        if part.effects:
            first, second = sorted(set(drivers[name]))[:2]
            moved = dict(drivers) | {name: np.where(drivers[name] == first, second, drivers[name])}
            slopes = fitted(scores, drivers, drivers)
            # Of two answers that differ in this alone the fits differ by the effects' difference.
            told = {tuple(drivers[n][i] for n in drivers): slopes[i] for i in range(count)}
            pairs = [
                (told[tuple(drivers[n][i] for n in drivers)], told[key])
                for i in range(count)
                if drivers[name][i] == first and (key := tuple(moved[n][i] for n in drivers)) in told
            ]
            for one, other in pairs:
                assert one - other == pytest.approx(part.effects[first] - part.effects[second], abs=1e-6)
    assert not seed % 2 or (not parts["d0"].is_told and not parts["d0"].effects)


def test_what_is_always_so_is_told_and_what_is_beside_it_is_not() -> None:
    late = np.repeat(["no", "yes"], 40)
    parts = explain(np.where(late == "yes", 1.0, 5.0), {"late": late, "device": np.tile(["a", "b"], 40)}, np.arange(80))
    assert (parts["late"].explained, parts["late"].is_told) == (pytest.approx(1), True)
    assert (parts["device"].explained, parts["device"].is_told) == (pytest.approx(0, abs=1e-9), False)


def test_answers_of_one_person_are_no_more_certain_than_one() -> None:
    rng = np.random.default_rng(5)
    drivers = {"late": np.repeat(["no", "yes"], 40)}
    scores = rng.integers(1, 6, 80) - 1.0 * (drivers["late"] == "yes")
    once = explain(scores, drivers, np.arange(80))["late"]
    often = {name: np.tile(values, 9) for name, values in drivers.items()}
    by_nine = explain(np.tile(scores, 9), often, np.tile(np.arange(80), 9))["late"]
    as_many = explain(np.tile(scores, 9), often, np.arange(720))["late"]
    assert by_nine.explained == pytest.approx(once.explained)
    assert by_nine.p_value == pytest.approx(once.p_value, rel=0.3)
    assert as_many.p_value < by_nine.p_value / 1000
    assert as_many.high - as_many.low < (by_nine.high - by_nine.low) / 2


def test_what_was_late_is_told_and_what_can_not_be_is_said() -> None:
    orders, events, answers = [], [], []
    for i in range(90):
        is_late, device = i % 3 == 0, ["phone", "desktop"][i // 2 % 2]
        events.append(event(f"d{i}", 0, "product", customer_id=f"c{i}", device=device))
        arrives = {"promised_on": "2026-01-07", "delivered_at": at((4 if is_late else 1) * DAY)}
        method = None if i < 50 else "card"  # known of less than half
        orders.append(order(f"#{i}", 60, customer_id=f"c{i}", value=1 + i, payment_method=method, **arrives))
        answers.append(answer(f"{i:02}", 9 * DAY, (2 if is_late else 4) + i // 4 % 2, order_id=f"#{i}"))
    orders[7]["cancelled_at"] = at(5 * DAY)
    answers.append(answer("nobody", 9 * DAY, 1))
    shop = settings(measures={"small_cell": 10})
    wanted = ["metrics.satisfaction_drivers"]
    connection = warehouse(feedback=answers, events=events, order_rows=orders, shop=shop, build=wanted)
    rows = connection.execute("select * from metrics.satisfaction_drivers")
    names = [column[0] for column in rows.description]
    found = {row["driver"]: row for row in (dict(zip(names, row, strict=True)) for row in rows.fetchall())}
    late = found["delivery"]
    assert (late["answer_count"], late["unknown_count"], late["is_told"]) == (90, 1, True)
    assert (late["worst_value"], late["best_value"]) == ("late", "on time")
    assert late["difference_of_10"] == pytest.approx(-5, abs=0.3)  # of five points two, on 0–10
    assert late["explained_low"] < late["explained"] < late["explained_high"]
    assert late["all_explained"] == pytest.approx(
        sum(row["explained"] for row in found.values() if row["explained"] is not None), abs=1e-6
    )
    assert {name: row["left_out"] for name, row in found.items() if row["left_out"]} == {
        "order_return": "no two values with 10 answers",
        "support": "always not contacted",
        "friction": "always none",
        "customer": "always first order",
        "channel": "always direct",
        "payment_method": "known of less than half",
    }
    assert {name for name, row in found.items() if not row["left_out"]} == {"delivery", "device", "order_value"}
    assert [row["is_told"] for name, row in found.items() if name in ("device", "order_value")] == [False, False]


def driven(scores: list[float], device: list[str | None], small_cell: int) -> dict[str, Any]:
    """The row of `device`, of requests that say nothing else."""
    with duckdb.connect() as connection:
        connection.execute("create schema metrics; create schema settings")
        connection.execute(f"create table settings.shop as select {small_cell} as small_cell")
        others = ", ".join(f"cast(null as text) as {driver}" for driver in DRIVERS if driver != "device")
        connection.execute(
            "create table metrics.survey_requests as "
            "select 'review' as survey, 'csat' as kind, 'r' || i as request_id, "
            f"null as person_id, true as is_answer, $scores[i] as score_of_10, $device[i] as device, {others} "
            "from generate_series(1, len($scores)) as g(i)",
            {"scores": scores, "device": device},
        )
        write_satisfaction_drivers(connection)
        found = connection.execute("select * from metrics.satisfaction_drivers where driver = 'device'")
        names = [column[0] for column in found.description]
        return dict(zip(names, *found.fetchall(), strict=True))


def test_values_of_few_answers_stand_together() -> None:
    devices = ["phone"] * 30 + ["desktop"] * 20 + ["tv"] * 6 + ["watch"] * 6 + [None] * 5
    scores = [{"phone": 10.0, "desktop": 7.5, "tv": 0.0, "watch": 2.5, None: 5.0}[one] for one in devices]
    found = driven(scores, devices, 10)
    assert (found["worst_value"], found["best_value"], found["unknown_count"]) == ("other", "phone", 5)
    assert found["difference_of_10"] == pytest.approx(1.25 - 10)
    # With fewer than a small cell together the twelve are phones, the most common; then these are no better.
    told = driven(scores, devices, 13)
    assert (told["is_told"], told["worst_value"], told["left_out"]) == (False, None, None)
    assert driven(scores, devices, 40)["left_out"] == "no two values with 40 answers"


def test_where_everybody_says_the_same_nothing_is_explained() -> None:
    assert driven([10.0] * 40, ["phone", "tv"] * 20, 10)["left_out"] == "everybody gave the same score"
    assert driven([10.0, 0.0] * 20, ["phone"] * 40, 10)["left_out"] == "always phone"
    assert driven([10.0, 0.0] * 20, [None] * 40, 10)["left_out"] == "not known"


# ---- Over many shops (make test-statistics) ----

SHOPS = examples(200, 1000)


def drawn(rng: np.random.Generator, count: int, effect: float) -> tuple[Floats, dict[str, NDArray[Any]]]:
    """Scores on 1–5, heaped at the top as those of shops are, and drivers as shops have them: rare, tied together."""
    late = rng.random(count) < 0.15
    drivers = {
        "delivery": np.where(late, "late", "on time"),
        "support": np.where(rng.random(count) < np.where(late, 0.4, 0.1), "contacted", "not contacted"),
        "device": rng.choice(["desktop", "mobile", "tablet"], count, p=[0.4, 0.5, 0.1]),
        "channel": rng.choice(["direct", "social", "search", "e-mail", "referral"], count),
        "order_value": rng.choice(["low", "middle", "high"], count),
    }
    noise = rng.choice([-3, -2, -1, 0, 1], count, p=[0.1, 0.05, 0.1, 0.25, 0.5]) + rng.normal(0, 0.3, count)
    return np.clip(np.round(4 + noise - effect * late), 1, 5), drivers


@pytest.mark.statistics
def test_nothing_is_told_of_shops_where_nothing_matters() -> None:
    told = zero = 0
    for seed in range(SHOPS):
        rng = np.random.default_rng(seed)
        count = int(rng.choice([300, 500, 1000]))
        scores, drivers = drawn(rng, count, 0)
        parts = explain(scores, drivers, np.arange(count))
        told += any(part.is_told for part in parts.values())
        zero += all(part.low == 0 for part in parts.values())
    assert told <= (LEVEL + 0.02) * SHOPS
    assert zero >= 0.95 * SHOPS


@pytest.mark.statistics
def test_what_matters_is_told_and_its_interval_covers_its_share() -> None:
    rng = np.random.default_rng(0)
    truth = {name: part.explained for name, part in _parts(rng, 400_000).items()}
    names = ("delivery", "support")
    covered, told, false = dict.fromkeys(names, 0), 0, 0
    for seed in range(1, 1 + SHOPS):
        parts = _parts(np.random.default_rng(seed), 800)
        told += parts["delivery"].is_told
        false += any(part.is_told for name, part in parts.items() if name != "delivery")
        for name in names:
            covered[name] += parts[name].low <= truth[name] <= parts[name].high
    assert told >= 0.95 * SHOPS
    assert false <= (LEVEL + 0.02) * SHOPS, "what only goes with it is not told"
    assert covered["delivery"] >= 0.9 * SHOPS and covered["support"] >= 0.85 * SHOPS, covered


def _parts(rng: np.random.Generator, count: int) -> Any:
    scores, drivers = drawn(rng, count, 1.5)
    return explain(scores, drivers, np.arange(count))

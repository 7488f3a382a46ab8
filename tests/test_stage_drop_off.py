"""Stages on the map: reach by the later required stage, drop-off of matured journeys, and the three rankings."""

from __future__ import annotations

from itertools import groupby, pairwise
from math import sqrt
from statistics import median
from typing import Any

import pytest
from given import at, event, order, rows, settings, warehouse
from hypothesis import HealthCheck, given, strategies
from hypothesis import settings as budget

from parcours.settings.schema import JourneySettings

MINUTE, DAY = 60.0, 86400.0
STAGES = ["discovery", "consideration", "advice", "cart", "checkout", "purchase", "support"]
REQUIRED = ["discovery", "consideration", "cart", "checkout", "purchase"]
STAGE_OF = {
    "landing": "discovery",
    "product": "consideration",
    "compare": "advice",
    "add": "cart",
    "checkout": "checkout",
    "order": "purchase",
    "help": "support",
}


def shop(**sections: Any) -> JourneySettings:
    """A map with an optional stage in its middle and one at its end."""
    rules = [{"touchpoint": name, "event": name, "stage": stage} for name, stage in STAGE_OF.items() if name != "order"]
    rules.append({"touchpoint": "order", "source": "orders", "event": "order placed", "stage": "purchase"})
    return settings(
        stages=[{"id": stage, "label": stage, "required": stage in REQUIRED} for stage in STAGES],
        touchpoints=rules,
        funnels=[{"id": "f", "name": "F", "steps": [{"touchpoint": "product"}]}],
        **sections,
    )


Journeys = dict[str, list[tuple[float, list[str]]]]


def drop_off(
    people: Journeys, columns: str, known_days: float = 400, table: str = "stage_drop_off", **more: Any
) -> Any:
    """Columns by stage, of persons with journeys that begin on a day and have a touchpoint a minute."""
    events, orders = [], []
    for who, journeys in people.items():
        for day, names in journeys:
            for i, name in enumerate(names):
                when = day * DAY + i * MINUTE
                if name == "order":
                    value = more.get("value", 10)
                    orders.append(order(f"#{who}{len(orders)}", when, customer_id=who, value=value))
                else:
                    events.append(event(f"d{who}", when, name, customer_id=who))
    built = warehouse(
        events=events,
        order_rows=orders,
        build=[f"metrics.{table}"],
        shop=shop(**more.get("sections", {})),
        known_until=at(known_days * DAY),
    )
    if table == "stage_drop_off":
        return {row[0]: row[1:] for row in rows(built, f"select stage, {columns} from metrics.stage_drop_off")}
    return rows(built, f"select {columns} from metrics.drop_off_ranking order by ranking, rank")


def test_a_stage_is_reached_by_a_later_required_one_and_then_counts_as_skipped() -> None:
    people: Journeys = {"a": [(0, ["landing", "add"])], "b": [(0, ["checkout"])], "c": [(0, ["landing", "product"])]}
    assert drop_off(people, "reached_count, skipped_count, dropped_count") == {
        "discovery": (3, 1, 0),
        "consideration": (3, 2, 1),
        "advice": (0, 0, None),
        "cart": (2, 1, 1),
        "checkout": (1, 0, 1),
        "purchase": (0, 0, None),
        "support": (0, 0, None),
    }


def test_optional_stages_have_a_reach_of_their_own_and_never_gate() -> None:
    people: Journeys = {
        "a": [(0, ["landing", "compare"])],
        "b": [(0, ["landing", "add", "help"])],
        "c": [(0, ["help"])],
    }
    found = drop_off(people, "reached_count, dropped_count, drop_off_rate")
    assert found["discovery"] == (2, 1, 0.5)
    assert found["consideration"] == (1, 0, 0.0)
    assert found["cart"] == (1, 1, 1.0)
    assert found["advice"] == (1, None, None)
    assert found["support"] == (2, None, None)


@pytest.mark.parametrize(("known_days", "matured"), [(30, 0), (30.0001, 1)])
def test_a_journey_is_open_until_it_was_silent_for_longer_than_the_limit(known_days: float, matured: int) -> None:
    found = drop_off({"a": [(0, ["landing"])]}, "reached_count, matured_count, open_count, dropped_count", known_days)
    assert found["discovery"] == (1, matured, 1 - matured, matured)


def test_a_journey_that_another_followed_is_over_whenever_the_data_end() -> None:
    people: Journeys = {"a": [(0, ["product", "order"]), (1, ["landing"])]}
    found = drop_off(people, "matured_count, open_count, dropped_count", known_days=2)
    assert found["discovery"] == (1, 1, 0)
    assert found["purchase"] == (1, 0, None)


def test_revenue_at_stake_is_lost_times_what_goes_on_to_the_end_times_the_order_value() -> None:
    people: Journeys = {f"a{i}": [(0, ["landing"])] for i in range(4)}
    people |= {f"b{i}": [(0, ["product"])] for i in range(2)}
    people |= {f"c{i}": [(0, ["order"])] for i in range(3)}
    found = drop_off(people, "revenue_at_stake", value=20)
    assert found["discovery"] == (4 * 3 / 5 * 20,)  # of the five that went on, three ordered
    assert found["consideration"] == (2 * 3 / 3 * 20,)
    assert found["purchase"] == (None,)


names = strategies.lists(
    strategies.sampled_from(["landing", "product", "compare", "add", "checkout", "help", "unknown"]),
    min_size=1,
    max_size=6,
)
lives = strategies.lists(
    strategies.tuples(strategies.integers(0, 3), names, strategies.booleans()), min_size=1, max_size=3
)


@budget(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(strategies.lists(lives, min_size=1, max_size=25), strategies.integers(150, 220))
def test_equal_to_counting_journeys(people: list[Any], known_days: int) -> None:
    # Journeys of a person begin sixty days apart: a long silence between any two.
    lives_of: Journeys = {
        f"c{who}": [
            (60.0 * i + jitter, [*seen, "order"] if bought else seen) for i, (jitter, seen, bought) in enumerate(life)
        ]
        for who, life in enumerate(people)
    }
    columns = "reached_count, matured_count, open_count, dropped_count, skipped_count, back_step_count, median_seconds"
    found = drop_off(lives_of, f"{columns}, drop_off_rate, drop_off_low, drop_off_high, revenue_at_stake", known_days)
    for stage, row in _counted(lives_of, known_days).items():
        assert found[stage] == pytest.approx(row, abs=0.006, nan_ok=False), stage


def _counted(people: Journeys, known_days: float) -> dict[str, tuple[Any, ...]]:
    """The slow, obvious form: every journey, stage by stage."""
    found: dict[str, tuple[Any, ...]] = {}
    journeys = []
    for life in people.values():
        for i, (day, seen) in enumerate(life):
            touched = [(number, STAGE_OF[name]) for number, name in enumerate(seen) if name in STAGE_OF]
            end = day * DAY + (len(seen) - 1) * MINUTE
            is_over = i + 1 < len(life) or known_days * DAY - end > 30 * DAY
            furthest = max((REQUIRED.index(stage) for _, stage in touched if stage in REQUIRED), default=-1)
            journeys.append((touched, is_over, furthest))

    def over_at_least(position: int) -> int:
        return sum(1 for _, is_over, furthest in journeys if is_over and furthest >= position)

    has_orders = any("order" in seen for life in people.values() for _, seen in life)
    for stage in STAGES:
        position = REQUIRED.index(stage) if stage in REQUIRED else None
        reached = [
            (touched, is_over, furthest)
            for touched, is_over, furthest in journeys
            if stage in {s for _, s in touched} or (position is not None and furthest >= position)
        ]
        matured = [row for row in reached if row[1]]
        seconds, back = [], 0
        for touched, _, _ in reached:
            runs = [(s, [n for n, _ in run]) for s, run in groupby(touched, key=lambda row: row[1])]
            ends = [run[0] for _, run in runs[1:]] + [run[-1] for _, run in runs[-1:]]
            stays = [(end - run[0]) * MINUTE for (s, run), end in zip(runs, ends, strict=True) if s == stage]
            seconds += [sum(stays)] if stays else []
            back += sum(1 for (a, _), (b, _) in pairwise(runs) if a == stage and STAGES.index(b) < STAGES.index(a))
        skipped = sum(1 for touched, _, _ in reached if stage not in {s for _, s in touched})
        dropped = rate = low = high = stake = None
        if position is not None and position < len(REQUIRED) - 1:
            dropped = sum(1 for _, _, furthest in matured if furthest == position)
            if matured:
                rate = dropped / len(matured)
                low, high = _wilson(dropped, len(matured))
            after = over_at_least(position + 1)
            if after and has_orders:
                stake = dropped * over_at_least(len(REQUIRED) - 1) / after * 10
        found[stage] = (
            len(reached),
            len(matured),
            len(reached) - len(matured),
            dropped,
            skipped,
            back,
            median(seconds) if seconds else None,
            rate,
            low,
            high,
            stake,
        )
    return found


def _wilson(count: int, n: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """Wilson's interval, as in the books."""
    p = count / n
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    return middle - half, middle + half


def ended(**counts: int) -> Journeys:
    """So many persons with one journey that got as far as a touchpoint."""
    return {f"{name}{i}": [(0.0, [name])] for name, count in counts.items() for i in range(count)}


RANKING = "ranking, rank, stage, is_tie_with_first"


def ranking(people: Journeys, name: str, **more: Any) -> list[Any]:
    """Rank, stage and tie of one of the three rankings."""
    return [row[1:] for row in drop_off(people, RANKING, table="drop_off_ranking", **more) if row[0] == name]


def test_the_three_rankings_rank_by_their_own_figure() -> None:
    # Lost: 100, 40, 60, 30 of 250, 150, 110, 50 that reached it; 20 order.
    people = ended(landing=100, product=40, add=60, checkout=30, order=20)
    assert [stage for _, stage, _ in ranking(people, "units_lost")] == [
        "discovery",
        "cart",
        "consideration",
        "checkout",
    ]
    assert [stage for _, stage, _ in ranking(people, "drop_off_rate")] == [
        "checkout", "cart", "discovery", "consideration",
    ]  # fmt: skip
    # × what goes on from the next stage to the order: 100·20/150, 40·20/110, 60·20/50, 30·20/20.
    assert [stage for _, stage, _ in ranking(people, "revenue_at_stake")] == [
        "checkout", "cart", "discovery", "consideration",
    ]  # fmt: skip


def test_a_clear_difference_is_no_tie() -> None:
    people = ended(landing=200, product=20, add=20, checkout=20, order=100)
    assert [(rank, tie) for rank, _, tie in ranking(people, "units_lost")] == [
        (1, False), (2, False), (3, False), (4, False),
    ]  # fmt: skip


def test_equal_stages_tie() -> None:
    people = ended(landing=50, product=50, add=10, checkout=5, order=100)
    found = ranking(people, "units_lost")
    assert found[:2] == [(1, "discovery", False), (2, "consideration", True)]
    assert [tie for _, _, tie in found[2:]] == [False, False]


def test_many_journeys_of_few_persons_are_less_certain_than_of_many() -> None:
    many = ended(landing=60, product=20, order=40)
    few: Journeys = {
        "busy": [(60.0 * i, ["landing"]) for i in range(60)],
        **{f"other{i}": [(0.0, ["product"])] for i in range(20)},
        **{f"buyer{i}": [(0.0, ["order"])] for i in range(40)},
    }
    assert ranking(many, "units_lost")[1] == (2, "consideration", False)
    assert ranking(few, "units_lost", known_days=5000)[1] == (2, "consideration", True)


def test_small_cells_are_not_ranked() -> None:
    people = ended(landing=40, product=9, order=20)
    assert [stage for _, stage, _ in ranking(people, "drop_off_rate")] == ["discovery"]


def test_the_same_data_give_the_same_ranking_and_ties() -> None:
    people = ended(landing=45, product=40, add=38, checkout=35, order=60)
    backwards = dict(reversed(people.items()))
    first, second = (
        drop_off(order_of_rows, RANKING, table="drop_off_ranking") for order_of_rows in (people, backwards)
    )
    assert first == second


def test_without_an_orders_export_nothing_is_said_of_orders() -> None:
    events = [event(f"u{i}", 0, name) for i in range(40) for name in ("landing", "product", "checkout")]
    # No event says that an order was placed: only the orders export could.
    rules = [rule for rule in settings().model_dump()["touchpoints"] if rule["touchpoint"] != "purchased"]
    built = warehouse(events=events, without=["order_rows"], shop=settings(touchpoints=rules))
    query = "select stage, dropped_count, drop_off_rate from metrics.stage_drop_off where is_measured and is_required"
    assert rows(built, f"{query} order by stage_position") == [
        ("discovery", 0, 0.0),
        ("consideration", 0, 0.0),
        ("cart", 0, 0.0),
        ("checkout", None, None),  # the map ends here: a purchase can't be seen
    ]
    assert rows(built, "select distinct kpi from metrics.kpis order by kpi") == [
        (f"stage_passage:{stage}",) for stage in ("cart", "consideration", "discovery")
    ]
    assert rows(built, "select distinct ranking from metrics.drop_off_ranking order by 1") == [
        ("drop_off_rate",),
        ("units_lost",),
    ]

"""The paths that journeys took, and what goes with deviating from the intended one: by hand, and by plain Python.

The plain counts stand in for pm4py, which is no dependency here: its variants of a log of stage visits.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import groupby, pairwise
from typing import Any

import duckdb
import pytest
from given import at, event, examples, order, rows, settings, warehouse
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st

from parcours.settings.schema import JourneySettings

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
EVENTS = {"landing": "discovery", "product": "consideration", "add": "cart", "checkout": "checkout", "help": "support"}
STAGES = [*list(EVENTS.values())[:4], "purchase", "delivery", "support"]
SILENCE = timedelta(days=30)


def shop(rule: str = "required") -> JourneySettings:
    """A map up to the delivery; what the intended path says of the cart, and at most a day in the checkout."""
    rules = [{"touchpoint": name, "event": name, "stage": stage} for name, stage in EVENTS.items()]
    states = {"placed": "purchase", "delivered": "delivery"}
    rules += [
        {"touchpoint": state, "source": "orders", "event": f"order {state}", "stage": stage}
        for state, stage in states.items()
    ]
    return settings(
        stages=[{"id": stage, "label": stage, "required": stage != "support"} for stage in STAGES],
        touchpoints=rules,
        funnels=[{"id": "f", "name": "F", "steps": [{"touchpoint": "product"}]}],
        path={"stages": [{"stage": "cart", "rule": rule}, {"stage": "checkout", "max_hours": 24}]},
    )


def built(people: dict[str, str], *tables: str, orders: Any = (), **more: Any) -> duckdb.DuckDBPyConnection:
    """People who did these, a minute apart; `day:` before them says on which day."""
    events = []
    for who, said in people.items():
        day, names = said.split(":")
        events += [
            event(who, float(day) * DAY + i * MINUTE, name, customer_id=who) for i, name in enumerate(names.split())
        ]
    return warehouse(
        events=events,
        order_rows=[order(f"#{who}", when, customer_id=who, **states) for who, when, states in orders],
        build=tables,
        **{"known_until": at(60 * DAY), "shop": shop()} | more,
    )


@pytest.fixture(scope="module")
def by_hand() -> duckdb.DuckDBPyConnection:
    """Two on the shortest path and one still on it; one who bought; one astray, for long; one without a stage."""
    return built(
        {
            "a": "0: landing landing product",
            "b": "1: landing product product",
            "c": f"2: {' '.join(['product landing'] * 300)}",
            "d": "0: landing product add checkout",
            "e": "50: landing product",
            "f": "0: unknown",
        },
        "metrics.journey_variants",
        orders=[("d", 10 * MINUTE, {"value": 25, "delivered_at": at(3 * DAY)})],
    )


def variants(connection: duckdb.DuckDBPyConnection, columns: str, journey_type: str = "all") -> list[Any]:
    return rows(
        connection,
        f"select {columns} from metrics.journey_variants where journey_type = '{journey_type}' order by variant_number",
    )


def test_variants_are_paths_whose_runs_are_one_visit_and_open_journeys_are_in_no_share(by_hand: Any) -> None:
    bought = "discovery → consideration → cart → checkout → purchase → delivery"
    columns = "path, journey_count, person_count, ordered_count, dropped_count, open_count, is_intended, visit_count"
    assert variants(by_hand, columns) == [
        ("discovery → consideration", 2, 2, 0, 2, 1, True, 2),
        (" → ".join(["consideration → discovery"] * 300), 1, 1, 0, 1, 0, False, 600),
        (bought, 1, 1, 1, 0, 0, True, 6),
        ("no stage", 1, 1, 0, 1, 0, True, 0),
    ]
    columns = "journey_share, cumulative_share, covers_80, ordered_rate, median_seconds, net_revenue"
    assert variants(by_hand, columns) == [
        (0.4, 0.4, True, 0.0, 1.5 * MINUTE, None),
        (0.2, 0.6, True, 0.0, 599 * MINUTE, None),
        (0.2, 0.8, True, 1.0, 3 * DAY, 25.0),
        (0.2, 1.0, False, 0.0, 0.0, None),
    ]


def test_a_type_has_its_own_shares(by_hand: Any) -> None:
    assert variants(by_hand, "journey_count, journey_share, ordered_rate", "first purchase") == [(1, 1.0, 1.0)]
    assert variants(by_hand, "variant_number, journey_share", "usage") == [(1, 0.5), (2, 0.25), (3, 0.25)]


def test_what_comes_with_an_order_is_in_the_path_until_the_silence_is_over() -> None:
    connection = built(
        {"soon": "3: landing", "late": "3: landing"},
        "metrics.journey_variants",
        orders=[(who, 0.0, {"delivered_at": at(days * DAY)}) for who, days in (("soon", 10), ("late", 31))],
    )
    # Both came back before their parcel did: it belongs to the journey of the order.
    assert variants(connection, "path, journey_count, open_count") == [
        ("discovery", 2, 0),
        ("purchase", 1, 0),
        ("purchase → delivery", 1, 0),
    ]


def cost(connection: duckdb.DuckDBPyConnection, columns: str) -> dict[Any, Any]:
    found = rows(connection, f"select kind, place, from_place, {columns} from metrics.deviation_cost")
    return {row[:3]: row[3:] for row in found}


@pytest.fixture(scope="module")
def costs_by_hand() -> dict[Any, Any]:
    connection = built(
        {
            # Back to the products after two minutes in the cart, and one of them buys.
            "back-buys": "0: landing product add add product",
            "back-drops": "0: landing product add add product",
            # Still in the cart then.
            "stays-buys": "0: landing product add add add",
            "stays-drops": "0: landing product add add add",
            "stays-later-back": "0: landing product add add add product",
            # Not there any more: left, bought or gone on before.
            "left": "0: landing product add",
            "bought": "0: landing product add",
            "on": "0: landing product add checkout checkout checkout",
            # Without the cart.
            "skips-buys": "0: landing product checkout",
            "skips-drops": "0: landing product checkout add",
            "buys-at-once": "0: landing product",
        },
        "metrics.deviation_cost",
        orders=[
            *((who, 10 * MINUTE, {}) for who in ("back-buys", "stays-buys", "skips-buys", "buys-at-once")),
            ("bought", 2.5 * MINUTE, {}),
        ],
    )
    columns = "deviating_count, after_order_count, compared_count, ordered_count, comparable_count, comparable_rate"
    return cost(connection, columns)


def test_who_deviates_stands_beside_those_who_had_stayed_as_long_and_not_beside_those_who_had_left(
    costs_by_hand: Any,
) -> None:
    # After two minutes three others are there, of whom one buys; after three minutes only that one.
    *counts, rate = costs_by_hand["back", "consideration", "cart"]
    assert counts == [3, 0, 3, 1, 3]
    assert rate == pytest.approx((1 / 3 + 1 / 3 + 1) / 3)


def test_who_skips_a_stage_stands_beside_those_who_enter_it_and_skipping_it_by_the_purchase_is_not_compared(
    costs_by_hand: Any,
) -> None:
    # One of the two comes to the cart later, and had passed it by all the same. Of the eight who enter it three buy.
    assert costs_by_hand["skip", "cart", None] == (2, 1, 2, 1, 8, 3 / 8)


class Walk:
    """One journey that is over, as a plain list: what the second implementation knows of it."""

    def __init__(self, touches: list[tuple[datetime, str | None, bool, bool]]) -> None:
        staged = [(when, stage) for when, stage, *_ in touches if stage is not None]
        runs = [[*run] for _, run in groupby(staged, key=lambda one: one[1])]
        self.visits = [(run[0][1], run[0][0]) for run in runs]
        self.left = [*(run[0][0] for run in runs[1:]), *(run[-1][0] for run in runs[-1:])]
        self.last_contact = max(when for when, _, is_contact, _ in touches if is_contact)
        self.purchased = min((when for when, *_, is_purchase in touches if is_purchase), default=None)

    def path(self) -> list[str]:
        return [stage for stage, entered in self.visits if entered <= self.last_contact + SILENCE]

    def stays(self, required: list[str]) -> list[tuple[str, datetime]]:
        asked = [one for one in self.visits if one[0] in required]
        return [next(run) for _, run in groupby(asked, key=lambda one: one[0])]

    def too_long(self, stage: str, maximum: timedelta) -> datetime | None:
        """When its visits to a stage had lasted longer together than they may."""
        spent = timedelta(0)
        for (visited, entered), left in zip(self.visits, self.left, strict=True):
            if visited == stage:
                spent += left - entered
                if spent > maximum:
                    return left - (spent - maximum)
        return None


def walks(connection: duckdb.DuckDBPyConnection) -> dict[str, Walk]:
    touches = defaultdict(list)
    for journey, *touch in rows(
        connection,
        "select journey_id, occurred_at, stage, is_contact, is_purchase from journeys.journey_touchpoints "
        "order by occurred_at, stage_position nulls last, touchpoint_id",
    ):
        touches[journey].append(tuple(touch))
    return {journey: Walk(found) for journey, found in touches.items()}  # type: ignore[arg-type]


def is_intended(path: list[str], required: list[str], forbidden: list[str]) -> bool:
    met = [stage for stage, _ in groupby(one for one in path if one in required)]
    return met == required[: len(met)] and not {*path} & {*forbidden}


Chance = tuple[float, bool, bool, str]
"""How long the stay was, whether it ended by deviating, whether a purchase came, whose it was."""


def chances(walk: Walk, journey: str, required: list[str], forbidden: list[str]) -> dict[Any, list[Chance]]:
    """Each kind and place that the journey could have deviated to, stay by stay until it did."""
    found: dict[Any, list[Chance]] = defaultdict(list)
    done = set()

    def add(key: Any, since: datetime, until: datetime | None, deviates: bool) -> None:
        over = until or walk.last_contact
        if key not in done and (walk.purchased is None or since < walk.purchased):
            in_time = walk.purchased is None or over < walk.purchased
            end = over if in_time else walk.purchased
            seconds = max((end - since) / timedelta(seconds=1), 0.0)  # type: ignore[operator]
            found[key].append((seconds, deviates and in_time, walk.purchased is not None, journey))
        if deviates:
            done.add(key)

    stays = walk.stays(required)
    for n, (stage, since) in enumerate(stays):
        seen = [one for one, _ in stays[:n]]
        came_from = seen[-1] if seen else None
        towards, until = stays[n + 1] if n + 1 < len(stays) else (None, None)
        for place in required:
            if place == stage:
                continue
            if required.index(place) < required.index(stage):
                add(("back", place, stage), since, until, towards == place)
            elif place == came_from:
                add(("loop", place, stage), since, until, towards == place)
            elif place in seen:
                add(("repeat", place, stage), since, until, towards == place)
        furthest = max((required.index(one) for one in seen), default=-1)
        for place in required[furthest + 1 : required.index(stage) + 1]:
            add(("skip", place, None), since, since, place != stage)
    first_checkout = min((when for stage, when in walk.visits if stage == "checkout"), default=None)
    if first_checkout:
        late = walk.too_long("checkout", timedelta(days=1))
        add(("late", "checkout", None), first_checkout, late, late is not None)
    begins: list[tuple[str | None, datetime]] = [(None, walk.visits[0][1])] if walk.visits else []
    for (stage_or_start, since), later in pairwise([*begins, *walk.visits, None]):
        for place in forbidden:
            if place != stage_or_start:
                until = later[1] if later else None
                add(("forbidden", place, stage_or_start), since, until, later is not None and later[0] == place)
    return found


def compared(risks: list[Chance]) -> tuple[int, int, int, int, float | None]:
    """Deviating, compared, ordered, comparable journeys and their rate: of each deviation, who was there then."""
    deviations = [one for one in risks if one[1]]
    ordered, others_at_all, shares = 0, set(), []
    for seconds, _, is_ordered, _ in deviations:
        others = [one for one in risks if one[0] >= seconds and not (one[1] and one[0] == seconds)]
        if others:
            ordered += is_ordered
            shares.append(Fraction(sum(one[2] for one in others), len(others)))
            others_at_all |= {one[3] for one in others}
    rate = float(sum(shares) / len(shares)) if shares else None
    return len(deviations), len(shares), ordered, len(others_at_all), rate


Drawn = list[tuple[int, int, str]]
drawn_lists: st.SearchStrategy[Drawn] = st.lists(
    st.tuples(st.integers(1, 5), st.integers(0, 24 * 80), st.sampled_from((*EVENTS, *EVENTS, "order", "late order"))),
    min_size=5,
    max_size=50,
)


def of_drawn(drawn: Drawn, until_hour: int, rule: str, *tables: str) -> duckdb.DuckDBPyConnection:
    """What is known at an hour: the events, and the orders with what became of them by then."""
    known = [(n, *one) for n, one in enumerate(drawn) if one[1] * HOUR + n <= until_hour * HOUR]
    orders = []
    for n, who, hour, name in known:
        if name not in EVENTS:
            delivered = (hour + (5 if name == "order" else 33) * 24) * HOUR
            state = {"delivered_at": at(delivered)} if delivered <= until_hour * HOUR else {}
            orders.append(order(f"#{n}", hour * HOUR + n, customer_id=f"c{who}", **state))
    return warehouse(
        events=[
            event(f"d{who}", hour * HOUR + n, name, customer_id=f"c{who}")
            for n, who, hour, name in known
            if name in EVENTS
        ],
        order_rows=orders,
        build=tables,
        known_until=at(until_hour * HOUR),
        shop=shop(rule),
    )


@pytest.mark.random
@budget(max_examples=examples(3, 40), deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn_lists, st.sampled_from(["required", "optional", "forbidden"]), st.integers(24 * 31, 24 * 90))
def test_equal_to_a_plain_count_over_random_journeys_and_what_was_over_does_not_change(
    drawn: Drawn, rule: str, cut_at: int
) -> None:
    connection = of_drawn(
        drawn, 24 * 100, rule, "metrics.journey_variants", "metrics.deviation_cost", "metrics.path_conformance"
    )
    required = [one for one in STAGES[:-1] if one != "cart" or rule == "required"]
    forbidden = ["cart"] * (rule == "forbidden")
    measured = {stage for (stage,) in rows(connection, "select stage from metrics.measured_stages")}
    assert {*STAGES} == measured
    journeys = walks(connection)
    until = at(24 * 100 * HOUR)
    expected: Counter[tuple[str, str]] = Counter()
    for walk in journeys.values():
        is_open = until - walk.last_contact <= SILENCE
        outcome = "open" if is_open else "dropped" if walk.purchased is None else "ordered"
        expected[" → ".join(walk.path()) or "no stage", outcome] += 1
    found = variants(connection, "path, ordered_count, dropped_count, open_count, uncovered_count, is_intended")
    for path, ordered, dropped, is_open, uncovered, intended in found:
        assert (ordered, dropped, is_open, uncovered) == (
            *(expected.pop((path, outcome), 0) for outcome in ("ordered", "dropped", "open")),
            0,
        )
        stages = path.split(" → ") if path != "no stage" else []
        assert intended == is_intended(stages, required, forbidden)
    assert not expected
    sizes = [size for (size,) in variants(connection, "journey_count") if size]
    covering = sum(1 for one in variants(connection, "covers_80") if one[0])
    total = sum(sizes)
    assert covering == next((n for n in range(len(sizes) + 1) if 5 * sum(sizes[:n]) >= 4 * total), 0)

    over = {one for (one,) in rows(connection, "select journey_id from metrics.matured_journeys")}
    risks: dict[Any, list[Chance]] = defaultdict(list)
    for journey in over:
        for key, some in chances(journeys[journey], journey, required, forbidden).items():
            risks[key] += some
    costs = cost(connection, "deviating_count, compared_count, ordered_count, comparable_count, comparable_rate")
    for key, some in risks.items():
        *counts, rate = compared(some)
        if counts[0]:
            assert [*costs[key][:4]] == counts, key
            assert costs[key][4] == (None if rate is None else pytest.approx(rate)), key
    # Those that deviated before and after the purchase are those that conformance counts.
    both = cost(connection, "deviating_count, after_order_count")
    conformance = rows(
        connection,
        "select kind, place, from_place, deviating_count from metrics.path_conformance "
        "where journey_type = 'all' and place_type = 'stage' and kind not in ('skip', 'all')",
    )
    assert {key: sum(both[key]) for key in both if key[0] != "skip"} == {row[:3]: row[3] for row in conformance}

    # Not the person's id: who only ordered gets that of a device seen later.
    asked = "select path, is_intended, outcome, path_seconds, started_at from metrics.journey_paths"
    early = rows(of_drawn(drawn, cut_at, rule, "metrics.journey_paths"), f"{asked} where outcome <> 'open'")
    assert {*early} <= {*rows(connection, asked)}


def test_the_interval_of_a_difference_is_newcombes() -> None:
    # Newcombe 1998, table II, method 10, without continuity correction: 56/70 against 48/80.
    people = {f"k{n}": "0: product checkout" for n in range(70)} | {
        f"e{n}": "0: product add checkout" for n in range(80)
    }
    buyers = [f"k{n}" for n in range(56)] + [f"e{n}" for n in range(48)]
    connection = built(people, "metrics.deviation_cost", orders=[(who, HOUR, {}) for who in buyers])
    found = cost(connection, "difference, difference_low, difference_high, is_small")["skip", "cart", None]
    assert [round(one, 4) for one in found[:3]] == [0.2, 0.0524, 0.3339] and not found[3]

"""A real shop: every figure of the Olist example, against a plain second count of the same CSV files.

Nothing here reads sql/: the second count is plain Python, written from what each figure is defined to mean.
"""

from __future__ import annotations

import csv
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
import yaml
from shops import OLIST_DATA

from parcours.project import ROOT, load_project
from parcours.run import build_warehouse

EXAMPLE = ROOT / "examples" / "olist"
FILES = {
    "orders": "olist/olist_orders_dataset.csv",
    "items": "olist/olist_order_items_dataset.csv",
    "payments": "olist/olist_order_payments_dataset.csv",
    "customers": "olist/olist_customers_dataset.csv",
    "reviews": "olist/olist_order_reviews_dataset.csv",
    "leads": "olist_leads/olist_marketing_qualified_leads_dataset.csv",
}
SHOP_ZONE = ZoneInfo("America/Sao_Paulo")
STAGES = ["purchase", "approved", "carrier", "delivered", "reviewed"]
REQUIRED = STAGES[:4]
INACTIVITY = timedelta(days=60)
GUARD = 7
CHANGES = {"breakdown": date(2017, 11, 20), "recovery": date(2018, 4, 1)}

pytestmark = pytest.mark.skipif(
    not all((OLIST_DATA / path).exists() for path in FILES.values()),
    reason=f"no Olist data in {OLIST_DATA}: see examples/olist/README.md, or set PARCOURS_OLIST_DATA",
)


# ---- Parcours ----


def _build(output: Path, shop: Path = EXAMPLE) -> Path:
    """Run the shop in a folder (journey.yaml, sources) on the Olist exports; returns its database."""
    project = load_project(shop / "journey.yaml", OLIST_DATA, output)
    build_warehouse(project)
    return project.warehouse


@pytest.fixture(scope="module")
def parcours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    database = _build(tmp_path_factory.mktemp("olist"))
    with duckdb.connect(str(database), read_only=True) as connection:
        yield connection


def one(parcours: duckdb.DuckDBPyConnection, sql: str) -> Any:
    rows = parcours.execute(sql).fetchall()
    assert len(rows) == 1, f"{len(rows)} rows of {sql}"
    return rows[0] if len(rows[0]) > 1 else rows[0][0]


def table(parcours: duckdb.DuckDBPyConnection, sql: str) -> dict[Any, Any]:
    """The rows by their first column; the value is the second, or a tuple of the rest."""
    rows = parcours.execute(sql).fetchall()
    found = {row[0]: row[1] if len(row) == 2 else row[1:] for row in rows}
    assert len(found) == len(rows), f"the first column of {sql} has duplicates"
    return found


# ---- The second count ----


@dataclass(frozen=True)
class Review:
    answered_at: datetime
    answered_on: date
    score: int


@dataclass
class Order:
    order_id: str
    person: str
    status: str
    at: dict[str, datetime]  # stage → its UTC instant, for the states that the file has a time for
    delivered_on: date | None
    promised_on: date
    prices: list[Decimal] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)

    @property
    def purchased_at(self) -> datetime:
        return self.at["purchase"]

    @property
    def net_revenue(self) -> Decimal:
        return Decimal(0) if self.status == "canceled" else sum(self.prices, Decimal(0))

    def contacts(self) -> list[tuple[datetime, str]]:
        """Instants and stages in time order; simultaneous ones in the order of the stages."""
        found = [(instant, stage) for stage, instant in self.at.items()]
        found += [(review.answered_at, "reviewed") for review in self.reviews]
        return sorted(found, key=lambda contact: (contact[0], STAGES.index(contact[1])))

    def visits(self) -> list[tuple[str, datetime]]:
        """Runs of contacts in one stage: the stage and the run's first instant."""
        return [(stage, next(iter(run))[0]) for stage, run in groupby(self.contacts(), key=lambda contact: contact[1])]

    def reached(self, stage: str) -> bool:
        """A contact in the stage or, for a required one, in a later required one."""
        has = {stage for _, stage in self.contacts()}
        return bool(has & set(REQUIRED[REQUIRED.index(stage) :])) if stage in REQUIRED else stage in has


def average_order_value(orders: Iterable[Order]) -> float:
    """Over orders that were not cancelled and have lines: what one without lines was worth is not known."""
    values = [order.net_revenue for order in orders if order.status != "canceled" and order.prices]
    return float(sum(values)) / len(values)


def read_csv(name: str) -> list[dict[str, str]]:
    with (OLIST_DATA / FILES[name]).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def utc(local: str) -> datetime:
    """A shop time as a UTC instant without a zone; of an hour that the end of summer repeats, the second."""
    return datetime.fromisoformat(local).replace(tzinfo=SHOP_ZONE, fold=1).astimezone(UTC).replace(tzinfo=None)


def day_of(instant: datetime) -> date:
    """The shop day of a UTC instant."""
    return instant.replace(tzinfo=UTC).astimezone(SHOP_ZONE).date()


def shop_day(local: str) -> date:
    return datetime.fromisoformat(local).date()


@pytest.fixture(scope="module")
def orders() -> list[Order]:
    person_of = {row["customer_id"]: row["customer_unique_id"] for row in read_csv("customers")}
    columns = {
        "purchase": "order_purchase_timestamp",
        "approved": "order_approved_at",
        "carrier": "order_delivered_carrier_date",
        "delivered": "order_delivered_customer_date",
    }
    found = {
        row["order_id"]: Order(
            order_id=row["order_id"],
            person=person_of[row["customer_id"]],
            status=row["order_status"],
            at={stage: utc(row[column]) for stage, column in columns.items() if row[column]},
            delivered_on=shop_day(row[columns["delivered"]]) if row[columns["delivered"]] else None,
            promised_on=shop_day(row["order_estimated_delivery_date"]),
        )
        for row in read_csv("orders")
    }
    for row in read_csv("items"):
        found[row["order_id"]].prices.append(Decimal(row["price"]))
    for row in read_csv("reviews"):
        answered = row["review_answer_timestamp"]
        found[row["order_id"]].reviews.append(Review(utc(answered), shop_day(answered), int(row["review_score"])))
    return list(found.values())


@pytest.fixture(scope="module")
def cut_off(orders: list[Order]) -> datetime:
    return max(instant for order in orders for instant in order.at.values())


@pytest.fixture(scope="module")
def orders_of(orders: list[Order]) -> dict[str, list[Order]]:
    """The orders of each person, the earliest first."""
    found = defaultdict(list)
    for order in sorted(orders, key=lambda order: order.purchased_at):
        found[order.person].append(order)
    return found


# ---- Files, people, orders ----


def test_every_row_of_every_file_is_accounted_for(parcours: duckdb.DuckDBPyConnection) -> None:
    loads = table(parcours, "select path, status, rows_read, rows_loaded, rows_duplicate, rows_rejected from raw.loads")
    assert set(loads) == set(FILES.values())
    for name, path in FILES.items():
        status, read, loaded, duplicate, rejected = loads[path]
        assert status == "loaded", path
        assert read == loaded + duplicate + rejected, path
        assert read == len(read_csv(name)), path


def test_people_are_the_distinct_buyers_and_the_leads(
    parcours: duckdb.DuckDBPyConnection, orders_of: dict[str, list[Order]]
) -> None:
    customers = {row["customer_unique_id"] for row in read_csv("customers")}
    leads = {row["mql_id"] for row in read_csv("leads")}
    assert set(orders_of) == customers
    kinds = table(parcours, "select lifecycle_stage, count(*) from journeys.people where is_contact group by 1")
    assert kinds == {"Customer": len(customers), "Lead": len(leads)}
    assert one(parcours, "select count(*) from journeys.people") == len(customers) + len(leads)


def test_orders_belong_to_the_person_and_not_to_the_customer_id(
    parcours: duckdb.DuckDBPyConnection, orders: list[Order], orders_of: dict[str, list[Order]]
) -> None:
    person_of = table(parcours, "select order_id, person_id from journeys.order_sessions")
    assert set(person_of) == {order.order_id for order in orders}
    pairs = {(order.person, person_of[order.order_id]) for order in orders}
    assert len(pairs) == len({ours for _, ours in pairs}) == len(orders_of)
    repeat_buyers = sum(len(of_person) > 1 for of_person in orders_of.values())
    assert sum(count > 1 for count in Counter(person_of.values()).values()) == repeat_buyers


def test_orders_revenue_and_late_deliveries(parcours: duckdb.DuckDBPyConnection, orders: list[Order]) -> None:
    count, revenue, late = one(
        parcours, "select count(*), sum(net_revenue), count(*) filter (where is_late) from staging.orders"
    )
    assert count == len(orders)
    assert revenue == sum(order.net_revenue for order in orders)
    assert late == sum(order.delivered_on is not None and order.delivered_on > order.promised_on for order in orders)


def test_figures_of_the_sample(
    parcours: duckdb.DuckDBPyConnection, orders: list[Order], orders_of: dict[str, list[Order]]
) -> None:
    if len(orders) != 8135:
        pytest.skip(f"{len(orders)} orders: not the sample that examples/olist/README.md gives figures of")
    kinds = table(parcours, "select lifecycle_stage, count(*) from journeys.people group by 1")
    assert kinds == {"Customer": 8016, "Lead": 8000}
    assert sum(len(of_person) > 1 for of_person in orders_of.values()) == 73
    assert one(parcours, "select sum(net_revenue) from staging.orders") == Decimal("998029.08")
    assert one(parcours, "select count(*) from staging.orders where is_late") == 343


def test_the_average_net_order_value_leaves_out_orders_of_unknown_value(
    parcours: duckdb.DuckDBPyConnection, orders: list[Order]
) -> None:
    found = one(
        parcours,
        "select sum(numerator) / sum(denominator) from metrics.kpi_attempts where kpi = 'net_order_value'",
    )
    assert found == pytest.approx(average_order_value(orders))


# ---- Stages ----


def test_each_order_is_one_journey(parcours: duckdb.DuckDBPyConnection, orders: list[Order]) -> None:
    journey_of = parcours.execute("select distinct order_id, journey_id from journeys.journey_touchpoints").fetchall()
    assert len({journey for _, journey in journey_of}) == len(journey_of) == len(orders)
    assert {order_id for order_id, _ in journey_of} == {order.order_id for order in orders}


def test_reached_counts_of_the_stages(parcours: duckdb.DuckDBPyConnection, orders: list[Order]) -> None:
    reached = table(parcours, "select stage, reached_count from metrics.stage_drop_off")
    assert reached == {stage: sum(order.reached(stage) for order in orders) for stage in STAGES}


def test_drop_off_of_the_required_stages(
    parcours: duckdb.DuckDBPyConnection, orders_of: dict[str, list[Order]], cut_off: datetime
) -> None:
    matured: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    for of_person in orders_of.values():
        for order in of_person:
            # What follows an order (delivery, review) does not open a journey again that was silent for long enough.
            if order is of_person[-1] and order.purchased_at + INACTIVITY >= cut_off:
                continue
            reached = [stage for stage in REQUIRED if order.reached(stage)]
            matured.update(reached)
            dropped[reached[-1]] += 1
    found = table(
        parcours,
        "select stage, matured_count, reached_count - open_count, dropped_count, revenue_at_stake "
        "from metrics.stage_drop_off where is_required",
    )
    value = average_order_value(order for of_person in orders_of.values() for order in of_person)
    for stage, next_stage in pairwise(REQUIRED):
        *counts, at_stake = found[stage]
        assert counts == [matured[stage], matured[stage], dropped[stage]], stage
        arriving = matured["delivered"] / matured[next_stage]
        assert at_stake == pytest.approx(dropped[stage] * arriving * value, abs=0.01), stage
    assert found["delivered"] == (matured["delivered"], matured["delivered"], None, None), "the map ends there"


def test_every_order_passes_the_stages_in_the_order_of_time(
    parcours: duckdb.DuckDBPyConnection, orders: list[Order]
) -> None:
    visits = defaultdict(list)
    for order_id, stage, entered_at in parcours.execute(
        "with journey_orders as (select distinct journey_id, order_id from journeys.journey_touchpoints) "
        "select order_id, stage, entered_at from journeys.stage_visits "
        "join journey_orders using (journey_id) order by order_id, visit_number"
    ).fetchall():
        visits[order_id].append((stage, entered_at))
    different = [
        (order.order_id, visits[order.order_id], order.visits())
        for order in orders
        if visits[order.order_id] != order.visits()
    ]
    assert not different


def test_transitions_between_stages(parcours: duckdb.DuckDBPyConnection, orders: list[Order]) -> None:
    transitions = Counter(
        (stage, next_stage) for order in orders for (stage, _), (next_stage, _) in pairwise(order.visits())
    )
    found = parcours.execute(
        "select stage, next_stage, count(*) from journeys.stage_visits where next_stage is not null group by 1, 2"
    ).fetchall()
    assert {(stage, next_stage): count for stage, next_stage, count in found} == transitions


def test_orders_that_reached_the_carrier_before_their_approval(
    parcours: duckdb.DuckDBPyConnection, orders: list[Order]
) -> None:
    before_approval = [
        order
        for order in orders
        if {"carrier", "approved"} <= set(order.at) and order.at["carrier"] < order.at["approved"]
    ]
    straight_back = [
        order for order in before_approval if ("carrier", "approved") in pairwise(s for s, _ in order.visits())
    ]
    found = one(
        parcours,
        "select count(*) from journeys.stage_visits "
        "where stage = 'carrier' and next_stage = 'approved' and is_followed_by_back_step",
    )
    assert found == len(straight_back)
    found_before = one(
        parcours,
        "with firsts as (select journey_id, min(entered_at) filter (where stage = 'carrier') as carried_at, "
        "min(entered_at) filter (where stage = 'approved') as approved_at "
        "from journeys.stage_visits group by 1) "
        "select count(*) from firsts where carried_at < approved_at",
    )
    assert found_before == len(before_approval)


def test_those_orders_deviate_from_the_path_by_a_step_back(
    parcours: duckdb.DuckDBPyConnection, orders: list[Order]
) -> None:
    names = ["order placed", "payment approved", "handed to the carrier", "delivered in time, late delivery"]
    expected = {}
    for order in orders:
        for place, stage in enumerate(REQUIRED):
            later = [s for s in REQUIRED[place:] if {s, stage} <= set(order.at) and order.at[s] < order.at[stage]]
            if later:
                expected[(order.order_id, names[place])] = (names[REQUIRED.index(later[0])], order.at[stage])
    found = parcours.execute(
        "with journey_orders as (select distinct journey_id, order_id from journeys.journey_touchpoints) "
        "select order_id, place, from_place, occurred_at from journeys.journey_deviations "
        "join journey_orders using (journey_id) where kind = 'back' and place_type = 'touchpoint'"
    ).fetchall()
    assert {(order_id, place): tuple(row) for order_id, place, *row in found} == expected
    before_approval = [
        order
        for order in orders
        if {"carrier", "approved"} <= set(order.at) and order.at["carrier"] < order.at["approved"]
    ]
    deviating = one(
        parcours,
        "select count(distinct journey_id) from journeys.journey_deviations where kind = 'back' "
        "and place = 'payment approved' and from_place = 'handed to the carrier'",
    )
    assert deviating == len(before_approval)
    assert deviating == 77 or len(orders) != 8135, "not the figure of the sample"
    # On the map, an order that reached the carrier even before it was placed goes back to the purchase, then forward.
    on_the_map = "select count(distinct journey_id) from journeys.journey_deviations where kind = 'back' and place = "
    assert one(parcours, on_the_map + "'approved'") == sum(
        order.at["carrier"] >= order.purchased_at for order in before_approval
    )


def test_orders_that_took_longer_than_promised_are_late_by_the_rest(
    parcours: duckdb.DuckDBPyConnection, orders: list[Order]
) -> None:
    limits = {
        "payment approved": ("purchase", "approved", timedelta(days=2)),
        "handed to the carrier": ("approved", "carrier", timedelta(days=5)),
    }
    expected = Counter(
        (place, (order.at[until] - order.at[since] - maximum).total_seconds())
        for order in orders
        for place, (since, until, maximum) in limits.items()
        if {since, until} <= set(order.at) and order.at[until] - order.at[since] > maximum
    )
    found = parcours.execute(
        "select place, seconds_beyond from journeys.journey_deviations where kind = 'late'"
    ).fetchall()
    assert Counter(found) == expected
    assert expected


def test_conformance_of_all_orders_that_are_over(
    parcours: duckdb.DuckDBPyConnection, orders_of: dict[str, list[Order]], cut_off: datetime
) -> None:
    matured = conforming = 0
    for of_person in orders_of.values():
        for order in of_person:
            if order is of_person[-1] and order.purchased_at + INACTIVITY >= cut_off:
                continue
            matured += 1
            known = [order.at[stage] for stage in REQUIRED if stage in order.at]
            reached = [stage in order.at for stage in REQUIRED]
            skipped = reached != sorted(reached, reverse=True)
            at = order.at
            late = {"approved"} <= set(at) and at["approved"] - at["purchase"] > timedelta(days=2)
            late |= {"approved", "carrier"} <= set(at) and at["carrier"] - at["approved"] > timedelta(days=5)
            conforming += known == sorted(known) and not skipped and not late
    found = one(
        parcours,
        "select journey_count, conforming_count from metrics.path_conformance "
        "where journey_type = 'all' and kind = 'all'",
    )
    assert found == (matured, conforming)


def test_later_orders_of_repeat_buyers_are_renewals(
    parcours: duckdb.DuckDBPyConnection, orders_of: dict[str, list[Order]]
) -> None:
    kinds = table(
        parcours, "select journey_type, count(*), count(distinct person_id) from journeys.journeys group by 1"
    )
    repeat_buyers = [of_person for of_person in orders_of.values() if len(of_person) > 1]
    assert kinds == {
        "first purchase": (len(orders_of), len(orders_of)),
        "renewal": (sum(len(of_person) - 1 for of_person in repeat_buyers), len(repeat_buyers)),
    }


def test_back_steps_of_every_stage(parcours: duckdb.DuckDBPyConnection, orders: list[Order]) -> None:
    back_steps = Counter(
        stage
        for order in orders
        for (stage, _), (next_stage, _) in pairwise(order.visits())
        if STAGES.index(next_stage) < STAGES.index(stage)
    )
    found = table(
        parcours,
        "select stage, count(*) from journeys.stage_visits where is_followed_by_back_step group by 1",
    )
    assert found == back_steps
    assert one(parcours, "select sum(back_step_count) from journeys.journeys") == back_steps.total()


# ---- Funnel ----


def furthest_step(order: Order, window: timedelta) -> int:
    """Steps in order of time (equal instants may advance), within the window of the purchase, inclusive."""
    reached_at = order.purchased_at
    for number, stage in enumerate(REQUIRED[1:], start=1):
        instant = order.at.get(stage)
        if instant is None or instant < reached_at or instant > order.purchased_at + window:
            return number
        reached_at = instant
    return len(REQUIRED)


def end_of_day(instant: datetime) -> datetime:
    """The UTC instant at which its shop day is over."""
    day = day_of(instant) + timedelta(days=1)
    return datetime.combine(day, time(), SHOP_ZONE).astimezone(UTC).replace(tzinfo=None)


def test_funnel_from_order_to_delivery(
    parcours: duckdb.DuckDBPyConnection, orders: list[Order], cut_off: datetime
) -> None:
    window = timedelta(days=30)
    matured = [order for order in orders if end_of_day(order.purchased_at) + window <= cut_off]
    furthest = [furthest_step(order, window) for order in matured]
    reached = [sum(step >= number for step in furthest) for number in (1, 2, 3, 4)]
    found = table(
        parcours,
        "select step_number, entered_count, reached_count, dropped_count, conversion_rate, step_rate, "
        "revenue_at_stake from metrics.funnel_steps where funnel_id = 'fulfilment'",
    )
    assert len(found) == 4
    for number, (entered, reached_count, dropped, conversion, step_rate, at_stake) in found.items():
        previous = reached[max(number - 2, 0)]
        assert entered == len(matured)
        assert reached_count == reached[number - 1], f"step {number}"
        assert dropped == previous - reached[number - 1], f"step {number}"
        assert conversion == pytest.approx(reached[number - 1] / len(matured))
        if number > 1:
            assert step_rate == pytest.approx(reached[number - 1] / previous)
            to_the_end = reached[-1] / reached[number - 1]
            assert at_stake == pytest.approx(dropped * to_the_end * average_order_value(orders), abs=0.01)
    open_count = one(parcours, "select sum(open_count) from metrics.funnel_steps where step_number = 1")
    assert open_count == len(orders) - len(matured)


# ---- Satisfaction and retention ----


def test_satisfaction_over_all_answers(parcours: duckdb.DuckDBPyConnection, orders: list[Order]) -> None:
    scores = [review.score for order in orders for review in order.reviews]
    answers, satisfied, csat, mean = one(
        parcours,
        "select answer_count, satisfied_count, csat, mean_of_10 from metrics.csat_by_stage where stage = 'all'",
    )
    assert answers == len(scores)
    assert satisfied == sum(score >= 4 for score in scores)
    assert csat == pytest.approx(satisfied / answers)
    assert mean == pytest.approx(sum((score - 1) * 10 / 4 for score in scores) / len(scores))


def test_who_waited_too_long_is_the_least_satisfied_of_those_who_got_their_order(
    parcours: duckdb.DuckDBPyConnection, orders: list[Order]
) -> None:
    scores: dict[str, list[int]] = defaultdict(list)
    for order in orders:
        is_late = order.delivered_on is not None and order.delivered_on > order.promised_on
        delivery = "not delivered" if order.delivered_on is None else "late" if is_late else "on time"
        scores[delivery] += [review.score for review in order.reviews]
    found = table(
        parcours,
        "select value, answer_count, mean_score, rest_count from metrics.satisfaction where dimension = 'delivery'",
    )
    everybody = sum(map(len, scores.values()))
    assert found == {
        delivery: (len(given), pytest.approx(sum(given) / len(given)), everybody - len(given))
        for delivery, given in scores.items()
    }
    if len(orders) == 8135:
        assert (round(found["late"][1], 2), round(found["on time"][1], 2)) == (2.18, 4.27)
    [driver] = parcours.execute(
        "select driver from metrics.satisfaction_drivers where is_told and left_out is null"
    ).fetchall()
    assert driver == ("delivery",)


def test_retention_within_90_days(
    parcours: duckdb.DuckDBPyConnection, orders_of: dict[str, list[Order]], cut_off: datetime
) -> None:
    horizon = timedelta(days=90)
    matured = [of for of in orders_of.values() if of[0].purchased_at + horizon <= cut_off]
    returned = [of for of in matured if len(of) > 1 and of[1].purchased_at <= of[0].purchased_at + horizon]
    found = one(
        parcours,
        "select numerator, denominator, open_count from metrics.kpis where kpi = 'retention' and period = 'all'",
    )
    assert found == (len(returned), len(matured), len(orders_of) - len(matured))


def test_retention_by_month_of_the_first_order(
    parcours: duckdb.DuckDBPyConnection, orders_of: dict[str, list[Order]], cut_off: datetime
) -> None:
    month = timedelta(days=30)
    expected: dict[tuple[date, int], tuple[int, int]] = {}
    for number in range(12):
        finished: Counter[date] = Counter()
        returned: Counter[date] = Counter()
        for first, *others in orders_of.values():
            cohort = day_of(first.purchased_at).replace(day=1)
            if first.purchased_at + (number + 1) * month > cut_off:
                continue
            finished[cohort] += 1
            returned[cohort] += any(
                number * month <= order.purchased_at - first.purchased_at < (number + 1) * month for order in others
            )
        expected |= {(cohort, number): (finished[cohort], returned[cohort]) for cohort in finished}
    found = {
        (cohort, number): (finished, returned)
        for cohort, number, finished, returned in parcours.execute(
            "select cohort_on, interval_number, finished_count, returned_count "
            "from metrics.retention_cohorts where interval_number < 12 and finished_count > 0"
        ).fetchall()
    }
    assert found == expected


# ---- What is said of changes ----


Attempt = tuple[date, bool]
"""The shop day it began, and whether it counts in the numerator."""


def around(attempts: Sequence[Attempt], change: date, horizon: int = 0) -> tuple[int, int, int, int]:
    """Numerator and denominator of the 51 weeks whose outcomes come before a change, and of 4 weeks after it."""
    until = change - timedelta(days=GUARD + horizon)
    since = change + timedelta(days=GUARD)
    sides = (
        [converted for day, converted in attempts if until - timedelta(weeks=51) <= day < until],
        [converted for day, converted in attempts if since <= day < since + timedelta(weeks=4)],
    )
    return sum(sides[0]), len(sides[0]), sum(sides[1]), len(sides[1])


def answers(orders: Iterable[Order]) -> list[Attempt]:
    return [(review.answered_on, review.score >= 4) for order in orders for review in order.reviews]


COUNTS = (
    "select change_id, before_numerator, before_denominator, after_numerator, after_denominator "
    "from metrics.change_impact where kpi = "
)
WORDS = "select change_id, kpi, verdict, crossed, together_with from metrics.change_impact"


def test_satisfaction_around_the_changes(parcours: duckdb.DuckDBPyConnection, orders: list[Order]) -> None:
    found = table(parcours, COUNTS + "'satisfaction'")
    assert found == {name: around(answers(orders), changed_on) for name, changed_on in CHANGES.items()}


@pytest.mark.parametrize("number", [3, 4])
def test_steps_of_the_funnel_around_the_changes(
    parcours: duckdb.DuckDBPyConnection, orders: list[Order], number: int
) -> None:
    window = timedelta(days=30)
    steps = [(day_of(order.purchased_at), furthest_step(order, window)) for order in orders]
    attempts = [(day, step >= number) for day, step in steps if step >= number - 1]
    found = table(parcours, COUNTS + f"'step_conversion:fulfilment:{number}'")
    assert found == {name: around(attempts, changed_on, window.days) for name, changed_on in CHANGES.items()}


def with_changes(tmp_path: Path, name: str, changes: Mapping[str, date]) -> duckdb.DuckDBPyConnection:
    """The example `name` with other changes, built."""
    shop = tmp_path / "shop"
    shutil.copytree(EXAMPLE / "sources", shop / "sources")
    example = yaml.safe_load((EXAMPLE / name).read_text(encoding="utf-8"))
    example["changes"] = [{"id": change, "date": day, "label": change} for change, day in changes.items()]
    (shop / "journey.yaml").write_text(yaml.safe_dump(example, allow_unicode=True), encoding="utf-8")
    return duckdb.connect(str(_build(tmp_path, shop)), read_only=True)


def test_one_more_change_that_did_nothing_alters_no_other_verdict(
    parcours: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    before = {row[:2]: row[2:] for row in parcours.execute(WORDS).fetchall()}
    with with_changes(tmp_path, "journey.yaml", CHANGES | {"irrelevant": date(2018, 1, 18)}) as connection:
        after = {row[:2]: row[2:] for row in connection.execute(WORDS).fetchall()}
    assert {key: words for key, words in after.items() if key[0] != "irrelevant"} == before
    assert not [words for words in after.values() if words[0] in ("improved", "worsened")]


def test_a_change_of_the_day_on_which_deals_begin_was_not_measured_before(tmp_path: Path) -> None:
    with with_changes(tmp_path, "leads.yaml", {"begun": date(2018, 1, 1)}) as connection:
        query = "select verdict from metrics.change_impact where kpi = 'lead_conversion'"
        assert connection.execute(query).fetchall() == [("not measured before",)]

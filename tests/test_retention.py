"""Retention: elapsed intervals since the first order, and the calendar variants."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from conftest import cases
from given import at, event, examples, order, rows, settings, warehouse
from hypothesis import HealthCheck, given, strategies
from hypothesis import settings as budget

DAY = 86400.0


def calendar(events: list[Any], period: str, cohort: str, **more: Any) -> dict[str, list[int | None]]:
    """returned_count by cohort, interval by interval."""
    names = sorted({str(row["event_name"]) for row in events})
    shop = settings(
        touchpoints=[
            *([{"touchpoint": "entry", "event": more["entry"]}] if "entry" in more else []),
            *({"touchpoint": name, "event": name} for name in names),
        ],
        funnels=[{"id": "f", "name": "F", "steps": [{"any": True}]}],
        retentions=[
            {
                "id": "r",
                "label": "R",
                "period": period,
                "cohort": cohort,
                "entry": ["entry"] if "entry" in more else [],
            }
        ],
    )
    built = warehouse(events=events, build=["metrics.retention_calendar"], shop=shop)
    found: dict[str, list[int | None]] = defaultdict(list)
    for cohort_at, count in rows(
        built, "select cohort_at, returned_count from metrics.retention_calendar order by cohort_at, interval_number"
    ):
        found[cohort_at.isoformat()].append(count)
    return found


@pytest.mark.parametrize("case", cases("retention_cases", "core"))
def test_published_case(case: dict[str, Any]) -> None:
    semantics, expected = case["semantics"], case["expected"]
    target = semantics.get("target")
    filtered = isinstance(target, dict)
    events = []
    for who, when, name, *more in case["events"]:
        is_entry = not filtered or (bool(more) and more[0] == target["props"])
        # A prefix: "0" alone is a blocked value, nobody's identifier.
        events.append(event(f"user {who}", when, "entry event" if filtered and is_entry else name))
    period = semantics.get("period", "day")
    cohort = "every" if "recurring" in semantics["cohort"] or "conditions" in semantics else "first"
    found = calendar(events, period, cohort, **({"entry": "entry event"} if filtered else {}))

    if "counts" in expected:  # ClickHouse's retention(): conditions on dates
        days = [date.fromisoformat(text.removeprefix("date = ")) for text in semantics["conditions"]]
        row = found.get(f"{days[0]}T00:00:00", [])
        offsets = [(day - days[0]).days for day in days]
        assert [row[k] if row and 0 <= k < len(row) else 0 for k in offsets] == expected["counts"]
    if "matrix" in expected:
        start = datetime.fromisoformat(semantics["first_period"] + (":00" if period == "hour" else ""))
        step = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}[period]
        for i, wanted in enumerate(expected["matrix"]):
            row = found.get((start + i * step).isoformat(), [])
            assert [row[k] if row else 0 for k in range(len(wanted))] == wanted, i
    if "cohort_sizes" in expected:
        for month, size in expected["cohort_sizes"].items():
            counts = found[f"{month}-01T00:00:00"]
            rates = expected["rates"][month]
            assert counts[0] == size
            assert [count / size for count in counts[: len(rates)] if count is not None] == rates


def cohorts(order_days: dict[str, list[float]], known_days: float) -> list[tuple[Any, ...]]:
    """finished, returned and unbounded counts of the first intervals of the only cohort."""
    orders = [
        order(f"#{who}{i}", day * DAY, customer_id=who)
        for who, days in order_days.items()
        for i, day in enumerate(days)
    ]
    built = warehouse(order_rows=orders, build=["metrics.retention_cohorts"], known_until=at(known_days * DAY))
    return rows(
        built,
        "select interval_number, finished_count, returned_count, returned_on_or_after_count, retention_rate "
        "from metrics.retention_cohorts where interval_number < 3 order by cohort_on, interval_number",
    )


def test_an_order_counts_in_the_interval_of_its_elapsed_days() -> None:
    found = cohorts({"a": [0, 29.99], "b": [0, 30], "c": [0, 65], "d": [0]}, known_days=100)
    assert [row[:4] for row in found] == [(0, 4, 1, 3), (1, 4, 1, 2), (2, 4, 1, 1)]


def test_an_interval_that_no_one_has_finished_is_blank() -> None:
    found = cohorts({"a": [0, 5], "b": [10]}, known_days=35)
    assert found[0] == (0, 1, 1, 1, 1.0)  # b has 25 days so far
    assert found[1] == (1, 0, 0, 0, None)


def test_two_orders_at_one_instant_are_two_orders() -> None:
    assert cohorts({"a": [0, 0]}, known_days=100)[0][:3] == (0, 1, 1)


purchases = strategies.dictionaries(
    strategies.sampled_from("abcdef"),
    strategies.lists(strategies.integers(0, 24 * 130).map(lambda hours: hours / 24), min_size=1, max_size=4),
    min_size=1,
)


@pytest.mark.random
@budget(max_examples=examples(6, 15), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(purchases, strategies.integers(0, 200))
def test_headline_and_cohorts_equal_to_counting_by_hand(orders: dict[str, list[float]], known_days: int) -> None:
    given_orders = [
        order(f"#{who}{i}", day * DAY, customer_id=who) for who, days in orders.items() for i, day in enumerate(days)
    ]
    built = warehouse(
        order_rows=given_orders,
        build=["metrics.kpis", "metrics.retention_cohorts"],
        known_until=at(known_days * DAY),
        shop=settings(measures={"retention_days": 60}),
    )
    first = {who: sorted(days)[0] for who, days in orders.items()}
    second = {who: sorted(days)[1] for who, days in orders.items() if len(days) > 1}
    matured = [who for who in orders if first[who] + 60 <= known_days + 1e-9]
    came_back = [who for who in matured if who in second and second[who] - first[who] <= 60 + 1e-9]
    headline = rows(built, "select numerator, denominator from metrics.kpis where kpi = 'retention' and period = 'all'")
    assert headline == ([(len(came_back), len(matured))] if matured else [])

    for n in range(4):
        finished = [who for who in orders if first[who] + 30 * (n + 1) <= known_days + 1e-9]
        later = {who: [d - first[who] for d in sorted(days)[1:]] for who, days in orders.items()}
        returned = [who for who in finished if any(30 * n <= d + 1e-9 < 30 * (n + 1) for d in later[who])]
        unbounded = [who for who in finished if any(d + 1e-9 >= 30 * n for d in later[who])]
        query = (
            "select coalesce(sum(finished_count), 0), coalesce(sum(returned_count), 0), "
            f"coalesce(sum(returned_on_or_after_count), 0) from metrics.retention_cohorts where interval_number = {n}"
        )
        assert rows(built, query) == [(len(finished), len(returned), len(unbounded))], n

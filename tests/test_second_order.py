"""How long until the second order: Kaplan–Meier by hand and beside scipy, and the customers behind each count."""

from __future__ import annotations

import random

import duckdb
import numpy as np
import pytest
from given import at, event, examples, order, rows, warehouse
from scipy.stats import CensoredData, ecdf

from parcours.questions.answer import Answer
from parcours.questions.charts import bars
from parcours.questions.retention import answer_survival

DAY = 86400.0
SURVIVAL = "metrics.second_order_survival"


def built(customers: dict[str, tuple[float, float | None, str]], known_days: float) -> duckdb.DuckDBPyConnection:
    """The table of customers, each with the days of the first and of the second order, and a device."""
    return warehouse(
        events=[
            event(f"web-{who}", first * DAY, "product", customer_id=who, device=device)
            for who, (first, _, device) in customers.items()
        ],
        order_rows=[
            order(f"#{who}{n}", day * DAY, customer_id=who)
            for who, (first, second, _) in customers.items()
            for n, day in enumerate([first, second])
            if day is not None and day <= known_days
        ],
        build=[SURVIVAL],
        known_until=at(known_days * DAY),
    )


def test_who_is_followed_for_a_short_time_counts_as_long_as_that() -> None:
    shop = built(
        {
            "a": (0, 0.5, "mobile"),  # on the first day
            "b": (0, 4, "mobile"),  # on the fifth: day 4 is over, and the fifth begins
            "c": (0, None, "mobile"),  # followed for all ten days
            "d": (7.5, None, "desktop"),  # for two whole days
            "e": (8.5, 9.75, "desktop"),  # on its second day, which is not over at the cut-off
        },
        known_days=10,
    )
    found = rows(
        shop,
        "select day_number, at_risk_count, ordered_count, censored_count, round(survival_rate, 6), median_days "
        f"from {SURVIVAL} where dimension = 'all' order by day_number",
    )
    assert found == [
        (0, 5, 0, 0, 1.0, 5),
        (1, 5, 1, 1, 0.8, 5),
        (2, 3, 0, 1, 0.8, 5),
        (5, 2, 1, 0, 0.4, 5),
        (10, 1, 0, 1, 0.4, 5),
    ]
    [(error, low, high)] = rows(
        shop,
        "select survival_error, survival_low, survival_high "
        f"from {SURVIVAL} where dimension = 'all' and day_number = 5",
    )
    # Greenwood: 0.4² · (1 / (5 · 4) + 1 / (2 · 1)); the interval on the scale of log(−log S).
    assert error == pytest.approx(0.4 * 0.55**0.5)
    half = 1.959964 * 0.55**0.5 / abs(np.log(0.4))
    assert (low, high) == pytest.approx((0.4 ** np.exp(half), 0.4 ** np.exp(-half)))


def test_where_everybody_has_ordered_again_the_rate_is_0_and_has_no_interval() -> None:
    shop = built({"a": (0, 2, "mobile"), "b": (0, 2.5, "mobile")}, known_days=10)
    query = f"select day_number, survival_rate, survival_low, median_days from {SURVIVAL} where dimension = 'all'"
    assert rows(shop, query) == [(0, 1.0, None, 3), (3, 0.0, None, 3)]


@pytest.mark.filterwarnings("ignore:The confidence interval is undefined")  # where nobody has ordered again yet
@pytest.mark.parametrize("seed", range(examples(1, 12)))
def test_each_segment_equals_scipy_and_each_list_its_count(seed: int) -> None:
    drawn = random.Random(seed)
    known = drawn.uniform(40, 120)
    customers = {}
    for number in range(70):
        first = drawn.uniform(0, known)
        second = first + drawn.expovariate(1 / 50)
        device = drawn.choice(["mobile", "mobile", "desktop"])
        customers[f"c{number}"] = (first, second if drawn.random() < 0.8 else None, device)
    shop = built(customers, known)

    for dimension, value in (("all", "all"), ("device", "mobile"), ("device", "desktop")):
        events, censored = [], []
        for first, second, device in customers.values():
            if value in ("all", device):
                followed = int(known - first)
                day = None if second is None else int(second - first) + 1
                (events if day is not None and day <= followed else censored).append(
                    day if day is not None and day <= followed else followed
                )
        expected = ecdf(CensoredData(uncensored=events, right=censored)).sf
        between = expected.confidence_interval(0.95, method="log-log")
        found = rows(
            shop,
            "select day_number, survival_rate, survival_low, survival_high, at_risk_count, ordered_count, "
            f"censored_count, median_days from {SURVIVAL} where dimension = '{dimension}' and value = '{value}' "
            "order by day_number",
        )
        assert sum(row[5] for row in found) == len(events) > 5 and sum(row[6] for row in found) == len(censored) > 5
        for place, (day, rate, low, high, at_risk, ordered, lost, median) in enumerate(found):
            assert rate == pytest.approx(float(expected.evaluate(day)), abs=1e-12)
            if low is not None:
                wanted = (float(between.low.evaluate(day)), float(between.high.evaluate(day)))
                assert (low, high) == pytest.approx(wanted, abs=1e-6)
            left = found[place + 1][4] if place + 1 < len(found) else 0
            assert at_risk - ordered - lost == left
            halved = [row[0] for row in found if row[1] <= 0.5]
            assert median == (halved[0] if halved else None)
        assert any(row[2] is not None for row in found)

        asked = shop.execute(f"select * from {SURVIVAL} where dimension = '{dimension}' order by value, day_number")
        answer = answer_survival(lambda sql: shop.execute(sql).df(), Answer.of(asked.df(), "", "", bars), dimension)
        for day, *_, at_risk, ordered, lost, _ in found[:: len(found) // 4]:
            listed = [len(answer.people(day, outcome, value)) for outcome in ("at_risk", "ordered", "censored")]
            assert listed == [at_risk, ordered, lost]

"""What open cohorts are expected to come to: who is followed, what is completed, how often the interval was right."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest
from given import at, examples, order, rows, warehouse
from hypothesis import given, strategies
from hypothesis import settings as budget
from simulated_cohorts import DRIFTS, coverage, simulated

from parcours.inference.open_cohorts import Followed, expect, follow

DAY = 86400.0
people = strategies.lists(
    strategies.tuples(
        strategies.integers(0, 2), strategies.integers(0, 40), strategies.lists(strategies.integers(0, 45), max_size=4)
    ),
    max_size=8,
)


@budget(max_examples=examples(40, 1000), deadline=None)
@given(people, strategies.integers(0, 20), strategies.integers(1, 20))
def test_members_are_followed_day_by_day(drawn: list[tuple[int, int, list[int]]], first_day: int, days: int) -> None:
    ordered = [(member, day) for member, (*_, on) in enumerate(drawn) for day in sorted(on)]
    found = follow(
        np.array([cohort for cohort, *_ in drawn], dtype=np.int64),
        np.array([known for _, known, _ in drawn], dtype=np.int64),
        np.array([member for member, _ in ordered], dtype=np.int64),
        np.array([day for _, day in ordered], dtype=np.int64),
        3,
        first_day,
        days,
    )
    at_risk, returned, waiting = (np.zeros((3, days), dtype=int) for _ in range(3))
    for cohort, known, on in drawn:
        for day in range(days):
            if first_day + day >= known:  # this day is not over
                waiting[cohort, day] += 1
                break
            at_risk[cohort, day] += 1
            if first_day + day in on:
                returned[cohort, day] += 1
                break
    assert (found.at_risk == at_risk).all() and (found.returned == returned).all()
    assert (found.waiting == waiting).all() and found.entered.sum() == len(drawn)


def cohorts(sizes: list[int], rate: float, days: int, known: list[int]) -> Followed:
    """Cohorts of which the same share comes back on each day, each as far as is known of it."""
    at_risk, returned, waiting = (np.zeros((len(sizes), days), dtype=np.int64) for _ in range(3))
    for cohort, (size, until) in enumerate(zip(sizes, known, strict=True)):
        left = size
        for day in range(until):
            at_risk[cohort, day] = left
            returned[cohort, day] = round(left * rate)
            left -= returned[cohort, day]
        if until < days:
            waiting[cohort, until] = left
    return Followed(np.array(sizes), at_risk, returned, waiting)


def test_a_cohort_is_completed_by_what_earlier_ones_did_on_later_days() -> None:
    found = expect(cohorts([1000] * 6, 0.02, 10, [10, 10, 10, 10, 10, 4]))
    whole = 1000 * (1 - 0.98**10)
    assert found.count == pytest.approx(whole, rel=0.02)
    assert found.low[5] < found.count[5] < found.high[5] and found.high[5] - found.low[5] < 60


def test_what_is_over_is_what_was_seen() -> None:
    given_cohorts = cohorts([1000] * 6, 0.02, 10, [10, 10, 10, 10, 10, 4])
    found = expect(given_cohorts)
    assert found.count[:5].tolist() == found.low[:5].tolist() == found.high[:5].tolist()
    assert found.count[:5].tolist() == given_cohorts.returned.sum(axis=1)[:5].tolist()


def test_a_cohorts_own_days_say_what_its_later_ones_will_be() -> None:
    usual, eager = cohorts([2000] * 6, 0.02, 20, [20] * 5 + [8]), cohorts([2000] * 6, 0.04, 20, [20] * 5 + [8])
    mixed = Followed(
        usual.entered,
        *(
            np.vstack([getattr(usual, name)[:5], getattr(eager, name)[5:]])
            for name in ("at_risk", "returned", "waiting")
        ),
    )
    later = [expect(one).count[5] - one.returned[5].sum() for one in (usual, mixed)]
    # Fewer are left to come back, so that without its own factor it would be less.
    assert later[1] > 1.4 * later[0]


def test_a_day_that_too_few_were_observed_on_leaves_everything_open_unknown() -> None:
    found = expect(cohorts([20, 1000], 0.02, 10, [10, 9]))
    assert np.isnan(found.count[1]) and found.count[0] == 0  # of 20, 0.4 round to nobody


def test_without_anybody_nothing_is_expected() -> None:
    none = np.zeros((0, 5), dtype=np.int64)
    assert len(expect(Followed(none[:, 0], none, none, none)).count) == 0


@pytest.fixture(scope="module")
def shop() -> duckdb.DuckDBPyConnection:
    """80 customers on each of the first days of January and March, of whom every fourth comes back on day 10 or 40."""
    placed = []
    for month, began in (("jan", 0), ("mar", 60)):
        for number in range(80):
            who, first = f"{month}{number}", began + number % 5
            placed.append(order(f"#{who}", first * DAY, customer_id=who))
            later = first + (10 if number % 8 == 0 else 40)
            if number % 4 == 0 and later < 83:
                placed.append(order(f"#{who}+", later * DAY, customer_id=who))
    return warehouse(order_rows=placed, build=["metrics.retention_expected"], known_until=at(83 * DAY))


def test_each_open_cell_has_an_expectation_beside_it_and_no_other(shop: duckdb.DuckDBPyConnection) -> None:
    both = rows(
        shop,
        """
        select seen.open_count, expected.open_count, seen.entered_count, expected.entered_count,
            expected.returned_so_far_count - seen.returned_count
        from metrics.retention_by_segment as seen
        full join metrics.retention_expected as expected using (kind, cohort_at, interval_number)
        where seen.kind is null or (seen.dimension = 'all' and seen.kind in ('on', 'cumulative', 'bracket'))
        """,
    )
    assert len(both) == 2 * 28 and any(row[0] for row in both) and not all(row[0] for row in both)
    for seen, expected, entered, known_entered, came_early in both:
        assert (expected is None) if seen == 0 else (seen, entered) == (expected, known_entered) and came_early >= 0


def test_what_marchs_customers_will_have_done_is_said_with_its_interval(shop: duckdb.DuckDBPyConnection) -> None:
    [(so_far, rate, low, high)] = rows(
        shop,
        "select returned_so_far_count, expected_rate, expected_low, expected_high from metrics.retention_expected "
        "where kind = 'cumulative' and cohort_at = '2026-03-01' and interval_number = 1",
    )
    # 10 of 80 came back on day 10, as in January; another 10 will on day 40.
    assert so_far == 10 and rate == pytest.approx(0.25, abs=0.03) and 10 / 80 < low < 0.25 < high < 0.4
    # Nobody was ever followed for 360 days.
    assert rows(
        shop,
        "select distinct expected_rate, expected_low from metrics.retention_expected where interval_number = 11",
    ) == [(None, None)]


def test_in_a_backtest_the_intervals_hold_what_came() -> None:
    held = coverage(simulated(2, "cohorts jitter", 600))
    assert len(held) > 500 and 0.85 <= np.mean(held) <= 0.95, np.mean(held)


@pytest.mark.statistics
@pytest.mark.parametrize("size", [300, 1500])
@pytest.mark.parametrize("drift", DRIFTS)
def test_at_every_past_month_the_intervals_hold_what_came_whatever_drifts(drift: str, size: int) -> None:
    held = [one for seed in range(examples(5, 10)) for one in coverage(simulated(1000 + seed, drift, size))]
    assert 0.85 <= np.mean(held) <= 0.95, np.mean(held)

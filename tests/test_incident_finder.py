"""Incidents that nobody logged: found with step, segment and days, and told once a night; nothing else is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from math import log, sqrt
from typing import Any

import numpy as np
import pytest
from given import examples
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st
from incident_shops import FIRST_DAY, SEGMENTS, Planted, day, null_shops, simulated_shop
from numpy.typing import NDArray
from scipy.special import ndtr

from parcours.inference.alarms import Notice, nightly_notices
from parcours.inference.daily_cells import Cell, DailyCells, DailyRow, daily_cells
from parcours.inference.drift import GRID, LOG_PRIOR, expected_from_around, judge, wander_variance
from parcours.inference.incidents import find_incidents, threshold
from parcours.inference.scan import LENGTH_GROUPS, candidates

MOBILE = Planted("payment", 200, 209, 0.5, "device", "mobile")


def steady(days: int = 120, entered: float = 200.0, rate: float = 0.5, *planted: Planted) -> DailyCells:
    """One step, "payment", of which the same number enters and goes on each day, half of it mobile."""
    cells = (Cell("payment"), Cell("payment", "device", "desktop"), Cell("payment", "device", "mobile"))
    went_on = np.full((3, days), entered / 2 * rate)
    for fall in planted:
        row = cells.index(fall.cell)
        of = [1, 2] if row == 0 else [row]
        went_on[of, fall.first : fall.last + 1] *= 1 - fall.share
    went_on[0] = went_on[1] + went_on[2]
    entries = np.full((3, days), entered / 2)
    entries[0] = entered
    return DailyCells(cells, FIRST_DAY, entries, went_on, np.ones((3, days), dtype=bool))


def untracked(shop: DailyCells, *columns: int) -> DailyCells:
    """The same shop without tracking on these days."""
    days = np.zeros(shop.is_tracked.shape, dtype=bool)
    days[:, columns] = True
    return shop.without(days)


def words(notices: list[Notice]) -> list[tuple[str, str, date]]:
    return [(notice.word, notice.cell.value, notice.night) for notice in notices]


# --- What is found ----------------------------------------------------------------------------------------------------


def test_a_fall_of_one_segment_is_found_with_its_step_its_days_and_what_was_lost() -> None:
    shop = simulated_shop(np.random.default_rng(1), 2000, MOBILE)
    [found] = find_incidents(shop)
    assert (found.cell, found.first_day, found.last_day) == (MOBILE.cell, day(200), day(209))
    assert found.low < -0.5 < found.high
    assert found.low < found.relative_size < found.high
    assert found.units_lost == pytest.approx(found.expected - found.seen)
    assert found.relative_size == pytest.approx(found.seen / found.expected - 1)
    assert found.units_lost == pytest.approx(found.seen, rel=0.15)
    row = shop.cells.index(MOBILE.cell)
    assert (found.entered, found.seen) == (shop.entered[row, 200:210].sum(), shop.went_on[row, 200:210].sum())
    assert Cell("payment") in found.seen_in
    assert not found.is_open
    assert found.score > found.threshold == pytest.approx(threshold(40, 365))


def test_a_fall_of_everybody_is_named_all() -> None:
    everybody = Planted("payment", 100, 104, 0.5)
    [found] = find_incidents(simulated_shop(np.random.default_rng(2), 2000, everybody))
    assert (found.cell, found.first_day, found.last_day) == (Cell("payment"), day(100), day(104))
    assert len(found.seen_in) >= 5


def test_a_segment_is_not_blamed_for_what_the_rest_of_the_shop_had_too() -> None:
    days = np.arange(60, 70)
    for rest, named in ((0.2, "mobile"), (0.4, "all")):
        falls = [Planted("payment", days[0], days[-1], 0.6, "device", "mobile")]
        falls += [Planted("payment", days[0], days[-1], rest, "device", "desktop")]
        [found] = find_incidents(steady(120, 400, 0.5, *falls))
        assert found.cell.value == named


def test_nothing_is_found_where_nothing_happened() -> None:
    assert find_incidents(steady()) == []
    assert nightly_notices(steady()) == []
    assert [find_incidents(shop) for shop in null_shops(3, 5, 400, 0.0, 0.0)] == [[], [], []]


def test_a_rise_is_no_incident() -> None:
    risen = steady(120, 400, 0.4, Planted("payment", 60, 69, -0.8))
    assert find_incidents(risen) == []
    assert nightly_notices(risen) == []


def test_a_day_without_tracking_is_no_fall() -> None:
    gone = Planted("payment", 80, 82, 1.0)
    [found] = find_incidents(steady(120, 200, 0.5, gone))
    assert (found.first_day, found.last_day, found.relative_size) == (day(80), day(82), -1.0)
    assert [notice.word for notice in nightly_notices(steady(120, 200, 0.5, gone))] == ["open", "over"]
    silent = untracked(steady(120, 200, 0.5, gone), 80, 81, 82)
    assert find_incidents(silent) == []
    assert nightly_notices(silent) == []


def test_an_incident_goes_on_over_a_day_without_tracking() -> None:
    [found] = find_incidents(untracked(steady(120, 200, 0.5, Planted("payment", 80, 89, 0.6)), 84, 90))
    assert (found.first_day, found.last_day) == (day(80), day(89))
    assert found.entered == 9 * 200


def test_an_incident_that_runs_on_the_last_measured_day_is_open() -> None:
    shop = untracked(steady(120, 200, 0.5, Planted("payment", 112, 119, 0.6)), 118, 119)
    [found] = find_incidents(shop)
    assert (found.first_day, found.last_day, found.is_open) == (day(112), day(117), True)


def test_too_few_expected_conversions_are_no_incident() -> None:
    gone = Planted("payment", 80, 82, 1.0)
    assert find_incidents(steady(120, 2, 0.5, gone)) == []
    assert len(find_incidents(steady(120, 20, 0.5, gone))) == 1
    of_up_to_four_days = []
    for entered in (1.9, 2.2):
        shop = steady(120, entered, 0.5, gone)
        of_up_to_four_days.append(candidates(shop.went_on, shop.entered, shop.is_tracked).score[0, 0])
    assert of_up_to_four_days == [0, pytest.approx(-2.28, abs=0.01)]


def test_two_incidents_of_one_step_at_different_times_are_two() -> None:
    falls = (Planted("payment", 50, 54, 0.7), Planted("payment", 90, 99, 0.5))
    found = find_incidents(steady(130, 200, 0.5, *falls))
    assert sorted((incident.first_day, incident.last_day) for incident in found) == [
        (day(50), day(54)),
        (day(90), day(99)),
    ]


def test_a_deep_fall_and_a_shallow_one_next_to_it_are_one_incident() -> None:
    falls = (Planted("payment", 60, 63, 1.0), Planted("payment", 64, 75, 0.4))
    [found] = find_incidents(steady(120, 1000, 0.5, *falls))
    assert (found.first_day, found.last_day) == (day(60), day(75))
    assert found.units_lost == pytest.approx(4 * 500 + 12 * 200, rel=0.02)


def test_a_shop_of_a_few_days_has_no_incident() -> None:
    for days in (1, 2, 10, 30):
        assert find_incidents(steady(days)) == []
        assert nightly_notices(steady(days)) == []


def test_two_dead_channels_are_two_incidents() -> None:
    falls = [Planted("cart", 150, 159, 1.0, "channel", value) for value in ("email", "social")]
    shop = simulated_shop(np.random.default_rng(3), 2000, *falls)
    # Social is 30 % of the shop: whoever looks at the rest of email's sees them fall, though less than half as much.
    found = find_incidents(shop)
    assert {incident.cell for incident in found} == {fall.cell for fall in falls}
    assert {(incident.first_day, incident.last_day) for incident in found} == {(day(150), day(159))}


def test_one_outage_seen_in_the_steps_of_two_funnels_is_one_incident() -> None:
    shop = simulated_shop(np.random.default_rng(4), 2000, MOBILE)
    again = tuple(replace(cell, step=f"wholesale {cell.step}") for cell in shop.cells)
    entered, went_on, is_tracked = (
        np.concatenate([days, days]) for days in (shop.entered, shop.went_on, shop.is_tracked)
    )
    both = DailyCells(shop.cells + again, FIRST_DAY, entered, went_on, is_tracked)
    both = both.between(0, 240)
    [found] = find_incidents(both)
    assert found.cell == MOBILE.cell
    assert Cell("wholesale payment", "device", "mobile") in found.seen_in
    assert [notice.word for notice in nightly_notices(both, day(195))] == ["open", "over"]


def test_incidents_of_two_steps_and_segments_on_the_same_days_are_two() -> None:
    other = Planted("cart", 200, 209, 0.6, "channel", "email")
    found = find_incidents(simulated_shop(np.random.default_rng(5), 2000, MOBILE, other))
    assert {incident.cell for incident in found} == {MOBILE.cell, other.cell}


def test_the_threshold_rises_with_what_is_searched() -> None:
    assert threshold(1, 365) == 4.3
    assert threshold(40, 365) == pytest.approx(4.3 + 0.25 * log(40))
    assert threshold(40, 730) == pytest.approx(threshold(80, 365))
    assert threshold(40, 90) == threshold(40, 365)


# --- Each night -------------------------------------------------------------------------------------------------------


def test_an_incident_is_one_alarm_that_opens_gets_worse_and_is_over_after_seven_quiet_nights() -> None:
    falls = (Planted("payment", 90, 94, 0.4), Planted("payment", 95, 99, 0.9))
    notices = nightly_notices(steady(130, 80, 0.5, *falls))
    assert [notice.word for notice in notices] == ["open", "worse", "over"]
    opened, worse, over = notices
    assert (opened.night, opened.last_day) == (day(91), day(91))
    assert (opened.first_day, opened.entered, opened.seen) == (day(90), 2 * 80, 2 * 80 * 0.3)
    assert opened.relative_size == pytest.approx(-0.4, abs=0.01)
    assert day(95) <= worse.night <= day(97)
    assert worse.relative_size <= 1.5 * opened.relative_size
    assert {notice.opened_on for notice in notices} == {day(91)}
    assert (over.first_day, over.last_day) == (day(95), day(99))
    assert day(106) <= over.night <= day(108)


def test_what_falls_again_within_seven_nights_is_no_new_alarm_and_later_is() -> None:
    def alarms(second: int) -> list[str]:
        falls = (Planted("payment", 80, 81, 0.9), Planted("payment", second, second + 1, 0.9))
        return [notice.word for notice in nightly_notices(steady(160, 200, 0.5, *falls))]

    assert alarms(86) == ["open", "over"]
    assert alarms(110) == ["open", "over", "open", "over"]


def test_a_night_without_tracking_is_not_a_quiet_one() -> None:
    shop = steady(130, 200, 0.5, Planted("payment", 80, 84, 0.9))
    [_, over] = nightly_notices(shop)
    [_, later] = nightly_notices(untracked(shop, 90, 91, 92))
    assert later.night == over.night + timedelta(3)


def test_a_segment_s_alarm_that_becomes_everybody_s_is_worse() -> None:
    falls = (Planted("payment", 90, 99, 0.6, "device", "mobile"), Planted("payment", 94, 99, 0.6, "device", "desktop"))
    notices = nightly_notices(steady(130, 800, 0.5, *falls))
    assert [(notice.word, notice.cell.value) for notice in notices] == [
        ("open", "mobile"),
        ("worse", "all"),
        ("over", "all"),
    ]
    assert {notice.opened_with.value for notice in notices} == {"mobile"}


def test_a_night_tells_the_same_whatever_comes_after_it() -> None:
    shop = simulated_shop(
        np.random.default_rng(7), 400, Planted("payment", 100, 119, 0.6), days=160, spread=0.1, memory=0.9
    )
    whole = nightly_notices(shop)
    assert {notice.word for notice in whole} >= {"open", "over"}
    for nights in range(96, 160, 16):
        assert nightly_notices(shop.between(0, nights)) == [notice for notice in whole if notice.night < day(nights)]


def test_the_first_eight_weeks_raise_no_alarm() -> None:
    assert nightly_notices(steady(56, 200, 0.5, Planted("payment", 40, 55, 0.9))) == []
    assert words(nightly_notices(steady(57, 200, 0.5, Planted("payment", 50, 56, 0.9)))) == [("open", "all", day(56))]


# --- What is read -----------------------------------------------------------------------------------------------------


def test_rows_in_any_order_are_cells_and_days_and_a_missing_day_is_not_tracked() -> None:
    rows = [
        DailyRow("payment", "device", "mobile", day(2), 5, 1, True),
        DailyRow("payment", "all", "all", day(2), 9, 3, True),
        DailyRow("payment", "all", "all", day(0), 8, 4, True),
        DailyRow("payment", "device", "mobile", day(0), 6, 3, False),
    ]
    shop = daily_cells(rows)
    assert shop.cells == (Cell("payment"), Cell("payment", "device", "mobile"))
    assert shop.entered.tolist() == [[8, 0, 9], [0, 0, 5]]
    assert shop.went_on.tolist() == [[4, 0, 3], [0, 0, 1]]
    assert shop.is_tracked.tolist() == [[True, False, True], [False, False, True]]
    rest = shop.rest(1)
    assert (rest.entered.tolist(), rest.went_on.tolist()) == ([[8, 0, 4]], [[4, 0, 2]])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "no daily rows"),
        ([("pay", "device", "mobile", FIRST_DAY, 2, 1, True)], "no rows of dimension and value \"all\" for step 'pay'"),
        ([("pay", "all", "all", FIRST_DAY, 2, 1, True)] * 2, "two rows of 'pay', all 'all' on 2025-01-01"),
        ([("pay", "all", "all", FIRST_DAY, 2, 3, True)], "3 of 2 went on at 'pay', all 'all' on 2025-01-01"),
        ([("pay", "all", "all", FIRST_DAY, 2, -1, True)], "-1 of 2 went on"),
    ],
)
def test_rows_that_cannot_be_are_refused(rows: list[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        daily_cells(rows)


# --- Second implementations -------------------------------------------------------------------------------------------


def best_by_brute_force(
    went_on: list[float], exposure: list[float], is_tracked: list[bool], lengths: tuple[int, ...], sign: int
) -> tuple[float, set[tuple[int, int]]]:
    """The best score of a cell's intervals of these lengths that fell (sign -1) or rose (1), one interval at a time,
    and all that have it."""
    scores: dict[tuple[int, int], float] = {}
    days = len(went_on)
    for length in lengths:
        for first in range(days - length + 1):
            inside = range(first, first + length)
            around = [d for d in range(max(0, first - 28), min(days, first + length + 28)) if d not in inside]
            reached, exposed = (sum(values[d] for d in inside) for values in (went_on, exposure))
            baseline = sum(exposure[d] for d in around)
            usual = min((sum(went_on[d] for d in around) + 0.5) / (baseline + 1), 1 - 1e-4)
            if not (is_tracked[first] and is_tracked[first + length - 1]):
                continue
            if sum(is_tracked[d] for d in around) < 14 or exposed * usual < 4 or (reached - exposed * usual) * sign < 0:
                continue
            ratio = reached * log(reached / (exposed * usual)) if reached else 0.0
            if reached < exposed:
                ratio += (exposed - reached) * log((1 - reached / exposed) / (1 - usual))
            scores[first, first + length - 1] = sqrt(2 * max(ratio, 0) * baseline / (baseline + exposed))
    best = max(scores.values(), default=0.0)
    return sign * best, {interval for interval, score in scores.items() if abs(score - best) < 1e-9}


@pytest.mark.random
@budget(max_examples=examples(few=6, many=200), deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(10, 80), st.sampled_from([1.0, 6.0, 40.0]))
def test_the_scan_finds_the_intervals_that_stand_out_most_of_all(seed: int, days: int, entered: float) -> None:
    rng = np.random.default_rng(seed)
    is_tracked = rng.random((2, days)) < 0.9
    entries = np.where(is_tracked, rng.poisson(entered, (2, days)), 0).astype(float)
    is_tracked &= entries > 0
    went_on = rng.binomial(entries.astype(int), rng.choice([0.1, 0.4, 0.5], (2, days))).astype(float)
    exposure = entries * rng.choice([1.0, 1.05, 1.1])
    found = candidates(went_on, exposure, is_tracked)
    for cell in range(2):
        of_cell = went_on[cell].tolist(), exposure[cell].tolist(), is_tracked[cell].tolist()
        for column, (sign, lengths) in enumerate(product((-1, 1), LENGTH_GROUPS)):
            best, intervals = best_by_brute_force(*of_cell, lengths, sign)
            assert found.score[cell, column] == pytest.approx(best, abs=1e-9)
            if abs(best) > 1e-9:
                assert (found.first[cell, column], found.last[cell, column]) in intervals


@pytest.mark.random
@budget(max_examples=examples(few=10, many=300), deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(6, 30))
def test_the_likelihood_is_that_of_the_multivariate_normal(seed: int, days: int) -> None:
    rng = np.random.default_rng(seed)
    relative = 1 + 0.3 * rng.standard_normal((2, days))
    variance = rng.uniform(0.002, 0.2, (2, days))
    variance[rng.random((2, days)) < 0.15] = np.inf
    first = rng.integers(0, days - 2, (2, 3))
    last = np.minimum(first + rng.integers(1, 6, (2, 3)), days - 2)
    variance[:, -1] = variance[np.arange(2), first[:, 0]] = 0.01
    judged = judge(relative, variance, first, last)
    roots = judged.root()
    for cell in range(2):
        known = np.isfinite(variance[cell])
        apart = np.abs(np.subtract.outer(np.flatnonzero(known), np.flatnonzero(known)))
        ones, observed = np.ones(known.sum()), relative[cell, known]
        without = np.empty(len(GRID))
        with_incident, sizes = np.full((3, len(GRID)), np.nan), np.full((3, len(GRID)), np.nan)
        for at, (spread, memory) in enumerate(GRID):
            covariance = spread**2 * memory**apart + np.diag(variance[cell, known])
            _, log_determinant = np.linalg.slogdet(covariance)

            def fitted(
                *columns: NDArray[np.float64],
                covariance: NDArray[np.float64] = covariance,
                determinant: float = log_determinant,
                observed: NDArray[np.float64] = observed,
            ) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
                design = np.column_stack(columns)
                information = design.T @ np.linalg.solve(covariance, design)
                best = np.linalg.solve(information, design.T @ np.linalg.solve(covariance, observed))
                left = observed - design @ best
                return -(left @ np.linalg.solve(covariance, left) + determinant) / 2, best, information

            without[at], _, information = fitted(ones)
            restricted = LOG_PRIOR[at] + without[at] - np.log(information[0, 0]) / 2
            assert judged.restricted[cell, at] == pytest.approx(restricted, rel=1e-9, abs=1e-9)
            for k in range(3):
                pulse = ((np.arange(days) >= first[cell, k]) & (np.arange(days) <= last[cell, k]))[known].astype(float)
                if 0 < pulse.sum() < len(pulse):
                    with_incident[k, at], best, information = fitted(ones, pulse)
                    sizes[k, at] = best[1]
                    assert judged.size[cell, k, at] == pytest.approx(best[1], rel=1e-7, abs=1e-9)
                    assert judged.error[cell, k, at] == pytest.approx(np.sqrt(np.linalg.inv(information)[1, 1]))
        prior = np.exp(LOG_PRIOR)
        assert prior.sum() == pytest.approx(1)
        for k in range(3):
            if not np.isnan(sizes[k]).any():
                weights = prior * np.exp(with_incident[k])
                gain = log(weights.sum() / (prior * np.exp(without)).sum())
                root = np.sign((weights * sizes[k]).sum()) * sqrt(2 * max(gain, 0))
                assert roots[cell, k] == pytest.approx(root, rel=1e-6, abs=1e-6)


def test_what_is_expected_is_the_mean_of_the_days_given_those_around_them() -> None:
    """By the joint normal distribution of all days, the level's prior being all but flat."""
    rng = np.random.default_rng(8)
    relative, variance = 1 + 0.2 * rng.standard_normal(40), rng.uniform(0.005, 0.05, 40)
    variance[[3, 22]] = np.inf
    ordinary = rng.uniform(5, 20, 40)
    found = expected_from_around(relative, variance, ordinary, 20, 25)
    inside = np.arange(20, 26)
    around = np.array([day for day in range(40) if day not in inside and day != 3])
    for at, (spread, memory) in enumerate(GRID):
        apart = np.abs(np.subtract.outer(np.arange(40), np.arange(40)))
        joint = 100 + spread**2 * memory**apart
        known = joint[np.ix_(around, around)] + np.diag(variance[around])
        gain = ordinary[inside] @ joint[np.ix_(inside, around)] @ np.linalg.inv(known)
        left = ordinary[inside] @ joint[np.ix_(inside, inside)] @ ordinary[inside]
        left -= gain @ joint[np.ix_(around, inside)] @ ordinary[inside]
        assert found.mean[at] == pytest.approx(ordinary[inside].sum() + gain @ (relative[around] - 1), rel=1e-4)
        assert found.variance[at] == pytest.approx(left, rel=1e-3, abs=1e-3)
    judged = judge(
        relative[None],
        np.where(np.isin(np.arange(40), around), variance, np.inf)[None],
        np.array([[0]]),
        np.array([[9]]),
    )
    assert found.weight == pytest.approx(judged.spread_weights()[0])
    for probability in (0.025, 0.5, 0.975):
        below = ndtr((found.quantile(probability, 2.0) - found.mean) / np.sqrt(found.variance + 2.0))
        assert found.weight @ below == pytest.approx(probability)


def test_what_wander_adds_to_an_interval_is_the_double_sum_over_its_days() -> None:
    weights = [-1 / 5] * 5 + [1 / 3] * 3
    for at, (spread, memory) in enumerate(GRID):
        by_hand = sum(
            a * b * spread**2 * (memory ** abs(i - j) if i != j else 1)
            for i, a in enumerate(weights)
            for j, b in enumerate(weights)
        )
        assert wander_variance(3, 5)[at] == pytest.approx(by_hand)


def test_the_segments_of_the_simulated_shop_add_up() -> None:
    shop = simulated_shop(np.random.default_rng(9), 50, days=20)
    for dimension in {dimension for dimension, _ in SEGMENTS}:
        rows = [row for row, cell in enumerate(shop.cells) if cell.step == "cart" and cell.dimension == dimension]
        assert (shop.went_on[rows].sum(axis=0) == shop.went_on[shop.cells.index(Cell("cart"))]).all()

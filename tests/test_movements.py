"""Why a count moved: parts that add up, and the segment that explains it, or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations, product
from math import exp, log, sqrt
from typing import NamedTuple

import numpy as np
import pytest
from given import examples
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st
from moving_shops import VALUES, visits_of_two_periods

from parcours.inference.explaining import (
    ALPHA,
    AT_MOST,
    EXPLAINS,
    LEAST_SHARE,
    PER_VALUE,
    PERMUTATIONS,
    SEED,
    Chosen,
    Leaves,
    explain,
    sets_of,
)
from parcours.inference.movements import log_mean, mix_and_rate, shared_out

MOBILE = (("device", "mobile"),)


# --- Factors ----------------------------------------------------------------------------------------------------------


def test_a_count_that_doubles_because_one_factor_does_owes_all_to_it() -> None:
    days, visits, orders = shared_out([30, 600, 60], [30, 1200, 120])
    assert (days.part, visits.part, orders.part) == (0, pytest.approx(60), pytest.approx(0))
    assert (visits.before, visits.after, orders.before) == (20, 40, 0.1)
    assert visits.scale == pytest.approx(60 / 20)


def test_two_factors_share_a_change_by_the_logarithms_of_their_ratios() -> None:
    _, visits, orders = shared_out([30, 300, 30], [30, 600, 240])
    assert (visits.part, orders.part) == (pytest.approx(210 * log(2) / log(8)), pytest.approx(210 * log(4) / log(8)))


def test_the_logarithmic_mean_of_near_numbers_is_between_them() -> None:
    assert log_mean(4, 4) == 4
    assert log_mean(4, 4 * exp(1)) == pytest.approx(4 * (exp(1) - 1))
    for apart in (1e-3, 1e-4, 9.9e-5, 1e-6, 1e-9):
        assert log_mean(1 + apart, 1) == pytest.approx(1 + apart / 2, abs=apart**2)


@pytest.mark.random
@budget(max_examples=examples(few=100, many=3000), deadline=None)
@given(st.data(), st.integers(2, 8))
def test_parts_add_up_to_the_change(data: st.DataObject, length: int) -> None:
    def chain() -> list[float]:
        counts: list[float] = sorted((data.draw(st.integers(0, 10**6)) for _ in range(length)), reverse=True)
        counts = [float(count) for count in counts]
        return [*counts, data.draw(st.integers(-(10**8), 10**9)) / 100 if counts[-1] else 0.0]

    before, after = chain(), chain()
    parts = shared_out(before, after)
    change = after[-1] - before[-1]
    assert sum(part.part for part in parts) == pytest.approx(change, abs=1e-9 * max(abs(before[-1]), abs(after[-1]), 1))
    for part in parts:
        if part.before is not None and part.after is not None and part.scale:
            moved = part.after - part.before
            assert part.scale * moved == pytest.approx(part.part, rel=1e-6, abs=1e-6 * abs(change) + 1e-6)


def test_where_a_step_is_reached_by_nobody_that_step_has_all_of_the_change() -> None:
    parts = shared_out([30, 900, 90, 30], [30, 600, 0, 0])
    assert [part.part for part in parts] == [0, 0, -30, 0]
    assert (parts[2].after, parts[3].after) == (0, None)
    assert [part.part for part in shared_out([30, 0, 0], [30, 5, 1])] == [0, 1, 0]
    assert [part.part for part in shared_out([0, 0, 0], [30, 5, 1])] == [1, 0, 0]
    assert [part.part for part in shared_out([30, 9, 0], [30, 0, 0])] == [0, 0, 0]


def test_it_is_the_limit_of_small_numbers() -> None:
    for before, after in (([30, 900, 90, 30], [30, 600, 0, 0]), ([30, 0, 0, 0], [30, 6, 3, 1])):
        tiny = [[max(count, 1e-250 / 10**at) for at, count in enumerate(chain)] for chain in (before, after)]
        exact = [part.part for part in shared_out(before, after)]
        assert [part.part for part in shared_out(*tiny)] == pytest.approx(exact, abs=0.5)


def test_more_refunds_than_sales_are_shared_out_too() -> None:
    days, orders, worth = shared_out([30, 60, 600.0], [30, 30, -150.0])
    assert (worth.before, worth.after) == (10, -5)
    assert (days.part, orders.part, worth.part) == (0, pytest.approx(-30 * 2.5), pytest.approx(-15 * 45))


# --- Mix and rate -----------------------------------------------------------------------------------------------------


def test_a_rate_that_falls_in_no_segment_falls_by_mix_alone() -> None:
    parts = mix_and_rate((np.array([10.0, 40]), np.array([500.0, 500])), (np.array([16.0, 16]), np.array([800.0, 200])))
    assert parts.rate == pytest.approx([0, 0])
    assert parts.mix.sum() == pytest.approx(32 / 1000 - 50 / 1000)
    # More of the worse half, and less of the better one: both lower it.
    assert (parts.mix < 0).all()


def test_a_segment_that_is_new_is_mix() -> None:
    parts = mix_and_rate((np.array([10.0, 0]), np.array([100.0, 0])), (np.array([10.0, 30]), np.array([100.0, 100])))
    assert parts.rate == pytest.approx([0, 0])
    assert parts.mix.sum() == pytest.approx(0.2 - 0.1)


@pytest.mark.random
@budget(max_examples=examples(few=50, many=2000), deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8))
def test_mix_and_rate_add_up_and_are_what_swapping_one_thing_at_a_time_gives(seed: int, segments: int) -> None:
    rng = np.random.default_rng(seed)
    entered = rng.poisson(rng.choice([0.5, 20.0]), (2, segments)).astype(float)
    entered[:, 0] += 1
    reached = rng.binomial(entered.astype(int), 0.4).astype(float)
    parts = mix_and_rate((reached[0], entered[0]), (reached[1], entered[1]))
    before, after = reached[0].sum() / entered[0].sum(), reached[1].sum() / entered[1].sum()
    assert (parts.mix + parts.rate).sum() == pytest.approx(after - before, abs=1e-12)
    # The mean of both orders: first the mix of the other period, or first its rates.
    shares = entered / entered.sum(axis=1, keepdims=True)
    rates = [
        [reached[p][s] / entered[p][s] if entered[p][s] else reached[1 - p][s] / max(entered[1 - p][s], 1)
         for s in range(segments)]
        for p in (0, 1)
    ]  # fmt: skip
    by_mix = [sum((shares[1][s] - shares[0][s]) * rates[p][s] for s in range(segments)) for p in (0, 1)]
    assert parts.mix.sum() == pytest.approx(sum(by_mix) / 2, abs=1e-12)


# --- Which segment ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("whose", "factor", "named"),
    [
        ({"device": ["mobile"]}, 0.6, MOBILE),
        ({"device": ["mobile"]}, 1.6, MOBILE),
        ({"device": ["mobile"], "country": ["FR"]}, 0.5, (("device", "mobile"), ("country", "FR"))),
        ({"channel": ["email", "social"]}, 0.4, (("channel", "social"), ("channel", "email"))),
    ],
    ids=["fell on mobile", "rose on mobile", "fell on French mobiles", "fell in two channels"],
)
def test_the_segment_that_moved_is_named(whose: dict[str, list[str]], factor: float, named: Chosen) -> None:
    leaves = visits_of_two_periods(np.random.default_rng(1), 1500, whose, factor)
    found = explain(sets_of(leaves), 1, 0)
    assert found is not None
    assert found.chosen == named
    assert found.share > 0.8
    assert found.moved == pytest.approx(factor - 1, abs=0.15)
    assert abs(found.rest_moved) < 0.1
    assert found.p <= 0.05


@pytest.mark.parametrize("factor", [0.7, 1.0, 1.3])
def test_what_moved_everywhere_is_explained_by_no_segment(factor: float) -> None:
    for seed in range(4):
        leaves = visits_of_two_periods(np.random.default_rng(seed), 600, {}, factor)
        assert explain(sets_of(leaves), 1, 0, figures=7) is None


def test_more_visits_of_one_channel_explain_more_visits() -> None:
    leaves = visits_of_two_periods(np.random.default_rng(2), 800, {}, 1.0)
    is_more = (leaves.codes["channel"] == VALUES["channel"].index("social")) & leaves.is_after[leaves.day]
    counts = np.where(is_more[:, None], 2, 1) * leaves.counts
    more = Leaves(leaves.day, leaves.is_after, leaves.values, leaves.codes, counts)
    found = explain(sets_of(more), 0, None)
    assert found is not None
    assert found.chosen == (("channel", "social"),)
    assert found.moved == pytest.approx(1, abs=0.1)
    assert explain(sets_of(more), 1, 0) is None


def test_a_few_days_or_a_shop_without_segments_name_nothing() -> None:
    leaves = visits_of_two_periods(np.random.default_rng(3), 500, {"device": ["mobile"]}, 0.1, days=8)
    assert explain(sets_of(leaves), 1, 0) is None
    bare = visits_of_two_periods(np.random.default_rng(3), 50, {}, 0.1)
    assert explain(sets_of(Leaves(bare.day, bare.is_after, {}, {}, bare.counts)), 1, 0) is None


@pytest.mark.random
@budget(max_examples=examples(few=2, many=40), deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([{}, {"device": ["mobile"]}, {"device": ["mobile"], "channel": ["search"]}]),
    st.booleans(),
)
def test_the_named_set_is_the_best_of_all_by_brute_force(
    seed: int, whose: dict[str, list[str]], is_count: bool
) -> None:
    leaves = visits_of_two_periods(
        np.random.default_rng(seed), 60, whose, 0.2, days=14, dimensions=("device", "channel")
    )
    found = explain(sets_of(leaves), 0 if is_count else 1, None if is_count else 0)
    assert (found.chosen if found else None) == named_by_brute_force(leaves, is_count)


def named_by_brute_force(leaves: Leaves, is_count: bool) -> Chosen | None:
    """Set by set, day by day, row by row."""
    rows = [
        ({name: leaves.values[name][leaves.codes[name][at]] for name in leaves.values}, int(leaves.day[at]), *counts)
        for at, counts in enumerate(leaves.counts.tolist())
    ]
    days = range(leaves.day_count)
    later = [day for day in days if leaves.is_after[day]]
    visits = sum(row[2] for row in rows)
    tried: list[Tried] = []
    for chosen, holds in every_set(leaves):
        own, rest = ([[0.0, 0.0] for _ in days] for _ in range(2))
        for values, day, *counts in rows:
            for at in (0, 1):
                (own if holds(values) else rest)[day][at] += counts[at]
        if not LEAST_SHARE <= sum(day[0] for day in own) / visits <= 1 - LEAST_SHARE:
            continue
        number = 0 if is_count else 1
        x, y = ([side[day][number] for day in days] for side in (own, rest))
        n, m = ([1.0 if is_count else side[day][0] for day in days] for side in (own, rest))
        expected = (
            sum(n[d] for d in later) * ratio_before(x, n, later),
            sum(m[d] for d in later) * ratio_before(y, m, later),
        )
        change = sum(x[d] + y[d] for d in later) - sum(expected)
        moved_alike = (sum(y[d] for d in later) / expected[1] if expected[1] else float("nan")) - 1
        share = 1 - moved_alike * sum(expected) / change if change else float("nan")
        residual, variance = against_the_day(x, y, n, m, 1 if change >= 0 else -1)
        spread = sqrt(
            sum(e * e for e in residual) * len(later) * (len(days) - len(later)) / (len(days) * (len(days) - 1))
        )
        excess = sum(residual[d] for d in later)
        model = sum(variance[d] for d in days if d not in later) * sum(variance[d] for d in later) / sum(variance)
        within = 0.0
        for side in (later, [d for d in days if d not in later]):
            mean = sum(residual[d] for d in side) / len(side)
            within += sum((residual[d] - mean) ** 2 for d in side)
        seen = within / (len(days) - 2) * len(later) * (len(days) - len(later)) / len(days)
        tried.append(Tried(chosen, share, excess, spread, residual, model, seen / model))
    dealt = np.random.default_rng(SEED).random((PERMUTATIONS, len(days))).argsort(axis=1) < len(later)

    def score(excess: float, spread: float, values: int) -> float:
        return (max(excess, 0) / spread) ** 2 - PER_VALUE * (values - 1)

    null = [
        max(score(sum(one.residual[d] for d in days if dealing[d]), one.spread, len(one.chosen)) for one in tried)
        for dealing in dealt.tolist()
    ]
    dispersion = float(np.median([one.dispersion for one in tried]))
    best: tuple[float, Chosen | None] = (float("-inf"), None)
    for one in tried:
        own_score = score(one.excess, one.spread, len(one.chosen))
        p = (1 + sum(other >= own_score for other in null)) / (1 + len(null))
        fit = one.excess**2 / one.model / dispersion - PER_VALUE * (len(one.chosen) - 1)
        if EXPLAINS <= one.share <= AT_MOST and one.excess > 0 and p <= ALPHA and fit > best[0]:
            best = fit, one.chosen
    return best[1]


class Tried(NamedTuple):
    chosen: Chosen
    share: float
    excess: float
    spread: float
    residual: list[float]
    model: float
    dispersion: float


def every_set(leaves: Leaves) -> Iterator[tuple[Chosen, Callable[[dict[str, str]], bool]]]:
    for together in (1, 2, 3):
        for names in combinations(leaves.values, together):
            for values in product(*(leaves.values[name] for name in names)):
                chosen = tuple(zip(names, values, strict=True))
                yield chosen, partial(has_all, chosen)
    for name, values in leaves.values.items():
        for count in (2, 3):
            for some in combinations(values, count):
                yield tuple((name, value) for value in some), partial(has_any, name, some)


def has_all(chosen: Chosen, row: dict[str, str]) -> bool:
    return all(row[name] == value for name, value in chosen)


def has_any(name: str, values: tuple[str, ...], row: dict[str, str]) -> bool:
    return row[name] in values


def ratio_before(x: list[float], n: list[float], later: list[int]) -> float:
    entered = sum(n[d] for d in range(len(n)) if d not in later)
    return sum(x[d] for d in range(len(x)) if d not in later) / entered if entered else float("nan")


def against_the_day(
    x: list[float], y: list[float], n: list[float], m: list[float], direction: int
) -> tuple[list[float], list[float]]:
    """The set's share of each day at the odds at which the shares add up to what it has: by halving an interval."""
    low, high = -30.0, 30.0
    for _ in range(200):
        middle = (low + high) / 2
        shares = [exp(middle) * a / (exp(middle) * a + b) if a or b else 0.0 for a, b in zip(n, m, strict=True)]
        low, high = (
            (middle, high) if sum((p + q) * s for p, q, s in zip(x, y, shares, strict=True)) < sum(x) else (low, middle)
        )
    residual = [direction * (p - (p + q) * s) for p, q, s in zip(x, y, shares, strict=True)]
    return residual, [(p + q) * s * (1 - s) for p, q, s in zip(x, y, shares, strict=True)]

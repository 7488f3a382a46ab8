"""An incident, or ordinary wandering? The likelihood of a cell's days with an incident and without.

Here: the state-space model of a cell's daily rate. A day's rate, relative to what is ordinary on that weekday, is

    level + size of the incident on its days + wander + sampling error,

where the wander is a stationary AR(1) from day to day. How strongly and how long a figure wanders is not known, so the
likelihood is averaged over a grid; level and size are the best ones of each point of the grid (generalised least
squares, by one Kalman pass over the days). Which intervals are asked about is decided in `scan.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.special import logsumexp, ndtr

from parcours.inference.daily_cells import DailyCells, Floats
from parcours.inference.scan import Whole

SPREADS = (0.05, 0.1, 0.2)
"""Day-to-day standard deviations of the wander, relative to the level."""
MEMORIES = (0.0, 0.5, 0.8, 0.9, 0.97)
"""Its correlations from one day to the next."""
GRID = ((0.0, 0.0), *((spread, memory) for spread in SPREADS for memory in MEMORIES))
SPREAD, MEMORY = np.array(GRID).T
NO_WANDER_WEIGHT = 4.0
"""Prior weight of no wander; every other point of the grid weighs 1."""
LOG_PRIOR = np.log(np.where(SPREAD == 0, NO_WANDER_WEIGHT, 1.0) / (NO_WANDER_WEIGHT + len(GRID) - 1))
FAR = 120
"""Days on either side of an interval from which on they say nothing of what was to be expected in it."""
AT_ONCE = 64
"""Cells that one pass goes through: more of them no longer fit the processor's cache."""


@dataclass(frozen=True)
class Judged:
    """What the likelihood says of cells and their intervals. Axes: cells, intervals, points of the grid.

    Attributes:
        without: log likelihood of no incident plus the prior's logarithm, cells × grid.
        restricted: the same with the level integrated out, cells × grid.
        with_incident: log likelihood of the incident plus the prior's logarithm, cells × intervals × grid.
        size: its best size, relative to the rate of ordinary days, of the same shape.
        error: the size's standard error, of the same shape.
    """

    without: Floats
    restricted: Floats
    with_incident: Floats
    size: Floats
    error: Floats

    def root(self) -> Floats:
        """Signed root of twice the log likelihood ratio, cells × intervals; below 0 for a fall."""
        gain = logsumexp(self.with_incident, axis=-1) - logsumexp(self.without, axis=-1)[:, None]
        root: Floats = np.sign(self.mean_size()) * np.sqrt(2 * np.maximum(gain, 0))
        return root

    def weights(self) -> Floats:
        """How probable each point of the grid is if there was the incident."""
        return _normalised(self.with_incident)

    def mean_size(self) -> Floats:
        """The incident's size over the grid, cells × intervals."""
        mean: Floats = (self.weights() * self.size).sum(axis=-1)
        return mean

    def spread_weights(self) -> Floats:
        """How probable each point of the grid is if there was no incident, cells × grid."""
        return _normalised(self.restricted)


def relative_days(shop: DailyCells, exposure: Floats, rate: Floats) -> tuple[Floats, Floats]:
    """Each day relative to an ordinary one, and its sampling variance: infinite where the day says nothing."""
    expected = np.maximum(exposure * rate[:, None], 1e-9)
    relative = np.where(shop.is_tracked, shop.went_on / expected, 0)
    return relative, np.where(shop.is_tracked, (1 - rate[:, None]) / expected, np.inf)


def judge(relative: Floats, variance: Floats, first: Whole, last: Whole) -> Judged:
    """The likelihood of each cell without an incident, and with one in each of its intervals.

    Args:
        relative: cells × days, 1 on an ordinary day.
        variance: cells × days; infinite on days that say nothing.
        first: first days of the intervals, cells × intervals (of which there may be none).
        last: their last days.
    """
    parts = [
        _one_pass(relative[some], variance[some], first[some], last[some])
        for some in (slice(at, at + AT_ONCE) for at in range(0, len(relative), AT_ONCE))
    ]
    names = ("without", "restricted", "with_incident", "size", "error")
    return Judged(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _one_pass(relative: Floats, variance: Floats, first: Whole, last: Whole) -> Judged:
    """The Kalman filter over the days. It whitens the days, the level and each interval alike (one-step-ahead errors);
    their sums of squares and products are those of generalised least squares."""
    cells, days = relative.shape
    counts = np.isfinite(variance)
    noise = np.where(counts, variance, 1)
    # Level and rates share an axis with the intervals: 0 is the level, 1 the observed days, then the incidents.
    regressors = 2 + first.shape[1]
    state = np.zeros((cells, regressors, len(GRID)))
    spread = np.broadcast_to(SPREAD**2, (cells, len(GRID))).copy()
    value = np.ones((cells, regressors, 1))
    squares, by_level, by_days = (np.zeros((cells, regressors, len(GRID))) for _ in range(3))
    log_variance = np.zeros((cells, len(GRID)))
    product = np.empty_like(state)
    for day in range(days):
        if day:
            state *= MEMORY
            spread = spread * MEMORY**2 + SPREAD**2 * (1 - MEMORY**2)
        value[:, 1, 0] = relative[:, day]
        value[:, 2:, 0] = (day >= first) & (day <= last)
        error = value - state
        total = spread + noise[:, [day]]
        precision = counts[:, [day]] / total
        log_variance += np.where(counts[:, [day]], np.log(total), 0)
        weighted = error * precision[:, None]
        squares += np.multiply(error, weighted, out=product)
        by_level += np.multiply(error[:, :1], weighted, out=product)
        by_days += np.multiply(error[:, 1:2], weighted, out=product)
        state += np.multiply(spread[:, None], weighted, out=product)
        spread = spread * (1 - spread * precision)
    level = np.maximum(by_level[:, 0], 1e-12)
    without = LOG_PRIOR - (squares[:, 1] - by_level[:, 1] ** 2 / level + log_variance) / 2
    own = np.maximum(squares[:, 2:] - by_level[:, 2:] ** 2 / level[:, None], 1e-12)
    with_days = by_days[:, 2:] - by_level[:, 2:] * (by_level[:, 1] / level)[:, None]
    return Judged(
        without,
        without - np.log(level) / 2,
        without[:, None] + with_days**2 / own / 2,
        with_days / own,
        1 / np.sqrt(own),
    )


@dataclass(frozen=True)
class Expected:
    """What would have gone on in an interval without the incident: at each point of the grid a normal distribution.

    Attributes:
        weight: how probable each point is.
        mean: units.
        variance: of the mean, from the level's error and the wander in the interval.
    """

    weight: Floats
    mean: Floats
    variance: Floats

    @property
    def units(self) -> float:
        return float(self.weight @ self.mean)

    def quantile(self, probability: float, sampling: float) -> float:
        """Of the mixture, with this sampling variance on top."""
        error = np.sqrt(self.variance + sampling)
        low, high = float((self.mean - 9 * error).min()), float((self.mean + 9 * error).max())
        for _ in range(60):
            middle = (low + high) / 2
            if self.weight @ ndtr((middle - self.mean) / error) < probability:
                low = middle
            else:
                high = middle
        return (low + high) / 2


def expected_from_around(relative: Floats, variance: Floats, ordinary: Floats, first: int, last: int) -> Expected:
    """What the days around an interval make expect in it, whatever happened on its own days.

    Args:
        relative: one cell's days, 1 on an ordinary one.
        variance: of the same days; infinite on those that say nothing.
        ordinary: units that go on in each day if it is an ordinary one.
        first, last: the interval.
    """
    days = np.arange(len(relative))
    is_inside = (days >= first) & (days <= last)
    is_around = ~is_inside & np.isfinite(variance) & (days >= first - FAR) & (days <= last + FAR)
    around, inside = days[is_around], days[is_inside]
    units, observed = ordinary[inside], relative[around]
    log_weight, mean, error = np.empty(len(GRID)), np.empty(len(GRID)), np.empty(len(GRID))
    for at in range(len(GRID)):

        def together(some: Whole, others: Whole, spread: float = SPREAD[at], memory: float = MEMORY[at]) -> Floats:
            covariance: Floats = spread**2 * memory ** np.abs(np.subtract.outer(some, others))
            return covariance

        root = cho_factor(together(around, around) + np.diag(variance[around]), lower=True)
        shared = units @ together(inside, around)
        columns = np.column_stack([np.ones(len(around)), observed, shared])
        ones, solved, of_shared = cho_solve(root, columns).T
        precision = ones.sum()
        level = solved.sum() / precision
        mean[at] = level * units.sum() + shared @ (solved - level * ones)
        from_level = units.sum() - of_shared.sum()
        error[at] = units @ together(inside, inside) @ units - shared @ of_shared + from_level**2 / precision
        squares = observed @ solved - level**2 * precision
        log_weight[at] = LOG_PRIOR[at] - (squares + 2 * np.log(np.diag(root[0])).sum() + np.log(precision)) / 2
    return Expected(_normalised(log_weight), mean, np.maximum(error, 0))


@cache
def wander_variance(inside: int, before: int) -> Floats:
    """Variance that wander gives the difference of two means, at each point of the grid.

    Args:
        inside: days of the interval.
        before: days of the baseline that ends where it begins.
    """
    weights = np.r_[np.full(before, -1 / before), np.full(inside, 1 / inside)]
    apart = np.abs(np.subtract.outer(np.arange(len(weights)), np.arange(len(weights))))
    # 0 ** 0 is 1: without memory a day goes with itself alone.
    return np.array([spread**2 * (weights @ memory**apart @ weights) for spread, memory in GRID])


def _normalised(log_weights: NDArray[np.float64]) -> Floats:
    weights = np.exp(log_weights - log_weights.max(axis=-1, keepdims=True))
    normalised: Floats = weights / weights.sum(axis=-1, keepdims=True)
    return normalised

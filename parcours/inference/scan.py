"""Where a cell may have fallen or risen: the days that stand out most against those around them.

Here: the binomial scan over intervals, which knows nothing of how much a figure wanders by itself. Whether a candidate
is more than ordinary wandering is judged by `drift.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from parcours.inference.daily_cells import Flags, Floats

Whole = NDArray[np.int64]

LENGTH_GROUPS = (
    (2, 3, 4),
    (5, 6, 7, 8, 9),
    (10, 11, 12, 13, 14, 16, 18),
    (20, 22, 24, 26, 28, 30),
    tuple(range(33, 61, 3)),
)
"""Lengths in days of the intervals that are tried. Of each group the best fall and the best rise are candidates: a
long fall that is shallow and a short one that is deep are judged side by side."""
AROUND = 28
"""Days on either side of an interval that it is held against."""
LEAST_AROUND = 14
"""Tracked days of them that there must be."""
LEAST_INSIDE = 2
"""Tracked days that an interval must have."""
LEAST_EXPECTED = 4.0
"""Expected conversions that an interval must have."""


@dataclass(frozen=True)
class Candidates:
    """The interval of each cell and length group that fell most, then the one that rose most: cells × (2 · groups).

    Days are columns of the cells; both ends belong to the interval, and are tracked. The score is below 0 for a fall,
    above for a rise, 0 where there is no interval that can be told.
    """

    first: Whole
    last: Whole
    score: Floats


def candidates(went_on: Floats, exposure: Floats, is_tracked: Flags) -> Candidates:
    """For each cell and length group the intervals that stand out most against 28 days on either side.

    Rises too: beside a week of many conversions the weeks before and after it would pass for falls.

    Args:
        went_on: cells × days.
        exposure: cells × days, of `daily_cells.ordinary_days`.
        is_tracked: cells × days.
    """
    cells, days = went_on.shape
    sums = Sums(went_on, exposure, is_tracked)
    groups = len(LENGTH_GROUPS)
    firsts, lasts = (np.zeros((cells, 2 * groups), dtype=np.int64) for _ in range(2))
    scores = np.zeros((cells, 2 * groups))
    every = np.arange(cells)
    for group, lengths in enumerate(LENGTH_GROUPS):
        for length in lengths:
            if length > days:
                break
            begin = np.arange(days - length + 1)
            score = _score(sums, begin, begin + length, is_tracked)
            for column, at in ((group, score.argmin(axis=1)), (groups + group, score.argmax(axis=1))):
                found = score[every, at]
                is_more = found < scores[:, column] if column == group else found > scores[:, column]
                scores[is_more, column] = found[is_more]
                firsts[is_more, column] = at[is_more]
                lasts[is_more, column] = at[is_more] + length - 1
    return Candidates(firsts, lasts, scores)


def _score(sums: Sums, begin: Whole, end: Whole, is_tracked: Flags) -> Floats:
    """How much each cell stands out in each interval [begin, end), cells × intervals; 0 where it can't be told.

    The signed root of the binomial likelihood ratio, times the root of the baseline's share of the exposure, since
    the baseline's rate is an estimate too.
    """
    reached, exposed, tracked = sums.between(begin, end)
    around = sums.between(np.maximum(begin - AROUND, 0), np.minimum(end + AROUND, is_tracked.shape[1]))
    baseline, tracked_around = around.exposed - exposed, around.tracked - tracked
    usual = usual_rate(around.reached - reached, baseline)
    score = signed_root(reached, exposed, usual) * np.sqrt(baseline / np.maximum(baseline + exposed, 1e-9))
    counts = (exposed * usual >= LEAST_EXPECTED) & (tracked_around >= LEAST_AROUND) & (tracked >= LEAST_INSIDE)
    counts &= is_tracked[:, begin] & is_tracked[:, end - 1]
    return np.where(counts, score, 0)


class Between(NamedTuple):
    """Sums over intervals, cells × intervals."""

    reached: Floats
    exposed: Floats
    tracked: Floats


class Sums:
    """Sums over any interval of days, from running sums."""

    def __init__(self, went_on: Floats, exposure: Floats, is_tracked: Flags) -> None:
        self._running = [np.zeros((len(went_on), went_on.shape[1] + 1)) for _ in range(3)]
        for running, daily in zip(self._running, (went_on, exposure, is_tracked), strict=True):
            np.cumsum(daily, axis=1, out=running[:, 1:])

    def between(self, begin: Whole, end: Whole) -> Between:
        """Of the days from `begin` to the one before `end`."""
        return Between(*(running[:, end] - running[:, begin] for running in self._running))


def usual_rate(reached: Floats, exposed: Floats) -> Floats:
    """The baseline's rate, never 0 or 1."""
    return np.clip((reached + 0.5) / (exposed + 1), 1e-9, 1 - 1e-4)


def signed_root(reached: Floats, exposed: Floats, usual: Floats) -> Floats:
    """Signed root of the binomial likelihood ratio of `reached` of `exposed` at the usual rate: below 0 for a fall."""
    expected = exposed * usual
    left = np.maximum(exposed - reached, 0)
    ratio = xlogy(reached, reached / np.maximum(expected, 1e-9))
    ratio += xlogy(left, left / np.maximum(exposed - expected, 1e-9))
    root: Floats = np.sign(reached - expected) * np.sqrt(2 * np.maximum(ratio, 0))
    return root

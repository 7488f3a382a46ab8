"""Incidents that nobody logged: falls of a step, for everybody or one segment, of 2 to 60 days.

Here: a shop's days in, the incidents of all of them out, for a history that is read at leisure. What is told each
night is in `alarms.py`. A candidate of the scan counts as much as the smaller of its two scores: that of the scan, and
that of the likelihood, which asks whether it is more than the figure's ordinary wandering.

Not found, and not findable: causes; falls under 4 expected conversions; in small shops those of a few days; what is
below about 3.7 times the figure's own wander.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product

import numpy as np

from parcours.inference.attribution import Fall, Place, Window, places
from parcours.inference.daily_cells import Cell, DailyCells, Flags, Floats, ordinary_days
from parcours.inference.drift import expected_from_around, judge, relative_days
from parcours.inference.scan import AROUND, LEAST_AROUND, LEAST_INSIDE, LENGTH_GROUPS, Whole, candidates

THRESHOLD = 4.3
PER_CELL = 0.25
"""By this times the logarithm of the number of cells that were searched, the threshold rises."""
YEAR = 365
PASSES = 8
"""Falls and rises that are looked for in one cell, one after the other, the days of those before set aside."""
EDGES = 3
"""Days by which either end of an interval is moved for the best likelihood."""
LONGEST = LENGTH_GROUPS[-1][-1]


@dataclass(frozen=True)
class Incident:
    """One fall that was found.

    Attributes:
        cell: the step and the segment, or everybody.
        first_day, last_day: its days, both tracked.
        is_open: whether it still runs on the last day that its cell is measured on.
        score, threshold: how certain it is, and from where on falls are reported.
        relative_size: seen relative to expected, below 0: -0.4 is "40 % fewer than expected went on".
        low, high: the 95 % interval of the relative size.
        entered: units that entered the step on those days.
        seen: those that went on.
        expected: those that would have, from the days around and the figure's own wander.
        seen_in: the other cells that fell with it, of this step and of others.
    """

    cell: Cell
    first_day: date
    last_day: date
    is_open: bool
    score: float
    threshold: float
    relative_size: float
    low: float
    high: float
    entered: float
    seen: float
    expected: float
    seen_in: tuple[Cell, ...]

    @property
    def units_lost(self) -> float:
        """Units that would have gone on besides."""
        return self.expected - self.seen


def find_incidents(shop: DailyCells) -> list[Incident]:
    """All incidents of the shop's days, the most certain first."""
    found = candidates(shop.went_on, ordinary_days(shop)[0], shop.is_tracked)
    limit = threshold(int(found.score.any(axis=1).sum()), shop.day_count)
    falls = _falls(shop, limit)
    return [_measured(shop, place, falls, limit) for place in places(shop, falls, Window(AROUND, AROUND))]


def threshold(cells: int, days: int) -> float:
    """The score from which on a fall is reported.

    Args:
        cells: how many cells were searched. One without any interval of 4 expected conversions can't have a fall.
        days: how many days. Two years are twice as much to find something in by chance; less than one is taken as one,
            since its wander is known less well.
    """
    return THRESHOLD + PER_CELL * float(np.log(max(cells, 1) * max(days / YEAR, 1)))


def _falls(shop: DailyCells, limit: float) -> list[Fall]:
    """Every cell's falls from the threshold on.

    Each cell's most certain fall or rise is set aside, and the rest searched again. A rise is nobody's incident; nor is
    a fall with hardly a day before it, which can't be told from a rise after it.
    """
    falls: list[Fall] = []
    cells = np.arange(len(shop.cells))
    aside = np.zeros(shop.is_tracked.shape, dtype=bool)
    for _ in range(PASSES):
        score, first, last = most_certain(shop.only(cells).without(aside[cells]), limit)
        is_found = np.abs(score) >= limit
        cells = cells[is_found]
        for cell, certain, begin, end in zip(
            cells.tolist(), score[is_found].tolist(), first[is_found].tolist(), last[is_found].tolist(), strict=True
        ):
            aside[cell, begin : end + 1] = True
            before = shop.is_tracked[cell, max(begin - AROUND, 0) : begin].sum()
            if certain < 0 and before >= LEAST_AROUND:
                falls.append(Fall(cell, begin, end, -certain))
        if not len(cells):
            break
    return falls


def most_certain(shop: DailyCells, least: float = 0.0) -> tuple[Floats, Whole, Whole]:
    """Each cell's most certain fall or rise: its score (below 0 for a fall, 0 if none), its first and last day.

    Args:
        shop: the cells.
        least: candidates whose scan is nearer to 0 than this are not judged, and score 0.
    """
    exposure, rate = ordinary_days(shop)
    found = candidates(shop.went_on, exposure, shop.is_tracked)
    may_be = np.flatnonzero((np.abs(found.score) >= max(least, 1e-9)).any(axis=1))
    score = np.zeros(found.score.shape)
    if len(may_be):
        relative, variance = relative_days(shop, exposure, rate)
        root = judge(relative[may_be], variance[may_be], found.first[may_be], found.last[may_be]).root()
        scanned = found.score[may_be]
        smaller = np.sign(scanned) * np.minimum(np.abs(root), np.abs(scanned))
        score[may_be] = np.where(np.sign(root) == np.sign(scanned), smaller, 0)
    best = np.abs(score).argmax(axis=1)
    every = np.arange(len(shop.cells))
    return score[every, best], found.first[every, best], found.last[every, best]


def _measured(shop: DailyCells, place: Place, falls: list[Fall], limit: float) -> Incident:
    """The incident at this place: its days to the day, its size and what was lost."""
    cell = shop.only(np.array([place.cell])).without(_other_falls(shop, place, falls))
    first, last = _best_days(cell, place)
    days = slice(first, last + 1)

    learn = np.ones(cell.is_tracked.shape, dtype=bool)
    learn[:, days] = False
    exposure, rate = ordinary_days(cell, learn)
    relative, variance = relative_days(cell, exposure, rate)
    expected = expected_from_around(relative[0], variance[0], exposure[0] * rate[0], first, last)
    seen = float(cell.went_on[0, days].sum())
    entered = float(cell.entered[0, days].sum())
    # Two conversions more, so that the sampling error is not none where nobody went on.
    sampling = (seen + 2) * (1 - min((seen + 2) / (entered + 4), 1))
    least, most = (expected.quantile(probability, sampling) for probability in (0.025, 0.975))
    return Incident(
        cell=shop.cells[place.cell],
        first_day=shop.first_day + timedelta(first),
        last_day=shop.first_day + timedelta(last),
        is_open=not shop.is_tracked[place.cell, last + 1 :].any(),
        score=place.score,
        threshold=limit,
        relative_size=(seen - expected.units) / expected.units,
        low=max((seen - most) / expected.units, -1.0),
        high=(seen - least) / expected.units,
        entered=entered,
        seen=seen,
        expected=expected.units,
        seen_in=tuple(shop.cells[other] for other in sorted(place.seen_in - {place.cell})),
    )


def _other_falls(shop: DailyCells, place: Place, falls: list[Fall]) -> Flags:
    """The days of the named cell's other falls, well away from this one."""
    days = np.zeros((1, shop.day_count), dtype=bool)
    for fall in falls:
        if fall.cell == place.cell and (fall.last < place.first - EDGES or fall.first > place.last + EDGES):
            days[0, fall.first : fall.last + 1] = True
    return days


def _best_days(cell: DailyCells, place: Place) -> tuple[int, int]:
    """The incident's first and last day, each moved by up to three days for the best likelihood."""
    is_tracked = cell.is_tracked[0]
    moves = range(-EDGES, EDGES + 1)
    tried = [
        (first, last)
        for first, last in product((place.first + move for move in moves), (place.last + move for move in moves))
        if first >= 0
        and last < len(is_tracked)
        and first < last <= first + LONGEST - 1
        and is_tracked[first]
        and is_tracked[last]
        and is_tracked[first : last + 1].sum() >= LEAST_INSIDE
    ]
    if not tried:
        # Two falls that are one may be longer than any that is looked for; "all" may not be measured where a segment
        # is.
        return place.first, place.last
    first, last = np.array(tried).T
    root = judge(*relative_days(cell, *ordinary_days(cell)), first[None], last[None]).root()[0]
    return tried[int(root.argmin())]

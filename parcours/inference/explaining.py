"""Which segment explains a movement: the smallest set of segment values that does, or none.

A figure is a numerator relative to a denominator (orders of visits), by day and by combination of segment values. A
set of segment values *explains* the share of its change that would be gone if the set had moved like the rest: a
segment that is most of the shop and moved like all others explains nothing.

Sets that are tried: one value of one, two or three dimensions together (mobile; mobile and French), and two or three
values of one dimension (e-mail and social). Of those that explain at least 80 %, and stand out more than any set does
when days are dealt out to the two periods at random, the one that fits best is named. A superset of the culprit
explains as much, and fits worse; each further value has to earn its place.

Day by day, a set's numerator is held against its share of that day's whole: what all segments have in common, and every
weekday's size, is no evidence for any of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from parcours.inference.daily_cells import Flags, Floats

Whole = NDArray[np.int64]

EXPLAINS, AT_MOST = 0.80, 2.00
"""Share of the change from which on a set explains it, and up to which: beyond, the rest moved the other way by more
than the change, which then is the difference of two movements."""
DIMENSIONS_TOGETHER = 3
VALUES_TOGETHER = 3
LEAST_SHARE = 0.02
"""Of the denominator of both periods that a set and the rest must have."""
PER_VALUE = 4.0
"""Squared score that each value after the first has to add."""
ALPHA = 0.05
"""Probability that any set is named, of all figures that are asked about together, where no segment stands out."""
PERMUTATIONS = 999
SEED = 20_260_101
"""Fixed, so that the same data give the same answer."""
LEAST_DAYS = 5
"""Days that a period must have."""

Chosen = tuple[tuple[str, str], ...]
"""Dimensions with values: of one dimension any of its values, of several all of them together."""


@dataclass(frozen=True)
class Leaves:
    """Rows of days and combinations of segment values.

    Attributes:
        day: the column of each row's day.
        is_after: of each day, whether it is of the later period.
        values: of each dimension its values.
        codes: of each dimension the position of each row's value among them; -1: it has none.
        counts: rows × counts; the first is what sets are sized by.
    """

    day: Whole
    is_after: Flags
    values: Mapping[str, Sequence[str]]
    codes: Mapping[str, Whole]
    counts: Floats

    @property
    def day_count(self) -> int:
        return len(self.is_after)


@dataclass(frozen=True)
class Sets:
    """The sets that are tried, with their counts by day: sets × days × counts; those of everybody: days × counts."""

    chosen: Sequence[Chosen]
    counts: Floats
    everybody: Floats
    is_after: Flags


@dataclass(frozen=True)
class Explained:
    """The set that explains a movement.

    Attributes:
        chosen: its values.
        share: of the change that would be gone if it had moved like the rest.
        moved, rest_moved: the figure of the set, and of the rest, after relative to before, minus 1.
        p: probability that some set stands out as much where none does.
    """

    chosen: Chosen
    share: float
    moved: float
    rest_moved: float
    p: float


def sets_of(leaves: Leaves) -> Sets:
    """All sets that are large enough, and leave enough of the rest."""
    everybody = _summed(leaves, np.zeros(len(leaves.day), dtype=np.int64), 1)[0]
    size = everybody[:, 0].sum()
    chosen: list[Chosen] = []
    counts: list[Floats] = []
    for these, of_them in _all_sets(leaves, LEAST_SHARE * size):
        own = of_them[:, 0].sum()
        if LEAST_SHARE * size <= own <= (1 - LEAST_SHARE) * size:
            chosen.append(these)
            counts.append(of_them)
    shape = (len(counts), leaves.day_count, leaves.counts.shape[1])
    return Sets(chosen, np.array(counts).reshape(shape), everybody, leaves.is_after)


def explain(sets: Sets, numerator: int, denominator: int | None, figures: int = 1) -> Explained | None:
    """The smallest set that explains the figure's change; None where no segment does.

    Args:
        sets: of `sets_of`.
        numerator, denominator: which counts the figure is made of; without a denominator it is the count per day.
        figures: how many figures are asked about together.
    """
    after = sets.is_after
    if not sets.chosen or min(after.sum(), (~after).sum()) < LEAST_DAYS:
        return None
    reached, whole = sets.counts[:, :, numerator], sets.everybody[:, numerator]
    entered = np.ones(reached.shape) if denominator is None else sets.counts[:, :, denominator]
    # Without a denominator set and rest have every day in common; their usual proportion is learnt below.
    rest_entered = entered if denominator is None else sets.everybody[:, denominator] - entered
    rest = whole - reached
    expected, rest_expected = _expected(reached, entered, after), _expected(rest, rest_entered, after)
    change = whole[after].sum() - expected - rest_expected
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = reached[:, after].sum(axis=1) / expected - 1
        rest_moved = rest[:, after].sum(axis=1) / rest_expected - 1
        share = 1 - rest_moved * (expected + rest_expected) / change
    direction = np.where(change < 0, -1.0, 1.0)[:, None]
    residual, variance = _residuals(reached, whole, entered, rest_entered)
    residual *= direction
    excess = residual[:, after].sum(axis=1)
    score, limit, null = _scores(residual, after, sets.chosen, ALPHA / figures)
    fits = _fit(excess, residual, variance, after) - PER_VALUE * _further_values(sets.chosen)
    may_be = (share >= EXPLAINS) & (share <= AT_MOST) & (excess > 0) & (score >= limit)
    if not may_be.any():
        return None
    best = int(np.where(may_be, fits, -np.inf).argmax())
    p = (1 + float((null >= score[best]).sum())) / (1 + len(null))
    return Explained(sets.chosen[best], float(share[best]), float(moved[best]), float(rest_moved[best]), p)


def _all_sets(leaves: Leaves, least: float) -> Iterator[tuple[Chosen, Floats]]:
    """Every set with its counts by day."""
    for together in range(1, DIMENSIONS_TOGETHER + 1):
        for dimensions in combinations(leaves.values, together):
            sizes = [len(leaves.values[dimension]) for dimension in dimensions]
            codes = [leaves.codes[dimension] for dimension in dimensions]
            is_known = np.all([code >= 0 for code in codes], axis=0)
            cell = np.where(is_known, np.ravel_multi_index([np.maximum(code, 0) for code in codes], sizes), -1)
            held = np.bincount(cell[is_known], leaves.counts[is_known, 0], minlength=int(np.prod(sizes)))
            large = np.flatnonzero(held >= least)
            place = np.full(int(np.prod(sizes)) + 1, -1)
            place[large] = np.arange(len(large))
            of_large = _summed(leaves, place[cell], len(large))
            names = [
                tuple(
                    (dimension, leaves.values[dimension][int(at)])
                    for dimension, at in zip(dimensions, np.unravel_index(number, sizes), strict=True)
                )
                for number in large
            ]
            yield from zip(names, of_large, strict=True)
            if together == 1:
                for values in range(2, VALUES_TOGETHER + 1):
                    for some in combinations(range(len(large)), values):
                        yield tuple(names[at][0] for at in some), of_large[list(some)].sum(axis=0)


def _summed(leaves: Leaves, cell: Whole, cells: int) -> Floats:
    """Counts by cell and day, cells × days × counts; rows of cell -1 are in none."""
    kept = cell >= 0
    at = cell[kept] * leaves.day_count + leaves.day[kept]
    shape = (cells, leaves.day_count)
    sums = [np.bincount(at, column[kept], minlength=shape[0] * shape[1]) for column in leaves.counts.T]
    return np.stack([one.reshape(shape) for one in sums], axis=-1)


def _expected(reached: Floats, entered: Floats, after: Flags) -> Floats:
    """What the later period would have at the earlier one's rate; not a number where there was no denominator."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = reached[..., ~after].sum(axis=-1) / entered[..., ~after].sum(axis=-1)
        expected: Floats = rate * entered[..., after].sum(axis=-1)
    return expected


def _residuals(reached: Floats, whole: Floats, entered: Floats, rest_entered: Floats) -> tuple[Floats, Floats]:
    """Each set's numerator minus its share of the day's whole, sets × days, which sums to 0 over the days; and the
    variance that the share gives it, but for a factor that all have in common."""
    odds = np.ones((len(reached), 1))
    total = reached.sum(axis=1, keepdims=True)
    for _ in range(50):
        weight = odds * entered
        both = weight + rest_entered
        share = np.divide(weight, both, out=np.zeros_like(both), where=both > 0)
        expected = (whole * share).sum(axis=1, keepdims=True)
        left = (whole * (1 - share)).sum(axis=1, keepdims=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            factor = (total / expected) * (left / (whole.sum() - total))
        factor = np.where(np.isfinite(factor) & (factor > 0), factor, 1.0)
        odds = odds * factor
        if np.abs(factor - 1).max() < 1e-10:
            break
    return reached - whole * share, np.maximum(whole, 0) * share * (1 - share)


def _further_values(chosen: Sequence[Chosen]) -> Floats:
    return np.array([len(these) - 1 for these in chosen], dtype=float)


def _scores(residual: Floats, after: Flags, chosen: Sequence[Chosen], alpha: float) -> tuple[Floats, float, Floats]:
    """How much each set stands out, the score from which on it does, and the best score of each random dealing of the
    days to the periods."""
    days, later = len(after), int(after.sum())
    spread = np.sqrt((residual**2).sum(axis=1) * later * (days - later) / (days * (days - 1)))
    unit = np.divide(residual, spread[:, None], out=np.zeros_like(residual), where=spread[:, None] > 0)
    rng = np.random.default_rng(SEED)
    dealt = rng.random((PERMUTATIONS, days)).argsort(axis=1) < later
    further = PER_VALUE * _further_values(chosen)[:, None]

    def scored(excess: Floats) -> Floats:
        best: Floats = np.where(excess > 0, excess**2, 0) - further
        return best

    null = np.concatenate([scored(unit @ some.T).max(axis=0) for some in np.array_split(dealt.astype(float), 10)])
    # As high as the limit is not above it.
    above = int(alpha * (PERMUTATIONS + 1))
    limit = float(np.nextafter(np.sort(null)[-above], np.inf)) if above else np.inf
    return scored(unit[:, after].sum(axis=1, keepdims=True))[:, 0], limit, null


def _fit(excess: Floats, residual: Floats, variance: Floats, after: Flags) -> Floats:
    """Squared excess relative to its variance, sets alike: by how much the days are better told with the set apart."""
    days, later = len(after), int(after.sum())
    earlier_sum, later_sum = variance[:, ~after].sum(axis=1), variance[:, after].sum(axis=1)
    model = earlier_sum * later_sum / np.maximum(earlier_sum + later_sum, 1e-300)
    within = sum(residual[:, some].var(axis=1) * some.sum() for some in (~after, after)) / (days - 2)
    known = model > 0
    seen = within * later * (days - later) / days
    spread = float(np.median(seen[known] / model[known])) if known.any() else 1.0
    fit: Floats = np.divide(excess**2, model * max(spread, 1e-300), out=np.zeros_like(excess), where=known)
    return fit

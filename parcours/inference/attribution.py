"""Where an incident is: which falls are one, at which step, and whether a segment may be blamed for it.

Here: falls of cells in, places out. An outage at one step is seen in everybody, in every segment, and in the steps of
all funnels that go through it; an analyst wants to read of it once. How the falls were found is in `scan.py`.

Falls of one step that share a day, or are at most three apart, are one. It runs from the first day to the last of those
of the cell that is named, by these rules:

* A segment is named only if the rest of the shop fell less than half as much on those days; of several the one with the
  highest score. Where the rest is too small to tell (under 4 expected conversions), or none qualifies, it is "all".
* Another value of the named dimension that qualifies by itself is a place of its own: two dead channels are two.

Of different steps, places are one if they share at least half of the days that either has, and the segment is the same
or one of them is "all". The place with the highest score gives its name and days; the others are told beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from parcours.inference.daily_cells import Cell, DailyCells, ordinary_days
from parcours.inference.scan import LEAST_EXPECTED, usual_rate

APART = 3
"""Days between two falls of one step up to which they are one: the ends of an interval are not found to the day."""
REST_FELL = 0.5
"""Share of a segment's fall that the rest of the shop must stay under."""
SHARED_DAYS = 0.5
"""Days shared, of those that either has, from which on places at different steps are one."""


@dataclass(frozen=True)
class Window:
    """How many days before and after an interval it is held against."""

    before: int
    after: int


@dataclass(frozen=True)
class Fall:
    """One cell's fall: its row, its first and last day (columns), and its score: the higher, the more certain."""

    cell: int
    first: int
    last: int
    score: float


@dataclass(frozen=True)
class Place:
    """Where one incident is: the row that is named, its days, its score, and all rows that fell with it."""

    cell: int
    first: int
    last: int
    score: float
    seen_in: frozenset[int]


@dataclass(frozen=True)
class Held:
    """One interval of one cell, held against the days around it: units that entered, and that went on."""

    entered: float
    expected: float
    seen: float

    @property
    def relative(self) -> float:
        """Seen relative to expected, below 0 for a fall."""
        return self.seen / self.expected - 1 if self.expected else 0.0


def places(shop: DailyCells, falls: list[Fall], window: Window) -> list[Place]:
    """The incidents that these falls are, highest score first."""
    by_step: dict[str, list[Fall]] = {}
    for fall in falls:
        by_step.setdefault(shop.cells[fall.cell].step, []).append(fall)
    found = [place for of_step in by_step.values() for place in _of_step(shop, of_step, window)]
    kept: list[Place] = []
    for place in sorted(found, key=lambda place: (-place.score, place.cell)):
        for at, other in enumerate(kept):
            if is_same(shop.cells[place.cell], place, shop.cells[other.cell], other):
                kept[at] = replace(other, seen_in=other.seen_in | place.seen_in)
                break
        else:
            kept.append(place)
    return kept


def is_same(cell: Cell, place: Place, other_cell: Cell, other: Place) -> bool:
    """Whether two places at different steps are one incident; those of one step are told apart already."""
    if cell.step == other_cell.step:
        return False
    same_segment = (cell.dimension, cell.value) == (other_cell.dimension, other_cell.value)
    shared = min(place.last, other.last) - max(place.first, other.first) + 1
    either = max(place.last, other.last) - min(place.first, other.first) + 1
    return shared >= SHARED_DAYS * either and (same_segment or cell.is_all or other_cell.is_all)


def held(cell: DailyCells, first: int, last: int, window: Window, begin: int | None = None) -> Held:
    """A single cell's interval against the days around it, weekday for weekday.

    Args:
        cell: the cell's days.
        first, last: the interval.
        window: how many days around it.
        begin: where the interval is only a part of an incident, the first day of that: the days before it are taken.
    """
    begin = first if begin is None else begin
    outside = np.ones(cell.day_count, dtype=bool)
    outside[begin : last + 1] = False
    exposure, _ = ordinary_days(cell, outside[None])
    around = outside.copy()
    around[: max(begin - window.before, 0)] = False
    around[last + 1 + window.after :] = False
    usual = float(usual_rate(cell.went_on[0, around].sum(), exposure[0, around].sum()))
    inside = slice(first, last + 1)
    return Held(
        float(cell.entered[0, inside].sum()),
        usual * float(exposure[0, inside].sum()),
        float(cell.went_on[0, inside].sum()),
    )


def _of_step(shop: DailyCells, falls: list[Fall], window: Window) -> list[Place]:
    """The incidents that falls of one step are."""
    left = sorted(falls, key=lambda fall: (-fall.score, fall.cell))
    found = []
    while left:
        top = left[0]
        together = [fall for fall in left if fall.first <= top.last + APART and fall.last >= top.first - APART]
        left = [fall for fall in left if fall not in together]
        named = [fall for fall in together if _may_be_blamed(shop, fall.cell, top, window)]
        dimension = {shop.cells[fall.cell].dimension for fall in named[:1]}
        named = [fall for fall in named if shop.cells[fall.cell].dimension in dimension]
        for cell in dict.fromkeys(fall.cell for fall in named) or [shop.all_of(top.cell)]:
            own = [fall for fall in together if fall.cell == cell] or [top]
            first, last = min(fall.first for fall in own), max(fall.last for fall in own)
            score = own[0].score if named else top.score
            found.append(Place(cell, first, last, score, frozenset(fall.cell for fall in together)))
    return found


def _may_be_blamed(shop: DailyCells, cell: int, days: Fall, window: Window) -> bool:
    """Whether this row's segment fell and the rest of the shop less than half as much."""
    if shop.cells[cell].is_all:
        return False
    own = held(shop.only(np.array([cell])), days.first, days.last, window)
    rest = held(shop.rest(cell), days.first, days.last, window)
    return rest.expected >= LEAST_EXPECTED and -rest.relative < -own.relative * REST_FELL

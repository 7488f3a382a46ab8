"""What the finder of incidents reads: how many entered each step and went on, by day and segment.

Here: a shop's cells (step × segment value, "all" among them) as arrays of cells × days, and what an ordinary day of
that weekday would be. Where the days come from is the caller's affair; what is looked for in them is in `scan.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

ALL = "all"
"""Dimension and value of the cell that holds everybody who entered a step."""
WEEKDAY_PRIOR = 20
"""Entries at the cell's own rate that each weekday's factor is shrunk by."""


@dataclass(frozen=True, order=True)
class Cell:
    """One step, for one value of one dimension or for everybody."""

    step: str
    dimension: str = ALL
    value: str = ALL

    @property
    def is_all(self) -> bool:
        return self.dimension == ALL


class DailyRow(NamedTuple):
    """One cell's day: units that entered the step on it, and those of them that went on."""

    step: str
    dimension: str
    value: str
    day: date
    entered: float
    went_on: float
    is_tracked: bool


@dataclass(frozen=True)
class DailyCells:
    """All cells of one shop, day by day.

    Attributes:
        cells: what each row of the arrays is about.
        first_day: the day of their first column; the columns are consecutive days.
        entered: units that entered, cells × days; 0 where the day is not tracked.
        went_on: those of them that went on, cells × days; 0 where the day is not tracked.
        is_tracked: whether the day is measured and anybody entered. Other days say nothing, neither fall nor rise.
    """

    cells: tuple[Cell, ...]
    first_day: date
    entered: Floats
    went_on: Floats
    is_tracked: Flags

    @property
    def day_count(self) -> int:
        return int(self.entered.shape[1])

    def all_of(self, cell: int) -> int:
        """The row of everybody at the step of this row."""
        return self.cells.index(Cell(self.cells[cell].step))

    def only(self, cells: NDArray[np.int64]) -> DailyCells:
        """The same days of these rows alone."""
        return DailyCells(
            tuple(self.cells[cell] for cell in cells),
            self.first_day,
            self.entered[cells],
            self.went_on[cells],
            self.is_tracked[cells],
        )

    def between(self, begin: int, end: int) -> DailyCells:
        """The days (columns) from `begin` to the one before `end`."""
        days = slice(begin, end)
        return DailyCells(
            self.cells,
            self.first_day + timedelta(begin),
            self.entered[:, days],
            self.went_on[:, days],
            self.is_tracked[:, days],
        )

    def without(self, days: Flags) -> DailyCells:
        """The same cells with these days (cells × days) not tracked."""
        return replace(
            self,
            entered=np.where(days, 0, self.entered),
            went_on=np.where(days, 0, self.went_on),
            is_tracked=self.is_tracked & ~days,
        )

    def rest(self, cell: int) -> DailyCells:
        """Everybody at the step of this row but this row's segment, as a single cell."""
        everybody = self.all_of(cell)
        entered = self.entered[[everybody]] - self.entered[[cell]]
        is_tracked = self.is_tracked[[everybody]] & (entered > 0)
        went_on = self.went_on[[everybody]] - self.went_on[[cell]]
        return DailyCells(
            (self.cells[everybody],),
            self.first_day,
            np.where(is_tracked, entered, 0),
            np.where(is_tracked, went_on, 0),
            is_tracked,
        )


def daily_cells(rows: Iterable[DailyRow | tuple[str, str, str, date, float, float, bool]]) -> DailyCells:
    """Rows of cells and days, in any order, as arrays. A day that a cell has no row of is not tracked for it.

    Raises:
        ValueError: no rows; two rows of a cell and day; counts that are negative, or more that went on than entered;
            a step without a row of everybody (dimension and value "all").
    """
    read = [DailyRow(*row) for row in rows]
    if not read:
        raise ValueError("no daily rows: nothing to look for incidents in")
    cells = sorted({Cell(row.step, row.dimension, row.value) for row in read})
    without_all = {cell.step for cell in cells} - {cell.step for cell in cells if cell == Cell(cell.step)}
    if without_all:
        raise ValueError(f'no rows of dimension and value "{ALL}" for step {min(without_all)!r}')
    first_day = min(row.day for row in read)
    shape = (len(cells), (max(row.day for row in read) - first_day).days + 1)
    entered, went_on, is_tracked = np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=bool)
    number = {(cell.step, cell.dimension, cell.value): at for at, cell in enumerate(cells)}
    seen = np.zeros(shape, dtype=bool)
    for row in read:
        at = number[row[:3]], (row.day - first_day).days
        if seen[at]:
            raise ValueError(f"two rows of {row.step!r}, {row.dimension} {row.value!r} on {row.day}")
        if not 0 <= row.went_on <= row.entered:
            raise ValueError(
                f"{row.went_on} of {row.entered} went on at {row.step!r}, {row.dimension} {row.value!r} on {row.day}"
            )
        seen[at] = True
        if row.is_tracked and row.entered > 0:
            entered[at], went_on[at], is_tracked[at] = row.entered, row.went_on, True
    return DailyCells(tuple(cells), first_day, entered, went_on, is_tracked)


def ordinary_days(shop: DailyCells, learn: Flags | None = None) -> tuple[Floats, Floats]:
    """What each day would be if nothing but its weekday made a difference.

    Args:
        shop: the cells.
        learn: the days to learn from, cells × days; all that are tracked if none are given.

    Returns:
        exposure: entered × the weekday's factor, cells × days, so that exposure × rate is the expected number that
            goes on; and the rate of each cell, over the days learnt from.
    """
    known = shop.is_tracked if learn is None else shop.is_tracked & learn
    entered, went_on = np.where(known, shop.entered, 0), np.where(known, shop.went_on, 0)
    rate = np.clip(went_on.sum(axis=1) / np.maximum(entered.sum(axis=1), 1), 1e-9, 1 - 1e-4)
    exposure = np.empty_like(shop.entered)
    for weekday in range(7):
        at = slice(weekday, None, 7)
        reached = went_on[:, at].sum(axis=1) + WEEKDAY_PRIOR * rate
        factor = reached / (entered[:, at].sum(axis=1) + WEEKDAY_PRIOR) / rate
        exposure[:, at] = shop.entered[:, at] * factor[:, None]
    return exposure, rate

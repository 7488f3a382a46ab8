"""The nightly alarm: what fell in the days up to last night, told once.

Here: a shop's days in, what each of its nights tells out. It is a pure function of the days, and a night's notices
depend on the days up to it alone: read again with more days, the notices of earlier nights stay (late rows aside).
Falls of the whole history, read at leisure, are in `incidents.py`.

Each night, intervals of 2 to 28 days that end on it are held against the 56 days before them. How much each figure
wanders, and its weekdays, are learnt once a week from the days up to 28 days before: what runs doesn't teach what is
ordinary. So a shop's first eight weeks raise no alarm.

One incident is one alarm. It opens; it gets worse, if the fall is told to be deeper by half of what was told or half of
what was left, or if it was a segment's and is everybody's now; it is over when 7 nights were quiet. What falls again
before that is still the same alarm. A night on which the step is not tracked is not a quiet one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Literal

import numpy as np

from parcours.inference.attribution import Fall, Held, Place, Window, held, is_same, places
from parcours.inference.daily_cells import Cell, DailyCells, Floats, ordinary_days
from parcours.inference.drift import judge, relative_days, wander_variance
from parcours.inference.incidents import PER_CELL, YEAR
from parcours.inference.scan import LEAST_AROUND, LEAST_EXPECTED, LEAST_INSIDE, Sums, Whole, fall_root, usual_rate

LENGTHS = (*range(2, 15), 16, 20, 24, 28)
BEFORE = 56
"""Days before an interval that it is held against."""
WINDOW = Window(BEFORE, 0)
LEARNT_BEFORE = 28
"""Days before a night up to which its weekdays and wander are learnt; as many are needed to learn from."""
THRESHOLD = 4.0
CELLS = 40
"""Cells up to which the threshold holds; it rises beyond, as that of the incidents does."""
QUIET_NIGHTS = 7

Word = Literal["open", "worse", "over"]


@dataclass(frozen=True)
class Notice:
    """What one night tells of one alarm.

    Attributes:
        night: the last day whose entries are in it. A step whose attempts mature later has its nights later.
        word: "open", "worse" or "over".
        cell: the step and the segment, or everybody.
        opened_on, opened_with: the night and the cell that the alarm opened with: its name as long as it runs.
        first_day, last_day: the days that fell; of one that is over, those of the last night that it was seen on.
        score: how certain the fall is.
        relative_size: seen relative to expected, below 0.
        entered: units that entered the step on those days.
        expected: those that would have gone on at the rate of the 56 days before, weekday for weekday.
        seen: those that went on.
        seen_in: the other cells that have fallen with it so far.
    """

    night: date
    word: Word
    cell: Cell
    opened_on: date
    opened_with: Cell
    first_day: date
    last_day: date
    score: float
    relative_size: float
    entered: float
    expected: float
    seen: float
    seen_in: tuple[Cell, ...]


def nightly_notices(shop: DailyCells, first_night: date | None = None) -> list[Notice]:
    """What each night told, in order.

    Args:
        shop: all days up to last night.
        first_night: read as if alarms were first looked for on this night.
    """
    begin = 0 if first_night is None else (first_night - shop.first_day).days
    limit = threshold(len(shop.cells))
    running: list[_Alarm] = []
    notices: list[Notice] = []
    for night, score, first in _scored_nights(shop, begin):
        falls = [
            Fall(cell, int(first[cell]), night, float(score[cell])) for cell in np.flatnonzero(score >= limit).tolist()
        ]
        known = shop.between(0, night + 1)
        opened: list[_Alarm] = []
        seen: list[_Alarm] = []
        for place in places(known, falls, WINDOW):
            alarm = _of_place(running, shop, place)
            if alarm is None:
                opened.append(_Alarm(night, place, known))
                notices.append(opened[-1].notice(shop, night, "open"))
            elif alarm not in seen:
                seen.append(alarm)
                if alarm.is_worse(place, known):
                    notices.append(alarm.notice(shop, night, "worse"))
        for alarm in running:
            alarm.quiet = 0 if alarm in seen else alarm.quiet + int(shop.is_tracked[shop.all_of(alarm.cell), night])
            if alarm.quiet == QUIET_NIGHTS:
                notices.append(alarm.notice(shop, night, "over"))
        running = [alarm for alarm in running if alarm.quiet < QUIET_NIGHTS] + opened
    return notices


def threshold(cells: int) -> float:
    """The score from which on a night tells of a fall, by the number of cells that are looked at."""
    return THRESHOLD + PER_CELL * float(np.log(max(cells / CELLS, 1)))


class _Alarm:
    """One alarm that has opened and is not over."""

    def __init__(self, night: int, place: Place, known: DailyCells) -> None:
        self.opened, self.opened_with = night, place.cell
        self.cell, self.place = place.cell, place
        self.seen_in = place.seen_in | {place.cell}
        self.size = self._held(known)
        self.told = -self.size.relative
        self.quiet = 0

    def is_worse(self, place: Place, known: DailyCells) -> bool:
        """Take in what a later night saw of it, and say whether that is to be told."""
        everybody = known.all_of(self.cell)
        is_wider = place.cell == everybody != self.cell
        if is_wider:
            self.cell = everybody
        self.place, self.size = place, self._held(known)
        self.seen_in |= place.seen_in | {place.cell}
        fall = -self.size.relative
        is_told = is_wider or fall >= min(self.told * 1.5, (1 + self.told) / 2)
        if is_told:
            self.told = fall
        return is_told

    def _held(self, known: DailyCells) -> Held:
        return held(known.only(np.array([self.cell])), self.place.first, self.place.last, WINDOW)

    def notice(self, shop: DailyCells, night: int, word: Word) -> Notice:
        def day(column: int) -> date:
            return shop.first_day + timedelta(column)

        return Notice(
            night=day(night),
            word=word,
            cell=shop.cells[self.cell],
            opened_on=day(self.opened),
            opened_with=shop.cells[self.opened_with],
            first_day=day(self.place.first),
            last_day=day(self.place.last),
            score=self.place.score,
            relative_size=self.size.relative,
            entered=self.size.entered,
            expected=self.size.expected,
            seen=self.size.seen,
            seen_in=tuple(shop.cells[cell] for cell in sorted(self.seen_in - {self.cell})),
        )


def _of_place(running: list[_Alarm], shop: DailyCells, place: Place) -> _Alarm | None:
    """The running alarm that this place belongs to: that of its cell; else of its step, unless it is of another value
    of the same dimension; of what fell with it; or of another step if the two are one."""
    cell = shop.cells[place.cell]
    for alarm in running:
        if alarm.cell == place.cell:
            return alarm
    for alarm in running:
        own = shop.cells[alarm.cell]
        is_other_value = own.dimension == cell.dimension and own.value != cell.value
        if place.cell in alarm.seen_in or (own.step == cell.step and not is_other_value):
            return alarm
        if is_same(own, alarm.place, cell, place):
            return alarm
    return None


def _scored_nights(shop: DailyCells, begin: int) -> Iterator[tuple[int, Floats, Whole]]:
    """Of each night that can be read, from `begin` on: each cell's score (0: no fall), its interval's first day."""
    earliest = 2 * LEARNT_BEFORE
    weeks = groupby(range(earliest, shop.day_count), lambda night: (shop.first_day.toordinal() + night) // 7)
    for nights in (np.array(list(week)) for _, week in weeks):
        if nights[-1] < begin:
            continue
        # Of a longer history the last year says what is ordinary now.
        learn_until = int(nights[0]) - LEARNT_BEFORE
        oldest = max(learn_until - YEAR, 0)
        score, first = _scores(shop.between(oldest, int(nights[-1]) + 1), nights - oldest, learn_until - oldest)
        for at, night in enumerate(nights.tolist()):
            if night >= begin:
                yield night, score[:, at], first[:, at] + oldest


def _scores(shop: DailyCells, nights: Whole, learn_until: int) -> tuple[Floats, Whole]:
    """Each cell's best score on each of these nights, and its interval's first day, cells × nights.

    What is ordinary is learnt from the days before `learn_until`. The score is the signed root of the binomial
    likelihood ratio, scaled to the variance that sampling and wander give the interval and its baseline.
    """
    learn = np.zeros(shop.is_tracked.shape, dtype=bool)
    learn[:, :learn_until] = True
    exposure, rate = ordinary_days(shop, learn)
    relative, variance = (days[:, :learn_until] for days in relative_days(shop, exposure, rate))
    # Single odd days would pass for strong wander.
    widest = 4 * np.sqrt(np.where(np.isfinite(variance), variance, 0) + 0.02)
    none = np.zeros((len(shop.cells), 0), dtype=np.int64)
    wander = judge(np.clip(relative, 1 - widest, 1 + widest), variance, none, none).spread_weights()

    sums = Sums(shop.went_on, exposure, shop.is_tracked)
    best = np.zeros((len(shop.cells), len(nights)))
    best_first = np.zeros(best.shape, dtype=np.int64)
    for length in LENGTHS:
        begin, end = nights - length + 1, nights + 1
        reached, exposed, tracked = sums.between(begin, end)
        before = sums.between(np.maximum(begin - BEFORE, 0), begin)
        usual = usual_rate(before.reached, before.exposed)
        noise = (1 - usual) / usual
        inside = noise / np.maximum(exposed, 1e-9)
        total = inside + noise / np.maximum(before.exposed, 1e-9) + (wander @ wander_variance(length, BEFORE))[:, None]
        score = -fall_root(reached, exposed, usual) * np.sqrt(inside / total)
        counts = (exposed * usual >= LEAST_EXPECTED) & (before.tracked >= LEAST_AROUND) & (tracked >= LEAST_INSIDE)
        counts &= shop.is_tracked[:, begin] & shop.is_tracked[:, nights]
        is_better = counts & (score > best)
        best = np.where(is_better, score, best)
        best_first = np.where(is_better, begin, best_first)
    return best, best_first

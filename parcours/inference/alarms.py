"""The nightly alarm: what fell in the days up to last night, told once.

Here: a shop's days in, what each of its nights tells out. It is a pure function of the days, and a night's notices
depend on the days up to it alone: read again with more days, the notices of earlier nights stay (late rows aside).
Falls of the whole history, read at leisure, are in `incidents.py`.

Each night, intervals of 2 to 28 days that end on it are held against the 56 days before them. How much each figure
wanders, and its weekdays, are learnt once a week from the days up to 28 days before: what runs doesn't teach what is
ordinary. So a shop's first eight weeks raise no alarm. An interval is left out if it was clearly over on an earlier
night: what has recovered would else be seen for weeks, in long intervals.

One incident is one alarm. It opens; it gets worse, if the days since it was told of fell by half as much again or lost
half of what was left, or if it was a segment's and is everybody's now; it is over when 7 nights were quiet. What falls
again before that is still the same alarm. A night on which the step is not tracked is not a quiet one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Literal

import numpy as np

from parcours.inference.attribution import Fall, Place, Window, held, is_same, places
from parcours.inference.daily_cells import Cell, DailyCells, Floats, ordinary_days
from parcours.inference.drift import judge, relative_days, wander_variance
from parcours.inference.incidents import PER_CELL, YEAR
from parcours.inference.scan import (
    LEAST_AROUND,
    LEAST_EXPECTED,
    LEAST_INSIDE,
    Sums,
    Whole,
    signed_root,
    usual_rate,
)

LENGTHS = (*range(2, 15), 16, 20, 24, 28)
BEFORE = 56
"""Days before an interval that it is held against."""
WINDOW = Window(BEFORE, 0)
LEARNT_BEFORE = 28
"""Days before a night up to which its weekdays and wander are learnt; as many are needed to learn from."""
THRESHOLD = 4.0
CELLS = 40
"""Cells up to which the threshold holds; it rises beyond, as that of the incidents does."""
CLEARLY_OVER = 4.0
"""An interval is over if one inside it that ended before it has a squared score that is higher by more."""
WORSE = 3.0
"""Score from which on the days since a notice are certainly worse than those it told of."""
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
        first_day, last_day: the days that stand out most, up to the night; of an alarm that is over, those of the night
            on which it was most certain.
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
                opened.append(_Alarm(night, place))
                notices.append(opened[-1].notice(known, night, "open"))
            elif alarm not in seen:
                seen.append(alarm)
                if alarm.is_worse(place, known):
                    notices.append(alarm.notice(known, night, "worse"))
        for alarm in running:
            alarm.quiet = 0 if alarm in seen else alarm.quiet + int(shop.is_tracked[shop.all_of(alarm.cell), night])
            if alarm.quiet == QUIET_NIGHTS:
                notices.append(alarm.notice(known, night, "over"))
        running = [alarm for alarm in running if alarm.quiet < QUIET_NIGHTS] + opened
    return notices


def threshold(cells: int) -> float:
    """The score from which on a night tells of a fall, by the number of cells that are looked at."""
    return THRESHOLD + PER_CELL * float(np.log(max(cells / CELLS, 1)))


class _Alarm:
    """One alarm that has opened and is not over."""

    def __init__(self, night: int, place: Place) -> None:
        self.opened, self.opened_with = night, place.cell
        self.cell = place.cell
        self.last = self.told = self.best = place  # as seen last, as last told, and when it was most certain
        self.seen_in = place.seen_in | {place.cell}
        self.quiet = 0

    def is_worse(self, place: Place, known: DailyCells) -> bool:
        """Take in what a later night saw of it, and say whether that is to be told."""
        everybody = known.all_of(self.cell)
        is_wider = place.cell == everybody and self.cell in place.seen_in - {everybody}
        if is_wider:
            self.cell = everybody
        self.last = place
        if place.score > self.best.score:
            self.best = place
        self.seen_in |= place.seen_in | {place.cell}
        is_told = is_wider or self._is_deeper(known)
        if is_told:
            self.told = place
        return is_told

    def _is_deeper(self, known: DailyCells) -> bool:
        """Whether the days since the last notice fell further than those it told of, as far as these still pass for
        fallen: an alarm often opens with a day too many."""
        own = known.only(np.array([self.cell]))
        begin = self.best.first if self.told.first < self.best.first <= self.told.last else self.told.first
        then = held(own, begin, self.told.last, WINDOW)
        since = held(own, self.told.last + 1, self.last.last, WINDOW, begin)
        fall = -then.relative
        if since.expected < LEAST_EXPECTED or -since.relative < min(fall * 1.5, (1 + fall) / 2):
            return False
        rate = np.array([since.expected / since.entered * np.clip(1 - fall, 0.001, 1)])
        root = signed_root(np.array([since.seen]), np.array([since.entered]), rate)[0]
        return bool(-root * np.sqrt(then.entered / (then.entered + since.entered)) >= WORSE)

    def notice(self, known: DailyCells, night: int, word: Word) -> Notice:
        def day(column: int) -> date:
            return known.first_day + timedelta(column)

        place = self.best if word == "over" else self.last
        size = held(known.only(np.array([self.cell])), place.first, place.last, WINDOW)
        return Notice(
            night=day(night),
            word=word,
            cell=known.cells[self.cell],
            opened_on=day(self.opened),
            opened_with=known.cells[self.opened_with],
            first_day=day(place.first),
            last_day=day(place.last),
            score=place.score,
            relative_size=size.relative,
            entered=size.entered,
            expected=size.expected,
            seen=size.seen,
            seen_in=tuple(known.cells[cell] for cell in sorted(self.seen_in - {self.cell})),
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
        if is_same(own, alarm.last, cell, place):
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

    What is ordinary is learnt from the days before `learn_until`.
    """
    learn = np.zeros(shop.is_tracked.shape, dtype=bool)
    learn[:, :learn_until] = True
    exposure, rate = ordinary_days(shop, learn)
    relative, variance = (days[:, :learn_until] for days in relative_days(shop, exposure, rate))
    # Single odd days would pass for strong wander.
    widest = 4 * np.sqrt(np.where(np.isfinite(variance), variance, 0) + 0.02)
    none = np.zeros((len(shop.cells), 0), dtype=np.int64)
    wander = judge(np.clip(relative, 1 - widest, 1 + widest), variance, none, none).spread_weights()

    scored = _Intervals(shop, exposure, wander, np.arange(nights[0] - LENGTHS[-1] + 1, nights[-1]))
    best = np.zeros((len(shop.cells), len(nights)))
    best_first = np.zeros(best.shape, dtype=np.int64)
    inside = np.zeros((len(shop.cells), len(scored.begin)))  # best score of all intervals inside, one day shorter
    for length in range(LENGTHS[0], LENGTHS[-1] + 1):
        ending = len(scored.begin) - (length - LENGTHS[0])
        score = scored.of_length(length, ending) if length in LENGTHS else np.zeros((len(shop.cells), ending))
        within = np.maximum(inside[:, :ending], score)
        if length in LENGTHS:
            score = np.where(inside[:, :ending] ** 2 - score**2 > CLEARLY_OVER, 0, score)
            of_night = score[:, nights - length + 1 - scored.begin[0]]
            is_better = of_night > best
            best = np.where(is_better, of_night, best)
            best_first = np.where(is_better, nights - length + 1, best_first)
        inside = np.maximum(within[:, :-1], within[:, 1:])
    return best, best_first


class _Intervals:
    """How certainly each cell fell in intervals that begin on these days."""

    def __init__(self, shop: DailyCells, exposure: Floats, wander: Floats, begin: Whole) -> None:
        self.begin, self._shop, self._wander = begin, shop, wander
        self._sums = Sums(shop.went_on, exposure, shop.is_tracked)
        before = self._sums.between(np.maximum(begin - BEFORE, 0), begin)
        self._is_known = before.tracked >= LEAST_AROUND
        self._before = before.exposed
        self._mean = usual_rate(before.reached, before.exposed)
        # Of eight weeks the middle: a week of many conversions before would make a fall of what follows it.
        weeks = [
            self._sums.between(np.maximum(begin - 7 * week, 0), np.maximum(begin - 7 * (week - 1), 0))
            for week in range(1, BEFORE // 7 + 1)
        ]
        rates = [
            np.where(week.exposed > 0, week.reached / np.maximum(week.exposed, 1e-9), self._mean) for week in weeks
        ]
        self._median = np.clip(np.median(rates, axis=0), 1e-9, 1 - 1e-4)

    def of_length(self, length: int, count: int) -> Floats:
        """Cells × the first `count` of the days; 0 where a cell didn't fall, or where it can't be told.

        The signed root of the binomial likelihood ratio, scaled to the variance that sampling and wander give the
        interval and its baseline; of those against the baseline's mean and its median week the smaller.
        """
        begin, mean, is_tracked = self.begin[:count], self._mean[:, :count], self._shop.is_tracked
        reached, exposed, tracked = self._sums.between(begin, begin + length)
        noise = (1 - mean) / mean
        sampling = noise / np.maximum(exposed, 1e-9)
        total = sampling + noise / np.maximum(self._before[:, :count], 1e-9)
        total += (self._wander @ wander_variance(length, BEFORE))[:, None]
        root = np.maximum(signed_root(reached, exposed, mean), signed_root(reached, exposed, self._median[:, :count]))
        counts = self._is_known[:, :count] & (exposed * mean >= LEAST_EXPECTED) & (tracked >= LEAST_INSIDE)
        counts &= is_tracked[:, begin] & is_tracked[:, begin + length - 1]
        return np.where(counts, np.maximum(-root, 0) * np.sqrt(sampling / total), 0)

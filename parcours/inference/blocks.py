"""A figure's days around a change, as whole weeks before it and after it.

Here: which days a block holds, an even mix of weekdays, and how much of each block other changes hold. What is
concluded from the blocks is `estimator.py`; up to which day they are looked at, `looks.py`.

Weeks count from the change, so that each holds every weekday once. Before it, they end where an outcome can still come
before the change: guard days and the figure's horizon are left between. After it, they begin behind the guard days.

An incident is a change with an end. Once it is over, all its days count, cut into weeks and a rest, even those on
which payments failed; and the weeks after its end are a time without it, as those before it are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from parcours.inference.estimator import Blocks, Floats

WEEKS_BEFORE = 51
"""At most: with a year of them, a season does not stand on one side only."""
PRIOR_UNITS = 5
"""So many units with the overall rate are added to each weekday's, so that rare weekdays make no wild factors."""

Days = NDArray[np.bool_]


@dataclass(frozen=True)
class Change:
    """Something that was done, or happened, from a shop day on."""

    name: str
    starts_on: date
    ends_on: date | None = None
    """The last day on which it holds; None: it still does."""


@dataclass(frozen=True)
class Pulse:
    """An entry of the calendar: spans of days, first and last, that are thought to have the same effect each."""

    name: str
    spans: tuple[tuple[date, date], ...]


@dataclass(frozen=True)
class DailyFigure:
    """A figure by shop day: an array value per day, without gaps, from `first_day` on.

    What is known of single units should come from the days before the change, so that a verdict does not move with it.
    """

    first_day: date
    numerators: Floats
    denominators: Floats
    is_counted: Days
    """False: the day was not tracked, or a source of the figure does not cover it."""
    horizon: int
    """Days that an outcome may take: a day is matured when its end is so many days ago."""
    variation: float = 0.0
    """See `Blocks.variation`: 0 for a share."""
    design_effect: float = 1.0
    is_outage: Days | None = None
    """Days on which payments failed: left out, but for those of an incident that is judged."""


@dataclass(frozen=True)
class Weeks:
    """The blocks of a figure around a change, and what they were made of."""

    blocks: Blocks
    first_days: tuple[date, ...]
    """The first counted day of each block."""
    expected_count: float
    """The smaller of the units expected with and without the outcome in the blocks of the change; of a mean, units."""
    days: NDArray[np.int64]
    """The positions, in the figure's arrays, of the days that the blocks hold."""
    is_during: Days
    """Of each of these days, whether its block is one of the change."""

    @property
    def can_be_measured(self) -> bool:
        """Whether there are blocks with and without the change, and anything in them."""
        step = self.blocks.step
        return bool((step > 0).any() and (step <= 0).any() and self.blocks.numerators.sum() > 0)


def weeks_before(figure: DailyFigure, change: Change, guard: int) -> int:
    """How many weeks' worth of counted days the figure has before the change, at most `WEEKS_BEFORE`.

    A week in which nobody could have the outcome says nothing of it and is none: the orders may be known for a year,
    and those of visits only since the click-stream is.
    """
    number = _block_numbers(figure, change, guard, _index(figure, change.starts_on) - 1)
    days = np.flatnonzero((number >= 0) & _counted(figure, change)[: len(number)])
    units = np.bincount(number[days], figure.denominators[days])
    return int((units[number[days]] > 0).sum()) // 7


def weeks_around(
    figure: DailyFigure,
    change: Change,
    last_day: date,
    *,
    guard: int,
    others: Sequence[Change] = (),
    pulses: Sequence[Pulse] = (),
    together_with: tuple[int, ...] = (),
) -> Weeks:
    """The blocks of a figure up to a day, the last that counts; later days change nothing.

    Args:
        figure: its days, as many as are known.
        change: what is judged.
        last_day: matured; the change counts as open when it ends later.
        guard: days around the date of a change that are left out.
        others: the other logged changes.
        pulses: the calendar.
        together_with: which of `others` are measured together with the change.
    """
    is_open = change.ends_on is None or change.ends_on >= last_day
    last = _index(figure, last_day)
    number = _block_numbers(figure, replace(change, ends_on=None) if is_open else change, guard, last)
    days = np.flatnonzero((number >= 0) & _counted(figure, change)[: len(number)])
    number = number[days]
    numerators, denominators = figure.numerators[days], figure.denominators[days]
    rate = numerators.sum() / denominators.sum() if denominators.sum() > 0 else 0.0
    weekday = (days + figure.first_day.toordinal()) % 7
    even = denominators * _weekday_factors(numerators, denominators, weekday, rate)[weekday]

    size = int(number.max(initial=-1)) + 1

    def sums(values: Floats) -> Floats:
        return np.bincount(number, values, size).astype(float)

    units = sums(even)
    kept = np.flatnonzero(units > 0)
    count = np.bincount(number, minlength=size)[kept]

    def share(spans: Sequence[tuple[date, date | None]]) -> Floats:
        """The share of each block's counted days that lie in one of the spans."""
        holds = np.zeros(len(days))
        for start, end in spans:
            holds[(days >= _index(figure, start)) & (days <= (last if end is None else _index(figure, end)))] = 1
        return np.asarray(sums(holds)[kept] / count)

    # Of an open change the guard days are in no block, so the share is 1 behind them.
    step = share([(change.starts_on, change.ends_on)])
    firsts = days[np.searchsorted(number, kept)] + figure.first_day.toordinal()
    expected_units = units[kept][step > 0].sum()
    held = np.isin(number, kept)
    return Weeks(
        blocks=Blocks(
            numerators=sums(numerators)[kept],
            denominators=units[kept],
            middles=sums(days.astype(float))[kept] / count,
            step=step,
            others=tuple(share([(other.starts_on, other.ends_on)]) for other in others),
            pulses=tuple(share(pulse.spans) for pulse in pulses),
            variation=figure.variation,
            design_effect=figure.design_effect,
            together_with=together_with,
        ),
        first_days=tuple(map(date.fromordinal, firsts.tolist())),
        expected_count=float(expected_units * (1 if figure.variation > 0 else min(rate, 1 - rate))),
        days=days[held],
        is_during=np.isin(number[held], kept[step > 0]),
    )


def _index(figure: DailyFigure, day: date) -> int:
    """The position of a day in the figure's arrays; it may lie outside."""
    return day.toordinal() - figure.first_day.toordinal()


def _counted(figure: DailyFigure, change: Change) -> Days:
    if figure.is_outage is None:
        return figure.is_counted
    own = np.zeros(len(figure.is_counted), dtype=bool)
    if change.ends_on is not None:
        own[max(_index(figure, change.starts_on), 0) : max(_index(figure, change.ends_on) + 1, 0)] = True
    return figure.is_counted & (own | ~figure.is_outage)


def _block_numbers(figure: DailyFigure, change: Change, guard: int, last: int) -> NDArray[np.int64]:
    """For each day up to the last one, the number of its block in the order of time; -1: it is in none."""
    size = max(min(last + 1, len(figure.numerators)), 0)
    number = np.full(size, -1)
    start = _index(figure, change.starts_on)
    first_counted = int(np.argmax(figure.is_counted)) if figure.is_counted.any() else size
    until = start - guard - figure.horizon
    before = min(max((until - first_counted) // 7, 0), WEEKS_BEFORE)
    spans = [(until - 7 * before, until)]
    if change.ends_on is None:
        spans.append(_whole_weeks(start + guard, last))
    else:
        end = _index(figure, change.ends_on)
        spans += [(start, end + 1), _whole_weeks(end + 1 + guard, last)]
    begun = 0
    for first, stop in spans:
        days = np.arange(max(first, 0), min(stop, size))
        number[days] = begun + (days - first) // 7
        begun += -((first - stop) // 7)
    return number


def _whole_weeks(first: int, last: int) -> tuple[int, int]:
    """The whole weeks from a day to another, as first and day behind the last."""
    return first, first + 7 * max((last + 1 - first) // 7, 0)


def _weekday_factors(numerators: Floats, denominators: Floats, weekday: NDArray[np.int64], rate: float) -> Floats:
    """How much higher the figure is on each weekday than overall."""
    if rate <= 0:
        return np.ones(7)
    with_outcome = np.bincount(weekday, numerators, 7) + PRIOR_UNITS * rate
    return np.asarray(with_outcome / (np.bincount(weekday, denominators, 7) + PRIOR_UNITS) / rate)

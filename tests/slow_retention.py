"""Retention counted in the slow, obvious way: person by person, one interval after the other, in plain Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

DAY = timedelta(days=1)
LENGTHS = {"hour": timedelta(hours=1), "day": DAY, "week": 7 * DAY, "month": 30 * DAY}
FIRST_WEEKDAY = {"monday": 0, "saturday": 5, "sunday": 6}


@dataclass(frozen=True)
class Asked:
    """How coming back is counted."""

    period: str = "month"
    week_starts_on: str = "monday"
    brackets: Sequence[tuple[int, int]] = ((0, 29), (30, 89), (90, 179), (180, 364))
    at_least: int = 1
    first_interval: int = 0
    """Comebacks in earlier intervals, or on earlier days of brackets, are none."""


def period_of(moment: datetime, asked: Asked) -> datetime:
    """The beginning of the calendar period that a moment is in."""
    if asked.period == "hour":
        return moment.replace(minute=0, second=0, microsecond=0)
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if asked.period == "month":
        return day.replace(day=1)
    if asked.period == "week":
        while day.weekday() != FIRST_WEEKDAY[asked.week_starts_on]:
            day -= DAY
    return day


def next_period(start: datetime, asked: Asked) -> datetime:
    """The beginning of the period after one."""
    if asked.period == "month":
        return (start + 31 * DAY).replace(day=1)
    return start + LENGTHS[asked.period]


def outcome(
    kind: str, number: int, entered_at: datetime, comebacks: Sequence[datetime], until: datetime, asked: Asked
) -> str:
    """What became of one person in one interval: returned, dropped or open."""
    length = LENGTHS[asked.period]

    def is_back(start: datetime, end: datetime) -> bool:
        return sum(start <= one < end for one in comebacks) >= asked.at_least

    def is_back_in(interval: int) -> bool:
        return interval >= asked.first_interval and is_back(
            entered_at + interval * length, entered_at + (interval + 1) * length
        )

    if kind == "calendar":
        start = period_of(entered_at, asked)
        for _ in range(number):
            start = next_period(start, asked)
        end = next_period(start, asked)
        returned = number == 0 or is_back(start, end)
    elif kind == "bracket":
        first, last = sorted(set(asked.brackets), key=lambda days: (days[1], days[0]))[number]
        end = entered_at + (last + 1) * DAY
        returned = is_back(entered_at + max(first, asked.first_interval) * DAY, end)
    else:
        end = entered_at + (number + 1) * length
        ways: dict[str, Callable[[], bool]] = {
            "on": lambda: is_back_in(number),
            "on_or_after": lambda: any(is_back_in(later) for later in range(number, 2000)),
            "recurring": lambda: all(is_back_in(each) for each in range(1, number + 1)),
            "cumulative": lambda: any(is_back_in(each) for each in range(number + 1)),
        }
        returned = ways[kind]()
    return "open" if end > until else "returned" if returned else "dropped"

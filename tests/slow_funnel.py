"""A funnel walked row by row, all chains of all entries: slow and obvious, for comparison with `parcours.funnel`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class SlowStep:
    """A step and what may lie between the step before and it."""

    names: tuple[str, ...]
    within: float | None = None
    at_least: float = 0.0
    without: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True)
class Slow:
    """What is asked."""

    steps: Sequence[SlowStep]
    window: float | None
    order: str = "sequential"
    window_from: str = "first"
    ties: str = "advance"
    entry: str = "closed"
    chained: list[SlowStep] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "chained", [step for step in self.steps if not step.optional])

    def fits(self, row: Row) -> list[int]:
        """The numbers of the steps of the chain that a row is."""
        return [number for number, step in enumerate(self.chained, 1) if row["event"] in step.names]

    def may_follow(self, rows: Sequence[Row], before: int, after: int, step: int, entered: datetime) -> bool:
        """Whether a row may be a step when another was the step before."""
        rule, spent = self.chained[step - 1], seconds(rows[before], rows[after])
        between = rows[before + 1 : after]
        withins = [rule.within, self.window if self.window_from == "prior" else None]
        return (
            before < after
            and all(spent <= within for within in withins if within is not None)
            and spent >= rule.at_least
            and (self.ties == "advance" or spent > 0)
            and not any(row["event"] in rule.without for row in between)
            and (self.order != "strict" or not between)
            and self.in_window(entered, rows[after])
        )

    def in_window(self, entered: datetime, row: Row) -> bool:
        """Whether a row is in the window from the entry."""
        from_entry = (row["occurred_at"] - entered).total_seconds()
        return self.window_from == "prior" or self.window is None or from_entry <= self.window


def seconds(one: Row, other: Row) -> float:
    """From a row to another."""
    return float((other["occurred_at"] - one["occurred_at"]) / timedelta(seconds=1))


def attempts(asked: Slow, log: Sequence[Row]) -> dict[tuple[Any, ...], tuple[int, list[datetime]]]:
    """By unit, day of entry and step of entry: the furthest step, and the instants of the steps."""
    found: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for unit in {row["person_id"] for row in log}:
        of_unit = [row for row in log if row["person_id"] == unit]
        for tie_order, pick in (("first", min), ("last", max)):
            rows = in_order(asked, of_unit, pick)
            for position, row in enumerate(rows):
                for entry_step in asked.fits(row):
                    if asked.order == "any":
                        path = any_order(asked, rows, position)
                    elif entry_step == 1 or asked.entry == "open":
                        path = best_chain(asked, rows, position, entry_step)
                    else:
                        continue
                    first = 1 if asked.order == "any" else entry_step
                    key = (unit, row["occurred_at"].date(), first)
                    end = (path[-1] - datetime(2020, 1, 1)).total_seconds()
                    entered = row["occurred_at"]
                    # In any order the first entry of an instant: all rows of that instant are after it.
                    of_instant = -position if asked.order == "any" else position
                    rank = (len(path), entered, -end, tie_order == "first", of_instant)
                    if key not in found or rank > found[key][0]:
                        found[key] = (rank, first + len(path) - 1, path)
    return {key: (furthest, path) for key, (_, furthest, path) in found.items()}


def in_order(asked: Slow, rows: Sequence[Row], pick: Callable[[list[int]], int]) -> list[Row]:
    """By instant, then by the first (or last) step that a row is, then as they came."""
    return sorted(rows, key=lambda row: (row["occurred_at"], pick(asked.fits(row) or [10**9]), row["row"]))


def best_chain(asked: Slow, rows: Sequence[Row], position: int, entry_step: int) -> list[datetime]:
    """From an entry to the furthest step that any chain reaches: there first, and back by the earliest rows."""
    entered = rows[position]["occurred_at"]
    reached = {entry_step: [position]}
    for step in range(entry_step + 1, len(asked.chained) + 1):
        reached[step] = [
            after
            for after, row in enumerate(rows)
            if step in asked.fits(row)
            and any(asked.may_follow(rows, before, after, step, entered) for before in reached[step - 1])
        ]
        if not reached[step]:
            del reached[step]
            break
    furthest = max(reached)
    path = [min(reached[furthest])]
    for step in range(furthest, entry_step, -1):
        path.append(
            min(before for before in reached[step - 1] if asked.may_follow(rows, before, path[-1], step, entered))
        )
    return [rows[place]["occurred_at"] for place in reversed(path)]


def any_order(asked: Slow, rows: Sequence[Row], position: int) -> list[datetime]:
    """The earliest row of each step from an entry on, in their order."""
    entered = rows[position]["occurred_at"]
    first: dict[int, datetime] = {}
    for row in rows[position:]:
        if asked.in_window(entered, row):
            for step in asked.fits(row):
                first.setdefault(step, row["occurred_at"])
    return sorted(first.values())

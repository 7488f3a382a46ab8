"""When a change is looked at, and what is seen then.

Here: the days on which a change's figures are read, and the estimates of each look. Not here: what they come to
together (`verdicts.py`).

Who reads a figure every night finds something sooner or later, whether it is there or not. So there are three looks,
after 1, 2 and 4 whole matured weeks, and each may use up a share of the allowance for error. A look counts days up to
its own last one only: on every later night it says the same, whatever has come since.

An incident is looked at after 1 and 2 weeks while it runs, as a change whose end nobody knows; the last look comes two
weeks after its end, or, if it still runs, after four weeks as that of any change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from parcours.inference.blocks import Change, DailyFigure, Pulse, Weeks, weeks_around, weeks_before
from parcours.inference.estimator import Blocks, Estimate, estimate_changes

WEEKS_AND_WEIGHTS = ((1, 0.1), (2, 0.2), (4, 0.7))
"""Whole weeks after the change, and the share of the allowance for error that the look may use up."""
DAYS_AFTER_END = 14
"""An incident's last look has so many days after its end."""
LEAST_EXPECTED = 10
"""Units expected with the outcome, and without it, below which a look is skipped."""
LEAST_WEEKS_BEFORE = 4
"""Whole weeks that a change is measured against, and one more for each other change that is estimated beside it: with
fewer the model fits any weeks, and of shops in which nothing happened a fifth and more would read a verdict."""
NEIGHBOUR_DAYS = 14
"""A change as near as this may be what moved the figure: the sum of both is tested too."""
NEAR_DAYS = 28
"""A change as near as this may be what keeps the two from being told apart."""


@dataclass(frozen=True)
class Look:
    """A day on which a change is looked at."""

    weight: float
    days: int
    """Counted from the date of the change, without its guard days; of an incident's last look, from its end."""
    is_after_end: bool
    last_day: date
    """The last day that counts."""
    due_on: date
    """The shop day on which that day is matured."""
    is_last: bool


@dataclass(frozen=True)
class Question:
    """One figure of one change, as it is known on a shop day."""

    figure: DailyFigure
    change: Change
    guard: int
    as_of: date
    """The shop day of the data's cut-off: the days before it are whole."""
    others: tuple[Change, ...] = ()
    pulses: tuple[Pulse, ...] = ()


@dataclass(frozen=True)
class Seen:
    """What a look that is due has seen."""

    look: Look
    weeks: Weeks
    own: Estimate | None
    """None: the look was skipped, for too little was expected or there is nothing to compare."""
    crowded_by: tuple[str, ...] = ()
    """The look was skipped for so many other changes that the weeks before do not tell them apart: these."""
    together: Estimate | None = None
    """The sum with the neighbours' effects, where there are some."""
    neighbours: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    """At the last look: changes within `NEAR_DAYS`."""
    together_near: Estimate | None = None
    """The sum with all of these."""

    @property
    def p_alone(self) -> float:
        """Two-sided, of the change's own effect; doubled where the sum is tested too; 1 where skipped."""
        if self.own is None:
            return 1.0
        return self.own.p if self.together is None else min(1.0, 2 * self.own.p)

    @property
    def p(self) -> float:
        """The smaller one of the change's own effect and of the sum."""
        return self.p_alone if self.together is None else min(self.p_alone, 2 * self.together.p)


@dataclass(frozen=True)
class Looks:
    """All looks of one figure of one change, and what those that are due have seen."""

    schedule: tuple[Look, ...]
    seen: tuple[Seen, ...]
    weeks_before: int


def schedule(change: Change, guard: int, horizon: int) -> tuple[Look, ...]:
    """When a change is looked at, in the order of time.

    Args:
        change: its end makes it an incident.
        guard: days around its date that are left out.
        horizon: days that an outcome may take.
    """

    def look(weight: float, days: int, last_day: date, is_last: bool, is_after_end: bool = False) -> Look:
        due_on = last_day + timedelta(days=1 + horizon)
        return Look(weight, days, is_after_end, last_day, due_on, is_last)

    looks = []
    for weeks, weight in WEEKS_AND_WEIGHTS:
        last_day = change.starts_on + timedelta(days=guard + 7 * weeks - 1)
        if change.ends_on is None or last_day <= change.ends_on:
            looks.append(look(weight, 7 * weeks, last_day, weeks == WEEKS_AND_WEIGHTS[-1][0]))
    if change.ends_on is not None and not (looks and looks[-1].is_last):
        last_day = change.ends_on + timedelta(days=guard + DAYS_AFTER_END)
        looks.append(look(WEEKS_AND_WEIGHTS[-1][1], DAYS_AFTER_END, last_day, True, True))
    return tuple(looks)


def look_at(questions: Sequence[Question]) -> list[Looks]:
    """The looks of each question, in the order given. All models are fitted together."""
    fits: list[Blocks] = []

    def fit(blocks: Blocks) -> int:
        fits.append(blocks)
        return len(fits) - 1

    found = []
    for question in questions:
        looks = schedule(question.change, question.guard, question.figure.horizon)
        due = [look for look in looks if look.due_on <= question.as_of]
        before = weeks_before(question.figure, question.change, question.guard)
        found.append((looks, before, [_models(question, look, before, fit) for look in due]))
    estimates = estimate_changes(fits)

    def seen(before: Seen, models: dict[str, int]) -> Seen:
        made = {name: estimates[number] for name, number in models.items()}
        return replace(
            before,
            own=made.get("own"),
            together=made.get("together"),
            together_near=made.get("together_near"),
        )

    return [Looks(looks, tuple(seen(*models) for models in due), before) for looks, before, due in found]


def _models(question: Question, look: Look, before: int, fit: Callable[[Blocks], int]) -> tuple[Seen, dict[str, int]]:
    """What a look sees but for its estimates, and the numbers of the fits that are to fill these."""
    change = question.change
    weeks = weeks_around(
        question.figure,
        change,
        look.last_day,
        guard=question.guard,
        others=question.others,
        pulses=question.pulses,
    )
    blocks = weeks.blocks
    seen = Seen(look, weeks, None)
    if not weeks.can_be_measured or weeks.expected_count < LEAST_EXPECTED:
        return seen, {}
    # Only what has begun by the look's last day, so that a change of later takes no word back.
    telling = [number for number, dose in enumerate(blocks.others) if np.ptp(dose) > 0]
    if before < LEAST_WEEKS_BEFORE + len(telling):
        return replace(seen, crowded_by=tuple(question.others[number].name for number in telling)), {}
    holds = [bool((dose[blocks.step > 0] > 0).any()) for dose in blocks.others]

    def is_within(number: int, days: int, *, with_end: bool = False) -> bool:
        other = question.others[number]
        dates = [other.starts_on]
        if with_end and other.ends_on is not None and other.ends_on <= look.last_day:
            dates.append(other.ends_on)
        return any(abs((day - change.starts_on).days) <= days for day in dates)

    neighbours = [number for number in telling if holds[number] and is_within(number, NEIGHBOUR_DAYS)]
    near = [number for number in telling if look.is_last and is_within(number, NEAR_DAYS, with_end=True)]
    models = {"own": fit(replace(blocks, near=tuple(near)))}
    if neighbours:
        models["together"] = fit(replace(blocks, together_with=tuple(neighbours)))
    if near:
        summed = tuple(number for number in near if holds[number])
        models["together_near"] = fit(replace(blocks, together_with=summed))

    def names(numbers: list[int]) -> tuple[str, ...]:
        return tuple(question.others[number].name for number in numbers)

    return replace(seen, neighbours=names(neighbours), near=names(near)), models

"""Simulated shops for the tests of the incident finder: five steps, each for everybody and for seven segments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from parcours.inference.daily_cells import Cell, DailyCells

FIRST_DAY = date(2025, 1, 1)
STEPS = {"product": 0.6, "cart": 0.4, "checkout": 0.4, "payment": 0.5, "purchase": 0.6}
DIMENSIONS = {
    "device": {"mobile": 0.6, "desktop": 0.4},
    "channel": {"search": 0.5, "social": 0.3, "email": 0.2},
    "method": {"card": 0.7, "invoice": 0.3},
}
SEGMENTS = [(dimension, value) for dimension, values in DIMENSIONS.items() for value in values]
WEEKDAY_VISITS = np.array([1.05, 1.0, 0.95, 0.95, 1.0, 1.1, 0.95])
WEEKDAY_RATE = np.array([1.0, 0.975, 0.975, 1.0, 1.025, 1.075, 0.95])


@dataclass(frozen=True)
class Planted:
    """A fall at a step, of one segment or of everybody: its days (columns), and the share that no longer goes on."""

    step: str
    first: int
    last: int
    share: float
    dimension: str = "all"
    value: str = "all"

    @property
    def cell(self) -> Cell:
        return Cell(self.step, self.dimension, self.value)


def simulated_shop(
    rng: np.random.Generator,
    visits: float,
    *planted: Planted,
    days: int = 365,
    spread: float = 0.0,
    memory: float = 0.0,
) -> DailyCells:
    """A shop of so many visits a day, whose rates follow the weekday and wander by `spread` with this `memory`.

    Every combination of device, channel and payment method is simulated and has a level of its own; the cells are
    sums of them. Those who went on at a step enter the next.
    """
    weekday = np.arange(days) % 7
    shares = np.einsum("i,j,k->ijk", *(list(values.values()) for values in DIMENSIONS.values()))
    entered = rng.poisson(visits * WEEKDAY_VISITS[weekday] * shares[..., None])
    cells, of_entered, of_went_on = [], [], []
    for step, rate in STEPS.items():
        level = 1 + 0.15 * rng.standard_normal((*shares.shape, 1)).clip(-2, 2)
        daily = rate * WEEKDAY_RATE[weekday] * (1 + wander(rng, days, spread, memory)) * level
        for fall in planted:
            if fall.step == step:
                daily[_whom(fall)][..., fall.first : fall.last + 1] *= 1 - fall.share
        went_on = rng.binomial(entered, np.clip(daily, 0, 0.97))
        for dimension, value in [("all", "all"), *SEGMENTS]:
            whom = _whom(Planted(step, 0, 0, 0, dimension, value))
            cells.append(Cell(step, dimension, value))
            of_entered.append(entered[whom].reshape(-1, days).sum(axis=0))
            of_went_on.append(went_on[whom].reshape(-1, days).sum(axis=0))
        entered = went_on
    counts = np.array(of_entered, dtype=float)
    return DailyCells(tuple(cells), FIRST_DAY, counts, np.array(of_went_on, dtype=float), counts > 0)


def null_shops(count: int, seed: int, visits: float, spread: float, memory: float) -> Iterator[DailyCells]:
    """Shops of a year in which nothing happened."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield simulated_shop(rng, visits, spread=spread, memory=memory)


def wander(rng: np.random.Generator, days: int, spread: float, memory: float) -> NDArray[np.float64]:
    """A stationary AR(1) of this standard deviation."""
    steps = rng.standard_normal(days)
    wandered = np.empty(days)
    wandered[0] = steps[0]
    for day in range(1, days):
        wandered[day] = memory * wandered[day - 1] + np.sqrt(1 - memory**2) * steps[day]
    return spread * wandered


def day(column: int) -> date:
    """The day of a column."""
    return FIRST_DAY + timedelta(column)


def _whom(fall: Planted) -> tuple[slice | int, ...]:
    """The combinations of segments that a fall, or a cell, is about."""
    return tuple(
        list(values).index(fall.value) if dimension == fall.dimension else slice(None)
        for dimension, values in DIMENSIONS.items()
    )

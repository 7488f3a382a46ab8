"""Made-up shops by day, of which it is known what moved and what did not: for the error and the power of verdicts.

Rates differ by weekday, trend, wander from day to day, and follow the effects that they are given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from parcours.inference.blocks import Change, DailyFigure
from parcours.inference.looks import Question, look_at
from parcours.inference.verdicts import FigureLooks

Floats = NDArray[np.float64]

MONDAY = date(2024, 1, 1)
TRAFFIC_BY_WEEKDAY = np.array([1.05, 1.0, 0.95, 0.95, 1.0, 1.1, 0.95])
RATE_BY_WEEKDAY = np.array([1.0, 0.95, 0.95, 1.0, 1.05, 1.15, 0.9])
HIGHER_IS_BETTER = {"cart abandonment": False, "checkout abandonment": False}
DAYS_AFTER_HISTORY = 4
"""The change comes so many days after the last whole week of history, so that weeks do not begin on a Monday."""


@dataclass(frozen=True)
class Drift:
    """How rates move by themselves: spread and persistence from day to day, and a trend in 90 days."""

    spread: float = 0.0
    persistence: float = 0.0
    trend: float = 0.0

    def times(self, factor: float, trend: float) -> Drift:
        """The same, weaker."""
        return Drift(self.spread * factor, self.persistence, self.trend * trend)


STEADY = Drift()
RESTLESS = Drift(0.10, 0.9)
DRIFTS = {
    "no drift": STEADY,
    "drift without memory": Drift(0.10, 0.0),
    "drift of persistence .5": Drift(0.10, 0.5),
    "drift of persistence .9": RESTLESS,
    "drift of persistence .9 and a trend": Drift(0.10, 0.9, 0.10),
}


def change_day(weeks: int) -> int:
    """The number of the day on which a change comes after so many whole weeks of history."""
    return 7 * weeks + DAYS_AFTER_HISTORY


def day(number: int) -> date:
    """A day by its number."""
    return MONDAY + timedelta(days=number)


def wander(rng: np.random.Generator, days: int, drift: Drift) -> Floats:
    """A stationary autoregression by day, around 0."""
    noise = rng.standard_normal(days)
    for number in range(1, days):
        noise[number] = drift.persistence * noise[number - 1] + np.sqrt(1 - drift.persistence**2) * noise[number]
    return drift.spread * noise


def visits(rng: np.random.Generator, days: int, a_day: float) -> NDArray[np.int64]:
    """Sessions by day, at least one."""
    return np.maximum(rng.poisson(a_day * TRAFFIC_BY_WEEKDAY[np.arange(days) % 7]), 1)


def rates(rng: np.random.Generator, days: int, rate: float, drift: Drift = STEADY, effect: Any = 0.0) -> Floats:
    """The true rate by day; `effect`: relative, a number or a value per day."""
    numbers = np.arange(days)
    moved = 1 + drift.trend * (numbers - days / 2) / 90
    by_day = rate * RATE_BY_WEEKDAY[numbers % 7] * moved * (1 + wander(rng, days, drift)) * (1 + effect)
    return np.asarray(np.clip(by_day, 1e-4, 0.98))


def figure(numerators: Any, denominators: Any, **more: Any) -> DailyFigure:
    """A figure of which every day is known, from a Monday on."""
    return DailyFigure(
        first_day=MONDAY,
        numerators=np.asarray(numerators, dtype=float),
        denominators=np.asarray(denominators, dtype=float),
        is_counted=more.pop("is_counted", np.ones(len(numerators), dtype=bool)),
        horizon=more.pop("horizon", 0),
        **more,
    )


def conversion(
    rng: np.random.Generator, days: int, a_day: float, rate: float, drift: Drift = STEADY, effect: Any = 0.0
) -> DailyFigure:
    """A share of the sessions."""
    sessions = visits(rng, days, a_day)
    return figure(rng.binomial(sessions, rates(rng, days, rate, drift, effect)), sessions)


def ten_figures(
    rng: np.random.Generator, days: int, a_day: float, drift: Drift, effects: Mapping[str, Any] | None = None
) -> dict[str, DailyFigure]:
    """A shop's figures, which hang together: four steps to an order (3.5 % of the sessions), and what follows one.

    No figure wanders by more than `drift`: each step by half of it, since conversion is the product of four.
    """
    effect = dict(effects or {})
    step = drift.times(0.5, 0.25)

    def of(units: NDArray[np.int64], rate: float, name: str, drift: Drift) -> NDArray[np.int64]:
        return rng.binomial(units, rates(rng, days, rate, drift, effect.get(name, 0.0)))

    sessions = visits(rng, days, a_day)
    viewed = of(sessions, 0.40, "step 1", step)
    carts = of(viewed, 0.50, "step 2", step)
    checkouts = of(carts, 0.50, "step 3", step)
    orders = of(checkouts, 0.35, "step 4", step)
    answers = rng.binomial(orders, 0.4)
    content = of(answers, 0.70, "satisfaction", drift)
    returned = of(orders, 0.20, "retention", drift)
    value = 60 * (1 + wander(rng, days, drift)) * (1 + effect.get("order value", 0.0))
    revenue = value * (orders + 0.8 * np.sqrt(orders) * rng.standard_normal(days))
    return {
        "conversion": figure(orders, sessions),
        "step 1": figure(viewed, sessions),
        "step 2": figure(carts, viewed),
        "step 3": figure(checkouts, carts),
        "step 4": figure(orders, checkouts),
        "cart abandonment": figure(carts - orders, carts),
        "checkout abandonment": figure(checkouts - orders, checkouts),
        "satisfaction": figure(content, answers),
        "retention": figure(returned, orders),
        "order value": figure(revenue, orders, variation=0.8),
    }


def looks_at_shops(
    shops: Iterable[Mapping[str, DailyFigure]], change: Change, as_of: int, *, guard: int = 1, **more: Any
) -> list[list[FigureLooks]]:
    """The looks of every figure of every shop, as a shop's verdicts need them."""
    shops = list(shops)
    questions = [
        Question(figure, change, guard, day(as_of), **more) for figures in shops for figure in figures.values()
    ]
    looks = iter(look_at(questions))
    return [[FigureLooks(name, HIGHER_IS_BETTER.get(name, True), next(looks)) for name in figures] for figures in shops]


def two_errors_above(share: float, shops: int) -> float:
    """A share, and two standard errors of it at so many shops: more than that is seldom chance."""
    return float(share + 2 * np.sqrt(share * (1 - share) / shops))


def detectable_effect(rate: float, a_day: float) -> float:
    """The relative effect that 28 days against 28 others show with 80 % power at 5 %."""
    return float(2.8016 * np.sqrt(2 * (1 - rate) / (rate * 28 * a_day)))

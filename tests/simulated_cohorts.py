"""Made-up cohorts of customers who order again, at rates that drift, and how often an expectation was right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parcours.inference.open_cohorts import Whole, expect, follow

MONTH = 30
TARGETS = [(number * MONTH, MONTH) for number in range(12)] + [(0, (number + 1) * MONTH) for number in range(12)]
"""First day and number of days: in each interval by itself, and up to its end."""

DRIFTS = {
    "none": 0.0,
    "cohorts jitter": 0.15,
    "cohorts wander": 0.05,
    "cohorts trend": 0.02,
    "months wander": 0.05,
    "months trend": 0.02,
}
"""What makes the rates differ, and by how much a month (a logarithm): from cohort to cohort, or for all alike."""


@dataclass(frozen=True)
class Shop:
    """Customers in the order of their cohorts, and their later orders in order."""

    months: int
    cohort: Whole
    began: Whole
    orders_of: Whole
    order_days: Whole

    def known(self, month: int) -> tuple[Whole, Whole, Whole, Whole, int]:
        """What is known at a month's beginning, as `follow` takes it."""
        is_in = self.cohort < month  # they come first
        orders = is_in[self.orders_of]
        known_days = month * MONTH - self.began[is_in]
        return self.cohort[is_in], known_days, self.orders_of[orders], self.order_days[orders], month


def simulated(seed: int, drift: str, size: int, months: int = 18) -> Shop:
    """A shop of about so many new customers a month, who differ in how often they order."""
    draw = np.random.default_rng(seed)
    amount, places = DRIFTS[drift], np.arange(months)
    effect = {
        "none": np.zeros(months),
        "jitter": draw.normal(0, amount, months),
        "wander": draw.normal(0, amount, months).cumsum(),
        "trend": places * amount * draw.choice([-1, 1]),
    }[drift.split()[-1]]
    of_cohort = effect if drift.startswith("cohorts") else np.zeros(months)
    of_month = effect if drift.startswith("months") else np.zeros(months)

    cohort = np.repeat(places, draw.poisson(size * np.exp(draw.normal(0, 0.2, months))))
    began = cohort * MONTH + draw.integers(0, MONTH, len(cohort))
    eagerness = draw.gamma(1.0, 1.0, len(cohort)) * np.exp(of_cohort[cohort])
    who, days = [], []
    for day in range(months * MONTH):
        age = day - began
        rate = 0.0025 * (2 * np.exp(-age / 40.0) + 0.5) * eagerness * np.exp(of_month[day // MONTH])
        orders = np.flatnonzero((age >= 0) & (draw.random(len(cohort)) < -np.expm1(-rate)))
        who.append(orders)
        days.append(age[orders])
    of, on = np.concatenate(who), np.concatenate(days)
    order = np.lexsort((on, of))
    return Shop(months, cohort, began, of[order], on[order])


def coverage(shop: Shop) -> list[bool]:
    """Of every cell that was open at a past month and is over by now: whether its interval held what came."""
    held: list[bool] = []
    for first, days in TARGETS:
        came = follow(*shop.known(shop.months), first, days)
        for month in range(3, shop.months):
            so_far = follow(*shop.known(month), first, days)
            expected = expect(so_far)
            is_over = so_far.waiting.any(axis=1) & ~came.waiting.any(axis=1)[:month] & ~np.isnan(expected.count)
            final = came.returned.sum(axis=1)[:month]
            held += ((expected.low <= final) & (final <= expected.high))[is_over].tolist()
    return held

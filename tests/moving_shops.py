"""Simulated visits of two periods, for the tests of what explains a movement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from parcours.inference.explaining import Leaves

VALUES = {
    "device": ["mobile", "desktop", "tablet"],
    "channel": ["search", "social", "email", "direct"],
    "country": ["FR", "DE", "BE"],
    "visitor": ["new", "returning"],
    "method": ["card", "invoice"],
}
SHARES = {
    "device": [0.6, 0.33, 0.07],
    "channel": [0.4, 0.2, 0.15, 0.25],
    "country": [0.7, 0.2, 0.1],
    "visitor": [0.6, 0.4],
    "method": [0.9, 0.1],
}


def visits_of_two_periods(
    rng: np.random.Generator,
    visits: float,
    whose: Mapping[str, Sequence[str]],
    factor: float,
    days: int = 60,
    dimensions: Sequence[str] = tuple(VALUES),
) -> Leaves:
    """So many visits a day, of which some 10 % order, and so many times that of some segment in the later half.

    Counts are visits, and those with an order. Segments differ in how often they order.
    """
    per_day = rng.poisson(visits, days)
    day = np.repeat(np.arange(days), per_day)
    codes = {name: rng.choice(len(VALUES[name]), len(day), p=SHARES[name]) for name in dimensions}
    is_after = np.arange(days) >= days // 2
    rate = 0.1 * np.where(codes["device"] == 0, 0.7, 1.3) * np.where(codes["channel"] == 2, 1.8, 1)
    is_moved = is_after[day]
    for name, values in whose.items():
        is_moved = is_moved & np.isin(codes[name], [VALUES[name].index(value) for value in values])
    orders = rng.random(len(day)) < np.where(is_moved, rate * factor, rate)
    leaves, of_visit = np.unique(np.stack([day, *codes.values()]), axis=1, return_inverse=True)
    counts = np.stack([np.bincount(of_visit), np.bincount(of_visit, orders)], axis=1).astype(float)
    by_name = {name: leaves[number] for number, name in enumerate(codes, 1)}
    return Leaves(leaves[0], is_after, {name: VALUES[name] for name in dimensions}, by_name, counts)

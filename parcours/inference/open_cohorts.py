"""What a cohort will have done when all its members' intervals are over.

Here: from days on which members were observed and came back, to the expected count with its interval. A member is
followed from the first day of an interval (landmark) until the first comeback, or as long as is known. The rate of a
day of this clock is the same for every cohort but for the cohort's own factor:

    rate of cohort c on day u = factor c × rate of day u,

so that a cohort's own days complete what earlier cohorts' days say of later ones (Kaplan–Meier for the days, a
chain ladder with credibility for the cohorts). Which intervals are asked about, and whose days they are, is decided in
`parcours/tables/retention_expected.py`. Not foreseen: seasons, sales, and anything that has not happened before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

COVERED = 0.9
"""The share of intervals that hold what comes."""
NEIGHBOURS = 3.0
"""Cohorts from one by which the weight of its factor for this one's has halved, or later: factors drift."""
LEAST_SPREAD = 0.1
"""Standard deviation of factors around their neighbours' that is taken where fewer is seen: so few cohorts hide it."""
LEAST_OBSERVED = 30
"""Members of all cohorts who were observed on a day; from one with fewer on nothing is expected."""
ROUNDS = 4


@dataclass(frozen=True)
class Followed:
    """Members of cohorts from the first day of an interval on.

    Attributes:
        entered: members by cohort, in the order of time.
        at_risk: those observed on a day who had not come back before it, cohorts × days of the interval.
        returned: of these, those who came back on it.
        waiting: those of whom so many days are known, without a comeback, and the interval is not over; same shape.
    """

    entered: Whole
    at_risk: Whole
    returned: Whole
    waiting: Whole


@dataclass(frozen=True)
class Expected:
    """Of each cohort how many come back in the interval, when it is over for all: mean and interval; nan: not known."""

    count: Floats
    low: Floats
    high: Floats


def follow(
    cohort: Whole, known_days: Whole, orders_of: Whole, order_days: Whole, cohorts: int, first_day: int, days: int
) -> Followed:
    """The members from a landmark on.

    Args:
        cohort: of each member, from 0.
        known_days: of each member: whole days since the start that are over.
        orders_of: of each comeback its member, ascending.
        order_days: the day of each comeback since its member's start, ascending within a member.
        cohorts: how many there are.
        first_day, days: the interval.
    """
    members = len(cohort)
    is_in = (order_days >= first_day) & (order_days < known_days[orders_of]) & (order_days < first_day + days)
    who, first = np.unique(orders_of[is_in], return_index=True)
    observed = np.clip(known_days - first_day, 0, days)
    has_returned = np.zeros(members, dtype=bool)
    has_returned[who] = True
    returned_on = order_days[is_in][first] - first_day
    length = observed.copy()
    length[who] = returned_on + 1

    def counted(of: Whole, day: Whole) -> Whole:
        return np.bincount(of * (days + 1) + day, minlength=cohorts * (days + 1)).reshape(cohorts, days + 1)

    at_risk = counted(cohort, length)[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
    waits = ~has_returned & (observed < days)
    return Followed(
        np.bincount(cohort, minlength=cohorts),
        at_risk,
        counted(cohort[who], returned_on)[:, :days],
        counted(cohort[waits], observed[waits])[:, :days],
    )


def expect(followed: Followed) -> Expected:
    """What is expected of each cohort, and within what.

    The factor of a cohort has a gamma distribution around its neighbours' factors, and its own comebacks narrow it. The
    interval is of what will be seen: it holds the chance of each member, and the uncertainty of factor and rates.
    """
    at_risk, returned = followed.at_risk.astype(float), followed.returned.astype(float)
    seen = returned.sum(axis=1)
    factor, spread = np.ones(len(seen)), LEAST_SPREAD**2
    shape, scale = factor, factor
    for _ in range(ROUNDS):
        exposure = factor @ at_risk
        rate = np.divide(returned.sum(axis=0), exposure, out=np.zeros(len(exposure)), where=exposure > 0)
        usual = at_risk @ rate
        around = _around(seen, usual)
        spread = max(_spread(seen, around * usual), LEAST_SPREAD**2)
        shape, scale = 1 / spread + seen, 1 / (spread * around) + usual
        factor = shape / scale

    known = np.minimum.accumulate(at_risk.sum(axis=0) >= LEAST_OBSERVED)
    variance = np.divide(returned.sum(axis=0), exposure**2, out=np.zeros(len(exposure)), where=exposure > 0)
    ahead, ahead_error = rate[::-1].cumsum()[::-1], np.sqrt(variance[::-1].cumsum()[::-1])
    still_out = np.exp(-factor[:, None] * ahead)
    waiting = followed.waiting
    mean = (waiting * (1 - still_out)).sum(axis=1)
    chance = (waiting * still_out * (1 - still_out)).sum(axis=1)
    of_factor = (waiting * ahead * still_out).sum(axis=1) ** 2 * shape / scale**2
    of_rates = ((waiting * factor[:, None] * ahead_error * still_out).sum(axis=1)) ** 2
    low, high = _within(waiting.sum(axis=1), mean, chance + of_factor + of_rates)

    is_open = waiting.any(axis=1)
    unknown = is_open & ~known.all()
    blank = np.where(unknown, np.nan, 0.0)
    # In whole counts an interval may lie beside a mean that is nearly none.
    low, high = np.minimum(low, mean), np.maximum(high, mean)
    return Expected(seen + mean + blank, seen + low + blank, seen + high + blank)


def _around(seen: Floats, usual: Floats) -> Floats:
    """What the neighbours of each cohort saw, of what would have been usual; 1 where they saw nothing to tell by."""
    place = np.arange(len(seen))
    weight = 0.5 ** (np.abs(place[:, None] - place) / NEIGHBOURS)
    np.fill_diagonal(weight, 0)
    # One comeback as usual on top, so that few say little.
    return np.asarray((weight @ seen + 1) / (weight @ usual + 1))


def _spread(seen: Floats, usual: Floats) -> float:
    """The variance of factors around their neighbours' beyond chance (DerSimonian and Laird)."""
    some = usual > 0.5
    seen, usual = seen[some], usual[some]
    if len(seen) < 2:
        return 0.0
    beyond = ((seen - usual) ** 2 / usual).sum() - (len(seen) - 1)
    return float(max(beyond / (usual.sum() - (usual**2).sum() / usual.sum()), 0.0))


def _within(most: Whole, mean: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """The interval of a count from 0 to `most`: of a beta distribution with its mean and variance, in whole counts."""
    low, high = np.zeros(len(most)), np.zeros(len(most))
    some = (most > 0) & (mean > 0)
    share, n = mean[some] / most[some], most[some].astype(float)
    # A share can't vary by more than one of 0 and 1.
    relative = np.minimum(variance[some] / n**2, 0.99 * share * (1 - share))
    size = share * (1 - share) / np.maximum(relative, 1e-12) - 1
    for tail, bound in ((1 - COVERED) / 2, low), ((1 + COVERED) / 2, high):
        bound[some] = np.clip(np.ceil(betaincinv(share * size, (1 - share) * size, tail) * n - 0.5), 0, n)
    return low, high

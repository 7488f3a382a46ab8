"""Why a count moved from one period to another: its factors' parts, and each factor's parts by segment.

A chain of counts (days, visits, … orders, revenue) is a product of factors, each count relative to the one before it:
visits a day, the rate of each step, what an order is worth. Here: how much of the last count's change is due to each
factor, and how much of a factor's change to other segments (mix) and to segments that do otherwise (rate). Both are
exact: parts add up to the change. Which segment it was is asked in `explaining.py`.

Sources: B. W. Ang, *The LMDI approach to decomposition analysis* (Energy Policy 33, 2005), for zeros Ang and Liu,
*Handling zero values in the logarithmic mean Divisia index decomposition approach* (Energy Policy 35, 2007);
E. M. Kitagawa, *Components of a difference between two rates* (JASA 50, 1955).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from parcours.inference.daily_cells import Floats


@dataclass(frozen=True)
class Part:
    """A factor of the chain.

    Attributes:
        before, after: the factor in each period: a count relative to the one before it in the chain; None where that
            is zero.
        part: what of the last count's change is due to it, in units of that count.
        scale: what a change of the factor by one is worth, in the same units: of any share of the factor's change the
            part is so many times that share. 0 where the factor is not defined in both periods.
    """

    before: float | None
    after: float | None
    part: float
    scale: float


@dataclass(frozen=True)
class MixAndRate:
    """A factor's change by segment; all of them add up to it.

    Attributes:
        mix: because the segment has another share of the denominator: above 0 if it grew and is better than the
            whole, or shrank and is worse.
        rate: because its own rate is another.
    """

    mix: Floats
    rate: Floats


def log_mean(one: float, other: float) -> float:
    """The logarithmic mean of two positive numbers: (one − other) / (ln one − ln other); of equal ones the number."""
    apart = np.log(one / other)
    # Near each other the quotient is of two rounding errors.
    return float(np.sqrt(one * other) * (1 + apart**2 / 24) if abs(apart) < 1e-4 else (one - other) / apart)


def shared_out(before: Sequence[float], after: Sequence[float]) -> list[Part]:
    """How much of the change of the last count is due to each factor of the chain.

    Two chains of positive counts are shared out by logarithmic means: a factor's part is the logarithmic mean of the
    last counts, times the logarithm of the factor's ratio. Where a chain breaks off, the first factor that is zero has
    all of the change: the limit of the same formula. An amount may be below zero (refunds): then its factor is shared
    out by the mean of both periods.

    Args:
        before, after: the chain in each period: counts from 0 on, each zero if the one before it is; the last one may
            be an amount of any sign.

    Returns:
        the factors in the order of the chain, the first being the first count itself.
    """
    factors = [(_factor(before, at), _factor(after, at)) for at in range(len(before))]
    parts, scales = _parts(before, after, factors)
    return [Part(first, then, part, scale) for (first, then), part, scale in zip(factors, parts, scales, strict=True)]


Factors = Sequence[tuple[float | None, float | None]]


def _factor(chain: Sequence[float], at: int) -> float | None:
    if at == 0:
        return chain[0]
    return chain[at] / chain[at - 1] if chain[at - 1] else None


def _parts(before: Sequence[float], after: Sequence[float], factors: Factors) -> tuple[list[float], list[float]]:
    parts, scales = [0.0] * len(before), [0.0] * len(before)
    if before[-1] > 0 and after[-1] > 0:
        mean = log_mean(after[-1], before[-1])
        for at, (first, then) in enumerate(factors):
            assert first and then
            parts[at], scales[at] = mean * float(np.log(then / first)), mean / log_mean(then, first)
        return parts, scales
    zeros = [next((at for at, count in enumerate(chain) if count == 0), len(chain)) for chain in (before, after)]
    broken = min(zeros)
    if broken < len(before):
        first, then = factors[broken]
        if first is not None and then is not None:
            parts[broken] = after[-1] - before[-1]
            scales[broken] = parts[broken] / (then - first) if then != first else 0.0
        return parts, scales
    parts[:-1], scales[:-1] = _parts(before[:-1], after[:-1], factors[:-1])
    first, then = factors[-1]
    assert first is not None and then is not None
    worth = (first + then) / 2
    parts[:-1], scales[:-1] = ([value * worth for value in values[:-1]] for values in (parts, scales))
    scales[-1] = (before[-2] + after[-2]) / 2
    parts[-1] = scales[-1] * (then - first)
    return parts, scales


def mix_and_rate(before: tuple[Floats, Floats], after: tuple[Floats, Floats]) -> MixAndRate:
    """How much of a rate's change is due to each segment.

    A segment without a denominator in one period has the rate of the other: all of its part is mix.

    Args:
        before, after: numerators and denominators by segment, the same segments in the same order; in each period some
            denominator is above 0.
    """
    (reached0, entered0), (reached1, entered1) = before, after
    share0, share1 = entered0 / entered0.sum(), entered1 / entered1.sum()
    rate0 = np.divide(reached0, entered0, out=np.zeros(len(entered0)), where=entered0 > 0)
    rate1 = np.divide(reached1, entered1, out=rate0.copy(), where=entered1 > 0)
    rate0 = np.where(entered0 > 0, rate0, rate1)
    whole = (reached0.sum() / entered0.sum() + reached1.sum() / entered1.sum()) / 2
    return MixAndRate((share1 - share0) * ((rate0 + rate1) / 2 - whole), (share0 + share1) / 2 * (rate1 - rate0))

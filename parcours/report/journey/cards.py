"""The four headline figures as cards: value, interval, halves of the period, target, what stands beside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from parcours.report.figures import Figures, Kpi
from parcours.report.journey.kpi_wording import (
    HEADLINES,
    LOWER_IS_BETTER,
    MISSING,
    beside,
    counted,
    definition,
    kpi_name,
    still_open,
)
from parcours.report.numbers import Numbers
from parcours.report.wording import Sentence

SCALES = (0.01, 0.02, 0.05, 0.10, 0.20, 0.30, 0.50, 0.75, 1.0)
"""Where a card's bar may end: the first that holds the interval and the target with some room."""


@dataclass(frozen=True)
class Bar:
    """A bar in percent of its width: value, interval (from low, so wide), target; and the share at its end."""

    value: float
    low: float
    width: float
    target: float | None
    end: str


@dataclass(frozen=True)
class Card:
    """A headline figure; `empty` says why there is none."""

    name: str
    definition: str
    empty: str = ""
    value: str = ""
    counted: str = ""
    interval: str = ""
    still_open: str = ""
    halves: str = ""
    half_values: str = ""
    is_small: bool = False
    bar: Bar | None = None
    target: str = ""
    beside: Sequence[Sentence] = ()


def cards(figures: Figures, numbers: Numbers) -> list[Card]:
    """One per headline figure, in order."""
    found = {kpi.kpi: kpi for kpi in figures.kpis}
    return [_card(name, found.get(name), figures, numbers) for name in HEADLINES]


def _card(name: str, kpi: Kpi | None, figures: Figures, numbers: Numbers) -> Card:
    shop = figures.shop
    label, meaning = kpi_name(name, shop), definition(name, shop, numbers)
    if kpi is None or kpi.value is None:
        return Card(label, meaning, empty=MISSING[name])
    return Card(
        label,
        meaning,
        value=numbers.share(kpi.value),
        counted=counted(kpi, shop, numbers),
        interval=f"n\u00a0{numbers.count(kpi.denominator)} · 95\u00a0% interval {numbers.interval(kpi.low, kpi.high)}",
        still_open=still_open(kpi, numbers),
        halves=_halves(kpi, numbers),
        half_values=_half_values(kpi, numbers),
        is_small=kpi.denominator < shop.small_cell,
        bar=_bar(kpi, numbers),
        target=_target(kpi, numbers),
        beside=beside(name, figures, numbers),
    )


def _halves(kpi: Kpi, numbers: Numbers) -> str:
    if not (kpi.earlier_from and kpi.earlier_until and kpi.later_from and kpi.later_until):
        return ""
    earlier = numbers.short_period(kpi.earlier_from, kpi.earlier_until)
    return f"{earlier} against {numbers.short_period(kpi.later_from, kpi.later_until)}"


def _half_values(kpi: Kpi, numbers: Numbers) -> str:
    """Both halves and their difference, with whether the intervals overlap."""
    if kpi.difference is None or None in (kpi.earlier_low, kpi.earlier_high, kpi.later_low, kpi.later_high):
        return ""
    is_apart = (kpi.later_low or 0) > (kpi.earlier_high or 0) or (kpi.later_high or 0) < (kpi.earlier_low or 0)
    values = f"{numbers.change_of_share(kpi.earlier_value, kpi.later_value)} ({numbers.points(kpi.difference)})"
    return f"{values}, intervals {'apart' if is_apart else 'overlap'}"


def _bar(kpi: Kpi, numbers: Numbers) -> Bar:
    value, low, high = kpi.value or 0.0, max(kpi.low or 0.0, 0.0), kpi.high or 0.0
    end = next((scale for scale in SCALES if max(high, (kpi.target or 0) * 1.02) <= scale), 1.0)
    left, start, stop = (round(share / end * 100, 2) for share in (value, low, high))
    target = None if kpi.target is None else round(kpi.target / end * 100, 2)
    return Bar(left, start, round(stop - start, 2), target, numbers.share(end, 0))


def _target(kpi: Kpi, numbers: Numbers) -> str:
    if kpi.target is None or kpi.value is None:
        return ""
    is_lower_better = kpi.kpi in LOWER_IS_BETTER
    is_met = kpi.value <= kpi.target if is_lower_better else kpi.value >= kpi.target
    bound = "at most" if is_lower_better else "at least"
    return f"to-be: {bound} {numbers.target(kpi.target)}, {'met' if is_met else 'not met'}"

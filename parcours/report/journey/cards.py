"""The four headline figures as cards: value, interval, halves of the period, target, what stands beside."""

from __future__ import annotations

from typing import Any

from parcours.report.figures import Figures, Row
from parcours.report.journey.kpi_wording import HEADLINES, beside, said_of
from parcours.report.numbers import Numbers

SCALES = (0.01, 0.02, 0.05, 0.10, 0.20, 0.30, 0.50, 0.75, 1.0)
"""Where a card's bar may end: the first that holds the interval and the target with some room."""


Card = dict[str, Any]
"""What page.html shows of a headline figure; `empty` says why there is none."""


def cards(figures: Figures, numbers: Numbers) -> list[Card]:
    """One per headline figure, in order."""
    return [_card(kpi, figures, numbers) for kpi in figures.kpis]


def _card(kpi: Row, figures: Figures, numbers: Numbers) -> Card:
    shop, words = figures.shop, HEADLINES[kpi.kpi]
    meaning = said_of(kpi, words.definition, shop, numbers)
    card = {"name": kpi.label, "definition": meaning, "empty": "" if kpi.value is not None else words.missing}
    if kpi.value is None:
        return card
    still_open = f"{numbers.count(kpi.open_count)} {kpi.denominator_name} still open, in no rate"
    return card | {
        "value": numbers.share(kpi.value),
        "counted": said_of(kpi, words.counted, shop, numbers),
        "n": numbers.count(kpi.denominator),
        "interval": numbers.interval(kpi.low, kpi.high),
        "still_open": still_open if kpi.open_count else "",
        "halves": _halves(kpi, numbers),
        "half_values": _half_values(kpi, numbers),
        "is_small": kpi.is_small,
        "bar": _bar(kpi, numbers),
        "target": _target(kpi, numbers),
        "beside": beside(kpi.kpi, figures, numbers),
    }


def _halves(kpi: Row, numbers: Numbers) -> str:
    if kpi.trend is None:
        return ""
    earlier = numbers.short_period(kpi.earlier_from, kpi.earlier_until)
    return f"{earlier} against {numbers.short_period(kpi.later_from, kpi.later_until)}"


def _half_values(kpi: Row, numbers: Numbers) -> str:
    """Both halves and their difference, with whether the intervals overlap."""
    if kpi.trend is None:
        return ""
    values = f"{numbers.change_of_share(kpi.earlier_value, kpi.later_value)} ({numbers.points(kpi.difference)})"
    return f"{values}, intervals {'overlap' if kpi.trend == 'overlap' else 'apart'}"


def _bar(kpi: Row, numbers: Numbers) -> Card:
    """A bar in percent of its width: value, interval (from low, so wide), target; and the share at its end."""
    low, high = max(kpi.low or 0.0, 0.0), kpi.high or 0.0
    end = next((scale for scale in SCALES if max(high, (kpi.target or 0) * 1.02) <= scale), 1.0)
    left, start, stop = (round(share / end * 100, 2) for share in (kpi.value, low, high))
    target = None if kpi.target is None else round(kpi.target / end * 100, 2)
    return {
        "value": left,
        "low": start,
        "width": round(stop - start, 2),
        "target": target,
        "end": numbers.share(end, 0),
    }


def _target(kpi: Row, numbers: Numbers) -> str:
    if kpi.target is None:
        return ""
    bound = "at least" if kpi.is_higher_better else "at most"
    return f"to-be: {bound} {numbers.target(kpi.target)}, {'met' if kpi.is_target_met else 'not met'}"

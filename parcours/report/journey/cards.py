"""The four headline figures as cards: value, interval, halves of the period, target, what stands beside."""

from __future__ import annotations

from typing import Any

from parcours.numbers import Numbers
from parcours.report.figures import Figures, Row, first
from parcours.report.journey.headlines import HEADLINES, filled_in
from parcours.report.section import Sentence

SCALES = (0.01, 0.02, 0.05, 0.10, 0.20, 0.30, 0.50, 0.75, 1.0)
"""Where a card's bar may end: the first that holds the interval and the target with some room."""


Card = dict[str, Any]
"""What journey.html shows of a headline figure; `empty` says why there is none."""


def cards(figures: Figures, numbers: Numbers) -> list[Card]:
    """One per headline figure, in order."""
    return [_card(kpi, figures, numbers) for kpi in figures.kpis]


def _card(kpi: Row, figures: Figures, numbers: Numbers) -> Card:
    words = HEADLINES[kpi.kpi]
    card = {"kpi": kpi, "definition": filled_in(words.definition, kpi, figures.shop, numbers)}
    if kpi.value is None:
        return card | {"empty": words.missing}
    return card | {
        "empty": "",
        "counted": filled_in(words.counted, kpi, figures.shop, numbers),
        "bar": _bar(kpi, numbers),
        "beside": _beside(kpi.kpi, figures, numbers),
    }


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


def _beside(kpi: str, figures: Figures, numbers: Numbers) -> list[Sentence]:
    """The other figures that go by the same name, each with its own."""
    if kpi == "conversion":
        return [Sentence(numbers.share(way.value), way.way) for way in figures.conversion_ways if way.denominator]
    if kpi == "cart_abandonment":
        return [
            Sentence(numbers.share(way.value) if way.denominator else numbers.count(way.numerator), way.way)
            for way in figures.cart_ways
            if way.way != "cart abandonment" and (way.value is not None or way.denominator is None)
        ]
    if kpi == "retention":
        means = [cell for cell in figures.cohorts if cell.cohort_on is None and cell.rate is not None][:3]
        intervals = [numbers.month_of_days(cell.interval_number) for cell in means]
        return [
            Sentence(numbers.share(cell.rate), f"ordered again in days {days}, mean over cohorts")
            for cell, days in zip(means, intervals, strict=True)
        ]
    everything = first(figures.csat, stage="all")
    if kpi != "satisfaction" or everything is None:
        return []
    lines = [Sentence(f"{numbers.decimal(everything.mean_of_10)} of 10", "mean of the answers")]
    if everything.response_rate is not None:
        asked = numbers.count(everything.asked_count)
        lines.append(Sentence(numbers.share(everything.response_rate), f"response rate: answers / {asked} asked"))
    return lines

"""The headline figures as cards: value, interval, halves of the period, target, what stands beside."""

from __future__ import annotations

from typing import Any

from parcours.numbers import Numbers
from parcours.report.figures import Figures, Row, first
from parcours.report.journey.headlines import HEADLINES, filled_in, name_of
from parcours.report.section import Sentence
from parcours.words import say, told

SCALES = (0.01, 0.02, 0.05, 0.10, 0.20, 0.30, 0.50, 0.75, 1.0)
"""Where a card's bar may end: the first that holds the interval and the target with some room."""


Card = dict[str, Any]
"""What journey.html shows of a headline figure; `empty` says why there is none."""


def cards(figures: Figures, numbers: Numbers) -> list[Card]:
    """One per headline figure, in order."""
    return [_card(kpi, figures, numbers) for kpi in figures.kpis]


def _card(kpi: Row, figures: Figures, numbers: Numbers) -> Card:
    words = HEADLINES[kpi.kpi]
    card = {"kpi": kpi, "name": name_of(kpi), "definition": filled_in(words.definition, kpi, figures.shop, numbers)}
    if kpi.value is None:
        return card | {"empty": say(words.missing)}
    return card | {
        "empty": "",
        "counted": filled_in(words.counted, kpi, figures.shop, numbers),
        "bar": _bar(kpi, numbers),
        "target": _target(kpi, numbers),
        "halves": _halves(kpi, numbers),
        "beside": _beside(kpi.kpi, figures, numbers),
    }


def _target(kpi: Row, numbers: Numbers) -> str:
    """The to-be rate, and whether it is met."""
    if kpi.target is None:
        return say("no to-be set")
    target = numbers.target(kpi.target)
    if kpi.is_higher_better and kpi.is_target_met:
        return say("to-be: at least {target}, met", target=target)
    if kpi.is_higher_better:
        return say("to-be: at least {target}, not met", target=target)
    if kpi.is_target_met:
        return say("to-be: at most {target}, met", target=target)
    return say("to-be: at most {target}, not met", target=target)


def _halves(kpi: Row, numbers: Numbers) -> tuple[str, str]:
    """What became of the figure between the halves of the period, and which halves; empty where one has too few."""
    if not kpi.trend:
        return "", ""
    figures = {
        "change": numbers.change_of_share(kpi.earlier_value, kpi.later_value),
        "points": numbers.points(kpi.difference),
    }
    if kpi.trend == "overlap":
        moved = say("{change} ({points}), intervals overlap", **figures)
    else:
        moved = say("{change} ({points}), intervals apart", **figures)
    before = numbers.short_period(kpi.earlier_from, kpi.earlier_until)
    after = numbers.short_period(kpi.later_from, kpi.later_until)
    return moved, say("{before} against {after}", before=before, after=after)


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
        return [Sentence(numbers.share(way.value), told(way.way)) for way in figures.conversion_ways if way.denominator]
    if kpi == "cart_abandonment":
        return [
            Sentence(numbers.share(way.value) if way.denominator else numbers.count(way.numerator), told(way.way))
            for way in figures.cart_ways
            if way.way != "cart abandonment" and (way.value is not None or way.denominator is None)
        ]
    if kpi == "retention":
        means = [cell for cell in figures.cohorts if cell.cohort_on is None and cell.rate is not None][:3]
        intervals = [numbers.month_of_days(cell.interval_number) for cell in means]
        return [
            Sentence(numbers.share(cell.rate), say("ordered again in days {days}, mean over cohorts", days=days))
            for cell, days in zip(means, intervals, strict=True)
        ]
    everything = first(figures.csat, stage="all")
    if kpi != "satisfaction" or everything is None:
        return []
    lines = [Sentence(say("{mean} of 10", mean=numbers.decimal(everything.mean_of_10)), say("mean of the answers"))]
    if everything.response_rate is not None:
        asked = numbers.count(everything.asked_count)
        lines.append(
            Sentence(
                numbers.share(everything.response_rate), say("response rate: answers / {asked} asked", asked=asked)
            )
        )
    return lines

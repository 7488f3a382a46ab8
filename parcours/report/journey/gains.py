"""What a stage would gain at a goal's rate, in words; less than one journey is nothing to tell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from parcours.numbers import Numbers
from parcours.report.figures import Row
from parcours.tables.segment_words import segment_words
from parcours.words import later, say, say_number, told

GOALS = {
    "to-be rate": (later("at its to-be rate ({to_be})"), later("get {to_be} to go on at {step}, your to-be rate")),
    "best month": (
        later("if all months went as {month} (at least {rate})"),
        later("bring {step} back to {month} (at least {rate})"),
    ),
    "best segment": (
        later("if all went on as {segment} (at least {rate})"),
        later("bring {step} to what it is for {segment} (at least {rate})"),
    ),
}
"""Each goal in words: of a stage that was named before, and as something to do at a step."""


def worth_telling(gains: Sequence[Row]) -> list[Row]:
    """Those that would gain a journey at least."""
    return [gain for gain in gains if gain.gained_count >= 1]


def gain_phrase(gain: Row, shop: Row, numbers: Numbers) -> str:
    """A goal of a stage that is named before it, and its worth."""
    of_stage, _ = GOALS[gain.goal]
    return say("{goal} {worth}", goal=_filled_in(of_stage, gain, numbers), worth=worth(gain, shop, numbers))


def what_to_do(gain: Row, step: str, shop: Row, numbers: Numbers) -> str:
    """A goal as something to do at a step, and its worth."""
    _, to_do = GOALS[gain.goal]
    return say("{to_do}: {worth}", to_do=_filled_in(to_do, gain, numbers, step=step), worth=worth(gain, shop, numbers))


def _filled_in(text: str, gain: Row, numbers: Numbers, **given: str) -> str:
    if gain.goal == "best month":
        given["month"] = numbers.month(date.fromisoformat(gain.value))
    elif gain.goal == "best segment":
        given["segment"] = told(segment_words(gain.dimension, gain.value))
    return say(text, rate=numbers.share(gain.goal_rate), to_be=numbers.target(gain.goal_rate), **given)


def worth(gain: Row, shop: Row, numbers: Numbers) -> str:
    """How many more would go on in as many days as the report covers, with the interval, and what they would bring."""
    figures = {
        "days": numbers.days(shop.covered_days),
        "count": numbers.count(gain.gained_count),
        "low": numbers.count(gain.gained_low),
        "high": numbers.count(gain.gained_high),
    }
    number = round(gain.gained_count)
    if gain.gain is None:
        return say_number(
            "{count} more journey ({low} to {high}) in these {days}",
            "{count} more journeys ({low} to {high}) in these {days}",
            number,
            **figures,
        )
    return say_number(
        "{count} more journey ({low} to {high}) and {gain} ({gain_low} to {gain_high}) in these {days}",
        "{count} more journeys ({low} to {high}) and {gain} ({gain_low} to {gain_high}) in these {days}",
        number,
        gain=numbers.short_money(gain.gain),
        gain_low=numbers.short_money(gain.gain_low),
        gain_high=numbers.short_money(gain.gain_high),
        **figures,
    )

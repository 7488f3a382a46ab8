"""What a stage would gain at a goal's rate, in words."""

from __future__ import annotations

from datetime import date

from parcours.numbers import Numbers, plural
from parcours.report.figures import Row
from parcours.tables.segment_words import segment_words

GOALS = {
    "to-be rate": ("at its to-be rate ({to_be})", "bring {step} to its to-be rate ({to_be})"),
    "best month": ("if all months went as {month} (at least {rate})", "bring {step} back to {month} (at least {rate})"),
    "best segment": (
        "if all went on as {segment} (at least {rate})",
        "bring {step} to what it is for {segment} (at least {rate})",
    ),
}
"""Each goal in words: of a stage that was named before, and as something to do at a step."""


def gain_phrase(gain: Row, numbers: Numbers) -> str:
    """A goal of a stage that is named before it, and its worth."""
    of_stage, _ = GOALS[gain.goal]
    return f"{_filled_in(of_stage, gain, numbers)} {worth(gain, numbers)}"


def what_to_do(gain: Row, step: str, numbers: Numbers) -> str:
    """A goal as something to do at a step, and its worth."""
    _, to_do = GOALS[gain.goal]
    return f"{_filled_in(to_do, gain, numbers, step=step)}: {worth(gain, numbers)}"


def _filled_in(text: str, gain: Row, numbers: Numbers, **given: str) -> str:
    if gain.goal == "best month":
        given["month"] = numbers.month(date.fromisoformat(gain.value))
    elif gain.goal == "best segment":
        given["segment"] = segment_words(gain.dimension, gain.value)
    return text.format(rate=numbers.share(gain.goal_rate), to_be=numbers.target(gain.goal_rate), **given)


def worth(gain: Row, numbers: Numbers) -> str:
    """How many more would go on, with the interval, and what they would bring."""
    more, low, high = map(numbers.count, (gain.gained_count, gain.gained_low, gain.gained_high))
    text = f"{more} more {plural(round(gain.gained_count), 'journey')} ({low} to {high})"
    if gain.gain is None:
        return text
    money = [numbers.short_money(value) for value in (gain.gain, gain.gain_low, gain.gain_high)]
    return f"{text} and {money[0]} ({money[1]} to {money[2]})"

"""What a stage would gain at a goal's rate, in words."""

from __future__ import annotations

from datetime import date

from parcours.numbers import Numbers, plural
from parcours.report.figures import Row
from parcours.tables.segment_words import segment_words


def gain_phrase(gain: Row, numbers: Numbers) -> str:
    """A goal of a stage that is named before it, and its worth."""
    rate = numbers.share(gain.goal_rate)
    if gain.dimension is None:
        goal = f"at its to-be rate ({numbers.target(gain.goal_rate)})"
    elif gain.dimension == "month":
        goal = f"if all months went as {_month(gain, numbers)} (at least {rate})"
    else:
        goal = f"if all went on as {segment_words(gain.dimension, gain.value)} (at least {rate})"
    return f"{goal} {worth(gain, numbers)}"


def what_to_do(gain: Row, step: str, numbers: Numbers) -> str:
    """A goal as something to do at a step, and its worth."""
    rate = numbers.share(gain.goal_rate)
    if gain.dimension is None:
        goal = f"bring {step} to its to-be rate ({numbers.target(gain.goal_rate)})"
    elif gain.dimension == "month":
        goal = f"bring {step} back to {_month(gain, numbers)} (at least {rate})"
    else:
        goal = f"bring {step} to what it is for {segment_words(gain.dimension, gain.value)} (at least {rate})"
    return f"{goal}: {worth(gain, numbers)}"


def worth(gain: Row, numbers: Numbers) -> str:
    """How many more would go on, with the interval, and what they would bring."""
    more, low, high = map(numbers.count, (gain.gained_count, gain.gained_low, gain.gained_high))
    text = f"{more} more {plural(round(gain.gained_count), 'journey')} ({low} to {high})"
    if gain.gain is None:
        return text
    money = [numbers.short_money(value) for value in (gain.gain, gain.gain_low, gain.gain_high)]
    return f"{text} and {money[0]} ({money[1]} to {money[2]})"


def _month(gain: Row, numbers: Numbers) -> str:
    return numbers.month(date.fromisoformat(gain.value))

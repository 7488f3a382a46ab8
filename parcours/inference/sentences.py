"""A verdict in a sentence for an analyst. How numbers and days are written is the caller's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from parcours.inference.estimator import Estimate
from parcours.inference.looks import LEAST_EXPECTED, LEAST_WEEKS_BEFORE, Look
from parcours.inference.verdicts import Cause, Verdict, Word
from parcours.numbers import plural

SHOWN_NAMES = 3
"""Of other changes; the rest is counted."""


@dataclass(frozen=True)
class Written:
    """How values are written."""

    difference: Callable[[float], str]
    """A difference in the figure's own unit, with its sign: "+1.2 points", "−€3.40"."""
    percent: Callable[[float], str]
    """A share without a sign: 0.25 as "25 %"."""
    count: Callable[[float], str]
    day: Callable[[date], str]
    unit: str = "attempts"
    """What the figure counts, in the plural."""


def sentence(verdict: Verdict, written: Written) -> str:
    """What is known of the figure after the change, and how sure it is."""
    match verdict.word:
        case Word.NOT_MEASURED_BEFORE:
            weeks = verdict.weeks_before
            known = f"{weeks} whole {plural(weeks, 'week')} before the change {plural(weeks, 'is', 'are')} known"
            return f"Not measured before: {known}, and it takes {LEAST_WEEKS_BEFORE}."
        case Word.IMPROVED | Word.WORSENED:
            return _moved(verdict, written)
        case Word.MEASURING:
            assert verdict.next_look is not None and verdict.last_look is not None
            last = (
                "the last time" if verdict.next_look.is_last else f"then until {written.day(verdict.last_look.due_on)}"
            )
            return f"Measuring until {written.day(verdict.next_look.due_on)}, {last}."
        case Word.INSEPARABLE:
            assert verdict.estimate is not None
            return (
                f"Cannot be told apart from {_names(verdict.together_with)}: together "
                f"{_effect(verdict.estimate, written)}."
            )
        case Word.TOO_LITTLE:
            return _too_little(verdict, written)
        case Word.NO_EVIDENCE:
            assert verdict.estimate is not None
            said = f"No evidence of an effect: it is {_interval(verdict.estimate, written)}"
            if verdict.estimate.low <= 0 <= verdict.estimate.high:
                return f"{said}."
            return f"{said}, as one figure of several may be by chance."


def _moved(verdict: Verdict, written: Written) -> str:
    assert verdict.crossed is not None
    said = f"{verdict.word.capitalize()} {_by(verdict.crossed)}"
    if verdict.together_with:
        said += f", together with {_names(verdict.together_with)}"
    if verdict.is_faded:
        said += ", faded since"
    if verdict.estimate is None:
        return f"{said}."
    return f"{said}: {'at the last look ' if verdict.is_faded else ''}{_effect(verdict.estimate, written)}."


def _too_little(verdict: Verdict, written: Written) -> str:
    assert verdict.seen is not None
    if verdict.cause is Cause.CROWDED:
        beside = len(verdict.seen.crowded_by)
        return (
            f"Too little to tell: {verdict.weeks_before} whole weeks before the change are known and {beside} other "
            f"{plural(beside, 'change is', 'changes are')} to be allowed for; it takes {LEAST_WEEKS_BEFORE} weeks, and "
            "one more for each."
        )
    if verdict.seen.own is None:
        return (
            f"Too little to tell: {written.count(verdict.seen.weeks.expected_count)} {written.unit} with or without "
            f"the outcome were expected, and it takes {LEAST_EXPECTED}."
        )
    if verdict.cause is Cause.WANDERS:
        why = f"the figure wanders by {written.percent(verdict.seen.own.drift)} by itself"
    else:
        why = f"too few {written.unit}"
    assert verdict.detectable is not None
    return f"Too little to tell: {why}; only about ±{written.percent(verdict.detectable)} would have been seen."


def _by(look: Look) -> str:
    return f"by {look.days} days after its end" if look.is_after_end else f"by day {look.days}"


def _effect(estimate: Estimate, written: Written) -> str:
    """The difference, relative to what was expected, and the interval."""
    relative = estimate.relative
    share = "" if relative is None else f" ({'+' if relative > 0 else '−'}{written.percent(abs(relative))})"
    return f"{written.difference(estimate.difference)}{share}, {_interval(estimate, written)}"


def _interval(estimate: Estimate, written: Written) -> str:
    return f"between {written.difference(estimate.difference_low)} and {written.difference(estimate.difference_high)}"


def _names(names: Sequence[str]) -> str:
    quoted = [f"“{name}”" for name in names[:SHOWN_NAMES]]
    if len(names) > SHOWN_NAMES:
        quoted.append(f"{len(names) - SHOWN_NAMES} more")
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"

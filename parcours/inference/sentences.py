"""A verdict in a sentence for an analyst. How numbers and days are written is the caller's, and in which language."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from parcours.inference.estimator import Estimate
from parcours.inference.looks import LEAST_EXPECTED, LEAST_WEEKS_BEFORE
from parcours.inference.verdicts import Cause, Verdict, Word
from parcours.numbers import some
from parcours.words import later, say, say_number

MOVED = {
    (Word.IMPROVED, False): later("Improved by day {days}"),
    (Word.IMPROVED, True): later("Improved by {days} days after its end"),
    (Word.WORSENED, False): later("Worsened by day {days}"),
    (Word.WORSENED, True): later("Worsened by {days} days after its end"),
}
"""By the word, and whether it was first said after the change's end."""


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
            return say_number(
                "Not measured before: {weeks} whole week before the change is known, and it takes {least}.",
                "Not measured before: {weeks} whole weeks before the change are known, and it takes {least}.",
                verdict.weeks_before,
                weeks=verdict.weeks_before,
                least=LEAST_WEEKS_BEFORE,
            )
        case Word.IMPROVED | Word.WORSENED:
            return _moved(verdict, written)
        case Word.MEASURING:
            assert verdict.next_look is not None and verdict.last_look is not None
            until = written.day(verdict.next_look.due_on)
            if verdict.next_look.is_last:
                return say("Measuring until {day}, the last time.", day=until)
            last = written.day(verdict.last_look.due_on)
            return say("Measuring until {day}, then until {last}.", day=until, last=last)
        case Word.INSEPARABLE:
            assert verdict.estimate is not None
            return say(
                "Cannot be told apart from {changes}: together {effect}.",
                changes=_names(verdict.together_with),
                effect=_effect(verdict.estimate, written),
            )
        case Word.TOO_LITTLE:
            return _too_little(verdict, written)
        case Word.NO_EVIDENCE:
            assert verdict.estimate is not None
            ends = _ends(verdict.estimate, written)
            if verdict.estimate.low <= 0 <= verdict.estimate.high:
                return say("No evidence of an effect: it is between {low} and {high}.", **ends)
            return say(
                "No evidence of an effect: it is between {low} and {high}, as one figure of several may be by chance.",
                **ends,
            )


def _moved(verdict: Verdict, written: Written) -> str:
    assert verdict.crossed is not None
    moved = say(MOVED[verdict.word, verdict.crossed.is_after_end], days=verdict.crossed.days)
    if verdict.together_with:
        moved = say("{moved}, together with {changes}", moved=moved, changes=_names(verdict.together_with))
    effect = None if verdict.estimate is None else _effect(verdict.estimate, written)
    if not verdict.is_faded:
        return f"{moved}." if effect is None else say("{moved}: {effect}.", moved=moved, effect=effect)
    if effect is None:
        return say("{moved}, faded since.", moved=moved)
    return say("{moved}, faded since: at the last look {effect}.", moved=moved, effect=effect)


def _too_little(verdict: Verdict, written: Written) -> str:
    assert verdict.seen is not None
    if verdict.cause is Cause.CROWDED:
        beside = len(verdict.seen.crowded_by)
        return say_number(
            "Too little to tell: {weeks} whole weeks before the change are known and {count} other change is to be "
            "allowed for; it takes {least} weeks, and one more for each.",
            "Too little to tell: {weeks} whole weeks before the change are known and {count} other changes are to be "
            "allowed for; it takes {least} weeks, and one more for each.",
            beside,
            weeks=verdict.weeks_before,
            count=beside,
            least=LEAST_WEEKS_BEFORE,
        )
    if verdict.seen.own is None:
        return say(
            "Too little to tell: {count} {unit} with or without the outcome were expected, and it takes {least}.",
            count=written.count(verdict.seen.weeks.expected_count),
            unit=written.unit,
            least=LEAST_EXPECTED,
        )
    assert verdict.detectable is not None
    detectable = written.percent(verdict.detectable)
    if verdict.cause is Cause.WANDERS:
        return say(
            "Too little to tell: the figure wanders by {wander} by itself; only about ±{detectable} would have been "
            "seen.",
            wander=written.percent(verdict.seen.own.drift),
            detectable=detectable,
        )
    return say(
        "Too little to tell: too few {unit}; only about ±{detectable} would have been seen.",
        unit=written.unit,
        detectable=detectable,
    )


def _effect(estimate: Estimate, written: Written) -> str:
    """The difference, relative to what was expected, and the interval."""
    difference, ends = written.difference(estimate.difference), _ends(estimate, written)
    relative = estimate.relative
    if relative is None:
        return say("{difference}, between {low} and {high}", difference=difference, **ends)
    share = f"{'+' if relative > 0 else '−'}{written.percent(abs(relative))}"
    return say("{difference} ({share}), between {low} and {high}", difference=difference, share=share, **ends)


def _ends(estimate: Estimate, written: Written) -> dict[str, str]:
    return {
        "low": written.difference(estimate.difference_low),
        "high": written.difference(estimate.difference_high),
    }


def _names(names: Sequence[str]) -> str:
    return some([say("“{name}”", name=name) for name in names])

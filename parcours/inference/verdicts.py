"""What is said of a change: one verdict per figure, from what its looks have seen.

Here: error over all figures and looks of a change, and the rule for each word. The sentence that goes with a verdict
is `sentences.py`; the looks are `looks.py`.

Of the changes that moved nothing, at most 4 % may be said to have moved something, however many figures they have and
however often they are read. So a look's p is divided by the look's weight, the smallest so far counts, and the figures
are gone through from the surest on (Holm, *A simple sequentially rejective multiple test procedure*, 1979). A figure
with less than 16 weeks before the change has so much less of the 4 %: how much it wanders is not known yet.

A verdict is given at the figure's own looks and never taken back: the smallest p only falls, and what Holm has once
refused to believe stays refused when another p falls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from scipy.special import ndtri

from parcours.inference.estimator import Estimate
from parcours.inference.looks import LEAST_WEEKS_BEFORE, Look, Looks, Seen

ALPHA = 0.04
WEEKS_FOR_ALL_OF_ALPHA = 16
SHARE_OF_THE_MOVED = 0.5
"""What the figure that a change was meant to move has of `ALPHA`."""
INSEPARABLE = 1.25
"""From this ratio of the standard deviations on, as it is and as if the near changes' effects were known, these are
what stands in the way."""
WIDEST = 0.30
"""Half-width of an interval, relative to the level, beyond which it tells too little."""
POWER = 0.80


class Word(StrEnum):
    """What can be said, in the order in which it is tried."""

    NOT_MEASURED_BEFORE = "not measured before"
    IMPROVED = "improved"
    WORSENED = "worsened"
    MEASURING = "measuring until"
    INSEPARABLE = "cannot be told apart from"
    TOO_LITTLE = "too little to tell"
    NO_EVIDENCE = "no evidence"


class Cause(StrEnum):
    """Why there is too little to tell."""

    FEW = "few attempts"
    WANDERS = "wanders by itself"
    CROWDED = "beside other changes"


@dataclass(frozen=True)
class FigureLooks:
    """A figure of a change, with its looks."""

    name: str
    is_higher_better: bool
    looks: Looks
    is_meant: bool = False
    """Whether it is the figure that the change was meant to move."""


@dataclass(frozen=True)
class Verdict:
    """What is said of one figure, and from what. Of the rest what does not belong to the word is None or empty."""

    figure: str
    word: Word
    weeks_before: int
    seen: Seen | None
    """The latest look that is due."""
    crossed: Look | None = None
    """Improved or worsened: the look at which it was first said."""
    is_faded: bool = False
    """Improved or worsened: the last look's interval holds zero."""
    together_with: tuple[str, ...] = ()
    """Improved or worsened: it is the sum with these changes of which it is sure. Cannot be told apart: from these."""
    next_look: Look | None = None
    """The next look, whatever was said already."""
    last_look: Look | None = None
    """Measuring: the last of them."""
    cause: Cause | None = None
    detectable: float | None = None
    """Too little to tell: the effect, relative to the level, that would have been seen in 80 of 100 cases; None where
    the last look was skipped and none would have been."""

    @property
    def estimate(self) -> Estimate | None:
        """The estimate that the word is about: of the change, or with those that it is said together with."""
        if self.seen is None:
            return None
        if self.word is Word.INSEPARABLE:
            return self.seen.together_near
        return self.seen.together if self.together_with and self.seen.together else self.seen.own

    @property
    def until(self) -> date | None:
        """The day on which it is read next; None after the last look."""
        return self.next_look.due_on if self.next_look else None


def judge(figures: Sequence[FigureLooks]) -> list[Verdict]:
    """The verdicts on all figures of one change, in the order given: the same ones until the next look."""
    shares = _shares(figures)
    return [_verdict(figures, number, shares) for number in range(len(figures))]


def holm(p_values: Sequence[float], shares: Sequence[float], alpha: float) -> list[bool]:
    """Which hypotheses fall when each has a share of alpha, and those that fall leave theirs to the rest.

    Args:
        p_values: one per hypothesis.
        shares: above 0; they need not sum to 1. Of one size: Holm's procedure; else his weighted one.
        alpha: the probability that any true hypothesis falls.
    """
    falls = [False] * len(p_values)
    left = sum(shares)
    for number in sorted(range(len(p_values)), key=lambda number: p_values[number] / shares[number]):
        if p_values[number] > alpha * shares[number] / left:
            break
        falls[number] = True
        left -= shares[number]
    return falls


def _is_measured(figure: FigureLooks) -> bool:
    return figure.looks.weeks_before >= LEAST_WEEKS_BEFORE


def _shares(figures: Sequence[FigureLooks]) -> list[float]:
    """The share of alpha of each figure that is measured; 0 of the others."""
    meant = [figure.is_meant and _is_measured(figure) for figure in figures]
    others = [_is_measured(figure) and not figure.is_meant for figure in figures]
    if not any(meant) or not any(others):
        return [1 / max(sum(meant) + sum(others), 1) if is_one else 0.0 for is_one in map(_is_measured, figures)]
    return [
        SHARE_OF_THE_MOVED / sum(meant) if is_meant else (1 - SHARE_OF_THE_MOVED) / sum(others) if is_other else 0.0
        for is_meant, is_other in zip(meant, others, strict=True)
    ]


def _allowed(figure: FigureLooks) -> float:
    """How much of its share of alpha a figure may use."""
    return min(1.0, figure.looks.weeks_before / WEEKS_FOR_ALL_OF_ALPHA)


def _p(figure: FigureLooks, as_of: date, is_alone: bool = False) -> float:
    """The p of all looks that are due on a day, made comparable with figures of longer history."""
    due = (_weighed(seen, is_alone) for seen in figure.looks.seen if seen.look.due_on <= as_of)
    return min(1.0, min(due, default=1.0) / _allowed(figure))


def _weighed(seen: Seen, is_alone: bool) -> float:
    return (seen.p_alone if is_alone else seen.p) / seen.look.weight


def _crossing(figures: Sequence[FigureLooks], number: int, shares: Sequence[float]) -> tuple[int, bool] | None:
    """The position of the figure's look at which Holm first rejects it, and whether for the change's own effect."""
    measured = [other for other, share in enumerate(shares) if share > 0]
    own_position = measured.index(number)
    for position, seen in enumerate(figures[number].looks.seen):
        p_values = [_p(figures[other], seen.look.due_on) for other in measured]
        for is_alone in (True, False):
            p_values[own_position] = _p(figures[number], seen.look.due_on, is_alone)
            if holm(p_values, [shares[other] for other in measured], ALPHA)[own_position]:
                return position, is_alone
    return None


def _verdict(figures: Sequence[FigureLooks], number: int, shares: Sequence[float]) -> Verdict:
    figure = figures[number]
    looks = figure.looks
    latest = looks.seen[-1] if looks.seen else None
    next_look = looks.schedule[len(looks.seen)] if len(looks.seen) < len(looks.schedule) else None

    def say(word: Word, **more: Any) -> Verdict:
        return Verdict(figure.name, word, looks.weeks_before, latest, next_look=next_look, **more)

    if not _is_measured(figure):
        return say(Word.NOT_MEASURED_BEFORE)
    crossing = _crossing(figures, number, shares)
    if crossing is not None:
        position, is_alone = crossing
        # The look that was surest by then says in which direction.
        surest = min(looks.seen[: position + 1], key=lambda seen: _weighed(seen, is_alone))
        moved = surest.own if is_alone else surest.together
        assert moved is not None
        final = None if latest is None or next_look else latest.own if is_alone else latest.together
        return say(
            Word.IMPROVED if (moved.estimate > 0) == figure.is_higher_better else Word.WORSENED,
            crossed=looks.seen[position].look,
            is_faded=final is not None and final.low <= 0 <= final.high,
            together_with=() if is_alone else surest.neighbours,
        )
    if latest is None or next_look is not None:
        return say(Word.MEASURING, last_look=looks.schedule[-1])
    if latest.own is None:
        return say(Word.TOO_LITTLE, cause=Cause.CROWDED if latest.crowded_by else Cause.FEW)
    if latest.near and latest.own.sd >= INSEPARABLE * latest.own.sd_but_for_near:
        return say(Word.INSEPARABLE, together_with=latest.near)
    if (latest.own.high - latest.own.low) / 2 > WIDEST:
        is_by_sampling = latest.own.sampling_sd**2 >= latest.own.sd**2 / 2
        return say(
            Word.TOO_LITTLE,
            cause=Cause.FEW if is_by_sampling else Cause.WANDERS,
            detectable=_detectable(latest, latest.own, shares[number] * _allowed(figure)),
        )
    return say(Word.NO_EVIDENCE)


def _detectable(seen: Seen, own: Estimate, share: float) -> float:
    """The effect that the look would have shown with probability `POWER`, as the first of its change's figures."""
    threshold = ALPHA * share * seen.look.weight / (2 if seen.together else 1)
    return float((ndtri(1 - threshold / 2) + ndtri(POWER)) * own.sd)

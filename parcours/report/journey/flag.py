"""The flag: the stage with the highest drop-off, by the first ranking that has anything to rank."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from parcours.numbers import Numbers
from parcours.report.figures import Figures, Row, first
from parcours.words import later, listed, say

RANKINGS: dict[str, tuple[str, Callable[[Numbers, float], str]]] = {
    "revenue_at_stake": (later("revenue at stake"), Numbers.short_money),
    "drop_off_rate": (later("drop-off rate"), Numbers.share),
    "units_lost": (later("journeys lost"), Numbers.count),
}
"""Their names (by `later`) and what writes their values, in the order of preference: the first one flags the stage."""


@dataclass(frozen=True)
class Flag:
    """The flagged stage, and after it those that tie with it."""

    ranking: str
    stages: list[Row]

    @property
    def stage(self) -> Row:
        """The first of them."""
        return self.stages[0]

    @property
    def names(self) -> str:
        """All of them in a sentence."""
        return listed([stage.label for stage in self.stages])

    @property
    def is_tie(self) -> bool:
        """Whether their order is not certain."""
        return len(self.stages) > 1

    @property
    def by(self) -> str:
        """The ranking's name."""
        return say(RANKINGS[self.ranking][0])


def flagged(figures: Figures) -> Flag | None:
    """The first of the first ranking that has anything to rank; None where every stage is a small cell."""
    stages = {stage.stage: stage for stage in figures.stages}
    for ranking in RANKINGS:
        ranked = ranked_by(figures, ranking)
        if ranked and ranked[0].value > 0:
            tied = [row.stage for row in ranked[1:] if row.is_tie_with_first]
            return Flag(ranking, [stages[stage] for stage in (ranked[0].stage, *tied)])
    return None


def ranked_by(figures: Figures, ranking: str) -> list[Row]:
    """A ranking's stages, the highest drop-off first."""
    return [row for row in figures.ranking if row.ranking == ranking]


def since_when(figures: Figures, stage: Row, numbers: Numbers) -> str:
    """Since when a stage loses what it loses, in a sentence; empty where no week can be compared with another."""
    since = first(figures.stage_since, stage=stage.stage)
    if since is None:
        return ""
    if since.other_rate is None:
        return say(
            "All along: no week since {day}, the first that can be compared, differs from the later ones.",
            day=numbers.day(since.from_on),
        )
    words = {
        "day": numbers.day(since.since_on),
        "share": numbers.share(since.drop_off_rate),
        "other": numbers.share(since.other_rate),
    }
    if since.drop_off_rate < since.other_rate:
        return say("Better since the week of {day}: {share}, against {other} in the week before.", **words)
    return say("Worse since the week of {day}: {share}, against {other} in the week before.", **words)


def step_of(stage: Row) -> str:
    """A stage with the one to go on to: Checkout → Purchase."""
    return f"{stage.label} → {stage.next_label}" if stage.next_label else stage.label

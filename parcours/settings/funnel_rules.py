"""What may lie between two steps of a funnel, and the chain of `sql/funnels` that knows such rules.

The same for a funnel of journey.yaml and for one that is asked for in a notebook. Not here: the walk itself (SQL).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Order = Literal["sequential", "strict", "any"]
WindowFrom = Literal["first", "prior"]
Ties = Literal["advance", "forbidden"]
Entry = Literal["closed", "open"]
Chain = Literal["funnel_chain", "ruled_chain", "any_order"]

AT_ONCE = 0.000001
"""The least time between two steps of which one must be later: DuckDB's instants are whole microseconds."""


@dataclass(frozen=True)
class Between:
    """What a step asks of the time since the step before, in seconds, and whether events are excluded there."""

    within_seconds: float | None = None
    at_least_seconds: float = 0
    is_excluding: bool = False

    @property
    def is_anything(self) -> bool:
        """Whether nothing is asked."""
        return self.within_seconds is None and self.at_least_seconds <= 0 and not self.is_excluding


@dataclass(frozen=True)
class Rule:
    """A row of `rules`, as the chains read it: what may lie before a step. Seconds; None: anything."""

    step_number: int
    window_seconds: float | None
    within_seconds: float | None
    at_least_seconds: float
    is_strict: bool
    is_open: bool


def rules_of(
    steps: Sequence[Between],
    window_seconds: float | None,
    window_from: WindowFrom = "first",
    order: Order = "sequential",
    ties: Ties = "advance",
    entry: Entry = "closed",
) -> list[Rule]:
    """The rules of a funnel's steps, entry first; what the entry asks of a step before it is passed over."""
    from_first = window_seconds if window_from == "first" else None
    found = []
    for number, between in enumerate([Between(), *steps[1:]], 1):
        spans = [between.within_seconds, window_seconds if window_from == "prior" and number > 1 else None]
        found.append(
            Rule(
                number,
                from_first,
                min((span for span in spans if span is not None), default=None),
                max(between.at_least_seconds, AT_ONCE if ties == "forbidden" and number > 1 else 0),
                order == "strict" and number > 1,
                entry == "open",
            )
        )
    return found


def whole_window(rules: Sequence[Rule]) -> float | None:
    """After so many seconds from the entry no further step can come; None: one can for ever."""
    withins = [rule.within_seconds for rule in rules[1:]]
    known = [within for within in withins if within is not None]
    sums = [sum(known)] if known and len(known) == len(withins) else []
    from_first = rules[0].window_seconds
    return min([*sums, *([from_first] if from_first is not None else [])], default=None)


def chain_of(steps: Sequence[Between], rules: Sequence[Rule], order: Order) -> Chain:
    """The plainest chain that knows the rules: it is the quickest."""
    if order == "any":
        return "any_order"
    has_rules = any(
        rule.within_seconds is not None or rule.at_least_seconds > 0 or rule.is_strict or rule.is_open for rule in rules
    )
    return "ruled_chain" if has_rules or any(step.is_excluding for step in steps[1:]) else "funnel_chain"

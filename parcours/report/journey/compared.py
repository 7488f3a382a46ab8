"""Parts of a whole beside each other, as the values of a dimension: which of them can be compared, how far apart the
lowest and the highest are, and whether that is certain. Not here: what is counted of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from parcours.numbers import Numbers
from parcours.report.figures import Row
from parcours.words import say

UNKNOWN = "unknown"
"""What is not known of a part: it is compared with none."""


@dataclass(frozen=True)
class Compared:
    """The parts that are large enough and known, the lowest share first.

    Attributes:
        rows: of a query, each with `is_small` and the columns that the others name.
        share: its column; those of its interval follow.
        name: the column of what a part is.
    """

    rows: Sequence[Row]
    share: str = "value"
    low: str = "low"
    high: str = "high"
    name: str = "name"

    @property
    def ranked(self) -> list[Row]:
        """Those that can be compared."""
        rows = (row for row in self.rows if not row.is_small and getattr(row, self.name) != UNKNOWN)
        return sorted(rows, key=lambda row: getattr(row, self.share))

    @property
    def spread(self) -> float:
        """From the lowest share to the highest."""
        ranked = self.ranked
        return float(getattr(ranked[-1], self.share) - getattr(ranked[0], self.share))

    @property
    def is_apart(self) -> bool:
        """Whether their intervals are: the lowest's ends below the highest's."""
        ranked = self.ranked
        return len(ranked) > 1 and bool(getattr(ranked[0], self.high) < getattr(ranked[-1], self.low))

    def ends(self, named: Callable[[Row], str], numbers: Numbers) -> tuple[str, str]:
        """The lowest and the highest: 76 % (desktop), 87 % (tablet)."""
        ranked = self.ranked
        low, high = (
            say("{share} ({name})", share=numbers.share(getattr(row, self.share), 0), name=named(row))
            for row in (ranked[0], ranked[-1])
        )
        return low, high

    def title(self, dimension: str, ends: str) -> str:
        """Of a view by a dimension: from where to where it runs, and whether that is certain."""
        if self.is_apart:
            return say("By {dimension}, {ends}", dimension=dimension, ends=ends)
        return say("By {dimension}, {ends}; their intervals overlap", dimension=dimension, ends=ends)

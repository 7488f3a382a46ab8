"""An answer whose counts are of units that can be listed: journeys, or whatever a funnel counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pandas as pd

from parcours.questions.answer import Answer
from parcours.questions.groups import of_group
from parcours.questions.steps import refuse_unknown


class ListedAnswer(Answer):
    """A DataFrame of counts; `units()` and `people(…)` are behind them."""

    _metadata: ClassVar[list[str]] = [*Answer._metadata, "ask_units", "outcomes", "uncounted"]
    ask_units: Callable[[], pd.DataFrame]
    outcomes: tuple[str, ...]
    uncounted: tuple[str, ...]

    def units(self) -> pd.DataFrame:
        """A row per unit: its id, its person, its outcome, and the columns that say in which row it is counted."""
        return self.ask_units().copy()

    def people(self, outcome: str | None = None, **cell: Any) -> list[str]:
        """The units behind a count, each once.

        Args:
            outcome: theirs; none: all but those that are counted apart.
            cell: values of columns that say which row; what is not named may be anything.

        Raises:
            QuestionError: there is no such outcome or column; those that there are are named.
        """
        units = self.units()
        if outcome is not None:
            refuse_unknown("outcome", outcome, self.outcomes)
        found = units[units["outcome"] == outcome] if outcome else units[~units["outcome"].isin(self.uncounted)]
        return sorted(of_group(found, cell)["unit_id"].unique())

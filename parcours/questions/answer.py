"""An answer: a DataFrame that knows the SQL it comes from, what its figures mean, and how they are drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Self

import pandas as pd
import plotly.graph_objects as go


class Answer(pd.DataFrame):
    """A DataFrame with the SQL behind it, the definition of its figures and their chart.

    What pandas makes of it (a selection, a sort) is a plain DataFrame: it is not what the SQL says any more.
    """

    _metadata: ClassVar[list[str]] = ["sql", "definition", "draw"]
    sql: str
    definition: str
    draw: Callable[[pd.DataFrame], go.Figure]

    @classmethod
    def of(cls, found: pd.DataFrame, sql: str, definition: str, draw: Callable[[pd.DataFrame], go.Figure]) -> Self:
        """What a query found, with what belongs to it."""
        answer = cls(found)
        answer.sql, answer.definition, answer.draw = sql, definition, draw
        return answer

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame

    def plot(self, *_: Any, **__: Any) -> go.Figure:  # type: ignore[override]
        """The chart of the answer. pandas' own plots: `pandas.DataFrame(answer).plot`."""
        return self.draw(self)

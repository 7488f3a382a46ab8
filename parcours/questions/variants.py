"""The paths that journeys took: the answer, the journeys behind each count, and the chart.

Not here: what a variant is (`sql/metrics/journey_variants.sql`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pandas as pd
import plotly.graph_objects as go

from parcours.questions.answer import Answer
from parcours.questions.charts import GROUPS
from parcours.questions.listed_answer import ListedAnswer


def answer_variants(ask: Callable[[str], pd.DataFrame], found: Answer, paths: str) -> ListedAnswer:
    """Rows of `metrics.journey_variants`, with the journeys of each.

    Args:
        ask: the rows of a select.
        found: the rows.
        paths: `metrics.journey_paths`, or a select in brackets of those of its rows that are counted.
    """
    listed = ListedAnswer.of(pd.DataFrame(found), found.sql, found.definition, found.draw)
    listed.ask_units = cache(
        lambda: ask(
            "select variants.journey_type, variants.variant_number, variants.path, paths.journey_id as unit_id, "
            f"paths.person_id, paths.outcome\nfrom (\n{found.sql}\n) as variants\n"
            f"inner join {paths} as paths on variants.path = paths.path "
            "and variants.journey_type in ('all', paths.journey_type)\norder by 1, 2, paths.started_at, unit_id"
        )
    )
    listed.outcomes, listed.uncounted = ("ordered", "dropped", "open", "uncovered"), ("open", "uncovered")
    return listed


def paths_taken(found: pd.DataFrame) -> go.Figure:
    """The largest variants, with and without an order; of a long path the ends (it is cut here alone)."""
    shown = pd.DataFrame(found).nlargest(20, "journey_count")
    figure = go.Figure(layout={"template": "plotly_white", "title": "No journey is over yet", "colorway": GROUPS})
    if not len(shown):
        return figure
    path = shown["path"]
    cut = path.where(path.str.len() <= 70, path.str.slice(0, 34) + " … " + path.str.slice(-33))
    labels = shown["variant_number"].astype(str) + ". " + cut
    for counted, name in (("ordered_count", "with an order"), ("dropped_count", "without")):
        figure.add_bar(y=labels, x=shown[counted], orientation="h", name=name)
    most = shown.iloc[0]
    figure.update_layout(
        title=f"Most take path {most['variant_number']}: {most['journey_count']:,} journeys, "
        f"{most['ordered_count']:,} with an order; {len(found):,} path{'s' * (len(found) != 1)}",
        barmode="stack",
        xaxis={"title": "journeys that are over", "tickformat": ","},
        yaxis={"autorange": "reversed"},
        legend={"traceorder": "normal"},
    )
    return figure

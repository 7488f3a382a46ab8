"""What those did instead who dropped at a step or a stage: the answer, its lists and its chart.

Not here: who dropped and what each did (`sql/metrics/dropped_units.sql`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial

import pandas as pd
import plotly.graph_objects as go

from parcours.numbers import Numbers
from parcours.questions.charts import GROUPS
from parcours.questions.funnel_answer import question, written_out
from parcours.questions.groups import group_columns, group_key, joined_segments
from parcours.questions.listed_answer import ListedAnswer
from parcours.questions.steps import QuestionError
from parcours.warehouse.connection import quoted, text_literal

Place = tuple[str, str | None, int, str]
"""Kind (step or stage), funnel, number and label of a place where units drop."""


def place_of(ask: Callable[[str], pd.DataFrame], asked: int | str | None, funnel: str | None) -> Place:
    """The place that is meant.

    Args:
        ask: the rows of a select.
        asked: a step's number or label; a stage's id or label, if no funnel is named. None: where most dropped, of
            the stages before the steps; where nobody did, a place of nobody.
        funnel: of journey.yaml; none: the first one, for what is no stage.

    Raises:
        QuestionError: nothing can drop there; the places where something can are named.
    """
    places = ask(
        "select places.place_type, places.funnel_id, places.place_number, places.place, "
        "coalesce(stages.stage_label, places.place) as label, coalesce(funnels.funnel_number, 0) as funnel_number, "
        "places.dropped_count\nfrom (select place_type, funnel_id, place_number, place, max(dropped_count) as "
        "dropped_count from metrics.drop_off_next group by all) as places\n"
        "left join settings.stages as stages on places.place_type = 'stage' and places.place = stages.stage\n"
        "left join settings.funnels as funnels on places.funnel_id = funnels.funnel_id\norder by funnel_number, 3"
    )
    funnels = [*places[places["place_type"] == "step"]["funnel_id"].unique()]
    if funnel is not None and funnel not in funnels:
        raise QuestionError(f"No funnel {funnel!r}. journey.yaml has: {', '.join(funnels)}.")
    first = funnel if funnel is not None else next(iter(funnels), None)
    known = places[(places["funnel_id"] == first) | ((places["place_type"] == "stage") & (funnel is None))]
    if asked is None:
        stages = known[known["place_type"] == "stage"]
        found = (stages if len(stages) else known).nlargest(1, "dropped_count")
        if not len(found):
            return "step", None, 0, "any place"
    elif isinstance(asked, int):
        found = known[(known["place_type"] == "step") & (known["place_number"] == asked)]
    else:
        found = known[(known["place"] == asked) | (known["label"] == asked)]
    if not len(found):
        said = (
            f"{one.place_number} ({one.label})" if one.place_type == "step" else one.place for one in known.itertuples()
        )
        raise QuestionError(f"Nobody can drop at {asked!r}. There are: {', '.join(map(str, said))}.")
    one = found.iloc[0]
    of = None if one["place_type"] == "stage" else str(one["funnel_id"])
    return str(one["place_type"]), of, int(one["place_number"]), str(one["label"])


def answer_next(
    ask: Callable[[str], pd.DataFrame], place: Place, groups: Sequence[str], asked: Sequence[str], definition: str
) -> ListedAnswer:
    """What those did who dropped at a place, within each group.

    Args:
        ask: the rows of a select.
        place: of `place_of`.
        groups: dimensions of journeys.session_segments, of the session that a unit names.
        asked: conditions on the columns of metrics.dropped_units, and on `dropped_on`, the shop day.
        definition: what is counted.
    """
    kind, funnel, number, label = place
    joins, segments = joined_segments(groups, "dropped")
    limits = [f"dropped.place_type = {text_literal(kind)}", f"dropped.place_number = {number}"]
    limits += [f"dropped.funnel_id = {text_literal(funnel)}"] if funnel is not None else []
    days = (
        "select dropped.*, shop_day(dropped.dropped_at, shop.time_zone) as dropped_on "
        "from metrics.dropped_units as dropped cross join settings.shop as shop"
    )
    of_those = f"(\nselect * exclude (dropped_on) from (\n{written_out(days)}\n)\nwhere {' and '.join(asked)}\n)"
    preface = (
        f"with drops as (\nselect dropped.*, {group_key(segments)} as group_key\n"
        f"from {of_those if asked else 'metrics.dropped_units'} as dropped{joins}\nwhere {' and '.join(limits)}\n)\n\n"
    )
    names = group_columns(groups)
    order = ", ".join(["dropped_count desc", *map(quoted, groups), "outcome_number"])
    sql = f"{preface}select {names} from (\n{question('next_after')}\n)\norder by {order}"
    answer = ListedAnswer.of(ask(sql), sql, definition, partial(draw, label=label, groups=groups))
    answer.ask_units = cache(lambda: ask(f"{preface}select {names} from drops order by dropped_at, unit_id"))
    outcomes = ask("select outcome from metrics.drop_off_next group by outcome order by min(outcome_number)")
    answer.outcomes, answer.uncounted = (*outcomes["outcome"],), ()
    return answer


def draw(found: pd.DataFrame, label: str, groups: Sequence[str]) -> go.Figure:
    """A bar per outcome, as a share of all who dropped; groups beside each other."""
    numbers = Numbers("en", "EUR")
    figure = go.Figure(layout={"colorway": GROUPS, "template": "plotly_white"})
    for key, part in found.groupby([*groups], sort=False, dropna=False) if groups else [((), found)]:
        figure.add_bar(
            y=part["outcome"],
            x=part["dropped_share"],
            orientation="h",
            name=" · ".join(map(str, key)),
            text=[f"{numbers.count(int(count))}" for count in part["unit_count"]],
        )
    counts = found.groupby("outcome", sort=False)["unit_count"].sum()
    dropped = int(counts.sum())
    title = f"Nobody dropped at {label}"
    if dropped:
        most, of = numbers.count(int(counts.max())), numbers.count(dropped)
        title = f"Dropped at {label}: {counts.idxmax()} most often, {most} of {of}"
    figure.update_layout(
        title=title,
        yaxis={"autorange": "reversed"},
        xaxis={"title": "share of those who dropped", "tickformat": ".0%"},
        showlegend=bool(groups),
    )
    return figure

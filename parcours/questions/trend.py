"""A figure over days, weeks or months, by segment too: a row per period and group, and the attempts behind it.

What is counted is in `metrics.kpi_attempts`, how in `sql/questions/trend.sql`. Not here: days and weeks of the whole
shop, which are tables (`metrics.kpi_daily`, `metrics.kpi_weekly`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from parcours.questions.charts import lines, lines_of
from parcours.questions.funnel_answer import question
from parcours.questions.groups import Groups, limits_of
from parcours.questions.listed_answer import ListedAnswer
from parcours.warehouse.connection import quoted, text_literal

OUTCOMES = ("converted", "dropped", "open", "uncovered")


def answer_trend(
    ask: Callable[[str], pd.DataFrame],
    kpi: str,
    label: str,
    groups: Groups,
    since: Any,
    until: Any,
    where: str | None,
    definition: str,
) -> ListedAnswer:
    """A figure over time by groups, one of which is a time.

    Args:
        ask: the rows of a select.
        kpi: of settings.kpis.
        label: what it is called.
        groups: what to split by.
        since: the first shop day that counts.
        until: the last one.
        where: a condition in SQL over the columns of metrics.kpi_attempts.
        definition: what is counted.
    """
    limits = " and ".join([f"kpi = {text_literal(kpi)}", *limits_of("happened_on", since, until, where)])
    period = f"date_trunc({text_literal(groups.times[-1])}, happened_on)"
    # As metrics.kpi_weekly: only a funnel's unit can stand in a week more than once.
    attempts = (
        f"with attempts as (\nselect attempts.*, {groups.key} as group_key\nfrom (\n"
        f"select * from metrics.kpi_attempts where {limits}\nqualify row_number() over (partition by unit_id, {period} "
        "order by denominator desc, numerator desc, case when outcome = 'uncovered' then 1 else 0 end, "
        "happened_at desc, attempt_id) = 1 "
        f"or not exists (select 1 from settings.kpis where kpi = {text_literal(kpi)} and funnel_id is not null)\n"
        f") as attempts{groups.joins}\n)\n\n"
    )
    order = ", ".join([*map(quoted, groups.times), *map(quoted, groups.segments)])
    sql = f"{attempts}select {groups.columns} from (\n{question('trend')}\n)\norder by {order}"
    found = ask(sql)
    answer = ListedAnswer.of(found, sql, definition, partial(draw, label=label, groups=groups))
    answer.ask_units = cache(
        lambda: ask(
            f"{attempts}select {groups.columns} from (select group_key, attempt_id as unit_id, person_id, happened_on, "
            "outcome from attempts order by happened_at, attempt_id)"
        )
    )
    answer.outcomes, answer.uncounted = OUTCOMES, ("open", "uncovered")
    return answer


def draw(found: pd.DataFrame, label: str, groups: Groups) -> go.Figure:
    """A line, or one per group."""
    at = groups.times[-1]
    if not groups.segments:
        return lines(found, at=at, value="value", name=label)
    names = [" · ".join(map(str, row)) for row in found[groups.segments].itertuples(index=False)]
    named = found.assign(group=names).rename(columns={"value": label})
    return lines_of(named, at, label, "group", "denominator")

"""The answer about carts by whatever an analyst asks for: a row per way to count and group, and the carts behind it.

What is counted is in `metrics.cart_attempts`, how in `sql/questions/carts.sql`. Not here: the figures of the whole shop
and the usual splits, which are tables (`metrics.cart_abandonment`, `metrics.cart_abandonment_splits`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, ClassVar

import pandas as pd
import plotly.graph_objects as go

from parcours.questions.answer import Answer
from parcours.questions.charts import bars, lines
from parcours.questions.funnel_answer import question
from parcours.questions.groups import TIMES, group_columns, group_key, joined_segments, limits_of, of_group
from parcours.questions.steps import refuse_unknown
from parcours.warehouse.connection import quoted

COLUMNS = {
    "day": "attempts.happened_on",
    "week": "cast(date_trunc('week', attempts.happened_on) as date)",
    "month": "cast(date_trunc('month', attempts.happened_on) as date)",
    "level": "attempts.level",
    "device": "attempts.device",
    "channel": "attempts.channel",
    "country": "attempts.country",
    "persona": "attempts.persona",
    "new or returning": "attempts.new_or_returning",
    "campaign": "attempts.campaign",
    "payment method": "attempts.payment_method",
    "shipping": "attempts.shipping_band",
}
"""What carts are split by, as metrics.cart_abandonment_splits names it, and weeks and months."""
TOP = 25
"""Bars of a chart."""


class CartsAnswer(Answer):
    """A row per way to count, within each group; `attempts(…)` are behind its counts."""

    _metadata: ClassVar[list[str]] = [*Answer._metadata, "ask_attempts"]
    ask_attempts: Callable[[], pd.DataFrame]

    def attempts(self, **cell: Any) -> pd.DataFrame:
        """What a count counts: carts, orders or sessions, a row each, with the person.

        Args:
            cell: values of columns, as `way="cart abandonment", outcome="abandoned", device="mobile"`; those that are
                not named may be anything. A column with a space in its name: `**{"payment method": "card"}`.

        Raises:
            QuestionError: there is no such column; all are named.
        """
        found: pd.DataFrame = of_group(self.ask_attempts(), cell)
        return found


def answer_carts(
    ask: Callable[[str], pd.DataFrame],
    known: Sequence[str],
    by: str | Sequence[str],
    since: Any,
    until: Any,
    where: str | None,
    definition: str,
) -> CartsAnswer:
    """Carts by groups.

    Args:
        ask: the rows of a select.
        known: the dimensions of sessions (journeys.session_segments), attributes of journey.yaml among them.
        by: what to split by.
        since: the first shop day that counts: of a cart's opening, of an order, of a session.
        until: the last one.
        where: a condition in SQL over the columns of metrics.cart_attempts.
        definition: what is counted.

    Raises:
        QuestionError: there is no such group; those that there are are named.
    """
    groups = [by] if isinstance(by, str) else [*by]
    others = [name for name in known if name not in COLUMNS]
    for group in groups:
        refuse_unknown("split", group, [*COLUMNS, *others])
    limits = limits_of("happened_on", since, until, where)
    joins, segments = joined_segments([group for group in groups if group not in COLUMNS], "attempts")
    key = group_key({group: (COLUMNS | segments)[group] for group in groups})
    limited = f"\n    where {' and '.join(limits)}" if limits else ""
    preface = (
        f"with attempts as (\n    select attempts.*, {key} as group_key\n    from (\n"
        f"    select * from metrics.cart_attempts{limited}\n    ) as attempts{joins}\n)\n"
    )
    times = [quoted(one) for one in groups if one in TIMES]
    order = ", ".join([*times, "position", "attempt_count desc", *map(quoted, groups)])
    sql = f"{preface}select {group_columns(groups)} from (\n{question('carts')}\n)\norder by {order}"
    answer = CartsAnswer.of(ask(sql), sql, definition, lambda counted: draw(counted, groups))
    # Those that are columns of the table by their own name are there already.
    more = "".join(
        f"group_key.{quoted(one)} as {quoted(one)}, " for one in groups if COLUMNS.get(one) != f"attempts.{one}"
    )
    answer.ask_attempts = cache(
        lambda: ask(
            f"{preface}select {more}* exclude (group_key) from attempts "
            "order by position, happened_on, kind, attempt_id"
        )
    )
    return answer


def draw(found: pd.DataFrame, groups: Sequence[str]) -> go.Figure:
    """The headline's rate: a line over days, weeks or months, else a bar per group; without groups a bar per way."""
    if not groups:
        return bars(found, label="way", value="value", low="low", high="high")
    headline = found[found["way"] == "cart abandonment"].rename(columns={"value": "abandonment_rate"})
    if len(groups) == 1 and groups[0] in TIMES:
        return lines(headline, at=groups[0], value="abandonment_rate", name="Cart abandonment")
    labels = [" · ".join(map(str, row)) for row in headline[groups].itertuples(index=False)]
    return top_bars(headline.assign(group=labels), "group", "abandonment_rate", "low", "high")


def top_bars(found: pd.DataFrame, label: str, value: str, low: str | None = None, high: str | None = None) -> go.Figure:
    """A bar for each of the first rows, those of small cells only if there is no other."""
    shown = found[~found["is_small"].astype(bool)] if "is_small" in found else found
    return bars((shown if len(shown) else found).head(TOP), label=label, value=value, low=low, high=high)

"""What an answer is split by: segments of the session that an attempt began in, and days, weeks or months.

Not here: which sessions have which values (`sql/journeys/session_segments.sql`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from parcours.questions.steps import refuse_unknown
from parcours.warehouse.connection import quoted, text_literal

CAMPAIGN = "campaign"
CHOSEN_ON_THE_WAY = "payment method"
"""Who has one got far: it would tell the outcome beforehand, so it splits no funnel."""
TIMES = ("day", "week", "month")
NOT_KNOWN = "not known"


@dataclass(frozen=True)
class Groups:
    """What is asked for, as SQL over `attempts`, which has `session_id` and the shop day of its entry."""

    names: list[str]
    joins: str
    key: str

    @property
    def columns(self) -> str:
        """Each group as a column, then the other columns of what has them as `group_key`."""
        return group_columns(self.names)

    @property
    def times(self) -> list[str]:
        """Those that are days, weeks or months."""
        return [one for one in self.names if one in TIMES]

    @property
    def segments(self) -> list[str]:
        """Those that are not."""
        return [one for one in self.names if one not in TIMES]


def groups_of(
    by: str | Sequence[str],
    known: Sequence[str],
    day: str | None = "entered_on",
    alias: str = "attempts",
) -> Groups:
    """What an answer is split by.

    Args:
        by: names of segments, and of times.
        known: the dimensions of which sessions have values.
        day: the column of the shop day; none: times are no groups here.
        alias: what the SQL calls the attempts.

    Raises:
        QuestionError: there is no such group; those that there are are named.
    """
    names = [by] if isinstance(by, str) else [*by]
    there = [*(TIMES if day else ()), *sorted({*known, CAMPAIGN} - {CHOSEN_ON_THE_WAY})]
    for name in names:
        refuse_unknown("segment", name, there)
    of_sessions = CAMPAIGN in names and CAMPAIGN not in known
    elsewhere = {*TIMES, *([CAMPAIGN] if of_sessions else [])}
    joins, segments = joined_segments([name for name in names if name not in elsewhere], alias)
    if of_sessions:
        joins += f"\nleft join journeys.sessions as entries on {alias}.session_id = entries.session_id"
        segments[CAMPAIGN] = "entries.campaign"
    values = {
        name: f"coalesce({segments[name]}, {text_literal(NOT_KNOWN)})"
        if name in segments
        else f"cast(date_trunc({text_literal(name)}, {alias}.{day}) as date)"
        for name in names
    }
    return Groups(names, joins, group_key(values))


def joined_segments(names: Sequence[str], alias: str) -> tuple[str, dict[str, str]]:
    """The joins that bring the segments of a session, and what each of them is then, as SQL; null: none is known.

    Args:
        names: dimensions of journeys.session_segments.
        alias: what the SQL calls the rows that have `session_id`.
    """
    joins = "".join(
        f"\nleft join journeys.session_segments as segment_{place} on {alias}.session_id = segment_{place}.session_id "
        f"and segment_{place}.dimension = {text_literal(name)}"
        for place, name in enumerate(names)
    )
    return joins, {name: f"segment_{place}.value" for place, name in enumerate(names)}


def group_key(values: Mapping[str, str]) -> str:
    """The one column that holds all that is grouped by, of the SQL of each."""
    return f"{{{', '.join(f'{text_literal(name)}: {value}' for name, value in values.items())}}}" if values else "true"


def group_columns(names: Sequence[str]) -> str:
    """Each group as a column, then the other columns of what has them as `group_key`."""
    return ", ".join([*(f"group_key.{quoted(one)} as {quoted(one)}" for one in names), "* exclude (group_key)"])


def limits_of(day: str, since: Any, until: Any, where: str | None = None) -> list[str]:
    """Conditions on a shop day, and one that was said in SQL."""
    limits = [f"({where}\n)"] if where else []  # the condition may end with a comment
    limits += [f"{day} >= cast({text_literal(str(since))} as date)"] if since is not None else []
    limits += [f"{day} <= cast({text_literal(str(until))} as date)"] if until is not None else []
    return limits


def of_group(known: Any, cell: Mapping[str, Any]) -> Any:
    """The rows of a DataFrame that have these values.

    Raises:
        QuestionError: there is no such column; all are named.
    """
    for column, value in cell.items():
        refuse_unknown("column", column, known)
        known = known[known[column].isna() if pd.isna(value) else known[column] == value]
    return known

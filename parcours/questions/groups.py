"""What an answer is split by: segments of the session that an attempt began in, and days, weeks or months.

Not here: which sessions have which values (`sql/journeys/session_segments.sql`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from parcours.questions.steps import QuestionError
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
        parts = [*(f"group_key.{quoted(one)} as {quoted(one)}" for one in self.names), "* exclude (group_key)"]
        return ", ".join(parts)

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
        if name not in there:
            raise QuestionError(f"No segment {name!r}. There are: {', '.join(there)}.")
    joins, values = "", []
    for place, name in enumerate(names):
        if name in TIMES:
            value = f"cast(date_trunc({text_literal(name)}, {alias}.{day}) as date)"
        elif name == CAMPAIGN and CAMPAIGN not in known:
            joins += (
                f"\nleft join journeys.sessions as segment_{place} on {alias}.session_id = segment_{place}.session_id"
            )
            value = f"coalesce(segment_{place}.campaign, {text_literal(NOT_KNOWN)})"
        else:
            joins += (
                f"\nleft join journeys.session_segments as segment_{place} on {alias}.session_id = "
                f"segment_{place}.session_id and segment_{place}.dimension = {text_literal(name)}"
            )
            value = f"coalesce(segment_{place}.value, {text_literal(NOT_KNOWN)})"
        values.append(f"{text_literal(name)}: {value}")
    return Groups(names, joins, f"{{{', '.join(values)}}}" if names else "true")


def limits_of(day: str, since: Any, until: Any, where: str | None = None) -> list[str]:
    """Conditions on a shop day, and one that was said in SQL."""
    limits = [f"({where})"] if where else []
    limits += [f"{day} >= cast({text_literal(str(since))} as date)"] if since is not None else []
    limits += [f"{day} <= cast({text_literal(str(until))} as date)"] if until is not None else []
    return limits


def of_group(known: Any, cell: dict[str, Any]) -> Any:
    """The rows of a DataFrame that have these values.

    Raises:
        QuestionError: there is no such column; all are named.
    """
    for column, value in cell.items():
        if column not in known:
            raise QuestionError(f"No column {column!r}. There are: {', '.join(map(str, known))}.")
        known = known[known[column].isna() if value is None or value != value else known[column] == value]
    return known

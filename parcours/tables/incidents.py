"""Incidents that nobody logged, and what each night tells of them: the rows of two tables.

Here: the days of each step and segment given to the finder, and what it found as rows. How incidents are found is in
`parcours/inference`; what they cost and what else was seen is `sql/metrics/incidents.sql`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import duckdb

from parcours.tables.python_rows import write_rows

if TYPE_CHECKING:
    from parcours.inference.daily_cells import Cell, DailyCells

FOUND_INCIDENTS = "metrics.found_incidents"
INCIDENT_NOTICES = "metrics.incident_notices"


def write_found_incidents(connection: duckdb.DuckDBPyConnection) -> None:
    """Replace metrics.found_incidents: one row per incident of all days."""
    shop = _days(connection)
    write_rows(connection, FOUND_INCIDENTS, [] if shop is None else _found(connection, shop))


def write_incident_notices(connection: duckdb.DuckDBPyConnection) -> None:
    """Replace metrics.incident_notices: one row per thing that a night told of an alarm."""
    shop = _days(connection)
    write_rows(connection, INCIDENT_NOTICES, [] if shop is None else _told(shop))


def _days(connection: duckdb.DuckDBPyConnection) -> DailyCells | None:
    """Every step and segment by day; None where nothing was measured."""
    rows = connection.execute(
        "select step, dimension, value, happened_on, entered_count, went_on_count, true from metrics.step_days"
    ).fetchall()
    if not rows:
        return None
    from parcours.inference.daily_cells import daily_cells

    return daily_cells(rows)


def _found(connection: duckdb.DuckDBPyConnection, shop: DailyCells) -> list[Sequence[Any]]:
    from parcours.inference.incidents import find_incidents

    labels = dict(
        connection.execute("select step, step_label from metrics.watched_steps order by step_position, step").fetchall()
    )
    return [
        (
            _named(found.first_day, found.cell),
            *_place(found.cell),
            found.first_day,
            found.last_day,
            found.is_open,
            found.score,
            found.threshold,
            int(found.entered),
            int(found.seen),
            found.expected,
            found.relative_size,
            found.low,
            found.high,
            _other_steps(found.cell, found.seen_in, labels),
        )
        for found in find_incidents(shop)
    ]


def _told(shop: DailyCells) -> list[Sequence[Any]]:
    from parcours.inference.alarms import nightly_notices

    notices = nightly_notices(shop)
    over = {(notice.opened_on, notice.opened_with) for notice in notices if notice.word == "over"}
    return [
        (
            notice.night,
            notice.word,
            *_place(notice.cell),
            notice.opened_on,
            _named(notice.opened_on, notice.opened_with),
            (notice.opened_on, notice.opened_with) not in over,
            notice.first_day,
            notice.last_day,
            notice.score,
            int(notice.entered),
            int(notice.seen),
            notice.expected,
            notice.relative_size,
        )
        for notice in notices
    ]


def _named(day: date, cell: Cell) -> str:
    return " ".join([day.isoformat(), *_place(cell)])


def _place(cell: Cell) -> tuple[str, str, str]:
    return cell.step, cell.dimension, cell.value


def _other_steps(cell: Cell, seen_in: Iterable[Cell], labels: dict[str, str]) -> str | None:
    others = {other.step for other in seen_in} - {cell.step}
    return ", ".join(label for step, label in labels.items() if step in others) or None

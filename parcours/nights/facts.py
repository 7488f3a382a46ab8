"""What a run left in the warehouse and in the published file, for its record.

Not here: the record itself (`record.py`, `close.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from parcours.loading.readers.masking import masked
from parcours.nights.record import FileRows, IncidentNotice, Kpi, Restated, RunRecord, Warned
from parcours.project import Project
from parcours.report.figures import AnyRow, Row, rows
from parcours.report.incident_words import place
from parcours.troubles import Trouble, failed_checks
from parcours.words import speaking

QUERIES = Path(__file__).parent / "queries"
HEADLINES = Path(__file__).parent.parent / "report" / "journey" / "queries" / "kpis.sql"
"""The very figures of the report's cards."""


@dataclass(frozen=True)
class Facts:
    """What the warehouse says after a run: new files, changed tables, checks."""

    files: tuple[FileRows, ...]
    load_number: int
    tables_refreshed: tuple[str, ...]
    refresh_number: int
    warns: tuple[Warned, ...]
    failed: tuple[Trouble, ...]


@dataclass(frozen=True)
class Published:
    """What the published file says: the headline figures, alarms of the last nights, what is newly said of changes, and
    how far the data reach."""

    kpis: tuple[Kpi, ...]
    incidents: tuple[IncidentNotice, ...]
    verdicts: tuple[str, ...]
    data_until: datetime | None
    restated: tuple[Restated, ...]


def facts_of(project: Project, last: RunRecord | None, connection: duckdb.DuckDBPyConnection | None) -> Facts | None:
    """What the warehouse says; None where it can't be read: there is none yet, or another process has it.

    Args:
        project: the shop.
        last: the record before; what came after it is new.
        connection: the run's own, where it is still open.
    """
    try:
        with _reading(project.warehouse, connection) as warehouse:
            return _facts(warehouse, last)
    except (duckdb.Error, OSError):
        return None


def published_of(project: Project, last: RunRecord | None) -> Published | None:
    """What the published file says; None where there is none, or where it can't be read."""
    before = {kpi.kpi: kpi.value for kpi in last.kpis} if last else {}
    try:
        with _reading(project.published, None) as published:
            found = rows(published, HEADLINES, Row)
            reaches = rows(published, QUERIES / "data_until.sql", Row)
            said = _lately(published, "verdicts", Row)
            restated = _lately(published, "restated", Restated)
            told = _lately(published, "incident_notices", Row)
    except (duckdb.Error, OSError):
        return None
    with speaking(project.settings.shop.language):
        notices = tuple(map(_notice, told))
    zone = ZoneInfo(project.settings.shop.time_zone)
    known_on = last.data_until.astimezone(zone).date() if last and last.data_until else None
    return Published(
        tuple(Kpi(k.kpi, k.label, k.value, before.get(k.kpi), k.numerator, k.denominator) for k in found),
        notices,
        tuple(row.sentence for row in said if known_on and row.read_on > known_on),
        _utc(reaches[0].data_until) if reaches else None,
        tuple(restated),
    )


def _lately(published: duckdb.DuckDBPyConnection, query: str, row_type: Callable[..., AnyRow]) -> Sequence[AnyRow]:
    """The rows of a query; none of a file that a version published which lacks what it reads."""
    try:
        return rows(published, QUERIES / f"{query}.sql", row_type)
    except (duckdb.CatalogException, duckdb.BinderException):
        return ()


def _notice(row: Row) -> IncidentNotice:
    own = ("step_label", "dimension", "value")
    return IncidentNotice(**{name: value for name, value in vars(row).items() if name not in own}, place=place(row))


def without_personal_data(trouble: Trouble) -> Trouble:
    """A trouble whose texts, which may quote a file, hide e-mails, phones and fields that name a person."""
    shown = ", ".join(masked(f"${name}") for name in ("title", "cause", "to_do"))
    texts = {"title": trouble.title, "cause": trouble.cause, "to_do": trouble.to_do}
    with duckdb.connect() as connection:
        title, cause, to_do = connection.execute(f"select {shown}", texts).fetchall()[0]
    return replace(trouble, title=title, cause=cause, to_do=to_do)


@contextmanager
def _reading(file: Path, connection: duckdb.DuckDBPyConnection | None) -> Iterator[duckdb.DuckDBPyConnection]:
    if connection is not None:
        yield connection
        return
    with duckdb.connect(str(file), read_only=True) as opened:
        yield opened


def _facts(warehouse: duckdb.DuckDBPyConnection, last: RunRecord | None) -> Facts:
    loads = rows(warehouse, QUERIES / "files.sql", Row)
    tables = rows(warehouse, QUERIES / "tables.sql", Row)
    # A refused file is tried again by each run, under the number of that run.
    load_number = max((load.load_number for load in loads if load.status != "refused"), default=0)
    refresh_number = max((table.refresh_number for table in tables), default=0)
    # Smaller numbers than the last record's: the warehouse was begun anew, so all of it is new.
    since_load = last.load_number if last and last.load_number <= load_number else 0
    since_refresh = last.refresh_number if last and last.refresh_number <= refresh_number else 0
    new = [vars(load) for load in loads if load.load_number > since_load]
    return Facts(
        tuple(FileRows(**{name: value for name, value in load.items() if name != "load_number"}) for load in new),
        load_number,
        tuple(table.table_name for table in tables if table.changed_at > since_refresh),
        refresh_number,
        tuple(rows(warehouse, QUERIES / "warns.sql", Warned)),
        tuple(failed_checks(warehouse)),
    )


def _utc(instant: datetime | None) -> datetime | None:
    return instant.replace(tzinfo=UTC) if instant else None

"""Shops that read one format, for the tests of formats: their files, and what became of the rows."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from shops import query

from parcours.project import Project, load_project
from parcours.tables.catalogue import build_all
from parcours.warehouse.connection import open_warehouse

NO_ORDER = "has no known order of day and month (say `dates` of its export in journey.yaml)"
"""Why a date as 1/7/2026 is refused."""

FIXTURES = Path(__file__).parent / "fixtures"
PAGE_AND_PURCHASE = (
    {"touchpoint": "page", "event": "page", "stage": "discovery", "action": "view"},
    {"touchpoint": "purchase", "event": "purchase", "stage": "purchase", "action": "purchase"},
)


def shop_reading(
    folder: Path,
    format_name: str,
    *,
    path: str = "*",
    columns: Mapping[str, str] | None = None,
    touchpoints: Iterable[Mapping[str, Any]] = PAGE_AND_PURCHASE,
    refuse_above: float = 0.5,
) -> Project:
    """A shop in Paris whose only export has this format, with no file yet; its stages are those of the touchpoints."""
    (folder / "exports").mkdir(parents=True)
    (folder / ".parcours-key").write_text("1" * 64, encoding="utf-8")
    rules = [dict(rule) for rule in touchpoints]
    file = {"name": "ours", "path": path, "format": format_name, "columns": dict(columns or {})}
    journey = {
        "shop": {"name": "Tea", "time_zone": "Europe/Paris", "currency": "EUR", "language": "en"},
        "exports": {"folder": "exports", "refuse_above": refuse_above, "files": [file]},
        "stages": [{"id": stage, "label": stage.title()} for stage in dict.fromkeys(rule["stage"] for rule in rules)],
        "touchpoints": rules,
        "funnels": [{"id": "f", "name": "F", "steps": [{"touchpoint": rule["touchpoint"]} for rule in rules[:2]]}],
    }
    (folder / "journey.yaml").write_text(yaml.safe_dump(journey), encoding="utf-8")
    return load_project(folder / "journey.yaml", folder / "exports", folder)


def shop_with(folder: Path, fixture: str, **options: Any) -> Project:
    """A shop with a fixture, `<format>.<ending>`, not loaded yet."""
    project = shop_reading(folder, fixture.split(".")[0], **options)
    shutil.copy(FIXTURES / fixture, project.exports_folder)
    return project


def build(project: Project, *tables: str) -> None:
    """Build some tables, and what they read."""
    with open_warehouse(project) as connection:
        build_all(connection, project, tables)


def built(project: Project, sql: str, tables: Iterable[str] = ()) -> list[tuple[Any, ...]]:
    """The rows of a query, after building the tables that it reads."""
    if tables:
        build(project, *tables)
    return query(project, sql)


def reasons(project: Project) -> list[tuple[int, str]]:
    """The rejected rows' lines with their reasons."""
    return [tuple(row) for row in query(project, "select line, reason from raw.rejected_rows order by line")]


def hashed(project: Project, email: str) -> str:
    """What stands for an e-mail in this shop's warehouse."""
    return str(query(project, f"select pseudonym('{email}')")[0][0])


def event_columns(
    project: Project, where: str = "true", *, without: Iterable[str] = (), instants: str = "%d %H:%M:%S.%f"
) -> list[dict[str, Any]]:
    """Raw events by line, each with the columns that are not null; amounts as floats, instants as written here."""
    with open_warehouse(project) as connection:
        found = connection.execute(
            "select line, * exclude (file_id, line, export, row_hash, covers_until, file_order, occurred_at, version), "
            f"strftime(occurred_at, '{instants}') as occurred_at from raw.events where {where} order by line"
        )
        names = [column[0] for column in found.description]
        values = found.fetchall()
    return [
        {
            name: float(value) if name in ("price", "value", "shipping") else value
            for name, value in zip(names, row, strict=True)
            if value is not None and name not in without
        }
        for row in values
    ]

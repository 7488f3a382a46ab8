"""The sample as if its shop had spoken another language from the beginning: what its tables hold as sentences is said
anew."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from parcours.project import ROOT, load_project
from parcours.settings.kpis import kpi_rows
from parcours.tables.judged_changes import judged_changes


def in_language(published: Path, copy: Path, language: str) -> Path:
    """A copy of a published file of the sample, in a language."""
    shutil.copyfile(published, copy)
    settings = load_project(ROOT / "journey.yaml").settings
    spoken = settings.model_copy(update={"shop": settings.shop.model_copy(update={"language": language})})
    with duckdb.connect(str(copy)) as connection:
        connection.execute("update settings.shop set language = ?", [language])
        connection.execute("delete from settings.kpis")
        _insert(connection, "settings.kpis", kpi_rows(spoken))
        connection.execute("delete from metrics.change_impact")
        _insert(connection, "metrics.change_impact", list(judged_changes(connection)))
    return copy


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: list[tuple[object, ...]]) -> None:
    connection.executemany(f"insert into {table} values ({', '.join('?' for _ in rows[0])})", rows)

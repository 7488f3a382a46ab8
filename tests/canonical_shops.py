"""Shops whose exports are JSON lines in the canonical shapes, loaded by the real loader: for tests that need loads.

Here: files of canonical rows, a project that reads them, loading some of them, and what the tables then hold. Not here:
rows at random (`random_shops.py`), nor warehouses that need no loads (`given.py`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from given import EXAMPLES, not_worth_it, settings

from parcours.loading.load import load_exports
from parcours.loading.settings_tables import write_settings
from parcours.project import Project
from parcours.settings.schema import JourneySettings
from parcours.warehouse.canonical import KINDS
from parcours.warehouse.connection import prepare, quoted

KEY = "0" * 64
COMPUTED = ("staging", "journeys", "metrics")
KIND_OF = {"days": "events", **{name: name for name in KINDS}}
"""Exports and what they load; `days` are events whose days are restated as a whole."""

BY_LOAD = {"metrics.schema_drift": ("first_load", "last_load", "verdict")}
"""Columns that say in which load a name was seen first and last: by definition they depend on the order of loading."""

NOT_BY_LOAD = {"metrics.quality_marks": "mark <> 'names as before'"}
"""The rows that do not count such names."""


BY_REPORT = ("metrics.restatements", "metrics.report_before")
"""Tables that tell of the report before: by definition they depend on which one that was."""


@dataclass(frozen=True)
class File:
    """One file of an export: its name sorts by number, its rows are canonical."""

    export: str
    number: int
    rows: tuple[Mapping[str, Any], ...]

    def write(self, folder: Path) -> None:
        """Put it into the exports folder."""
        path = folder / self.export / f"{self.number:03d}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row, default=str) + "\n" for row in self.rows), encoding="utf-8")


def canonical_project(folder: Path, shop: JourneySettings | None = None) -> Project:
    """A shop in a folder of its own that reads canonical JSON lines, with no file yet."""
    sources = folder / "sources"
    sources.mkdir(parents=True, exist_ok=True)
    for kind in KINDS.values():
        shape = json.dumps(
            {c.name: [{field.name: "VARCHAR" for field in c.fields}] if c.fields else "VARCHAR" for c in kind.columns}
        )
        columns = "".join(f",\n    {_read(column.name)} as {column.name}" for column in kind.columns)
        header = f"-- loads: {kind.name}\n-- reads: jsonl\n-- needs: {kind.columns[0].name}\n-- shape: {shape}\n"
        (sources / f"canonical_{kind.name}.sql").write_text(f"{header}select\n    line{columns}\nfrom file_rows\n")
    (folder / "exports").mkdir(exist_ok=True)
    (folder / ".parcours-key").write_text(KEY, encoding="utf-8")
    return Project(folder / "journey.yaml", reading_canonical(shop or settings()), folder / "exports", folder)


def _read(name: str) -> str:
    """SQL of a column; a test writes h1 for the hash of an e-mail."""
    short = "regexp_full_match(r.email_hash, '[a-z]+[0-9]*') and somebody(r.email_hash) is not null"
    return f"case when {short} then sha256(r.email_hash) else r.email_hash end" if name == "email_hash" else f"r.{name}"


def reading_canonical(shop: JourneySettings) -> JourneySettings:
    """These settings, with the exports of a canonical shop."""
    files = [
        {"name": name, "path": f"{name}/*.jsonl", "format": f"canonical_{kind}", "namespace": "shop"}
        for name, kind in KIND_OF.items()
    ]
    return JourneySettings.model_validate(
        shop.model_dump(by_alias=True) | {"exports": {"folder": "exports", "files": files}}
    )


def open_canonical(project: Project, database: str = ":memory:") -> duckdb.DuckDBPyConnection:
    """A warehouse of one thread, with its settings."""
    connection = duckdb.connect(database, config={"threads": 1})
    if EXAMPLES == "few":
        connection.execute(f"set disabled_optimizers = '{not_worth_it()}'")
    prepare(connection, KEY)
    write_settings(connection, project.settings)
    return connection


def load_files(
    connection: duckdb.DuckDBPyConnection, project: Project, files: Iterable[File], *, may_reject: bool = False
) -> None:
    """One load: these files come into the exports folder, and what is new there is loaded."""
    for file in files:
        file.write(project.exports_folder)
    for found in load_exports(connection, project):
        assert found.status == "loaded" and (may_reject or not found.rows_rejected), found


def contents(
    connection: duckdb.DuckDBPyConnection, schemas: Collection[str] = COMPUTED
) -> dict[str, tuple[list[str], list[str]]]:
    """Of every computed table its columns, and its rows as sorted texts: doubles to the last bit, nan like itself."""
    found = {}
    for schema, name in connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = current_database() order by all"
    ).fetchall():
        if schema not in schemas or f"{schema}.{name}" in BY_REPORT:
            continue
        left_out = BY_LOAD.get(f"{schema}.{name}", ())
        columns = [
            column
            for column, *_ in connection.execute(f"describe {schema}.{quoted(name)}").fetchall()
            if column not in left_out
        ]
        select = ", ".join(quoted(column) for column in columns)
        kept = NOT_BY_LOAD.get(f"{schema}.{name}", "true")
        rows = connection.execute(f"select {select} from {schema}.{quoted(name)} where {kept}").fetchall()
        found[f"{schema}.{name}"] = (columns, sorted(map(repr, rows)))
    return found


def difference(found: Mapping[str, Any], wanted: Mapping[str, Any], tables: Collection[str] = ()) -> str:
    """The first table that differs, upstreams first where `tables` says their order, and its first rows; else empty."""
    if set(found) != set(wanted):
        return f"tables: {sorted(set(found) ^ set(wanted))}"
    for table in sorted(wanted, key=lambda name: (list(tables).index(name) if name in tables else -1, name)):
        if found[table] == wanted[table]:
            continue
        (columns, found_rows), (wanted_columns, wanted_rows) = found[table], wanted[table]
        if columns != wanted_columns:
            return f"{table}: columns {columns}, expected {wanted_columns}"
        surplus, missing = _without(found_rows, wanted_rows), _without(wanted_rows, found_rows)
        lines = [*(f"  found    {row}" for row in surplus[:3]), *(f"  expected {row}" for row in missing[:3])]
        return "\n".join([f"{table} {columns}: {len(surplus)} rows surplus, {len(missing)} missing", *lines])
    return ""


def _without(rows: list[str], others: list[str]) -> list[str]:
    """The rows that the others lack, each as often as it is surplus."""
    left = list(others)
    surplus = []
    for row in rows:
        if row in left:
            left.remove(row)
        else:
            surplus.append(row)
    return surplus

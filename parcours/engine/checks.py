"""Checks of whole tables in SQL: each is a select that returns the offending rows.

Here: reading `sql/checks/*.sql`, the check that a model's key is unique, and running them. Not here: checks of
values column by column (`parcours/tables/expectations.py`), nor Dagster (`assets/factory.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb

from parcours.engine.model import Declared, ModelError, parse_select

Severity = Literal["error", "warn"]
SHOWN_ROWS = 5


@dataclass(frozen=True)
class Check:
    """A rule about a table. An error stops what is downstream; a warning is shown."""

    name: str
    table: str
    severity: Severity
    description: str
    sql: str


@dataclass(frozen=True)
class Finding:
    """What a check found: how many rows offend, and the first of them as a Markdown table."""

    check: Check
    offending_count: int
    sample: str


def read_checks(folder: Path) -> list[Check]:
    """All checks of a folder.

    Raises:
        ModelError: a file lacks its header, or holds no select.
    """
    return [_read_check(path) for path in sorted(folder.glob("*.sql"))]


def key_check(declared: Declared) -> Check:
    """The check that no two rows of a table have the same key; of a keyed table, among the rows just refreshed."""
    key = ", ".join(declared.key)
    only = ""
    if declared.keyed_by:
        # Made whole: all rows. Else those of the last refresh: checking all would cost more than it did.
        only = (
            f" where (select built_at = reset_at from refresh_log.tables where table_name = '{declared.table}') "
            f"or {declared.keyed_by} in (select touched.key from refresh_log.touched as touched "
            "inner join refresh_log.tables as tables "
            "on touched.table_name = tables.table_name and touched.number = tables.changed_at "
            f"where tables.table_name = '{declared.table}')"
        )
    return Check(
        "key_is_unique",
        declared.table,
        "error",
        f"No two rows have the same {key}.",
        f"select {key}, count(*) as row_count from {declared.table}{only} group by {key} having count(*) > 1",
    )


def run_check(connection: duckdb.DuckDBPyConnection, check: Check) -> Finding:
    """Run a check's select."""
    rows = connection.execute(f"select *, count(*) over () as n from ({check.sql}) limit {SHOWN_ROWS}")
    names = [column[0] for column in rows.description or []][:-1]
    found = rows.fetchall()
    sample = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    sample += [f"| {' | '.join(_cell(value) for value in row[:-1])} |" for row in found]
    return Finding(check, found[0][-1] if found else 0, "\n".join(sample) if found else "")


def _read_check(path: Path) -> Check:
    text = path.read_text(encoding="utf-8")
    header = dict(re.findall(r"^-- (checks|severity): (.+)$", text, re.MULTILINE))
    severity = header.get("severity")
    if "checks" not in header or severity not in ("error", "warn"):
        raise ModelError(f"{path}: expected lines '-- checks: <schema>.<table>' and '-- severity: error | warn'.")
    parse_select(text, str(path))
    comment = [line.removeprefix("-- ") for line in text.splitlines() if line.startswith("-- ")]
    description = " ".join(line for line in comment if not line.startswith(("checks:", "severity:")))
    sql = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    return Check(path.stem, header["checks"], "error" if severity == "error" else "warn", description, sql)


def _cell(value: object) -> str:
    """A value from an export as text in a Markdown table: never markup."""
    text = re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", str(value))
    return text.replace("\n", " ")[:120]

"""Checks of tables: what should hold, what was found, what to do about it.

Here: a check, reading those of `sql/checks/*.sql` (each a select of the offending rows), the check that a model's key
is unique, running one and recording its result. Not here: checks of values column by column
(`parcours/tables/expectations.py`), the table of results (`parcours/warehouse/check_results.py`), nor Dagster
(`assets/factory.py`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Literal

import duckdb

from parcours.engine.model import Declared, ModelError, code_version, parse_select, tables_read
from parcours.warehouse.check_results import Row, make_check_results, note_results
from parcours.warehouse.connection import transaction
from parcours.warehouse.coverage import Pass, forget_passes, last_number, note_passes, rows_to_check
from parcours.warehouse.refresh_log import table_states

Severity = Literal["error", "warn"]
Sample = Mapping[str, str | int | None]
SHOWN_ROWS = 5
LONGEST_TEXT = 120
HEADER = ("checks", "severity", "finds", "do")
KEY_CHECK = "key_is_unique"


@dataclass(frozen=True)
class Check:
    """A rule about a table. An error stops what is downstream, and publishing; a warning is shown.

    Attributes:
        name: unique among the checks of its table.
        table: what is checked.
        severity: error or warn.
        description: what should hold.
        finds: what is counted, in words that a number can follow: “orders without a line”.
        to_do: what the analyst should do about it.
        version: changes whenever the rule is another one.
        reads: the tables whose change may break the rule; the table itself is among them.
        find: counts the offending rows, and gives the first of them.
        is_narrowed: it looks at what changed since it passed, not at all rows.
    """

    name: str
    table: str
    severity: Severity
    description: str
    finds: str
    to_do: str
    version: str
    reads: tuple[str, ...]
    find: Callable[[duckdb.DuckDBPyConnection], tuple[int, Sequence[Sample]]]
    is_narrowed: bool = False


@dataclass(frozen=True)
class Finding:
    """What a check found: how many rows offend, and the first of them."""

    check: Check
    offending_count: int
    samples: Sequence[Sample]

    @property
    def verdict(self) -> str:
        """Passed, failed or warned."""
        if not self.offending_count:
            return "passed"
        return "failed" if self.check.severity == "error" else "warned"


@cache
def read_checks(folder: Path) -> tuple[Check, ...]:
    """All checks of a folder.

    Raises:
        ModelError: a file lacks its header, or holds no select.
    """
    return tuple(_read_check(path) for path in sorted(folder.glob("*.sql")))


def key_check(declared: Declared) -> Check:
    """The check that no two rows of a table have the same key; of a keyed table, among those that changed since."""
    key = ", ".join(declared.key)
    sql = f"select {key}, count(*) as row_count from {declared.table} where {{}} group by {key} having count(*) > 1"
    version = f"{key} {declared.keyed_by}"

    def find(connection: duckdb.DuckDBPyConnection) -> tuple[int, Sequence[Sample]]:
        only = rows_to_check(connection, declared.table, KEY_CHECK, version, declared.keyed_by)
        return _offending_rows(connection, f"{sql.format(only or 'true')} order by all")

    return Check(
        KEY_CHECK,
        declared.table,
        "error",
        f"No two rows have the same {key}.",
        f"keys ({key}) of several rows",
        f"Rows are counted twice: correct the select of {declared.table}, or name all of its key in the line -- key:.",
        version,
        (declared.table,),
        find,
        is_narrowed=True,
    )


def run_check(connection: duckdb.DuckDBPyConnection, check: Check) -> Finding:
    """What a check finds now; nothing is written."""
    return Finding(check, *check.find(connection))


def record(connection: duckdb.DuckDBPyConnection, checks: Iterable[Check]) -> list[Finding]:
    """Run checks, write their results into metrics.check_results in place of their last ones, and remember the passes.

    Those that ran before one that is broken are recorded too.
    """
    make_check_results(connection)
    number = last_number(table_states(connection))
    findings: list[Finding] = []
    try:
        for check in checks:
            findings.append(run_check(connection, check))
    finally:
        with transaction(connection):
            note_results(connection, [_result(found) for found in findings])
            passed = [found.check for found in findings if not found.offending_count]
            note_passes(connection, {(check.table, check.name): Pass(check.version, number) for check in passed})
            again = [found.check for found in findings if found.offending_count and not found.check.is_narrowed]
            forget_passes(connection, [(check.table, check.name) for check in again])
    return findings


def _result(found: Finding) -> Row:
    check, samples = found.check, json.dumps(found.samples[:SHOWN_ROWS], ensure_ascii=False)
    counted = (check.severity, found.verdict, found.offending_count)
    return (check.table, check.name, *counted, check.finds, check.description, check.to_do, samples)


def sample_value(value: object) -> str | int | None:
    """A value of an offending row as it is recorded: a number, nothing, or text that is cut where it is long."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    return str(value)[:LONGEST_TEXT]


def _offending_rows(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[int, Sequence[Sample]]:
    """The count and the first of the rows of a select, in its order."""
    rows = connection.execute(
        f"with found as materialized ({sql}) select *, (select count(*) from found) as n from found limit {SHOWN_ROWS}"
    )
    names = [column[0] for column in rows.description or []][:-1]
    found = rows.fetchall()
    samples = [{name: sample_value(value) for name, value in zip(names, row, strict=False)} for row in found]
    return (found[0][-1] if found else 0), samples


def _read_check(path: Path) -> Check:
    text = path.read_text(encoding="utf-8")
    header = dict(re.findall(rf"^-- ({'|'.join(HEADER)}): (.+)$", text, re.MULTILINE))
    severity = header.get("severity")
    missing = [name for name in HEADER if name not in header]
    if missing or severity not in ("error", "warn"):
        raise ModelError(
            f"{path}: expected lines '-- checks: <schema>.<table>', '-- severity: error | warn', "
            "'-- finds: <what is counted>' and '-- do: <what the analyst should do>'; "
            f"found {'no ' + ', no '.join(missing) if missing else f'the severity {severity!r}'}."
        )
    select = parse_select(text, str(path))
    lines = text.splitlines()
    comment = [line.removeprefix("-- ") for line in lines if line.startswith("-- ")]
    description = " ".join(line for line in comment if not line.startswith(tuple(f"{name}:" for name in HEADER)))
    sql = "\n".join(line for line in lines if not line.startswith("--"))
    if not select.args.get("order"):
        sql += "\norder by all"  # the same rows are shown, whatever order the table is in
    return Check(
        path.stem,
        header["checks"],
        "error" if severity == "error" else "warn",
        description,
        header["finds"],
        header["do"],
        code_version(select),
        tuple(dict.fromkeys((header["checks"], *tables_read(select, "metrics", str(path))))),
        partial(_offending_rows, sql=sql),
    )

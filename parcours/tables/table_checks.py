"""Which checks a table has: its key, the files of sql/checks that name it, its suite of expectations.

Not here: what a check is (`parcours/engine/checks.py`).
"""

from __future__ import annotations

import duckdb

from parcours.engine.checks import Check, Finding, key_check, read_checks, record
from parcours.engine.model import Model, ModelError
from parcours.project import ROOT, Project
from parcours.tables.catalogue import LOADED_TABLES, PythonTable, all_tables
from parcours.tables.expectations import SUITES, suite_check
from parcours.warehouse.check_results import keep_results, make_check_results
from parcours.warehouse.coverage import keep_passes


def checks_of(table: str | Model | PythonTable) -> list[Check]:
    """The checks of a table that is loaded (by its name) or built."""
    name = table if isinstance(table, str) else table.table
    checks = [] if isinstance(table, str) or not table.key else [key_check(table)]
    checks += [check for check in read_checks(ROOT / "sql" / "checks") if check.table == name]
    return checks + ([suite_check(SUITES[name], getattr(table, "keyed_by", None))] if name in SUITES else [])


def all_checks(project: Project) -> list[Check]:
    """The checks of every table of a shop.

    Raises:
        ModelError: a check names a table that there is not.
    """
    tables = [*LOADED_TABLES, *(source for source, _ in all_tables(project))]
    checks = [check for table in tables for check in checks_of(table)]
    for check in read_checks(ROOT / "sql" / "checks"):
        if check not in checks:
            raise ModelError(
                f"sql/checks/{check.name}.sql: no table {check.table}. Correct the line '-- checks: <schema>.<table>'."
            )
    return checks


def record_all(connection: duckdb.DuckDBPyConnection, project: Project) -> list[Finding]:
    """Run and record every check, without Dagster."""
    found = record(connection, all_checks(project))
    tidy_results(connection, project)
    return found


def tidy_results(connection: duckdb.DuckDBPyConnection, project: Project) -> None:
    """Drop what checks said that there are no more."""
    make_check_results(connection)
    checks = {(check.table, check.name) for check in all_checks(project)}
    keep_results(connection, checks)
    keep_passes(connection, checks)

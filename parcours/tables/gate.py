"""The gate: whether the warehouse may be published now, and the one way to do it.

What is published is complete, belongs together and has passed. So every table must have been built by the SQL, code and
settings of now, from its upstreams as they are now; and each check that is an error must have passed, as it is now,
since what it reads last changed. The log of refreshes says all of that: nothing is built or checked again here.

Not here: writing the file (`parcours/warehouse/published.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import duckdb

from parcours.engine.checks import Check
from parcours.engine.refresh import Table, is_newer
from parcours.loading.settings_tables import settings_versions
from parcours.project import Project
from parcours.tables.catalogue import LOADED_TABLES, all_tables, with_upstreams
from parcours.tables.restatements import FIGURES, write_restatements
from parcours.tables.table_checks import all_checks
from parcours.warehouse.check_results import CHECK_RESULTS, make_check_results
from parcours.warehouse.connection import existing_tables
from parcours.warehouse.coverage import Pass, changed_since, passes
from parcours.warehouse.published import write_published
from parcours.warehouse.refresh_log import State, table_states

SHOWN = 10
"""So many reasons are told; where nothing was built yet there are a hundred."""

RUN_ALL = "materialize everything"


class NotPublished(Exception):
    """The warehouse may not be published. The text says why, one line a reason, and what to do."""

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        more = [f"… and {len(reasons) - SHOWN} more reasons"] if len(reasons) > SHOWN else []
        head = "Not published: the last published tables and pages stay as they were."
        super().__init__("\n".join([head, *(f"  {reason}" for reason in [*reasons[:SHOWN], *more])]))


def publish(connection: duckdb.DuckDBPyConnection, project: Project) -> dict[str, int]:
    """Publish the warehouse, if it may be; returns the rows of each table.

    Raises:
        NotPublished: something is not built, not of one piece, or did not pass; the published file stays as it was.
    """
    if reasons := why_not(connection, project):
        raise NotPublished(reasons)
    compare_with_last_report(connection, project)
    return write_published(connection, project.published)


def compare_with_last_report(connection: duckdb.DuckDBPyConnection, project: Project) -> None:
    """Write what changed since the last report, whose tables are those of the published file."""
    behind = with_upstreams([table for _, table in all_tables(project)], [FIGURES])
    write_restatements(connection, behind, project.published)


def why_not(connection: duckdb.DuckDBPyConnection, project: Project) -> list[str]:
    """Why the warehouse may not be published now, a sentence each; nothing if it may."""
    states = table_states(connection)
    failed, not_passed = _checks(connection, project, states)
    return [*failed, *_tables_that_are_behind(connection, project, states), *not_passed]


def _tables_that_are_behind(
    connection: duckdb.DuckDBPyConnection, project: Project, states: Mapping[str, State]
) -> list[str]:
    existing = existing_tables(connection)
    reasons = [f"{table} is not there: {RUN_ALL}." for table in LOADED_TABLES if table not in existing]
    for name, version in settings_versions(connection, project.settings).items():
        if name in existing and (name not in states or states[name].version != version):
            reasons.append(f"{name} is of another journey.yaml than there is now: {RUN_ALL}.")
    for _, table in all_tables(project):
        reason = _why_behind(table, states, existing)
        reasons += [f"{table.name} {reason}: {RUN_ALL}."] if reason else []
    return reasons


def _why_behind(table: Table, states: Mapping[str, State], existing: Collection[str]) -> str | None:
    """What is wrong with a table, or nothing: it is what a refresh would leave as it is."""
    own = states.get(table.name)
    if own is None or table.name not in existing:
        return "is not built"
    if own.version != table.version:
        return "was built by other SQL, code or settings than those of now"
    waits_for = [name for name in table.upstreams if name not in states or is_newer(states[name], own)]
    return f"waits for {', '.join(waits_for)}, which it reads" if waits_for else None


def _checks(
    connection: duckdb.DuckDBPyConnection, project: Project, states: Mapping[str, State]
) -> tuple[list[str], list[str]]:
    """The checks that found something when they last ran, and those that have not passed since, a sentence each."""
    make_check_results(connection)
    rows = connection.execute(f"select table_name, check_name, verdict, offending_count from {CHECK_RESULTS}")
    results = {(table, check): (verdict, count) for table, check, verdict, count in rows.fetchall()}
    passed = passes(connection)
    failed, not_passed = [], []
    for check in all_checks(project):
        verdict, count = results.get((check.table, check.name), (None, 0))
        name = f"{check.name} of {check.table}"
        if check.severity != "error" or check.table not in states:
            continue
        if verdict == "failed":
            failed.append(f"{name} found {count} {check.finds}: {check.to_do[:1].lower()}{check.to_do[1:]}")
        elif not verdict or not _covers(passed.get((check.table, check.name)), check, states):
            not_passed.append(f"{name} has not passed since what it reads changed: {RUN_ALL}.")
    return failed, not_passed


def _covers(last: Pass | None, check: Check, states: Mapping[str, State]) -> bool:
    return last is not None and last.version == check.version and not changed_since(last, check.reads, states)

"""Everything in one call and one process, without Dagster: for tests, benchmarks and trials.

The Dagster assets do the same steps, one by one (`assets`). There an error of a check stops what is downstream; here
all is built and checked first. Both publish through the gate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from parcours.loading.accounting import Load
from parcours.loading.load import load_exports
from parcours.loading.settings_tables import write_settings
from parcours.loading.unload import Unloaded, unload
from parcours.project import Project
from parcours.tables.catalogue import build_all, comment_all
from parcours.tables.engines import engine_of
from parcours.tables.gate import publish
from parcours.tables.table_checks import record_all
from parcours.warehouse.open_run import open_run
from parcours.warehouse.refresh_log import next_number, table_states


def build_warehouse(project: Project) -> list[Load]:
    """Load the exports, build every table and publish them; returns what became of each new file.

    Raises:
        NotPublished: a check failed; everything is built, and the published file stays as it was.
    """
    with open_run(project, "a build without Dagster") as run:
        connection = run.connection
        write_settings(connection, project.settings)
        loads = load_exports(connection, project)
        rebuild(connection, project)
    return loads


def rebuild(connection: duckdb.DuckDBPyConnection, project: Project) -> None:
    """Build and check every table of what is loaded, and publish them.

    Raises:
        NotPublished: a check failed.
    """
    build_all(connection, project, engine=engine_of(project))
    comment_all(connection, project)
    record_all(connection, project)
    publish(connection, project)


@dataclass(frozen=True)
class TakenBack:
    """Files that were taken back, and of how many people and orders the tables say something else since.

    The counts are None where tables were built whole: before the first run, or with other settings.
    """

    files: Sequence[Unloaded]
    people: int | None
    orders: int | None

    def __str__(self) -> str:
        lines = [
            f"{file.path}: {file.rows_gone} rows of raw.{file.kind} are gone, {file.rows_kept} are other files' now, "
            f"{file.rows_rejected} rejected ones are forgotten."
            for file in self.files
        ]
        restated = f"{self.people} people and {self.orders} orders are restated."
        return "\n".join([*lines, "Every table is built anew." if self.people is None else restated])


def take_back(project: Project, connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> TakenBack:
    """Take files back and bring every table up to date without them; publishing is the next run's.

    Raises:
        NotLoaded: one is not loaded.
    """
    write_settings(connection, project.settings)
    since = next_number(table_states(connection))
    files = unload(connection, project, names)
    is_whole = {
        found.table for found in build_all(connection, project, engine=engine_of(project)) if found.touched is None
    }
    restated = (
        "select count(distinct key) from refresh_log.touched "
        f"where number >= {since} and key_name = $key and starts_with(table_name, $tables)"
    )
    people, orders = (
        None if table in is_whole else connection.execute(restated, {"key": key, "tables": tables}).fetchall()[0][0]
        for table, key, tables in (
            ("journeys.touchpoints", "person_id", "journeys."),
            ("staging.orders", "order_id", "staging.orders"),
        )
    )
    return TakenBack(files, people, orders)

"""Everything in one call and one process, without Dagster: for tests, benchmarks and trials.

The Dagster assets do the same steps, one by one (`assets`). There an error of a check stops what is downstream; here
all is built and checked first. Both publish through the gate.
"""

from __future__ import annotations

import duckdb

from parcours.loading.load import Load, load_exports
from parcours.loading.settings_tables import write_settings
from parcours.project import Project
from parcours.tables.catalogue import build_all, comment_all
from parcours.tables.gate import publish
from parcours.tables.table_checks import record_all
from parcours.warehouse.open_run import open_run


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
    build_all(connection, project)
    comment_all(connection, project)
    record_all(connection, project)
    publish(connection, project)

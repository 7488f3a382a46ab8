"""The table of what every check said, as an asset: the last one before what people open."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from assets.factory import key_of, table_metadata
from parcours.engine.build import describe_table
from parcours.project import Project
from parcours.tables.table_checks import tidy_results
from parcours.warehouse.check_results import CHECK_RESULTS, DESCRIPTION
from parcours.warehouse.connection import open_warehouse


def check_results_asset(project: Project, tables: Sequence[str]) -> dg.AssetsDefinition:
    """Each check has written its own row in the step of its table; here those of checks that are no more are dropped.

    Args:
        project: the shop.
        tables: every table, so that all checks have run.
    """

    @dg.asset(
        key=key_of(CHECK_RESULTS),
        deps=[key_of(table) for table in tables],
        group_name="metrics",
        kinds={"duckdb", "python"},
        description=DESCRIPTION,
    )
    def check_results() -> dg.MaterializeResult:  # type: ignore[type-arg]
        with open_warehouse(project) as connection:
            tidy_results(connection, project)
            counts = connection.execute(f"select verdict, count(*) from {CHECK_RESULTS} group by all").fetchall()
            built = describe_table(connection, CHECK_RESULTS)
        return dg.MaterializeResult(metadata={**table_metadata(built), **dict(counts)})

    return check_results

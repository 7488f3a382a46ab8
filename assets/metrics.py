"""The metrics box: every figure that is shown anywhere, with its numerator, denominator and interval, and what every
check said."""

from collections.abc import Sequence

import dagster as dg

from assets.factory import RUN, box_assets, key_of, table_metadata, warehouse_of
from parcours.engine.build import describe_table
from parcours.project import Project
from parcours.tables.table_checks import tidy_results
from parcours.warehouse.check_results import CHECK_RESULTS, CHECK_RESULTS_TABLE


def metrics_assets(project: Project, tables: Sequence[str]) -> list[dg.AssetsDefinition]:
    """The asset of every table of `sql/metrics/`, of those that Python writes there, and of what the checks said.

    Args:
        project: the shop.
        tables: every table of every box, since each may have checks.
    """

    # Each check wrote its row in the step of its table: this asset only waits for all, and drops those of no check.
    @dg.asset(
        key=key_of(CHECK_RESULTS),
        deps=[key_of(table) for table in tables],
        group_name="metrics",
        kinds={"duckdb", "python"},
        description=CHECK_RESULTS_TABLE.description,
        required_resource_keys={RUN},
    )
    def check_results(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]
        with warehouse_of(context) as connection:
            tidy_results(connection, project)
            verdicts = connection.execute(f"select verdict, count(*) from {CHECK_RESULTS} group by verdict").fetchall()
            built = describe_table(connection, CHECK_RESULTS)
        return dg.MaterializeResult(metadata={**table_metadata(built), **dict(verdicts)})

    return [*box_assets(project, "metrics"), check_results]

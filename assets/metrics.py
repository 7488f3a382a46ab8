"""The metrics box: every figure that is shown anywhere, with its numerator, denominator and interval, and what every
check said."""

from collections.abc import Iterator, Sequence

import dagster as dg

from assets.factory import RUN, box_assets, key_of, table_metadata, warehouse_of
from parcours.engine.build import describe_table
from parcours.project import Project
from parcours.tables.gate import compare_with_last_report
from parcours.tables.restatements import ABOUT_REPORTS
from parcours.tables.table_checks import tidy_results
from parcours.warehouse.check_results import CHECK_RESULTS, CHECK_RESULTS_TABLE


def metrics_assets(project: Project, tables: Sequence[str]) -> list[dg.AssetsDefinition]:
    """The asset of every table of `sql/metrics/`, of those that Python writes there, of what the checks said, and of
    what changed since the last report.

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

    # Publishing compares too, where a run comes to it alone: what was compared already is left as it is.
    @dg.multi_asset(
        name="since_the_last_report",
        specs=[
            dg.AssetSpec(
                key_of(declared.table),
                deps=[key_of(table) for table in tables],
                group_name="metrics",
                kinds={"duckdb", "python"},
                description=declared.description,
            )
            for declared in ABOUT_REPORTS
        ],
        required_resource_keys={RUN},
    )
    def since_the_last_report(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
        with warehouse_of(context) as connection:
            compare_with_last_report(connection, project)
            built = [describe_table(connection, declared.table) for declared in ABOUT_REPORTS]
        for table in built:
            yield dg.MaterializeResult(key_of(table.table), metadata=table_metadata(table))

    return [*box_assets(project, "metrics"), check_results, since_the_last_report]

"""The raw box: the exports, loaded file by file, with the accounting of every row."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets.factory import check_result, check_spec, key_of, table_metadata
from assets.failures import naming_the_trouble, stop_if_failed
from parcours.engine.build import describe_table
from parcours.engine.checks import record
from parcours.loading.load import load_exports, rejected_reasons
from parcours.project import Project
from parcours.tables.table_checks import checks_of
from parcours.warehouse.comments import comment_table
from parcours.warehouse.connection import open_warehouse
from parcours.warehouse.raw_tables import RAW_TABLES


def raw_assets(project: Project) -> list[dg.AssetsDefinition]:
    """One step that loads every new file of the exports."""
    checks = checks_of("raw.loads")

    @dg.multi_asset(
        name="exports",
        group_name="raw",
        specs=[
            dg.AssetSpec(
                key_of(table), description=raw.description, deps=[key_of("settings.shop")], kinds={"duckdb", "file"}
            )
            for table, raw in RAW_TABLES.items()
        ],
        check_specs=[check_spec(check) for check in checks],
    )
    def exports(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any]]:
        with naming_the_trouble(), open_warehouse(project) as connection:
            loads = load_exports(connection, project)
            for load in loads:
                rows = f"{load.rows_loaded} loaded, {load.rows_duplicate} duplicate, {load.rows_rejected} rejected"
                context.log.info(f"{load.path}: {load.reason or rows}")
            findings = [record(connection, check) for check in checks]
            results = [check_result(found) for found in findings]
            reasons = list(rejected_reasons(connection))
            for table, raw in RAW_TABLES.items():
                comment_table(connection, raw)
                metadata = table_metadata(describe_table(connection, table))
                if table == "raw.loads":
                    metadata["new files"] = len(loads)
                if table == "raw.rejected_rows" and reasons:
                    lines = [f"| {reason} | {count} |" for reason, count in reasons]
                    metadata["reasons"] = dg.MetadataValue.md("\n".join(["| reason | rows |", "|---|---|", *lines]))
                yield dg.MaterializeResult(
                    key_of(table), metadata=metadata, check_results=results if table == "raw.loads" else []
                )
        stop_if_failed(findings)

    return [exports]

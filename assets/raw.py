"""The raw box: the exports, loaded file by file, with the accounting of every row."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets.factory import RUN, check_result, check_spec, key_of, run_of, table_metadata
from parcours.engine.build import describe_table
from parcours.loading.load import load_exports, rejected_reasons
from parcours.project import Project
from parcours.tables.table_checks import checks_of
from parcours.warehouse.comments import comment_table
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
        required_resource_keys={RUN},
    )
    def exports(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any]]:
        connection = run_of(context).connection
        loads = load_exports(connection, project)
        for load in loads:
            rows = f"{load.rows_loaded} loaded, {load.rows_duplicate} duplicate, {load.rows_rejected} rejected"
            context.log.info(f"{load.path}: {load.reason or rows}")
        results = [check_result(connection, check) for check in checks]
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

    return [exports]

"""The raw box: the exports, loaded file by file, with the accounting of every row."""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from assets.factory import RUN, check_result, check_spec, key_of, table_metadata, warehouse_of
from assets.failures import stop_if_failed
from parcours.engine.build import describe_table
from parcours.engine.checks import record
from parcours.loading.accounting import Load
from parcours.loading.found_files import unmatched_files
from parcours.loading.load import load_exports, rejected_reasons, tell
from parcours.loading.said import is_refused, load_line
from parcours.project import Project
from parcours.tables.table_checks import checks_of
from parcours.warehouse.comments import comment_table
from parcours.warehouse.raw_tables import RAW_TABLES

SHOWN_FILES = 20


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
        taken_back: list[str] = []

        def say(text: str) -> None:
            taken_back.append(text)
            tell(text)

        with warehouse_of(context) as connection:
            loads = load_exports(connection, project, say)
            findings = record(connection, checks)
            results = [check_result(found) for found in findings]
            reasons = list(rejected_reasons(connection))
            for table, raw in RAW_TABLES.items():
                comment_table(connection, raw)
                metadata = table_metadata(describe_table(connection, table))
                if table == "raw.loads":
                    metadata["new files"] = len(loads)
                    metadata |= _files(loads, unmatched_files(connection))
                    if taken_back:
                        metadata["taken back"] = dg.MetadataValue.json(taken_back)
                if table == "raw.rejected_rows" and reasons:
                    metadata["reasons"] = "\n".join(f"{reason}: {count:,}" for reason, count in reasons)
                yield dg.MaterializeResult(
                    key_of(table), metadata=metadata, check_results=results if table == "raw.loads" else []
                )
        stop_if_failed(findings)

    return [exports]


def _files(loads: Sequence[Load], unmatched: Sequence[str]) -> dict[str, Any]:
    """The rows of the first new files, those that were refused before the others; and the files that are not read."""
    metadata: dict[str, Any] = {"unmatched files": dg.MetadataValue.json([*unmatched])} if unmatched else {}
    lines = [load_line(load) for load in sorted(loads, key=is_refused, reverse=True)]
    if len(lines) > SHOWN_FILES:
        lines[SHOWN_FILES:] = [f"… and {len(lines) - SHOWN_FILES:,} more"]
    return metadata | ({"files": "\n".join(lines)} if lines else {})

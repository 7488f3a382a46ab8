"""An asset of a table: what the Dagster UI shows of it, and the checks that gate what is downstream.

Checks run in the asset's own step, right after the build, so that no materialization is without them; an error stops
what is downstream, a warning is shown.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import dagster as dg
import duckdb

from assets.charts.shown import shown
from assets.failures import naming_the_trouble, stop_if_failed
from parcours.engine.build import BuiltTable, describe_table, lineage_of, refresh_table
from parcours.engine.checks import Check, Finding, record
from parcours.engine.model import Model
from parcours.engine.refresh import Table
from parcours.project import Project
from parcours.tables.catalogue import PythonTable, all_tables
from parcours.tables.table_checks import checks_of
from parcours.troubles import trouble_of
from parcours.warehouse.comments import comment_refreshed
from parcours.warehouse.open_run import OpenRun

Build = Callable[[duckdb.DuckDBPyConnection], BuiltTable]

RUN = "run"
"""The resource that every step takes the warehouse from: the run's turn and its one connection."""


def run_of(context: dg.AssetExecutionContext | dg.OpExecutionContext) -> OpenRun:
    """The run that a step belongs to."""
    run = getattr(context.resources, RUN)
    assert isinstance(run, OpenRun)
    return run


@contextmanager
def warehouse_of(context: dg.AssetExecutionContext | dg.OpExecutionContext) -> Iterator[duckdb.DuckDBPyConnection]:
    """The connection of the run; what is raised inside fails the step with its cause and remedy."""
    with naming_the_trouble():
        yield run_of(context).connection


def key_of(table: str) -> dg.AssetKey:
    """The asset of a table: `schema.name` is the asset `schema/name`."""
    return dg.AssetKey(table.split("."))


def box_assets(project: Project, schema: str) -> list[dg.AssetsDefinition]:
    """The assets of every table of one box."""
    return [
        built_asset(source, table) for source, table in all_tables(project) if source.table.startswith(f"{schema}.")
    ]


def built_asset(source: Model | PythonTable, table: Table) -> dg.AssetsDefinition:
    """The asset of a table that is built: by its SQL, or by a function."""

    def build(connection: duckdb.DuckDBPyConnection) -> BuiltTable:
        refreshed = refresh_table(connection, table)
        comment_refreshed(connection, source)
        lineage = lineage_of(connection, source) if isinstance(source, Model) else None
        return describe_table(connection, source.table, lineage, refreshed.touched)

    return table_asset(
        source.table,
        source.description,
        source.upstreams,
        build,
        checks=checks_of(source),
        code_version=source.code_version,
        metadata={"sql": dg.MetadataValue.md(f"```sql\n{source.sql}\n```")} if isinstance(source, Model) else None,
        kind="sql" if isinstance(source, Model) else "python",
    )


def table_asset(
    table: str,
    description: str,
    upstreams: Iterable[str],
    build: Build,
    *,
    checks: Sequence[Check],
    code_version: str | None = None,
    metadata: dict[str, Any] | None = None,
    kind: str,
) -> dg.AssetsDefinition:
    """An asset that builds one table and then runs its checks."""

    @dg.asset(
        key=key_of(table),
        deps=[key_of(upstream) for upstream in dict.fromkeys(upstreams)],
        description=description,
        group_name=table.split(".")[0],
        code_version=code_version,
        metadata=metadata,
        kinds={"duckdb", kind},
        check_specs=[check_spec(check) for check in checks],
        required_resource_keys={RUN},
    )
    def build_and_check(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any]]:
        with warehouse_of(context) as connection:
            built = build(connection)
            names = [column.name for column in built.columns]
            figures = shown(connection, table, names) if table.startswith("metrics.") else {}
            findings = record(connection, checks)
        results = [check_result(found) for found in findings]
        yield dg.MaterializeResult(metadata=figures | table_metadata(built), check_results=results)
        stop_if_failed(findings)

    return build_and_check


def check_spec(check: Check) -> dg.AssetCheckSpec:
    """A check as Dagster knows it."""
    return dg.AssetCheckSpec(
        check.name,
        asset=key_of(check.table),
        description=f"{check.description} {check.to_do}",
        blocking=check.severity == "error",
    )


def check_result(found: Finding) -> dg.AssetCheckResult:
    """What a check found, as Dagster shows it: up to five offending rows."""
    check, trouble = found.check, trouble_of(found)
    metadata: dict[str, Any] = {"offending rows": found.offending_count}
    if found.offending_count:
        # A row is an entry of its own: the UI hides Markdown behind a link, and joins the lines of a text.
        rows = {f"row {number}": row for number, row in enumerate(trouble.cause.splitlines(), 1)}
        metadata |= {"found": trouble.title, **rows, "what to do": trouble.to_do}
    return dg.AssetCheckResult(
        passed=found.verdict == "passed",
        asset_key=key_of(check.table),
        check_name=check.name,
        severity=dg.AssetCheckSeverity.ERROR if check.severity == "error" else dg.AssetCheckSeverity.WARN,
        metadata=metadata,
    )


def table_metadata(built: BuiltTable) -> dict[str, Any]:
    """Rows, columns with their descriptions, and column lineage. The source columns are written into the descriptions
    too, since the open-source UI draws no lineage of columns."""
    columns = []
    for column in built.columns:
        sources = ", ".join(f"{table}.{name}" for table, name in column.sources[:6])
        more = f" and {len(column.sources) - 6} more" if len(column.sources) > 6 else ""
        text = column.comment or ""
        columns.append(
            dg.TableColumn(
                column.name, column.type, description=f"{text} ← {sources}{more}".strip() if sources else text
            )
        )
    lineage = {
        column.name: [dg.TableColumnDep(key_of(table), name) for table, name in column.sources]
        for column in built.columns
        if column.sources
    }
    metadata: dict[str, Any] = {
        "dagster/row_count": built.row_count,
        "dagster/column_schema": dg.TableSchema(columns=columns),
    }
    if built.touched is not None:
        metadata["touched"] = built.touched
    if lineage:
        metadata["dagster/column_lineage"] = dg.TableColumnLineage(lineage)
    return metadata

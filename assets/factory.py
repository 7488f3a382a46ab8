"""The assets of tables: what the Dagster UI shows of each, and the checks that gate what is downstream.

Checks run in the asset's own step, right after the build, so that no materialization is without them; an error stops
what is downstream, a warning is shown.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg
import duckdb

from assets.charts.shown import shown
from assets.failures import naming_the_trouble, stop_if_failed
from parcours.engine.build import BuiltTable, describe_table, lineage_of
from parcours.engine.checks import Check, Finding, record
from parcours.engine.engine import Engine, Step
from parcours.engine.model import Model
from parcours.project import Project
from parcours.tables.catalogue import PythonTable, all_tables
from parcours.tables.engines import engine_of
from parcours.tables.table_checks import checks_of
from parcours.troubles import trouble_of
from parcours.warehouse.comments import comment_refreshed
from parcours.warehouse.open_run import OpenRun

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
    """The assets of every table of one box; tables that the shop's engine computes together are one step."""
    engine, both = engine_of(project), all_tables(project)
    sources = {source.table: source for source, _ in both}
    # What shares no shuffle is a step each, so that each can be materialized alone.
    steps = [
        part
        for step in engine.steps([table for _, table in both])
        for part in ([step] if step.is_by_key else [Step((table,)) for table in step.tables])
    ]
    return [step_asset(engine, step, sources) for step in steps if step.tables[0].name.startswith(f"{schema}.")]


def step_asset(engine: Engine, step: Step, sources: Mapping[str, Model | PythonTable]) -> dg.AssetsDefinition:
    """The step that brings its tables up to date and then runs their checks; each table is an asset."""
    tables = [sources[table.name] for table in step.tables]
    checks = {source.table: checks_of(source) for source in tables}

    @dg.multi_asset(
        name="__".join(tables[0].table.split(".")) + ("" if len(tables) == 1 else f"_and_{len(tables) - 1}_more"),
        specs=[_spec(source) for source in tables],
        check_specs=[check_spec(check) for each in checks.values() for check in each],
        required_resource_keys={RUN},
    )
    def build_and_check(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any]]:
        findings, results = [], []
        with warehouse_of(context) as connection:
            for source, refreshed in zip(tables, engine.refresh(connection, step), strict=True):
                comment_refreshed(connection, source)
                lineage = lineage_of(connection, source) if isinstance(source, Model) else None
                built = describe_table(connection, source.table, lineage, refreshed.touched)
                names = [column.name for column in built.columns]
                figures = shown(connection, source.table, names) if source.table.startswith("metrics.") else {}
                found = record(connection, checks[source.table])
                findings += found
                results.append((built, figures, found))
        for built, figures, found in results:
            yield dg.MaterializeResult(
                key_of(built.table), metadata=figures | table_metadata(built), check_results=[*map(check_result, found)]
            )
        stop_if_failed(findings)

    return build_and_check


def _spec(source: Model | PythonTable) -> dg.AssetSpec:
    return dg.AssetSpec(
        key_of(source.table),
        deps=[key_of(upstream) for upstream in dict.fromkeys(source.upstreams)],
        description=source.description,
        group_name=source.table.split(".")[0],
        code_version=source.code_version,
        metadata={"sql": dg.MetadataValue.md(f"```sql\n{source.sql}\n```")} if isinstance(source, Model) else None,
        kinds={"duckdb", "sql" if isinstance(source, Model) else "python"},
    )


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

"""Every table that is built after the exports are loaded, upstreams first.

Most are SQL files; one is printed from the number of funnel steps; two need Python (a graph, a bootstrap) and say so
here with their upstreams. Not here: running them in Dagster (`assets`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import duckdb

from pipelines.funnel_chain import funnel_chain
from pipelines.identity import write_identities
from pipelines.project import ROOT, Project
from pipelines.ranking import write_drop_off_ranking
from pipelines.raw_tables import RAW_TABLES
from pipelines.runner import build_table
from pipelines.settings_tables import SETTINGS_TABLES
from pipelines.sql_models import SCHEMAS, Model, order_models, parse_model, read_model


@dataclass(frozen=True)
class PythonTable:
    """A table that a function writes, because SQL can't say it portably."""

    table: str
    description: str
    upstreams: tuple[str, ...]
    write: Callable[[duckdb.DuckDBPyConnection], None]


PYTHON_TABLES = (
    PythonTable(
        "journeys.identities",
        "One row per identifier (kind:value), with the person it belongs to: connected components of the used pairs of "
        "journeys.identity_evidence. The person's id is made from the component's smallest identifier, so it does not "
        "depend on the order in which rows arrive.",
        ("journeys.identity_evidence",),
        write_identities,
    ),
    PythonTable(
        "metrics.drop_off_ranking",
        "One row per required stage and ranking (revenue at stake, drop-off rate, units lost): its rank, and whether "
        "it ties with the first, by a bootstrap over persons at 95 %.",
        ("metrics.stage_drop_off", "metrics.matured_journeys", "journeys.order_sessions"),
        write_drop_off_ranking,
    ),
)

LOADED_TABLES = (
    *RAW_TABLES,
    *(f"settings.{table.name}" for table in SETTINGS_TABLES),
)
"""What is there before any model runs."""


def all_models(project: Project) -> list[Model]:
    """The SQL models of a shop, upstreams first.

    Raises:
        ModelError: a file can't be a table, or the tables don't fit together.
    """
    files = sorted(path for schema in SCHEMAS for path in (ROOT / "sql" / schema).glob("*.sql"))
    models = [read_model(path) for path in files]
    step_count = max(len(funnel.steps) for funnel in project.settings.funnels)
    models.append(parse_model("journeys", "funnel_attempts", funnel_chain(step_count)))
    return order_models(models, [*LOADED_TABLES, *(table.table for table in PYTHON_TABLES)])


def build_all(connection: duckdb.DuckDBPyConnection, project: Project, only: Iterable[str] = ()) -> None:
    """Build every table in order, without Dagster: for tests and benchmarks.

    Args:
        connection: the warehouse, with exports and settings loaded.
        project: the shop.
        only: build just these tables and what they read; nothing means all.
    """
    waiting: list[Model | PythonTable] = [*all_models(project), *PYTHON_TABLES]
    wanted = set(only)
    if wanted:
        for _ in waiting:
            wanted |= {upstream for table in waiting if table.table in wanted for upstream in table.upstreams}
        waiting = [table for table in waiting if table.table in wanted]
    built = set(LOADED_TABLES)
    while waiting:
        table = next(t for t in waiting if set(t.upstreams) <= built)
        waiting.remove(table)
        if isinstance(table, Model):
            build_table(connection, table)
        else:
            table.write(connection)
        built.add(table.table)

"""Every table that is built after the exports are loaded, upstreams first.

Most are SQL files; two are printed from the number of funnel steps; three need Python (a graph, its history, a
bootstrap) and say so here with their upstreams. Not here: running them in Dagster (`assets`).
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from parcours.engine.build import refresh_table, refreshable
from parcours.engine.model import Model, order_models, parse_model, read_model
from parcours.engine.refresh import Narrow, Refreshed, Table, WriteNext
from parcours.loading.settings_tables import SETTINGS_TABLES
from parcours.people.evidence import EVIDENCE, write_changed_evidence
from parcours.people.history import DESCRIPTION, HISTORY, write_identity_history, write_touched_history
from parcours.people.identities import write_changed_identities, write_identities
from parcours.project import ROOT, Project
from parcours.tables.drop_off_ranking import write_drop_off_ranking
from parcours.tables.funnel_attempts import funnel_chain
from parcours.warehouse.check_results import CHECK_RESULTS
from parcours.warehouse.connection import SCHEMAS
from parcours.warehouse.raw_tables import RAW_TABLES
from parcours.warehouse.refresh_log import drop_narrowed, prune, reset_log


@dataclass(frozen=True)
class PythonTable:
    """A table that a function writes, because SQL can't say it portably."""

    table: str
    description: str
    upstreams: tuple[str, ...]
    write: Callable[[duckdb.DuckDBPyConnection], None]
    keyed_by: str | None = None
    write_next: WriteNext | None = None

    def refreshable(self, logged: tuple[str, ...]) -> Table:
        """The table as `refresh` takes it; its version is that of the module that writes it."""
        version = hashlib.sha256(Path(inspect.getfile(self.write)).read_bytes()).hexdigest()[:12]
        return Table(
            self.table, self.upstreams, version, self.keyed_by, logged, self.write, self.write_next or _only_whole
        )


def _only_whole(connection: duckdb.DuckDBPyConnection, narrow: Narrow) -> None:
    raise NotImplementedError("A table that is not keyed is written whole.")


PYTHON_TABLES = (
    PythonTable(
        "journeys.identities",
        "One row per identifier (kind:value), with the person it belongs to: connected components of the used pairs of "
        "journeys.identity_evidence. The person's id is made from the component's smallest identifier, so it does not "
        "depend on the order in which rows arrive.",
        ("journeys.identifier_activity", "journeys.identity_evidence"),
        write_identities,
        keyed_by="identifier",
        write_next=write_changed_identities,
    ),
    PythonTable(
        HISTORY,
        DESCRIPTION,
        ("journeys.identity_evidence", "journeys.identities"),
        write_identity_history,
        keyed_by="person_id",
        write_next=write_touched_history,
    ),
    PythonTable(
        "metrics.drop_off_ranking",
        "One row per required stage and ranking (revenue at stake, drop-off rate, units lost): its rank, and whether "
        "it ties with the first, by a bootstrap over persons at 95 %.",
        ("metrics.stage_drop_off", "metrics.matured_journeys", "journeys.order_sessions"),
        write_drop_off_ranking,
    ),
)

WRITE_CHANGED = {EVIDENCE: write_changed_evidence}
"""SQL models whose refresh takes more than narrowing what they read by their key."""

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
    models.append(parse_model("journeys", "unstitched_attempts", funnel_chain(step_count, units="identifiers")))
    return order_models(models, [*LOADED_TABLES, *(table.table for table in PYTHON_TABLES)])


def all_tables(project: Project) -> list[tuple[Model | PythonTable, Table]]:
    """Every table of a shop with what its refresh needs, upstreams first."""
    waiting: list[Model | PythonTable] = [*all_models(project), *PYTHON_TABLES]
    logged: dict[str, set[str]] = {}
    for table in waiting:
        for upstream in table.upstreams if table.keyed_by else ():
            logged.setdefault(upstream, set()).add(str(table.keyed_by))
            if isinstance(table, Model) and table.linked_by:
                logged[upstream].add(table.linked_by)
    ordered: list[tuple[Model | PythonTable, Table]] = []
    built = set(LOADED_TABLES)
    while waiting:
        table = next(t for t in waiting if set(t.upstreams) <= built)
        waiting.remove(table)
        keys = tuple(sorted(logged.get(table.table, ())))
        if isinstance(table, Model):
            ordered.append((table, refreshable(table, keys, WRITE_CHANGED.get(table.table))))
        else:
            ordered.append((table, table.refreshable(keys)))
        built.add(table.table)
    return ordered


def tidy_log(connection: duckdb.DuckDBPyConnection, project: Project) -> None:
    """Before a run: drop what no table needs to know any more of earlier refreshes, and the copies of the last run."""
    prune(connection, [*LOADED_TABLES, CHECK_RESULTS, *(table.name for _, table in all_tables(project))])
    drop_narrowed(connection)


def build_all(
    connection: duckdb.DuckDBPyConnection, project: Project, only: Iterable[str] = (), full_refresh: bool = False
) -> list[Refreshed]:
    """Bring every table up to date in order, without Dagster: for tests and benchmarks.

    Args:
        connection: the warehouse, with exports and settings loaded.
        project: the shop.
        only: just these tables and what they read; nothing means all.
        full_refresh: build every table whole, whatever changed.
    """
    if full_refresh:
        reset_log(connection)
    tables = all_tables(project)
    tidy_log(connection, project)
    wanted = set(only)
    if wanted:
        for table, _ in reversed(tables):
            if table.table in wanted:
                wanted |= {*table.upstreams}
    return [refresh_table(connection, table) for source, table in tables if not wanted or source.table in wanted]

"""Every table that is built after the exports are loaded, upstreams first.

Most are SQL files; some need Python (a graph, its history, a bootstrap, incidents, verdicts) and say so here with their
upstreams. Not here: running them in Dagster (`assets`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from parcours.engine.build import refreshable
from parcours.engine.engine import DuckDBEngine, Engine
from parcours.engine.fingerprint import engine_version, modules_version
from parcours.engine.model import Model, in_order, read_model
from parcours.engine.refresh import Narrow, Refreshed, Table, Through, WriteNext
from parcours.engine.within_key import refuse_leaving
from parcours.loading.settings_tables import SETTINGS_TABLES
from parcours.people.device_spells import SPELLS, leave_undivided
from parcours.people.evidence import EVIDENCE, write_changed_evidence
from parcours.people.history import HISTORY, write_identity_history, write_touched_history
from parcours.people.identities import IDENTITIES, write_changed_identities, write_identities
from parcours.project import ROOT, Project
from parcours.tables.change_impact import CHANGE_IMPACT, write_change_impact
from parcours.tables.drop_off_ranking import DROP_OFF_RANKING, write_drop_off_ranking
from parcours.tables.funnel_parts import funnel_parts
from parcours.tables.incidents import (
    FOUND_INCIDENTS,
    INCIDENT_NOTICES,
    write_found_incidents,
    write_incident_notices,
)
from parcours.tables.movements import (
    MOVEMENT_SEGMENTS,
    MOVEMENTS,
    write_movement_segments,
    write_movements,
)
from parcours.tables.movements import READS as MOVEMENTS_READ
from parcours.tables.restatements import ABOUT_REPORTS
from parcours.tables.retention_expected import READS as RETENTION_EXPECTED_READS
from parcours.tables.retention_expected import RETENTION_EXPECTED, write_retention_expected
from parcours.tables.satisfaction_drivers import SATISFACTION_DRIVERS, write_satisfaction_drivers
from parcours.warehouse.check_results import CHECK_RESULTS_TABLE
from parcours.warehouse.comments import Described, comment_tables, is_declaration, read_declaration
from parcours.warehouse.connection import SCHEMAS, transaction
from parcours.warehouse.raw_tables import RAW_TABLES
from parcours.warehouse.refresh_log import drop_narrowed, prune, reset_log, table_states


@dataclass(frozen=True)
class PythonTable:
    """A table that a function writes, because SQL can't say it portably; its SQL file declares it."""

    table: str
    upstreams: tuple[str, ...]
    write: Callable[[duckdb.DuckDBPyConnection], None]
    keyed_by: str | None = None
    write_next: WriteNext | None = None

    @property
    def description(self) -> str:
        """What a row is."""
        return read_declaration(self.table).description

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that tell its rows apart."""
        return read_declaration(self.table).key

    @property
    def columns(self) -> Mapping[str, str]:
        """The sentence of each column."""
        return read_declaration(self.table).columns

    @property
    def code_version(self) -> str:
        """That of the code that writes it."""
        return modules_version(self.write)

    def refreshable(self, logged: tuple[str, ...]) -> Table:
        """The table as `refresh` takes it."""
        version = f"{self.code_version} {engine_version()}"
        write_next = self.write_next or _only_whole
        return Table(
            self.table, self.upstreams, version, self.keyed_by, logged, self.write, write_next, through=_through(self)
        )


def _through(table: Model | PythonTable) -> tuple[Through, ...]:
    return tuple(other for other in THROUGH if other.table in table.upstreams)


def _only_whole(connection: duckdb.DuckDBPyConnection, narrow: Narrow) -> None:
    raise NotImplementedError("A table that is not keyed is written whole.")


THROUGH = (Through(IDENTITIES, "person_id", "identifier"), Through(SPELLS, "person_id", "identifier"))
"""A table that has identifiers and no people is narrowed to the identifiers of the touched people, and to the devices
of several people that they use, if it reads these."""

OF_CHANGES = tuple(
    f"settings.{name}" for name in ("changes", "change_segments", "change_moves", "calendar", "kpis", "shop")
)

PYTHON_TABLES = (
    PythonTable(
        IDENTITIES,
        ("journeys.identifier_activity", "journeys.identity_evidence"),
        write_identities,
        keyed_by="identifier",
        write_next=write_changed_identities,
    ),
    PythonTable(
        HISTORY,
        ("journeys.identity_evidence", "journeys.identities"),
        write_identity_history,
        keyed_by="person_id",
        write_next=write_touched_history,
    ),
    PythonTable(
        DROP_OFF_RANKING,
        ("metrics.stage_drop_off", "metrics.matured_journeys", "metrics.order_value"),
        write_drop_off_ranking,
    ),
    PythonTable(
        CHANGE_IMPACT,
        ("metrics.change_days", "metrics.change_spread", "metrics.kpi_cut_off", "metrics.outage_days", *OF_CHANGES),
        write_change_impact,
    ),
    PythonTable(FOUND_INCIDENTS, ("metrics.step_days", "metrics.watched_steps"), write_found_incidents),
    PythonTable(INCIDENT_NOTICES, ("metrics.step_days",), write_incident_notices),
    PythonTable(MOVEMENTS, MOVEMENTS_READ, write_movements),
    PythonTable(MOVEMENT_SEGMENTS, MOVEMENTS_READ, write_movement_segments),
    PythonTable(SATISFACTION_DRIVERS, ("metrics.survey_requests", "settings.shop"), write_satisfaction_drivers),
    PythonTable(RETENTION_EXPECTED, RETENTION_EXPECTED_READS, write_retention_expected),
)

WRITE_CHANGED = {EVIDENCE: write_changed_evidence}
"""SQL models whose refresh takes more than narrowing what they read by their key."""

LEAVE_UNTOUCHED = {SPELLS: leave_undivided}
"""SQL models that say nothing of most keys that are touched."""

LOADED_TABLES = (
    *RAW_TABLES,
    *(table.table for table in SETTINGS_TABLES),
)
"""What is there before any model runs."""

WRITTEN_AFTERWARDS = (CHECK_RESULTS_TABLE, *ABOUT_REPORTS)
"""What is written when all tables are built: what the checks say, and what changed since the last report."""


def declared_tables(project: Project) -> list[Model | PythonTable]:
    """Every table that is built of a shop, upstreams first.

    Raises:
        ModelError: a file can't be a table, or the tables don't fit together.
    """
    files = sorted(path for schema in SCHEMAS for path in (ROOT / "sql" / schema).glob("*.sql"))
    funnels = project.settings.funnels
    parts = funnel_parts(max(len(funnel.steps) for funnel in funnels), {funnel.chain for funnel in funnels})
    models = [read_model(path, parts) for path in files if not is_declaration(path)]
    tables: list[Model | PythonTable] = [*models, *PYTHON_TABLES]
    ordered = in_order(tables, LOADED_TABLES)
    everything: list[Described] = [*SETTINGS_TABLES, *RAW_TABLES.values(), *ordered]
    by_table = {other.table: other for other in everything}
    for table in ordered:
        if isinstance(table, Model) and table.table not in WRITE_CHANGED:
            refuse_leaving(table, by_table, _through(table))
    return ordered


def all_models(project: Project) -> list[Model]:
    """Those that are SQL."""
    return [table for table in declared_tables(project) if isinstance(table, Model)]


def all_tables(project: Project) -> list[tuple[Model | PythonTable, Table]]:
    """Every table of a shop with what its refresh needs, upstreams first."""
    tables = declared_tables(project)
    logged: dict[str, set[str]] = {}
    for table in tables:
        for upstream in table.upstreams if table.keyed_by else ():
            logged.setdefault(upstream, set()).add(str(table.keyed_by))
            if isinstance(table, Model) and table.linked_by:
                logged[upstream].add(table.linked_by)
    return [(table, _refreshable(table, tuple(sorted(logged.get(table.table, ()))))) for table in tables]


def _refreshable(table: Model | PythonTable, logged: tuple[str, ...]) -> Table:
    if isinstance(table, Model):
        return refreshable(
            table, logged, WRITE_CHANGED.get(table.table), _through(table), LEAVE_UNTOUCHED.get(table.table)
        )
    return table.refreshable(logged)


def tidy_log(connection: duckdb.DuckDBPyConnection, project: Project) -> None:
    """Before a run: drop what no table needs to know any more of earlier refreshes, and the copies of the last run."""
    _tidy_log(connection, all_tables(project))


def _tidy_log(connection: duckdb.DuckDBPyConnection, tables: Sequence[tuple[Model | PythonTable, Table]]) -> None:
    others = [*LOADED_TABLES, *(table.table for table in WRITTEN_AFTERWARDS)]
    prune(connection, [*others, *(table.name for _, table in tables)])
    drop_narrowed(connection)


def build_all(
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    only: Iterable[str] = (),
    full_refresh: bool = False,
    engine: Engine | None = None,
) -> list[Refreshed]:
    """Bring every table up to date in order, without Dagster: for tests and benchmarks.

    Args:
        connection: the warehouse, with exports and settings loaded.
        project: the shop.
        only: just these tables and what they read; nothing means all.
        full_refresh: build every table whole, whatever changed.
        engine: computes them; None: DuckDB, on this machine.
    """
    if full_refresh:
        reset_log(connection)
    tables = all_tables(project)
    _tidy_log(connection, tables)
    wanted = with_upstreams([table for _, table in tables], only)
    states, engine = table_states(connection), engine or DuckDBEngine()
    steps = engine.steps([table for _, table in tables if not wanted or table.name in wanted])
    return [refreshed for step in steps for refreshed in engine.refresh(connection, step, states)]


def with_upstreams(tables: Sequence[Table], names: Iterable[str]) -> set[str]:
    """Some tables and all that they are made of; `tables` are all of a shop, upstreams first."""
    found = set(names)
    for table in reversed(tables):
        if table.name in found:
            found |= {*table.upstreams}
    return found


def comment_all(connection: duckdb.DuckDBPyConnection, project: Project) -> None:
    """Write the sentences of every table and column that exists, those that it does not carry yet."""
    with transaction(connection):  # a commit for each of 2,500 sentences takes longer than they do
        comment_tables(connection, [*SETTINGS_TABLES, *RAW_TABLES.values(), *declared_tables(project)])

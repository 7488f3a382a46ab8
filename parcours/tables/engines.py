"""The engine that a shop's journey.yaml asks for, and what a cluster has to be told of our tables beside their SQL."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from parcours.engine.engine import DuckDBEngine, Engine
from parcours.engine.refresh import Through
from parcours.loading.settings_tables import SETTINGS_TABLES
from parcours.people.device_spells import SPELLS
from parcours.people.evidence import EVIDENCE
from parcours.people.identities import IDENTITIES
from parcours.project import Project
from parcours.tables.catalogue import THROUGH, declared_tables
from parcours.warehouse.raw_tables import RAW_TABLES

if TYPE_CHECKING:
    from parcours.cluster.engine import Scheduler, SparkEngine
    from parcours.cluster.spark import Spark
    from parcours.cluster.storage import Storage

TOGETHER = (EVIDENCE, IDENTITIES, SPELLS)
"""Keyed, but a key's rows depend on other keys': neighbours, components, and whose an order is that a device named."""

ROUTES = (
    *THROUGH,
    Through("journeys.record_owners", "person_id", "record_id"),
    Through("journeys.record_identifiers", "record_id", "identifier"),
    Through("staging.events", "identifier", "event_id"),
)
"""How a key is found in rows that lack it."""

MASTER = "PARCOURS_MASTER"
"""In the environment: the master of a Spark cluster that computes the tables, whatever journey.yaml says."""


def engine_of(project: Project) -> Engine:
    """What computes the tables of a shop."""
    said = project.settings.engine
    master = os.environ.get(MASTER) or (said.master if said.kind == "spark" else None)
    if master is None:
        return DuckDBEngine()
    # Imported here: it takes a fifth of a second, and most shops have one machine.
    from parcours.cluster.storage import Storage

    return spark_engine(project, _spark(master, said.options), Storage(project.cluster_storage), said.buckets)


def spark_engine(project: Project, spark: Scheduler, storage: Storage, buckets: int) -> SparkEngine:
    """The engine of a cluster, with what it has to know of a shop's tables."""
    from parcours.cluster.engine import SparkEngine

    described = [*SETTINGS_TABLES, *RAW_TABLES.values(), *declared_tables(project)]
    columns = {one.table: {*one.columns} for one in described}
    return SparkEngine(spark, storage, buckets, project.settings.engine.memory, columns, TOGETHER, ROUTES)


_SESSIONS: dict[str, Spark] = {}
"""Of each master the session of this process: the steps of a run share it."""


def _spark(master: str, options: dict[str, str]) -> Spark:
    from parcours.cluster.spark import Spark

    return _SESSIONS.setdefault(master, Spark(master, options))


def end_sessions() -> None:
    """Let go of every cluster; the next step that needs one begins anew."""
    while _SESSIONS:
        _SESSIONS.popitem()[1].stop()

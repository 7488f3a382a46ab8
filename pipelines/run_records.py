"""The record of a Dagster run, from what Dagster knows of it: who started it, what failed, whether it got through.

A run writes its record as its last act (`run_resource.py`). One that could not, since it was killed, is recorded by
whoever finds it first: the next run, or the sensors (`sensors/runs.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg
import duckdb

from assets.failures import troubles_of
from parcours.nights.close import record_run
from parcours.nights.record import By, RunRecord, read_records
from parcours.project import Project
from parcours.troubles import Trouble
from parcours.warehouse.run_lock import Holder

REPORTS = {"reports/published", "reports/journey", "reports/quality"}
BY_TAG = "parcours/by"
"""Set by the command line: a run's tag that says whose it is."""
UNATTENDED = ("dagster/schedule_name", "dagster/sensor_name")
FAILURES = (dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RESOURCE_INIT_FAILURE)
EVALUATION = dg.DagsterEventType.ASSET_CHECK_EVALUATION
MATERIALIZATION = dg.DagsterEventType.ASSET_MATERIALIZATION
DIED = Trouble(
    "died",
    "A run died",
    "Its process ended without a word: it was killed, the machine went down, or memory ran out.",
    "Nothing, if it was once: what was loaded stays, and the next run goes on from there.",
)
STOPPED = Trouble("stopped", "A run was stopped", "Somebody stopped it in Dagster's UI.", "Run again.")


def record_dagster_run(
    project: Project,
    instance: dg.DagsterInstance,
    run: dg.DagsterRun,
    *,
    say: Callable[[str], None],
    connection: duckdb.DuckDBPyConnection | None = None,
) -> RunRecord | None:
    """Record and tell a run that has ended, or is about to, unless that is done already.

    Part of the tables, materialized without a fault, is no run that anybody waits for: it has no record.
    """
    records = read_records(project)
    if any(record.run_id == run.run_id for record in records):
        return None
    entries = instance.all_logs(run.run_id, of_type={*FAILURES, MATERIALIZATION, EVALUATION})
    events = [entry.dagster_event for entry in entries if entry.dagster_event]
    troubles = [*_troubles(run, events)]
    stats = instance.get_run_stats(run.run_id)
    started = datetime.fromtimestamp(stats.start_time or stats.launch_time or time.time(), UTC)
    ended = datetime.fromtimestamp(stats.end_time, UTC) if stats.end_time else datetime.now(UTC)
    if troubles == [DIED] and any(_is_death(record) and _within(record.started, started, ended) for record in records):
        return None
    finished = not troubles and _made(events) >= REPORTS
    if not (finished or troubles or _unmet(events)):
        return None
    return record_run(
        project,
        started_by(run),
        started,
        ended=ended,
        troubles=troubles,
        finished=finished,
        run_id=run.run_id,
        connection=connection,
        say=say,
    )


def record_death(project: Project, left: Holder, *, say: Callable[[str], None]) -> RunRecord | None:
    """Record a run that died, from what it left of itself; None where a sensor did so before."""
    started = datetime.fromisoformat(left.started)
    records = read_records(project)
    if any(_is_death(record) and _within(started, record.started, record.ended) for record in records):
        return None
    by: By = "command line" if "command line" in left.by else "night" if "night" in left.by else "UI"
    return record_run(project, by, started, troubles=[DIED], run_id=f"died {left.started}", say=say)


def started_by(run: dg.DagsterRun) -> By:
    """Whose run it is: a schedule's or a sensor's is a night, all else somebody pressed."""
    if run.tags.get(BY_TAG) == "command line":
        return "command line"
    return "night" if run.tags.get(BY_TAG) == "night" or any(tag in run.tags for tag in UNATTENDED) else "UI"


def _within(instant: datetime, started: datetime, ended: datetime) -> bool:
    """Whether a run that began then is one that Dagster knows; what is left of a dead one has whole seconds."""
    return started - timedelta(seconds=1) <= instant <= ended


def _is_death(record: RunRecord) -> bool:
    return any(trouble.id == DIED.id for trouble in record.troubles)


def _made(events: Sequence[dg.DagsterEvent]) -> set[str]:
    """The assets that a run materialized."""
    made = (event.asset_key for event in events if event.event_type == MATERIALIZATION)
    return {key.to_user_string() for key in made if key}


def _unmet(events: Sequence[dg.DagsterEvent]) -> bool:
    """Whether a check failed, which is told though the run itself ended well."""
    checks = [event.asset_check_evaluation_data for event in events if event.event_type == EVALUATION]
    return any(not check.passed and check.severity == dg.AssetCheckSeverity.ERROR for check in checks)


def _troubles(run: dg.DagsterRun, events: Sequence[dg.DagsterEvent]) -> Iterator[Trouble]:
    """What stopped the run's steps, or all of it."""
    failed = troubles_of(events)
    yield from failed
    if run.status == dg.DagsterRunStatus.CANCELED:
        yield STOPPED
    elif run.status == dg.DagsterRunStatus.FAILURE and not failed:
        yield DIED

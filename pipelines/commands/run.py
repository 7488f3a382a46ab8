"""`parcours run`: everything as the UI's button and the nightly schedule do it, told on the terminal."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from parcours.loading.nothing_new import note_made, nothing_new_since
from parcours.project import Project, load_last_good_project, load_project
from parcours.troubles import Trouble, trouble_of
from parcours.warehouse.connection import WarehouseBusy
from parcours.warehouse.run_lock import run_lock
from pipelines.commands.paths import shown
from pipelines.commands.summary import Summary, nothing_new
from pipelines.commands.verify import verify

if TYPE_CHECKING:
    from parcours.nights.record import By

BY = "the command line"
"""What others are told who has its turn."""


@dataclass(frozen=True)
class Manner:
    """How to run.

    Attributes:
        full_refresh: build every table whole.
        verify: then build everything whole beside the tables.
        is_quiet: print only what went wrong.
        as_json: print one JSON object at the end, and nothing else on stdout.
        wait: wait for another run to end; else fail at once.
        by: whose run it is, as its record says.
    """

    full_refresh: bool = False
    verify: bool = False
    is_quiet: bool = False
    as_json: bool = False
    wait: bool = True
    by: By = "command line"

    @property
    def is_told(self) -> bool:
        """Whether it is said on stdout, for people, what is done."""
        return not (self.is_quiet or self.as_json)


def run(journey_file: Path | None, exports_folder: Path | None, manner: Manner) -> int:
    """Materialize everything in this process; returns the exit code.

    Args:
        journey_file: the shop's journey.yaml; None: the one here.
        exports_folder: None: as journey.yaml says.
        manner: how.
    """
    began, started = time.monotonic(), datetime.now(UTC)
    try:
        project = load_project(journey_file, exports_folder)
        with run_lock(project, "the nightly run" if manner.by == "night" else BY, wait=manner.wait, say=_warn) as left:
            if left:
                from pipelines.run_records import record_death

                record_death(project, left, say=_warn)
            return _run(project, manner, began, started)
    except Exception as error:
        _record(load_last_good_project(journey_file, exports_folder), manner.by, error, started)
        if manner.as_json:
            print(Summary("alarm", time.monotonic() - began, troubles=[trouble_of(error)]).json())
        raise


def print_troubles(troubles: Iterable[Trouble]) -> None:
    """What went wrong, cause first, on stderr."""
    for trouble in troubles:
        _warn("\n".join(trouble.lines()))


def _run(project: Project, manner: Manner, began: float, started: datetime) -> int:
    if manner.is_told:
        print(f"{project.settings.shop.name}: reading {shown(project.exports_folder)}", flush=True)
    if manner.full_refresh:
        _forget_builds(project)
    if since := None if manner.full_refresh else nothing_new_since(project):
        from parcours.nights.close import record_run

        record_run(project, manner.by, started, finished=True, say=_warn)
        note_made(project)
        summary = nothing_new(project, since, time.monotonic() - began)
    else:
        summary = _materialize(project, began, manner)
    if manner.as_json:
        print(summary.json())
    if manner.is_told:
        for line in summary.warnings():
            print(f"  {line if line.startswith('  ') else f'warning: {line}'}")
    if summary.outcome == "alarm":
        print_troubles(summary.troubles)
        _warn("The last good tables and report stay as they were.")
        return 1
    if manner.is_told:
        print(summary.done)
        if since:
            print(
                f"Nothing has changed since the run of {since:%Y-%m-%d %H:%M} UTC: "
                "its tables and pages stand, and what it warned of."
            )
        print(f"Tables: {shown(project.published)}")
        print(f"Report: {shown(project.report)}")
    return verify(project, is_told=manner.is_told) if manner.verify else 0


def _warn(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _record(project: Project, by: By, error: Exception, started: datetime) -> None:
    """The record of a run that came to no step, so that Dagster knows nothing of it; of a shop that has had runs."""
    from parcours.nights.close import record_run
    from parcours.nights.record import records_file

    if by == "night" or (records_file(project).exists() and not isinstance(error, WarehouseBusy)):
        record_run(project, by, started, troubles=[trouble_of(error)], say=_warn)


def _forget_builds(project: Project) -> None:
    from parcours.warehouse.connection import open_warehouse
    from parcours.warehouse.refresh_log import reset_log

    with open_warehouse(project) as connection:
        reset_log(connection)


def _materialize(project: Project, began: float, manner: Manner) -> Summary:
    import dagster as dg

    from pipelines.code_location import build_defs
    from pipelines.commands.summary import summary_of
    from pipelines.commands.terminal import LOGGER, Terminal, listening
    from pipelines.history import dagster_home
    from pipelines.run_records import BY_TAG, record_dagster_run

    definitions = build_defs(project)
    graph = definitions.resolve_asset_graph()
    boxes = Counter(graph.get(key).group_name or "" for key in graph.materializable_asset_keys)
    terminal = Terminal(boxes, is_quiet=not manner.is_told)
    with listening(terminal) as logger, dg.DagsterInstance.from_config(str(dagster_home(project))) as instance:
        told = dg.Definitions.merge(definitions, dg.Definitions(loggers={LOGGER: logger}))
        result = told.resolve_job_def("materialize_everything").execute_in_process(
            run_config={"loggers": {LOGGER: {}}}, instance=instance, raise_on_error=False, tags={BY_TAG: manner.by}
        )
        # It wrote its record itself, unless it did not come to its first step.
        record_dagster_run(project, instance, result.dagster_run, say=_warn)
    return summary_of(project, result, terminal.loads, time.monotonic() - began)

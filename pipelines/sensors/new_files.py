"""The sensor that starts the nightly job when new export files have arrived. Off, until somebody switches it on."""

from __future__ import annotations

import json
import time
from typing import Any

import dagster as dg

from parcours.loading.nothing_new import files_state
from parcours.project import Project

SETTLED = 60
"""Seconds without a change after which files have arrived whole: uploads grow for a while."""


def new_files_sensor(project: Project, nightly: str) -> dg.SensorDefinition:
    """The sensor of a shop."""

    @dg.sensor(
        name="new_files",
        job_name=nightly,
        minimum_interval_seconds=SETTLED // 2,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Starts the nightly job when files that the exports' paths find came, went or changed, and then "
        "stayed as they are for a minute. What is there when it is switched on is not new.",
    )
    def new_files(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        found, now = file_set(project), time.time()
        as_it_is = {"run": found, "seen": found, "since": now}
        known: dict[str, Any] = json.loads(context.cursor) if context.cursor else as_it_is
        if found == known["run"]:
            return _wait(as_it_is, "No new files.")
        if found != known["seen"]:
            return _wait({"run": known["run"], "seen": found, "since": now}, "Files arrive; waiting for the last one.")
        if now - known["since"] < SETTLED:
            return _wait(known, "Files arrived less than a minute ago.")
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=f"files {found} {known['since']:.0f}")],
            cursor=json.dumps(as_it_is),
        )

    return new_files


def file_set(project: Project) -> str:
    """A short text that is another one when a file came, went, grew or was written again."""
    return files_state(
        path for export in project.settings.exports.files for path in project.exports_folder.glob(export.path)
    )


def _wait(cursor: dict[str, object], why: str) -> dg.SensorResult:
    return dg.SensorResult(skip_reason=why, cursor=json.dumps(cursor))

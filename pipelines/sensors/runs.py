"""The sensors that see to it that every run has a record, also one that died, and that a failed check is told.

Dagster's own failure sensors do not see a run that ended well with a check that failed: here the record is drawn up
from the checks too.
"""

from __future__ import annotations

import dagster as dg

from parcours.project import Project
from pipelines.run_records import record_dagster_run


def run_sensors(project: Project) -> list[dg.SensorDefinition]:
    """The sensors of a shop."""

    def record(context: dg.RunStatusSensorContext) -> None:
        record_dagster_run(project, context.instance, context.dagster_run, say=context.log.warning)

    def ended(status: dg.DagsterRunStatus, name: str, description: str) -> dg.SensorDefinition:
        return dg.run_status_sensor(
            run_status=status,
            name=name,
            default_status=dg.DefaultSensorStatus.RUNNING,
            description=description,
        )(record)

    return [
        dg.run_failure_sensor(
            name="failed_run",
            default_status=dg.DefaultSensorStatus.RUNNING,
            description="Records and tells a run that failed, or died without a word.",
        )(record),
        ended(dg.DagsterRunStatus.CANCELED, "stopped_run", "Records and tells a run that somebody stopped."),
        ended(
            dg.DagsterRunStatus.SUCCESS,
            "failed_check",
            "Records a run that ended well, and tells the checks that failed in it all the same.",
        ),
    ]

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

    @dg.run_failure_sensor(
        name="failed_run",
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Records and tells a run that failed, or died without a word.",
    )
    def failed_run(context: dg.RunFailureSensorContext) -> None:
        record_dagster_run(project, context.instance, context.dagster_run, say=context.log.warning)

    @dg.run_status_sensor(
        run_status=dg.DagsterRunStatus.CANCELED,
        name="stopped_run",
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Records and tells a run that somebody stopped.",
    )
    def stopped_run(context: dg.RunStatusSensorContext) -> None:
        record_dagster_run(project, context.instance, context.dagster_run, say=context.log.warning)

    @dg.run_status_sensor(
        run_status=dg.DagsterRunStatus.SUCCESS,
        name="failed_check",
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Records a run that ended well, and tells the checks that failed in it all the same.",
    )
    def failed_check(context: dg.RunStatusSensorContext) -> None:
        record_dagster_run(project, context.instance, context.dagster_run, say=context.log.warning)

    return [failed_run, stopped_run, failed_check]

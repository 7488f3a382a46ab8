"""The sensor that tells of a night that did not come: a laptop that slept, a schedule that was switched off."""

import dagster as dg

from parcours.nights.close import record_late_night
from parcours.project import Project

EVERY = 600
"""Seconds between two looks."""


def late_night_sensor(project: Project) -> dg.SensorDefinition:
    """The sensor of a shop."""

    @dg.sensor(
        name="late_night",
        minimum_interval_seconds=EVERY,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Alarms where no run has ended since the hour of the night, and its tolerance is over "
        "(nights.hour and nights.late_after_hours of journey.yaml).",
    )
    def late_night(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        record = record_late_night(project, say=context.log.warning)
        return dg.SkipReason(record.troubles[0].title if record else "The last night came in time, or is told already.")

    return late_night

"""What looks after the runs while nobody does: runs and checks that failed, nights that did not come, new files."""

import dagster as dg

from parcours.project import Project
from pipelines.sensors.late_night import late_night_sensor
from pipelines.sensors.new_files import new_files_sensor
from pipelines.sensors.runs import run_sensors


def all_sensors(project: Project, nightly: str) -> list[dg.SensorDefinition]:
    """The sensors of a shop; `nightly` is the job that runs at night."""
    return [*run_sensors(project), late_night_sensor(project), new_files_sensor(project, nightly)]

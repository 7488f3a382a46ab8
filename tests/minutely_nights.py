"""The code location of a shop whose night comes every minute: what `test_nights.py` serves instead of ours."""

import dagster as dg

from parcours.project import load_last_good_project, load_project
from pipelines.code_location import build_defs


def every_minute(nightly: dg.Definitions) -> dg.Definitions:
    """The same with another schedule."""
    schedule = dg.ScheduleDefinition(
        name="nightly",
        job_name="materialize_everything",
        cron_schedule="* * * * *",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    return dg.Definitions(
        assets=nightly.assets,
        jobs=nightly.jobs,
        schedules=[schedule],
        sensors=nightly.sensors,
        resources=nightly.resources,
        executor=nightly.executor,
    )


defs = every_minute(build_defs(load_last_good_project(), read=load_project))

"""The code location of one shop: assets, jobs and the nightly schedule.

`build_defs(project)` makes it for any shop, so that tests run the whole of it on a temporary one. The shop that Dagster
serves is in `definitions.py`.
"""

from __future__ import annotations

from collections.abc import Callable

import dagster as dg

from assets.factory import RUN
from assets.journeys import journeys_assets
from assets.metrics import metrics_assets
from assets.raw import raw_assets
from assets.reports import reports_assets
from assets.settings import settings_assets
from assets.staging import staging_assets
from parcours.project import Project
from parcours.tables.catalogue import LOADED_TABLES, WRITTEN_AFTERWARDS, declared_tables
from pipelines.forget_job import forget_people_job
from pipelines.full_refresh_job import full_refresh_job
from pipelines.ownership import owned
from pipelines.run_resource import EVERYTHING, run_resource
from pipelines.sensors import all_sensors
from pipelines.unload_job import unload_files_job

RETRY_AFTER = 60
"""Seconds after which a step is tried again that met a warehouse which somebody reads: the one thing that passes."""


def build_defs(
    project: Project, read: Callable[[], Project] | None = None, *, retries: int = 0, retry_after: float = RETRY_AFTER
) -> dg.Definitions:
    """All definitions of a shop.

    Args:
        project: the shop.
        read: reads journey.yaml anew when a run begins, where `project` may be of an older one.
        retries: how often a step is tried again where that may help (`assets/failures.py` says where).
        retry_after: seconds before that.
    """
    everything = dg.define_asset_job(
        EVERYTHING,
        selection=dg.AssetSelection.all(),
        op_retry_policy=dg.RetryPolicy(max_retries=retries, delay=retry_after) if retries else None,
        description="Load new exports, rebuild every table, publish, and write the report.",
    )
    report = dg.define_asset_job(
        "publish_and_report",
        selection=dg.AssetSelection.groups("reports"),
        description="Publish the tables, if they may be published as they are, and write the report again.",
    )
    hour = project.settings.nights.hour
    nightly = dg.ScheduleDefinition(
        name="nightly",
        job=everything,
        cron_schedule=f"0 {hour} * * *",
        execution_timezone=project.settings.shop.time_zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"Every night at {hour:02}:00 of the shop's day (nights.hour of journey.yaml).",
    )
    tables = [*LOADED_TABLES, *(table.table for table in declared_tables(project))]
    return dg.Definitions(
        assets=[
            *owned(
                project,
                *settings_assets(project),
                *raw_assets(project),
                *staging_assets(project),
                *journeys_assets(project),
                *metrics_assets(project, tables),
                *reports_assets(project, [*tables, *(table.table for table in WRITTEN_AFTERWARDS)]),
            )
        ],
        jobs=[everything, report, forget_people_job(project), full_refresh_job(), unload_files_job(project)],
        schedules=[nightly],
        sensors=all_sensors(project, everything.name),
        resources={RUN: run_resource(project, read)},
        # One process, one writer: a process per step would cost seconds each.
        executor=dg.in_process_executor,
    )

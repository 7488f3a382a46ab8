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
from parcours.tables.catalogue import LOADED_TABLES, declared_tables
from parcours.warehouse.check_results import CHECK_RESULTS
from pipelines.forget_job import forget_people_job
from pipelines.full_refresh_job import full_refresh_job
from pipelines.run_resource import EVERYTHING, run_resource

NIGHTLY = "0 2 * * *"
"""02:00 of the shop's day: after the exports of the day before, ahead of the people who read the report."""


def build_defs(project: Project, read: Callable[[], Project] | None = None) -> dg.Definitions:
    """All definitions of a shop.

    Args:
        project: the shop.
        read: reads journey.yaml anew when a run begins, where `project` may be of an older one.
    """
    everything = dg.define_asset_job(
        EVERYTHING,
        selection=dg.AssetSelection.all(),
        description="Load new exports, rebuild every table, publish, and write the report.",
    )
    report = dg.define_asset_job(
        "publish_and_report",
        selection=dg.AssetSelection.groups("reports"),
        description="Publish the tables, if they may be published as they are, and write the report again.",
    )
    nightly = dg.ScheduleDefinition(
        name="nightly",
        job=everything,
        cron_schedule=NIGHTLY,
        execution_timezone=project.settings.shop.time_zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Every night at 02:00 of the shop's day.",
    )
    tables = [*LOADED_TABLES, *(table.table for table in declared_tables(project))]
    return dg.Definitions(
        assets=[
            *settings_assets(project),
            *raw_assets(project),
            *staging_assets(project),
            *journeys_assets(project),
            *metrics_assets(project, tables),
            *reports_assets(project, [*tables, CHECK_RESULTS]),
        ],
        jobs=[everything, report, forget_people_job(project), full_refresh_job()],
        schedules=[nightly],
        resources={RUN: run_resource(project, read)},
        # One process, one writer: a process per step would cost seconds each.
        executor=dg.in_process_executor,
    )

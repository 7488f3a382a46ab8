"""The Dagster job *full refresh*: forget what was built, so that the next run builds every table whole.

Not needed for figures to be right: a refresh gives the same rows. For doubts, and after a table was changed by hand.
"""

import dagster as dg

from parcours.project import Project
from parcours.warehouse.connection import open_warehouse
from parcours.warehouse.refresh_log import reset_log


def full_refresh_job(project: Project) -> dg.JobDefinition:
    """The job of a shop."""

    @dg.op(description="The tables stay as they are until the next materialization builds each of them whole.")
    def forget_builds(context: dg.OpExecutionContext) -> None:
        with open_warehouse(project) as connection:
            reset_log(connection)
        context.log.info("The next materialization builds every table whole.")

    @dg.job(
        name="full_refresh",
        description="Let the next materialization build every table whole, also where nothing changed.",
        executor_def=dg.in_process_executor,
    )
    def full_refresh() -> None:
        forget_builds()

    return full_refresh

"""The Dagster job *full refresh*: forget what was built, so that the next run builds every table whole.

Not needed for figures to be right: a refresh gives the same rows. For doubts, and after a table was changed by hand.
"""

import dagster as dg

from assets.factory import RUN, run_of
from parcours.warehouse.refresh_log import reset_log


def full_refresh_job() -> dg.JobDefinition:
    """The job."""

    @dg.op(
        description="The tables stay as they are until the next materialization builds each of them whole.",
        required_resource_keys={RUN},
    )
    def forget_builds(context: dg.OpExecutionContext) -> None:
        reset_log(run_of(context).connection)
        context.log.info("The next materialization builds every table whole.")

    @dg.job(
        name="full_refresh",
        description="Let the next materialization build every table whole, also where nothing changed.",
        executor_def=dg.in_process_executor,
    )
    def full_refresh() -> None:
        forget_builds()

    return full_refresh

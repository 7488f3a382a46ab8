"""The resource of a run: its turn at the warehouse and its one connection, from the first step to the last.

Dagster's in-process executor makes resources once a run and ends them with it, whatever became of the steps.
"""

from collections.abc import Callable, Iterator

import dagster as dg

from parcours.forget_people import finish_forgetting
from parcours.loading.nothing_new import note_complete, what_is_read
from parcours.people.traces import Traces
from parcours.project import Project
from parcours.warehouse.open_run import OpenRun, open_run
from pipelines.history import leave_history, prune
from pipelines.launcher import hold_run
from pipelines.run_records import record_dagster_run, record_death

EVERYTHING = "materialize_everything"
"""The job of all that there is."""


def run_resource(project: Project, read: Callable[[], Project] | None = None) -> dg.ResourceDefinition:
    """The resource of a shop.

    Args:
        project: the shop.
        read: reads journey.yaml anew when a run begins, where `project` may be of an older one.
    """

    @dg.resource(description="The run's turn at the warehouse, and its one connection.")
    def run(context: dg.InitResourceContext) -> Iterator[OpenRun]:
        say = context.log.info if context.log else print
        if context.instance and context.run:
            hold_run(context.instance, context.run.run_id)
        with open_run(project, _by(context.run), say=say, read=read) as opened:
            if opened.left:
                say(f"The last run ended without a word: {opened.left}. What it had finished stands; this run goes on.")
                record_death(project, opened.left, say=say)
            finish_forgetting(project, lambda traces: _leave_history(context, traces))
            began_with = what_is_read(project)
            yield opened
            if context.run and context.instance:
                connection = opened.connection if opened.is_open else None
                record_dagster_run(project, context.instance, context.run, say=say, connection=connection)
            opened.close()
            # Last, since the record is told in the heads of the pages.
            if context.run and context.instance and _is_complete(context.instance, context.run):
                note_complete(project, began_with)
        if context.instance:
            prune(context.instance)

    return run


def _leave_history(context: dg.InitResourceContext, traces: Traces) -> None:
    if context.instance:
        leave_history(context.instance, traces, context.run.run_id if context.run else None)


def _is_complete(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether a run that is about to end had everything to do, and did it."""
    if run.job_name != EVERYTHING or run.asset_selection or not run.execution_plan_snapshot_id:
        return False
    steps = instance.get_execution_plan_snapshot(run.execution_plan_snapshot_id).step_keys_to_execute
    return instance.get_run_stats(run.run_id).steps_succeeded == len(steps)


def _by(run: dg.DagsterRun | None) -> str:
    """Who runs, in words."""
    if run and "dagster/schedule_name" in run.tags:
        return "the nightly run"
    return f"a run of the UI ({run.job_name})" if run else "a run"

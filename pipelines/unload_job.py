"""The Dagster job *unload files*: takes files back, and writes down what that was.

The request is the job's configuration, which the UI shows as a form and Dagster keeps: a path is not personal.
"""

import dagster as dg
from pydantic import Field

from assets.factory import RUN, run_of
from assets.failures import naming_the_trouble
from parcours.loading.unload import load_again
from parcours.project import Project
from parcours.run import build_warehouse, take_back
from parcours.warehouse.open_run import OpenRun


class UnloadRequest(dg.Config):
    """Which files to take back."""

    files: list[str] = Field(description="Their paths under the exports folder, or their file_id of raw.loads.")
    again: bool = Field(default=False, description="Instead, let files that were taken back be loaded again.")


def unload_files_job(project: Project) -> dg.JobDefinition:
    """The job of a shop."""

    @dg.op(
        description="Takes the files of the configuration back, restates what they touched, publishes every table and "
        "writes the reports again. No later run loads them, unless their content is another.",
        required_resource_keys={RUN},
    )
    def take_back_and_publish(context: dg.OpExecutionContext, config: UnloadRequest) -> None:
        from parcours.report.write import write_quality, write_report

        with naming_the_trouble():
            _take_back(project, run_of(context), context, config)
            build_warehouse(project)
            write_report(project.published, project.report, project.settings.nights.reports_kept)
            write_quality(project.published, project.quality_report)

    @dg.job(
        name="unload_files",
        description="Take files back: every table as if they had never been loaded.",
        executor_def=dg.in_process_executor,
    )
    def job() -> None:
        take_back_and_publish()

    return job


def _take_back(project: Project, run: OpenRun, context: dg.OpExecutionContext, request: UnloadRequest) -> None:
    if request.again:
        load_again(run.connection, project, request.files)
    else:
        done = take_back(project, run.connection, request.files)
        context.log.info(str(done))
        rows = {f"rows of {file.path}": file.rows_gone for file in done.files}
        restated = {"people": done.people, "orders": done.orders}
        context.add_output_metadata({**rows, **{name: n for name, n in restated.items() if n is not None}})
    run.close()

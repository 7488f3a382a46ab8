"""The Dagster job *forget people*: whoever stands in `forget.txt` is deleted, and what was done is written down.

The request is a file and not the job's configuration, because Dagster keeps the configuration of every run: the
address would stay there. The file is emptied when all is done.
"""

from collections import Counter

import dagster as dg

from assets.factory import RUN
from parcours.people.forget import forget
from parcours.project import Project
from parcours.run import build_warehouse


def forget_people_job(project: Project) -> dg.JobDefinition:
    """The job of a shop."""

    @dg.op(
        description="Forgets everybody in forget.txt (one e-mail or customer id a line), rebuilds and publishes every "
        "table, writes the reports again, and empties the file.",
        required_resource_keys={RUN},
    )
    def delete_and_rebuild(context: dg.OpExecutionContext) -> None:
        requests = requested(project)
        if not requests:
            context.log.info(f"Nobody to forget: {project.forget_requests} is missing or empty.")
            return
        rows: Counter[str] = Counter()
        for request in requests:
            is_email = "@" in request
            done = forget(project, email=request if is_email else None, customer_id=None if is_email else request)
            rows.update(done.rows)
        build_warehouse(project)

        from parcours.report.write import write_quality, write_report

        write_report(project.published, project.report)
        write_quality(project.published, project.quality_report)
        project.forget_requests.write_text("", encoding="utf-8")
        context.add_output_metadata({"people": len(requests), **{f"rows of {table}": n for table, n in rows.items()}})
        context.log.info(f"{len(requests)} people forgotten; raw.forgettings says what was deleted.")

    @dg.job(
        name="forget_people",
        description="Delete everybody who stands in forget.txt, from all that is stored and from later loads.",
        executor_def=dg.in_process_executor,
    )
    def job() -> None:
        delete_and_rebuild()

    return job


def requested(project: Project) -> list[str]:
    """The e-mails and customer ids to forget, one a line; empty lines and lines that begin with # don't count."""
    if not project.forget_requests.exists():
        return []
    lines = (line.strip() for line in project.forget_requests.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]

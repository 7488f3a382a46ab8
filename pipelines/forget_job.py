"""The Dagster job *forget people*: whoever stands in `forget.txt` is deleted, and what was done is written down.

The request is a file and not the job's configuration, because Dagster keeps the configuration of every run: the
address would stay there. Of whom nothing is left is taken out of the file.
"""

import dagster as dg

from assets.factory import RUN
from assets.failures import naming_the_trouble
from parcours.forget_people import build_without, forget_people
from parcours.people.forget import Request
from parcours.project import Project
from pipelines.history import leave_history


class NobodyFound(Exception):
    """A line of forget.txt names nobody; the text does not say which, since Dagster keeps it."""


def forget_people_job(project: Project) -> dg.JobDefinition:
    """The job of a shop."""

    @dg.op(
        description="Forgets everybody in forget.txt (one e-mail or customer id a line), everywhere, and takes them "
        "out of that file; then rebuilds every table, publishes them if they pass, and writes the reports again.",
        required_resource_keys={RUN},
    )
    def delete_and_rebuild(context: dg.OpExecutionContext) -> None:
        lines = requested(project)
        if not lines:
            context.log.info(f"Nobody to forget: {project.forget_requests} is missing or empty.")
            return
        requests = {_request(line): line for line in lines}
        done = forget_people(
            project, [*requests], lambda traces: leave_history(context.instance, traces, context.run_id)
        )
        left = [requests[request] for request in done.unknown]
        project.forget_requests.write_text("".join(f"{line}\n" for line in left), encoding="utf-8")
        context.add_output_metadata(
            {"people": len(lines) - len(left), **{f"rows of {table}": n for table, n in done.rows.items()}}
        )
        context.log.info(f"{len(lines) - len(left)} people forgotten; raw.forgettings says what was deleted.")
        with naming_the_trouble():
            if len(left) < len(lines):
                build_without(project)
            if left:
                raise NobodyFound(
                    f"Nobody found for {len(left)} of {len(lines)} lines of {project.forget_requests}, which stay there"
                )

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


def _request(line: str) -> Request:
    return ("email" if "@" in line else "customer", line)

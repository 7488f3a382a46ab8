"""Forgetting people from end to end: the warehouse, the published file, the records of runs, both pages, and what else
keeps a history; then all is built without them.

The command and the Dagster job are these two steps. The first leaves nothing of the people, whatever else is wrong:
each place is left though another can't be, and the next run tries that again. The second publishes what it builds only
through the gate. Not here: finding and deleting rows (`parcours/people/forget.py`), nor Dagster's history
(`pipelines/history.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import duckdb

from parcours.engine.model import ModelError
from parcours.loading.settings_tables import write_settings
from parcours.nights.leave import leave_records
from parcours.nights.page_head import write_last_run
from parcours.nights.record import read_records
from parcours.people.device_spells import SPELLS
from parcours.people.forget import (
    Forgotten,
    Request,
    ask_to_forget,
    find_asked,
    leave_published,
    leave_warehouse,
    read_forgetting,
)
from parcours.people.traces import Traces
from parcours.project import Project
from parcours.report.dated import leave_dated
from parcours.run import rebuild
from parcours.tables.catalogue import build_all
from parcours.warehouse.open_run import open_run
from parcours.warehouse.place import place_of

LeaveHistory = Callable[[Traces], object]
"""Takes people out of a history that the library knows nothing of."""


def _no_history(_: Traces) -> None:
    """There is none."""


def forget_people(
    project: Project, requests: Sequence[Request], leave_history: LeaveHistory = _no_history
) -> Forgotten:
    """Delete everything that is stored of people and remember not to load it again.

    Of whom nobody is found is told; nothing is changed for them.
    """
    finish_forgetting(project, leave_history)
    asked = ask_to_forget(project, requests)
    count, unknown = find_asked(project, lambda connection: _stitch(connection, project))
    rows = finish_forgetting(project, leave_history)
    return Forgotten(count, rows, tuple(request for one, request in asked.items() if one in unknown))


def finish_forgetting(project: Project, leave_history: LeaveHistory = _no_history) -> dict[str, int]:
    """Go on where forgetting was interrupted, if it was; returns the rows deleted by raw table.

    Raises:
        Exception: a place could not be left, the first of them; the others are.
    """
    forgetting = read_forgetting(project)
    if forgetting and forgetting.asked:
        find_asked(project, lambda connection: _stitch(connection, project))
        forgetting = read_forgetting(project)
    if not forgetting:
        return {}
    deleted: dict[str, int] = {}
    traces, failed = Traces(forgetting.traces), list[Exception]()
    with _going_on(failed):
        deleted = leave_warehouse(project, forgetting)
    with _going_on(failed):
        _leave_cluster(project)
    with _going_on(failed):
        leave_published(project, forgetting)
    with _going_on(failed):
        leave_records(project, traces)
    with _going_on(failed):
        leave_dated(project.published, project.report.parent, traces.are_in)
    with _going_on(failed):
        _write_pages(project)
    with _going_on(failed):
        leave_history(traces)
    if failed:
        raise failed[0]
    project.forgetting_file.unlink()
    return deleted


def _leave_cluster(project: Project) -> None:
    """Remove the files of a cluster's tables: they hold rows of the people, and the next run writes all anew."""
    place_of(project.cluster_storage).remove_all()


@contextmanager
def _going_on(failed: list[Exception]) -> Iterator[None]:
    """Go on where a step fails, and keep why."""
    try:
        yield
    except Exception as error:
        failed.append(error)


def _stitch(connection: duckdb.DuckDBPyConnection, project: Project) -> None:
    """Who is who by all that is loaded, if that can be built; else the people are as the last run that got so far knew
    them."""
    with suppress(duckdb.Error, ModelError):
        write_settings(connection, project.settings)
        build_all(connection, project, [SPELLS])


def build_without(project: Project) -> None:
    """Build every table from what is loaded, publish and write the pages.

    Raises:
        NotPublished: the gate refuses; the published file and the pages stay as they are, without who was forgotten.
    """
    with open_run(project, "forgetting") as run:
        write_settings(run.connection, project.settings)
        rebuild(run.connection, project)
    _write_pages(project)


def _write_pages(project: Project) -> None:
    """Write both pages of the published file. One that can't be written is none: the old one may show the people."""
    from parcours.report.write import write_quality, write_report

    failed = list[Exception]()
    for write, page in ((write_report, project.report), (write_quality, project.quality_report)):
        with _going_on(failed):
            try:
                if project.published.exists():
                    write(project.published, page)
                else:
                    page.unlink(missing_ok=True)
            except BaseException:
                page.unlink(missing_ok=True)
                raise
    if failed:
        raise failed[0]
    for record in read_records(project)[-1:]:
        write_last_run(project, record)

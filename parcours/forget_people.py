"""Forgetting people from end to end: the warehouse, the published file, both pages; then all is built without them.

The command and the Dagster job are these two steps. The first leaves nothing of the people, whatever else is wrong;
the second publishes what it builds only through the gate. Not here: finding and deleting rows
(`parcours/people/forget.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import duckdb

from parcours.engine.model import ModelError
from parcours.loading.settings_tables import write_settings
from parcours.people.forget import Forgotten, Request, ask_to_forget, leave_published, leave_warehouse
from parcours.people.identities import IDENTITIES
from parcours.project import Project
from parcours.run import rebuild
from parcours.tables.catalogue import build_all
from parcours.warehouse.open_run import open_run


def forget_people(project: Project, requests: Sequence[Request]) -> Forgotten:
    """Delete everything that is stored of people and remember not to load it again.

    Of whom nobody is found is told; nothing is changed for them.
    """
    finish_forgetting(project)

    def stitch(connection: duckdb.DuckDBPyConnection) -> None:
        # If that can be built; else the people are as the last run that got so far knew them.
        with suppress(duckdb.Error, ModelError):
            write_settings(connection, project.settings)
            build_all(connection, project, [IDENTITIES])

    asked = ask_to_forget(project, requests, stitch)
    return Forgotten(asked.identifier_count, finish_forgetting(project), asked.unknown)


def finish_forgetting(project: Project) -> dict[str, int]:
    """Go on where forgetting was interrupted, if it was; returns the rows deleted by raw table."""
    if not project.forgetting_file.exists():
        return {}
    deleted = leave_warehouse(project)
    leave_published(project)
    _write_pages(project)
    project.forgetting_file.unlink()
    return deleted


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

    for write, page in ((write_report, project.report), (write_quality, project.quality_report)):
        try:
            if project.published.exists():
                write(project.published, page)
            else:
                page.unlink(missing_ok=True)
        except BaseException:
            page.unlink(missing_ok=True)
            raise

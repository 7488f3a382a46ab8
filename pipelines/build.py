"""Everything in one call and one process, without Dagster: for tests, benchmarks and trials.

The Dagster assets do the same steps, one by one, with their checks (`assets`).
"""

from __future__ import annotations

from pipelines.ingest import Load, load_exports
from pipelines.project import Project
from pipelines.runner import comment_table
from pipelines.settings_tables import write_settings
from pipelines.tables import all_models, build_all
from pipelines.warehouse import open_warehouse, publish


def build_warehouse(project: Project) -> list[Load]:
    """Load the exports, build every table and publish them; returns what became of each new file."""
    with open_warehouse(project) as connection:
        write_settings(connection, project.settings)
        loads = load_exports(connection, project)
        build_all(connection, project)
        for model in all_models(project):
            comment_table(connection, model)
        publish(connection, project.published)
    return loads

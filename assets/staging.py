"""The staging box: the loaded rows, named, typed and read once: of several versions of a row the newest."""

import dagster as dg

from assets.factory import box_assets
from parcours.project import Project


def staging_assets(project: Project) -> list[dg.AssetsDefinition]:
    """The asset of every table of `sql/staging/`, and of those that Python writes there."""
    return box_assets(project, "staging")

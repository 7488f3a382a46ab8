"""The journeys box: who is who, and what each person did: touchpoints, sessions, journeys, carts."""

import dagster as dg

from assets.factory import box_assets
from parcours.project import Project


def journeys_assets(project: Project) -> list[dg.AssetsDefinition]:
    """The asset of every table of `sql/journeys/`, and of those that Python writes there."""
    return box_assets(project, "journeys")

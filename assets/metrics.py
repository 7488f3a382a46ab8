"""The metrics box: every figure that is shown anywhere, with its numerator, denominator and interval."""

import dagster as dg

from assets.factory import box_assets
from parcours.project import Project


def metrics_assets(project: Project) -> list[dg.AssetsDefinition]:
    """The asset of every table of `sql/metrics/`, and of those that Python writes there."""
    return box_assets(project, "metrics")

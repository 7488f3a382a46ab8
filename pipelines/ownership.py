"""Whose the tables are, and by when the reports must be new: from the section `nights` of journey.yaml."""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg

from parcours.project import Project


def owned(project: Project, *assets: dg.AssetsDefinition) -> Iterator[dg.AssetsDefinition]:
    """The assets with their owners and tags; the reports with a freshness policy too."""
    nights = project.settings.nights
    fresh = freshness(project)

    def own(spec: dg.AssetSpec) -> dg.AssetSpec:
        spec = spec.replace_attributes(owners=nights.owners, tags={**spec.tags, **nights.tags})
        return spec.replace_attributes(freshness_policy=fresh) if spec.key.path[0] == "reports" else spec

    for each in assets:
        yield each.map_asset_specs(own)


def freshness(project: Project) -> dg.FreshnessPolicy:
    """Made each day between the night's hour and the end of its tolerance."""
    nights = project.settings.nights
    minutes = round((nights.hour + nights.late_after_hours) * 60)
    return dg.FreshnessPolicy.cron(
        deadline_cron=f"{minutes % 60} {minutes // 60 % 24} * * *",
        lower_bound_delta=timedelta(hours=nights.late_after_hours),
        timezone=project.settings.shop.time_zone,
    )

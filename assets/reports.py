"""The reports box: the published snapshot and the pages made from it. What may not be published fails here: the gate
(`parcours/tables/gate.py`) asks the warehouse, whichever run comes here."""

from pathlib import Path

import dagster as dg
import duckdb

from assets.charts.shown import drawn
from assets.factory import RUN, key_of, warehouse_of
from assets.failures import naming_the_trouble
from parcours.project import Project
from parcours.report.page import INDEX_PAGE
from parcours.tables.gate import publish


def page_url(page: Path) -> dg.UrlMetadataValue:
    """The address of a page in the UI that shows it: `pipelines/webserver.py` serves the folder there."""
    return dg.MetadataValue.url(f"/reports/{page.name}")


def reports_assets(project: Project, upstreams: list[str]) -> list[dg.AssetsDefinition]:
    """The snapshot and the two pages made from it.

    Args:
        project: the shop.
        upstreams: every table that the snapshot must wait for.
    """

    @dg.asset(
        key=["reports", "published"],
        deps=[key_of(table) for table in upstreams],
        group_name="reports",
        kinds={"duckdb"},
        description="The tables that notebooks and reports read, in published.duckdb, swapped in by one rename: "
        "readers never see half of a run. Refused while a table is behind another or a check has not passed.",
        required_resource_keys={RUN},
    )
    def published(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]
        with warehouse_of(context) as connection:
            rows = publish(connection, project)
        return dg.MaterializeResult(
            metadata={
                "file": dg.MetadataValue.path(str(project.published)),
                "tables": len(rows),
                "rows": sum(rows.values()),
            }
        )

    @dg.asset(
        key=["reports", "journey"],
        deps=[dg.AssetKey(["reports", "published"])],
        group_name="reports",
        kinds={"plotly"},
        description="The journey report, one self-contained page: its link opens it here.",
        required_resource_keys={RUN},
    )
    def journey() -> dg.MaterializeResult:  # type: ignore[type-arg]
        from parcours.report.write import write_report

        with naming_the_trouble():
            write_report(project.published, project.report, project.settings.nights.reports_kept)
            with duckdb.connect(str(project.published), read_only=True) as connection:
                the_map = drawn(connection, "metrics.journey_map")
        return dg.MaterializeResult(
            metadata={
                **the_map,
                "page": page_url(project.report),
                "all": page_url(project.report.with_name(INDEX_PAGE)),
                "bytes": project.report.stat().st_size,
            }
        )

    @dg.asset(
        key=["reports", "quality"],
        deps=[dg.AssetKey(["reports", "published"])],
        group_name="reports",
        kinds={"plotly"},
        description="The quality page: whether the figures can be trusted, and what to fix in the exports. "
        "The journey report links to it.",
        required_resource_keys={RUN},
    )
    def quality() -> dg.MaterializeResult:  # type: ignore[type-arg]
        from parcours.report.write import write_quality

        page = project.quality_report
        with naming_the_trouble():
            write_quality(project.published, page)
        return dg.MaterializeResult(metadata={"page": page_url(page), "bytes": page.stat().st_size})

    return [published, journey, quality]

"""The settings box: journey.yaml as tables."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets.factory import RUN, key_of, table_metadata, warehouse_of
from parcours.engine.build import describe_table
from parcours.loading.settings_tables import SETTINGS_TABLES, write_settings
from parcours.project import Project
from parcours.tables.catalogue import tidy_log
from parcours.warehouse.comments import comment_table


def settings_assets(project: Project) -> list[dg.AssetsDefinition]:
    """One step that writes every `settings.*` table, so that they always come from one journey.yaml."""

    @dg.multi_asset(
        name="settings",
        group_name="settings",
        specs=[
            dg.AssetSpec(key_of(table.table), description=table.description, kinds={"duckdb", "yaml"})
            for table in SETTINGS_TABLES
        ],
        required_resource_keys={RUN},
    )
    def settings(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any]]:
        with warehouse_of(context) as connection:
            project.keep_journey_file()
            write_settings(connection, project.settings)
            tidy_log(connection, project)
            for table in SETTINGS_TABLES:
                comment_table(connection, table)
                built = describe_table(connection, table.table)
                yield dg.MaterializeResult(key_of(built.table), metadata=table_metadata(built))

    return [settings]

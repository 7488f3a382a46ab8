"""A published database without a row, made by the models themselves: what tests of the pages write their rows into."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path

import duckdb
from given import warehouse
from made_once import made_once

from parcours.engine.model import read_model
from parcours.project import ROOT
from parcours.tables.restatements import ABOUT_REPORTS
from parcours.warehouse.comments import make_declared
from parcours.warehouse.connection import quoted
from parcours.warehouse.published import write_published
from parcours.warehouse.refresh_log import prepare_log


def _make_published(path: Path) -> None:
    with warehouse(without=("events", "order_rows")) as connection:
        for declared in ABOUT_REPORTS:
            make_declared(connection, declared)
        write_published(connection, path)
    with duckdb.connect(str(path)) as connection:
        for schema, table in connection.execute("select schema_name, table_name from duckdb_tables()").fetchall():
            connection.execute(f"delete from {schema}.{quoted(table)}")
        prepare_log(connection)  # what checks remember: a page's file has none, tests record checks in it


def copy_empty(path: Path, computed: Collection[str]) -> Path:
    """A copy of its own; tables of metrics that are `computed` of others are views, so that they follow what a test
    writes into those."""
    shutil.copy(made_once("published without a row", _make_published), path)
    with duckdb.connect(str(path)) as connection:
        for name in computed:
            model = read_model(ROOT / "sql" / "metrics" / f"{name}.sql")
            connection.execute(f"drop table {model.table}")
            connection.execute(f"create view {model.table} as {model.sql}")
    return path

"""What does not change from run to run is not worked out again: lineage of columns, sentences on tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest
from given import rows

from parcours.engine import build
from parcours.engine.build import lineage_of
from parcours.engine.model import parse_model
from parcours.warehouse.comments import comment_refreshed
from parcours.warehouse.refresh_log import State, note_refresh, prepare_log, table_states

SQL = "-- One row per thing.\nselect e.id, e.a + e.b as sum_of_both from staging.events as e"


@pytest.fixture
def connection(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(tmp_path / "w.duckdb"))
    connection.execute("create schema staging; create schema journeys")
    connection.execute("create table staging.events (id int, a int, b int)")
    prepare_log(connection)
    return connection


def test_lineage_is_kept_until_the_sql_or_the_columns_change(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked_out = []
    column_lineage = build.column_lineage
    monkeypatch.setattr(build, "column_lineage", lambda *of: worked_out.append(1) or column_lineage(*of))
    model = parse_model("journeys", "things", SQL)
    first = lineage_of(connection, model)
    assert first["sum_of_both"] == [("staging.events", "a"), ("staging.events", "b")]
    assert lineage_of(connection, model) == first and len(worked_out) == 1
    assert lineage_of(connection, parse_model("journeys", "things", SQL.replace("+ e.b", "")))["sum_of_both"] == [
        ("staging.events", "a")
    ]
    connection.execute("alter table staging.events add column c int")
    assert lineage_of(connection, model) == first and len(worked_out) == 3


@dataclass
class Declared:
    description: str = "One row per thing."
    columns: dict[str, str] = field(default_factory=lambda: {"id": "its number"})
    table: str = "journeys.things"


def test_sentences_are_written_again_where_the_table_or_one_of_them_is_another(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    def said() -> list[str]:
        return [*rows(connection, "select comment from duckdb_columns() where table_name = 'things'")[0]]

    def made(number: int) -> None:
        connection.execute("create or replace table journeys.things (id int)")
        note_refresh(connection, "journeys.things", State("1", number, number, 1), table_states(connection))

    made(1)
    comment_refreshed(connection, Declared())
    assert said() == ["its number"]
    comment_refreshed(connection, Declared(columns={"id": "another word"}))
    assert said() == ["another word"]
    made(2)
    assert said() == [None]
    comment_refreshed(connection, Declared(columns={"id": "another word"}))
    assert said() == ["another word"]
    connection.execute("comment on column journeys.things.id is 'by hand'")
    comment_refreshed(connection, Declared(columns={"id": "another word"}))
    assert said() == ["by hand"], "nothing was looked at"

"""How rows are replaced and names in a select exchanged, on tables of two columns."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from given import project, rows, settings
from sqlglot import exp

from parcours.engine.model import narrowed_sql, parse_select
from parcours.engine.refresh import Narrow, Table, copy_rows, refresh
from parcours.tables.catalogue import all_models
from parcours.warehouse.connection import transaction
from parcours.warehouse.refresh_log import drop_narrowed, note_change, prepare_log, prune, touch

Pair = tuple[str | None, int]


@pytest.fixture
def built() -> duckdb.DuckDBPyConnection:
    """A warehouse with raw.pairs."""
    connection = duckdb.connect()
    prepare_log(connection)
    connection.execute("create schema raw; create schema staging; create table raw.pairs (name text, number bigint)")
    return connection


def whole(connection: duckdb.DuckDBPyConnection) -> None:
    """Make staging.pairs from raw.pairs."""
    connection.execute("create or replace table staging.pairs as from raw.pairs")


def next_rows(connection: duckdb.DuckDBPyConnection, narrow: Narrow) -> None:
    """The rows that staging.pairs should have."""
    connection.execute(f"create or replace temp table next_rows as from {narrow('raw.pairs')}")


PAIRS = Table("staging.pairs", ("raw.pairs",), "1", None, ("name",), whole, next_rows)


@pytest.mark.parametrize(
    ("before", "after", "noted"),
    [
        pytest.param([("a", 1)], [("a", 1)], set(), id="the same rows"),
        pytest.param([("a", 1), ("b", 2)], [("a", 1), ("b", 3)], {"b"}, id="another value"),
        pytest.param([("a", 1)], [("a", 1), ("b", 2)], {"b"}, id="a new row"),
        pytest.param([("a", 1), ("b", 2)], [("b", 2)], {"a"}, id="a row is gone"),
        pytest.param([("a", 1)], [("a", 1), ("a", 1)], {"a"}, id="one equal row more"),
        pytest.param([("a", 1)] * 3, [("a", 1)] * 2, {"a"}, id="one equal row less"),
        pytest.param([("a", 1)], [("a", 1)] * 3 + [("b", 2)], {"a", "b"}, id="two equal rows more"),
        pytest.param([("a", 1)] * 3, [], {"a"}, id="three equal rows are gone"),
        pytest.param([(None, 1)], [(None, 2)], {""}, id="a row of nobody"),
    ],
)
def test_a_table_built_whole_gets_the_new_rows_and_notes_whose_are_other(
    built: duckdb.DuckDBPyConnection, before: list[Pair], after: list[Pair], noted: set[str]
) -> None:
    for pairs in (before, after):
        built.execute("delete from raw.pairs")
        for pair in pairs:
            built.execute("insert into raw.pairs values (?, ?)", pair)
        note_change(built, "raw.pairs")
        refreshed = refresh(built, PAIRS)
    assert sorted(rows(built, "from staging.pairs"), key=str) == sorted(after, key=str)
    assert {key for (key,) in rows(built, "select key from refresh_log.touched")} == noted
    assert refreshed.is_changed == bool(noted)


def keyed(table: str, by: str, upstreams: tuple[str, ...], sql: str, linked_by: str | None = None) -> Table:
    """A table that is computed by a column, from a select."""

    def write(connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute(f"create or replace table {table} as {sql}")

    def write_touched(connection: duckdb.DuckDBPyConnection, narrow: Narrow) -> None:
        select = narrowed_sql(sql, {upstream: narrow(upstream) for upstream in upstreams})
        connection.execute(f"create or replace temp table next_rows as {select}")

    return Table(table, upstreams, "1", by, ("name", "person"), write, write_touched, linked_by)


def noted_by(connection: duckdb.DuckDBPyConnection, table: str) -> set[tuple[str, str]]:
    """The columns and keys that refreshes of a table have noted."""
    return set(rows(connection, f"select key_name, key from refresh_log.touched where table_name = '{table}'"))


@pytest.mark.parametrize(
    ("loaded", "noted"),
    [
        pytest.param(("a", 1), set(), id="the same once more"),
        pytest.param(("a", 5), {("name", "a")}, id="another value"),
        pytest.param(("c", 1), {("name", "c")}, id="a new key"),
    ],
)
def test_what_is_loaded_again_and_says_the_same_touches_nobody(
    built: duckdb.DuckDBPyConnection, loaded: Pair, noted: set[tuple[str, str]]
) -> None:
    newest = keyed(
        "staging.pairs", "name", ("raw.pairs",), "select name, max(number) as n from raw.pairs group by name"
    )
    built.execute("insert into raw.pairs values ('a', 1), ('b', 2)")
    note_change(built, "raw.pairs")
    refresh(built, newest)
    built.execute("insert into raw.pairs values (?, ?)", loaded)
    touch(built, "raw.pairs", "name", f"select unnest(['a', 'b', '{loaded[0]}'])")
    refreshed = refresh(built, newest)
    assert noted_by(built, "staging.pairs") == noted
    assert (refreshed.touched, refreshed.is_changed) == (len(noted), bool(noted))
    assert dict(rows(built, "from staging.pairs")) == {"a": 1, "b": 2} | {loaded[0]: loaded[1]}


def test_keys_are_touched_through_a_link_of_which_an_upstream_says_that_it_changed(
    built: duckdb.DuckDBPyConnection,
) -> None:
    # A ticket names an order; whose order it is changes.
    built.execute("create table raw.people (name text, person text)")
    built.execute("insert into raw.people values ('#1', 'p1'), ('#2', 'p2')")
    built.execute("create table raw.tickets (ticket text, name text)")
    built.execute("insert into raw.tickets values ('t1', '#1'), ('t2', '#2'), ('t3', '#1'), ('t4', '#3')")
    for table in ("raw.people", "raw.tickets"):
        note_change(built, table)
    people = keyed("staging.people", "name", ("raw.people",), "select name, person from raw.people")
    names = keyed("staging.tickets", "ticket", ("raw.tickets",), "select ticket, name from raw.tickets")
    owned = keyed(
        "staging.owned",
        "ticket",
        ("staging.tickets", "staging.people"),
        "select ticket, person from staging.tickets left join staging.people using (name)",
        linked_by="name",
    )
    for table in (people, names, owned):
        refresh(built, table)
    built.execute("update raw.people set person = 'p9' where name = '#1'")
    built.execute("insert into raw.people values ('#3', 'p3')")
    touch(built, "raw.people", "name", "select unnest(['#1', '#2', '#3'])")
    assert [refresh(built, table).touched for table in (people, names, owned)] == [2, 0, 3]
    assert rows(built, "from staging.owned order by all") == [("t1", "p9"), ("t2", "p2"), ("t3", "p9"), ("t4", "p3")]
    assert noted_by(built, "staging.owned") == {
        ("ticket", "t1"), ("ticket", "t3"), ("ticket", "t4"),
        ("person", "p1"), ("person", "p9"), ("person", ""), ("person", "p3"),
    }  # fmt: skip


def test_as_many_rows_as_fill_row_groups_are_copied(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        prepare_log(connection)
        connection.execute("create schema raw")
        made = "select 'n' || i as name, i as number from range(300000) as t(i)"
        connection.execute(f"create table raw.pairs as {made}")
        with transaction(connection):
            copy = copy_rows(connection, "raw.pairs", "number % 3 <> 0", "number = 0")
            found = [rows(connection, f"select count(*), sum(number) from {copy} where number >= 0")]
        found.append(rows(connection, f"select count(*), sum(number) from {copy} where number >= 0"))
        wanted = "select count(*), sum(number) from raw.pairs where number % 3 <> 0 or number = 0"
        assert found == [rows(connection, wanted)] * 2


def test_no_copy_is_left_nor_what_an_earlier_version_made(built: duckdb.DuckDBPyConnection) -> None:
    built.execute("insert into raw.pairs values ('a', 1)")
    copy_rows(built, "raw.pairs", "number = 1")
    built.execute("create schema builds; create table builds.tables (table_name text); create schema journeys")
    built.execute("create table journeys.traces as from raw.pairs")
    drop_narrowed(built)
    prune(built, ["raw.pairs"])
    left = rows(
        built, "select schema_name || '.' || table_name from duckdb_tables() where schema_name <> 'refresh_log'"
    )
    assert left == [("raw.pairs",)]


def test_other_tables_are_read_and_names_that_only_begin_alike_are_not() -> None:
    sql = "select orders.a, s.b from staging.orders join staging.orders_of_x as s using (a)"
    found = narrowed_sql(sql, {"staging.orders": "narrowed_staging.orders"})
    assert found == "select orders.a, s.b from narrowed_staging.orders join staging.orders_of_x as s using (a)"


def test_what_is_no_table_in_a_select_stays_as_it_is_written() -> None:
    sql = (
        "with a as (from staging.orders select  x, 'staging.orders' as y) -- staging.orders\n"
        "select staging.orders.x::text, [1, 2] as l /* staging.orders */, t.staging.orders from staging . orders\n"
        "asof join a on orders.x >= a.x, unnest([{'orders': 1}]) as t(staging) qualify row_number() over () = 1"
    )
    found = narrowed_sql(sql, {"staging.orders": "n.orders"})
    assert found == (
        "with a as (from n.orders select  x, 'staging.orders' as y) -- staging.orders\n"
        "select n.orders.x::text, [1, 2] as l /* staging.orders */, t.staging.orders from n.orders\n"
        "asof join a on orders.x >= a.x, unnest([{'orders': 1}]) as t(staging) qualify row_number() over () = 1"
    )


def test_every_model_reads_its_own_upstreams_when_nothing_is_exchanged() -> None:
    for model in all_models(project(settings())):
        assert narrowed_sql(model.sql, {}) == model.sql
        other = narrowed_sql(model.sql, {upstream: f"narrowed_{upstream}" for upstream in model.upstreams})
        read = {f"{t.db}.{t.name}" for t in parse_select(other, model.table).find_all(exp.Table) if t.db}
        assert read == {f"narrowed_{upstream}" for upstream in model.upstreams}, model.table

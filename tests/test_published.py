"""What published.duckdb says of itself to whoever explores it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
from given import rows

from parcours.warehouse.published import left_beside, write_published


def test_every_table_and_every_column_carries_its_sentence(published_sample: Path) -> None:
    with duckdb.connect(str(published_sample), read_only=True) as published:
        columns = rows(
            published,
            "select schema_name || '.' || table_name || '.' || column_name, comment from duckdb_columns() "
            "where not internal",
        )
        tables = rows(published, "select schema_name || '.' || table_name, comment from duckdb_tables()")
    assert len(columns) > 700 and len(tables) > 80
    assert [name for name, comment in columns + tables if not comment] == []


def test_sentences_are_published_as_they_stand_and_only_those(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("create schema metrics; create schema raw; create table metrics.a (b text, c text)")
        connection.execute("create table raw.a (b text)")
        connection.execute("comment on table metrics.a is 'A''s'; comment on column metrics.a.b is 'it''s -- b'")
        connection.execute("comment on column raw.a.b is 'of another'")
        write_published(connection, tmp_path / "published.duckdb")
    with duckdb.connect(str(tmp_path / "published.duckdb"), read_only=True) as published:
        assert rows(published, "select comment from duckdb_tables()") == [("A's",)]
        assert rows(published, "select column_name, comment from duckdb_columns() where not internal") == [
            ("b", "it's -- b"),
            ("c", None),
        ]


def test_the_published_file_is_of_the_storage_that_older_duckdb_reads(tmp_path: Path) -> None:
    # `make test-readers` opens it with those; this is quick and needs no network.
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("create schema metrics; create table metrics.a as select 1 as b")
        write_published(connection, tmp_path / "published.duckdb")
    with duckdb.connect() as connection:
        connection.execute("attach $file as published (read_only)", {"file": str(tmp_path / "published.duckdb")})
        ask = "select tags['storage_version'] from duckdb_databases() where database_name = 'published'"
        assert rows(connection, ask)[0][0].startswith("v1.4.0")


def test_what_a_notebook_that_died_left_beside_is_gone_with_the_next_publish(tmp_path: Path) -> None:
    published = tmp_path / "published.duckdb"
    notebook = (
        "import duckdb, os; connection = duckdb.connect('published.duckdb'); "
        "connection.execute('create table mine as select 1 as x'); os._exit(1)"
    )
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("create schema metrics; create table metrics.a as select 1 as b")
        write_published(connection, published)
        assert published.stat().st_mode & 0o222 == 0
        published.chmod(0o644)
        subprocess.run([sys.executable, "-c", notebook], cwd=tmp_path, check=False)
        assert [path.name for path in left_beside(published)] == ["published.duckdb.wal"]
        connection.execute("update metrics.a set b = 2")
        write_published(connection, published)
    assert left_beside(published) == []
    with duckdb.connect(str(published), read_only=True) as reader:
        assert rows(reader, "from metrics.a") == [(2,)]

"""What a cluster computes is what one machine does, row for row: tables in buckets, without Spark (`in_buckets.py`).

On Spark itself: `test_spark.py`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import pytest
from canonical_shops import File, canonical_project, contents, difference, load_files, open_canonical
from given import at, examples
from hypothesis import given
from hypothesis import strategies as st
from in_buckets import engine_in_buckets
from random_shops import shop_settings, shops_and_loads
from test_incremental import built_at_once, few, in_order, rebuilt, shop

from parcours.cluster.spark import ClusterError, Spark, SparkMissing, what_failed
from parcours.cluster.storage import Storage, kept_type
from parcours.engine.build import NotBuilt
from parcours.engine.model import ModelError
from parcours.forget_people import forget_people
from parcours.project import ROOT, Project, load_project
from parcours.tables.catalogue import LOADED_TABLES, all_tables, build_all
from parcours.troubles import trouble_of
from parcours.warehouse.connection import prepare

BUCKETS = 3


def test_every_table_is_in_one_step_after_what_it_reads(tmp_path: Path) -> None:
    project = load_project(ROOT / "journey.yaml", output=tmp_path)
    tables = [table for _, table in all_tables(project)]
    steps = engine_in_buckets(project, tmp_path, BUCKETS).steps(tables)
    built = {*LOADED_TABLES}
    for step in steps:
        for table in step.tables:
            assert {*table.upstreams} <= built, f"{table.name} is before what it reads"
            built.add(table.name)
        sent = [one.table for one in step.sends]
        assert len(sent) == len({*sent, *step.read_whole}) - len(step.read_whole), "a table is sent by one key"
        assert {table for one in step.sends for table in one.route} <= built
    assert sorted(table.name for step in steps for table in step.tables) == sorted(table.name for table in tables)
    by_key = [step for step in steps if step.is_by_key]
    assert len(by_key) <= 6, "a shuffle more than was needed when this was written"
    assert {t.name for step in by_key for t in step.tables} >= {"staging.events", "journeys.touchpoints"}


@pytest.mark.parametrize(
    ("type_", "kept"),
    [
        ("UHUGEINT", "UUID"),
        ('STRUCT(updated TIMESTAMP, reach TIMESTAMP, file VARCHAR, "content" UHUGEINT)', None),
        ("DECIMAL(38,4)", "DECIMAL(38,4)"),
        ("HUGEINT[]", "VARCHAR[]"),
        ("VARCHAR", "VARCHAR"),
    ],
)
def test_a_type_is_kept_as_one_that_parquet_has(type_: str, kept: str | None) -> None:
    assert "HUGEINT" not in kept_type(type_)
    assert kept is None or kept_type(type_) == kept


def test_stored_rows_are_what_they_were(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        prepare(connection, "0" * 64)
        connection.execute("""
            create table staging.odd as select
                170141183460469231731687303715884105729::uhugeint as hash, -1::hugeint as sum,
                {'content': 340282366920938463463374607431768211455::uhugeint, 'file': 'a'} as version,
                [{'said': 'Zoë, "x"', 'attribute': null}] as attributes, 0.1::double as share, 'nan'::double as nothing,
                1.10::decimal(38, 4) as money, timestamp '2026-03-29 02:30:00.123456' as instant, '' as "select"
        """)
        connection.execute("insert into staging.odd select null, null, null, [], null, null, null, null, null")
        connection.execute("create table staging.none as from staging.odd limit 0")
        storage = Storage(tmp_path / "cluster")
        for table in ("staging.odd", "staging.none"):
            storage.put(connection, table, "1")
            described = connection.execute(f"describe {storage[table].select}").fetchall()
            assert described == connection.execute(f"describe {table}").fetchall()
            found = connection.execute(storage[table].select).fetchall()
            assert sorted(map(repr, found)) == sorted(map(repr, connection.execute(f"from {table}").fetchall()))
        again = Storage(tmp_path / "cluster")
        assert again.tables == ["staging.odd", "staging.none"]
        before = again["staging.odd"].files
        again.put(connection, "staging.odd", "2")
        again.keep({"staging.odd": "2", "staging.none": "2", "staging.other": "2"})
        assert again.tables == Storage(tmp_path / "cluster").tables == ["staging.odd"], "the other is of another stamp"
        left = [str(path) for path in (tmp_path / "cluster").rglob("*.parquet")]
        assert sorted(left) == sorted(again["staging.odd"].files) and {*left}.isdisjoint(before)


def test_what_failed_on_a_worker_is_said_as_on_one_machine() -> None:
    text = """An exception was thrown from the Python worker:
Traceback (most recent call last):
  File "/srv/parcours/engine/build.py", line 156, in _run
    raise ModelError(f"{table}: {error}") from error
parcours.engine.model.ModelError: journeys.x: Catalog Error: Table with name nowhere does not exist!
Did you mean "pg_indexes"?

LINE 3: from nowhere
	at org.apache.spark.api.python.BasePythonRunner.handlePythonException(PythonRunner.scala:1097)"""
    refused = what_failed(text)
    assert isinstance(refused, ModelError) and str(refused).startswith("journeys.x: Catalog Error")
    assert "org.apache" not in str(refused) and trouble_of(refused).title == "A table's SQL fails"
    gone = what_failed("Job aborted: all masters are unresponsive! Giving up.\n\tat org.apache.spark.A\n" * 3)
    assert isinstance(gone, ClusterError) and trouble_of(gone).title == "The cluster gave up"


def test_without_pyspark_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    monkeypatch.setitem(sys.modules, "pyspark.errors", None)
    with pytest.raises(SparkMissing, match=r"install parcours\[spark\]"):
        _ = Spark("local[1]", {}).session


def test_a_step_is_sent_the_columns_that_it_reads(tmp_path: Path) -> None:
    project = canonical_project(tmp_path / "shop", shop_settings())
    engine = engine_in_buckets(project, tmp_path / "cluster", 2)
    steps = engine.steps([table for _, table in all_tables(project)])
    [step] = [step for step in steps if step.tables[0].name == "staging.purchase_events"]
    read = {name for name in engine.columns["staging.events"] if step.reads("staging.events", name)}
    assert read >= {"event_id", "occurred_at", "order_id"} and not read & {"agent", "campaign_name", "cart_id"}


def test_a_step_is_refused_before_what_it_reads_is_built(tmp_path: Path) -> None:
    project = canonical_project(tmp_path / "shop", shop_settings())
    engine = engine_in_buckets(project, tmp_path / "cluster", 2)
    steps = engine.steps([table for _, table in all_tables(project)])
    [of_people] = [step for step in steps if "journeys.visits" in {table.name for table in step.tables}]
    with open_canonical(project) as connection, pytest.raises(NotBuilt, match=r"and 30 more can't be built before"):
        engine.refresh(connection, of_people)


def row(number: int, name: str, day: int, **fields: Any) -> dict[str, Any]:
    return {"event_id": f"e{number}", "event_name": name, "occurred_at": at(day * 86400.0 + number), **fields}


def nights() -> list[list[File]]:
    """Three nights: people who merge, a late row, a device of two people."""
    first = [
        row(1, "landing", 0, anonymous_id="d1"),
        row(2, "product", 0, anonymous_id="d1"),
        row(3, "add", 0, anonymous_id="d1", product_id="p1", price="10"),
        row(4, "landing", 0, anonymous_id="d2"),
        row(5, "checkout", 0, anonymous_id="tablet", customer_id="c1"),
        row(6, "product", 0, anonymous_id="tablet"),
    ]
    second = [
        row(7, "checkout", 1, anonymous_id="d1", customer_id="c1"),
        row(8, "purchased", 1, anonymous_id="d1", order_id="o1", value="10"),
        row(9, "checkout", 1, anonymous_id="tablet", customer_id="c2"),
        row(10, "product", 1, anonymous_id="tablet"),
        row(11, "help", 1, anonymous_id="d9"),
    ]
    late = [row(12, "product", 0, anonymous_id="d2"), row(13, "add", 2, anonymous_id="d2", customer_id="c2")]
    return [[File("events", number, tuple(rows))] for number, rows in enumerate((first, second, late), 1)]


def on_cluster(parts: list[list[File]], folder: Path, buckets: int, few: float = 0.0) -> tuple[dict[str, Any], Project]:
    """What the tables hold when a cluster computed them after each load."""
    with shop() as (project, connection):
        for part in parts:
            load_files(connection, project, part)
            build_all(connection, project, engine=engine_in_buckets(project, folder, buckets, few))
        return contents(connection), project


@pytest.mark.cluster
def test_three_nights_in_buckets_are_three_nights_on_one_machine(tmp_path: Path) -> None:
    found, project = on_cluster(nights(), tmp_path, BUCKETS)
    assert found["journeys.touchpoints"][1] and found["metrics.funnel_steps"][1]
    assert not difference(found, built_at_once([file for part in nights() for file in part]), in_order(project))


def test_a_night_of_few_changes_is_brought_up_to_date_in_the_warehouse_alone(tmp_path: Path) -> None:
    """And what the storage has of changed tables goes: of another night, it would be taken for this one's."""
    folder, people = tmp_path / "cluster", 30
    everybody = [row(100 + number, "landing", 0, anonymous_id=f"v{number}") for number in range(people)]
    parts = [
        [File("events", 1, tuple(everybody))],
        [File("events", 2, (row(1, "product", 1, anonymous_id="v1"), row(2, "add", 1, anonymous_id="v2")))],
        [File("events", 3, tuple(row(200 + n, "checkout", 2, anonymous_id=f"v{n}") for n in range(people // 2)))],
    ]
    asked = list[bool]()
    with shop() as (project, connection):
        for part in parts:
            load_files(connection, project, part)
            engine = engine_in_buckets(project, folder, 2, few=0.1)
            build_all(connection, project, engine=engine)
            asked.append(bool(engine.spark.sent_blobs))  # type: ignore[attr-defined]
            if not asked[-1]:
                held = {*Storage(folder).tables}
                assert "settings.shop" in held and not held & {"raw.events", "staging.events", "journeys.visits"}
        found = contents(connection)
    assert asked == [True, False, True], "two of thirty people; then half of them"
    assert not difference(found, built_at_once([file for part in parts for file in part]), in_order(project))


@pytest.mark.cluster
def test_a_forgotten_person_is_in_no_file_of_a_cluster_and_in_no_table(tmp_path: Path) -> None:
    project = canonical_project(tmp_path / "shop", shop_settings())
    engine = engine_in_buckets(project, project.cluster_storage, 2)
    *before, last = nights()
    with open_canonical(project, str(project.warehouse)) as connection:
        for night in before:
            load_files(connection, project, night)
            build_all(connection, project, engine=engine)
    assert "customer:c1" in stored_text(project)
    assert not forget_people(project, [("customer", "c1")]).unknown
    assert not Path(project.cluster_storage).exists()
    with open_canonical(project, str(project.warehouse)) as connection:
        load_files(connection, project, last)
        build_all(connection, project, engine=engine)
        assert not difference(contents(connection), rebuilt(connection, project), in_order(project))
    assert "customer:c1" not in stored_text(project) and "customer:c2" in stored_text(project)


def stored_text(project: Project) -> str:
    """All values of all files of a cluster's tables."""
    with duckdb.connect() as reader:
        files = Path(project.cluster_storage).rglob("*.parquet")
        return "\n".join(repr(reader.execute("from read_parquet(?)", [str(file)]).fetchall()) for file in files)


@pytest.mark.cluster
@few(examples(1, 12))
@given(shops_and_loads(at_most=2), st.sampled_from([0.0, 0.3]))
def test_random_shops_in_buckets_are_those_of_one_machine(drawn: Any, few_are: float) -> None:
    files, parts = drawn
    with tempfile.TemporaryDirectory() as folder:
        found, project = on_cluster([[*part] for part in parts], Path(folder), BUCKETS, few_are)
    assert not difference(found, built_at_once(files), in_order(project))


def test_one_night_is_that_of_one_machine_and_leaves_nothing_else(tmp_path: Path) -> None:
    """What a lost attempt wrote is in no table and goes; a second run finds nothing to send."""
    folder, project = tmp_path / "cluster", canonical_project(tmp_path / "shop", shop_settings())
    lost = folder / "journeys.touchpoints" / "0123456789ab"
    lost.mkdir(parents=True)
    (lost / "00000-lost.parquet").write_bytes(b"half of a fi")
    [first, *_] = nights()
    with open_canonical(project) as connection:
        load_files(connection, project, first)
        build_all(connection, project, engine=engine_in_buckets(project, folder, 2))
        assert not difference(contents(connection), built_at_once(first), in_order(project))
        manifest = (folder / "manifest.json").read_bytes()
        held = {Path(file) for table in json.loads(manifest).values() for file in table["files"]}
        assert {*folder.rglob("*.parquet")} == held and not lost.exists()

        engine = engine_in_buckets(project, folder, 2)
        build_all(connection, project, engine=engine)
        assert not engine.spark.sent_blobs and (folder / "manifest.json").read_bytes() == manifest  # type: ignore[attr-defined]

    # A warehouse that is made anew numbers its refreshes as the one before did, and has other rows.
    other = canonical_project(tmp_path / "other", shop_settings())
    second = [File("events", 1, nights()[1][0].rows)]
    with open_canonical(other) as connection:
        load_files(connection, other, second)
        build_all(connection, other, ["journeys.visits"], engine=engine_in_buckets(other, folder, 2))
        found = contents(connection)
        build_all(connection, other, ["journeys.visits"], full_refresh=True)
        assert found["journeys.visits"][1] and not difference(found, contents(connection), in_order(other))

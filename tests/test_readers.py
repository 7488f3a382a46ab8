"""The published file is everybody's: older and newer DuckDB and duckdb-wasm open it, and readers never see half of it.

The releases come from the package registries when the tests run, pinned by their hashes, into pytest's cache.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from given import rows
from registries import READERS, from_pip, installed

from parcours.warehouse.published import write_published

WASM = "duckdb-wasm"
RELEASES = ["1.4.5", "1.5.6", duckdb.__version__, WASM]

TABLES = (
    "select table_schema || '.' || table_name from information_schema.tables "
    "where table_type = 'BASE TABLE' and table_schema in ('settings', 'raw', 'staging', 'journeys', 'metrics')"
)
ASKED = {
    "tables": f"{TABLES} order by all",
    "comments": "select count(*) from duckdb_columns() where schema_name <> 'main' and comment is not null",
    "functions": "select function_name, comment from duckdb_functions() where function_type = 'macro' "
    "and schema_name = 'main' and not internal and comment is not null order by all",
    "rate": "select rate(1, 4), rate(0, 0), round(wilson_low(5, 10), 6), round(wilson_high(5, 10), 6)",
    "people": "select count(*), count(distinct person_id), min(person_id) from journeys.people",
    "revenue": "select cast(sum(net_revenue) as varchar), cast(max(ordered_at) as varchar) from staging.orders",
    "kpis": "select cast(kpi as varchar), cast(count(*) as varchar) from metrics.kpis group by kpi order by all",
}


def asked_with(release: str, cache: Path, published: Path, questions: dict[str, str]) -> dict[str, Any]:
    """What a release of DuckDB answers."""
    folder, environment = cache / release, dict(os.environ)
    if release == WASM:
        install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        command = ["node", str(READERS / "read.cjs")]
    else:
        install = from_pip(f"duckdb-{release}")
        command = [sys.executable, str(READERS / "read.py")]
    if release != duckdb.__version__:
        environment["PYTHONPATH"] = str(installed(install, folder, release))
    read = subprocess.run(
        [*command, str(published)],
        cwd=folder if folder.exists() else None,
        env=environment,
        input=json.dumps(questions),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert read.returncode == 0, read.stderr[-2000:]
    found: dict[str, Any] = json.loads(read.stdout)
    assert release in (found["version"], WASM), found["version"]
    return found


@pytest.fixture
def cache(request: pytest.FixtureRequest) -> Path:
    """Where the releases are installed; kept from one run to the next."""
    return Path(request.config.cache.mkdir("readers"))


@pytest.mark.readers
@pytest.mark.parametrize("release", RELEASES)
def test_every_duckdb_reads_tables_sentences_and_functions(release: str, cache: Path, published_sample: Path) -> None:
    with duckdb.connect(str(published_sample), read_only=True) as published:
        wanted = {name: [list(row) for row in rows(published, sql)] for name, sql in ASKED.items()}
        counted = {table: f"select count(*) from {table}" for (table,) in rows(published, TABLES)}
        counts = {table: [list(row) for row in rows(published, sql)] for table, sql in counted.items()}
    assert len(wanted["tables"]) > 80 and len(wanted["functions"]) > 10 and wanted["people"][0][0] > 1000
    assert asked_with(release, cache, published_sample, ASKED | counted)["said"] == wanted | counts


READER = """
import sys, duckdb
from os.path import exists
path, stop = sys.argv[1:]
seen, is_over = [0], False
while not is_over:
    is_over = exists(stop)
    with duckdb.connect(path, read_only=True, config={"threads": 1}) as published:
        found = {
            published.execute(f"select min(build), max(build), count(*) from {schema}.numbers").fetchall()[0]
            for schema in ("staging", "journeys", "metrics")
        }
    [(lowest, highest, count)] = found
    assert lowest == highest >= seen[-1] and count == 200_000, (found, seen[-1])
    if len(seen) == 1:
        print("reads", flush=True)
    seen.append(lowest)
print(*seen[1:])
"""


@pytest.fixture
def reading(tmp_path: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that a test starts; none outlives it."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.nights
def test_twenty_readers_in_a_loop_through_ten_publishes_see_one_build_each(
    tmp_path: Path, reading: list[subprocess.Popen[str]]
) -> None:
    published, stop = tmp_path / "published.duckdb", tmp_path / "stop"
    tables = ("staging.numbers", "journeys.numbers", "metrics.numbers")
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        for table in tables:
            connection.execute(f"create schema {table.split('.')[0]}")
        for build in range(11):
            for table in tables:
                connection.execute(f"create or replace table {table} as select {build} as build from range(200_000)")
            write_published(connection, published)
            if not build:
                command = [sys.executable, "-c", READER, str(published), str(stop)]
                for _ in range(20):
                    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
                    reading.append(subprocess.Popen(command, **pipes))
                assert [process.stdout.readline() for process in reading] == ["reads\n"] * 20
    stop.touch()
    said = [process.communicate(timeout=120) for process in reading]
    assert [errors for _, errors in said if errors] == []
    seen = [[*map(int, builds.split())] for builds, _ in said]
    assert {builds[-1] for builds in seen} == {10} and min(map(len, seen)) > 1
    assert len({build for builds in seen for build in builds}) > 5, "publishing was over before anybody read"

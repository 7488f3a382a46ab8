"""On Spark itself, with `kill -9`: what a cluster of this machine computes is what DuckDB alone does.

A laptop without Java or pyspark skips, and says so; CI has both.
"""

from __future__ import annotations

import csv
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from canonical_shops import contents, difference
from given import examples
from object_store import CREDENTIALS, object_store
from planted_values import found_in, planted_shop
from shops import OLIST_DATA, first_days, load, query

from parcours.cluster.spark import SparkMissing
from parcours.cluster.standalone import Standalone, standalone
from parcours.cluster.storage import MANIFEST, Storage
from parcours.forget_people import forget_people
from parcours.project import ROOT, Project, load_project
from parcours.run import build_warehouse
from parcours.tables.catalogue import build_all
from parcours.tables.engines import MASTER, end_sessions, engine_of
from parcours.tables.verify import find_differences
from parcours.warehouse.connection import open_warehouse
from parcours.warehouse.refresh_log import reset_log

pytestmark = pytest.mark.cluster
DAYS = 5


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    """Two workers on loopback."""
    try:
        with standalone(tmp_path_factory.mktemp("cluster") / "spark") as started:
            yield started
            assert not scratch_in(started)
    except SparkMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A shop as one machine computes it."""
    shop = first_days(tmp_path_factory.mktemp("alone"), DAYS)
    build_warehouse(shop)
    return shop


@contextmanager
def computed_on(cluster: Standalone) -> Iterator[None]:
    os.environ[MASTER] = cluster.master
    try:
        yield
    finally:
        end_sessions()
        del os.environ[MASTER]


def rows_of(shop: Project) -> dict[str, Any]:
    with duckdb.connect(str(shop.published), read_only=True) as published:
        return contents(published)


def twin(shop: Project, folder: Path) -> Project:
    """The same exports and key, with nothing built."""
    folder.mkdir()
    shutil.copy(shop.key_file, folder)
    return load_project(shop.journey_file, shop.exports_folder, folder)


def executors(cluster: Standalone) -> list[int]:
    """The processes of a cluster that have tasks run; their environment names its folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            is_one = b"CoarseGrainedExecutorBackend" in (entry / "cmdline").read_bytes()
            if is_one and str(cluster.folder).encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue  # it has just ended
    return found


def scratch_in(cluster: Standalone) -> list[Path]:
    return [*cluster.folder.rglob("parcours-bucket-*")]


def unheld(shop: Project) -> set[Path]:
    """Files of the storage that are in no table."""
    storage = Storage(shop.cluster_storage)
    held = {Path(file) for name in storage.tables for file in storage[name].files}
    folder = Path(shop.cluster_storage)
    return {path for path in folder.rglob("*") if path.is_file()} - held - {folder / MANIFEST}


def test_with_executors_and_workers_killed_the_rows_are_those_of_one_machine(
    cluster: Standalone, alone: Project, tmp_path: Path
) -> None:
    """Killed again and again while all is computed anew, until there were so many kills."""
    wanted, shop, chance = rows_of(alone), twin(alone, tmp_path / "shop"), random.Random(16)
    killed: list[str] = []
    with computed_on(cluster):
        build_warehouse(shop)
        assert not difference(rows_of(shop), wanted)
        while len(killed) < examples(12, 30):
            with open_warehouse(shop) as connection:
                reset_log(connection)
            build_while_killing(shop, cluster, chance, killed)
            assert not difference(rows_of(shop), wanted), f"after {killed}"
    assert {*killed} == {"executor", "worker"}
    assert not unheld(shop)


def build_while_killing(shop: Project, cluster: Standalone, chance: random.Random, killed: list[str]) -> None:
    """Every few seconds an executor is killed, or a worker with all that it runs; another worker comes in its place.

    They are started by this thread, not by one that ends: workers end with it (PR_SET_PDEATHSIG).
    """
    with ThreadPoolExecutor(1) as thread:
        building = thread.submit(build_warehouse, shop)
        while not wait([building], timeout=chance.uniform(1, 6)).done:
            if len(killed) % 3 == 2:
                name = next(name for name in cluster.processes if name.startswith("worker"))
                worker = cluster.processes.pop(name)
                worker.kill()
                worker.wait()
                cluster.start_worker(100 + len(killed), "2500m")
                killed.append("worker")
            elif running := executors(cluster):
                os.kill(chance.choice(running), signal.SIGKILL)
                killed.append("executor")
        building.result()


def test_tables_in_an_object_store_are_those_of_one_machine(
    cluster: Standalone, alone: Project, tmp_path: Path
) -> None:
    shop = twin(alone, tmp_path / "shop")
    with object_store() as address, computed_on(cluster):
        workers = {f"spark.executorEnv.{name}": value for name, value in CREDENTIALS.items()}
        there = shop.settings.engine.model_copy(update={"storage": address, "options": workers})
        shop = replace(shop, settings=shop.settings.model_copy(update={"engine": there}))
        build_warehouse(shop)
        stored = Storage(shop.cluster_storage)
        assert len(stored.tables) > 50 and not (shop.output / "cluster").exists()
        assert not stored.place.files().keys() ^ {file for name in stored.tables for file in stored[name].files}
    assert not difference(rows_of(shop), rows_of(alone))


def test_with_the_driver_killed_the_next_run_ends_as_if_it_had_not_been(
    cluster: Standalone, alone: Project, tmp_path: Path
) -> None:
    shop, chance = twin(alone, tmp_path / "shop"), random.Random(7)
    build = "from parcours.project import *; from parcours.run import *; build_warehouse(load_project())"
    command = [sys.executable, "-c", build]
    environment = os.environ | {
        MASTER: cluster.master,
        "PARCOURS_JOURNEY": str(shop.journey_file),
        "PARCOURS_EXPORTS": str(shop.exports_folder),
        "PARCOURS_OUTPUT": str(shop.output),
    }
    for _ in range(examples(8, 20)):
        run = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 300
        while not Path(shop.cluster_storage).exists() and time.monotonic() < until:
            time.sleep(0.2)
        time.sleep(chance.uniform(1, 12))
        run.kill()
        run.wait()
    last = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert last.returncode == 0, last.stdout + last.stderr
    assert not difference(rows_of(shop), rows_of(alone)) and not unheld(shop)


NIGHTS = {
    "olist_orders_dataset": [(0.03, 0.6), (0.03, 0.97), (0, 1)],  # the oldest come last
    "olist_customers_dataset": [(0, 0.5), (0, 1), (0, 1)],  # by which orders are found to be of one person
    "olist_order_reviews_dataset": [(0, 0.1), (0.05, 0.8), (0, 1)],
    "olist_order_items_dataset": [(0, 1)] * 3,
    "olist_order_payments_dataset": [(0, 0.9), (0, 0.9), (0, 1)],
}
"""Of each file, from which to which of its rows it has on each of three nights."""


def rows_of_olist(name: str) -> list[list[str]]:
    with (OLIST_DATA / "olist" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [*csv.reader(file)]


def account_of_who_bought_most() -> str:
    """Olist makes an account of each order."""
    accounts = [(account, person) for account, person, *_ in rows_of_olist("olist_customers_dataset")]
    [(most, _)] = Counter(person for _, person in accounts).most_common(1)
    return next(account for account, person in accounts if person == most)


@pytest.mark.skipif(
    not (OLIST_DATA / "olist").exists(), reason=f"no data of Olist in {OLIST_DATA}: see examples/olist/README.md"
)
def test_three_nights_of_a_real_shop_and_people_who_are_forgotten(cluster: Standalone, tmp_path: Path) -> None:
    shop = load_project(ROOT / "examples" / "olist" / "journey.yaml", tmp_path / "exports", tmp_path / "out")
    shutil.copytree(OLIST_DATA / "olist_leads", tmp_path / "exports" / "olist_leads")
    (tmp_path / "exports" / "olist").mkdir()
    for night in range(3):
        for name, parts in NIGHTS.items():
            header, *rows = rows_of_olist(name)
            first, last = (round(share * len(rows)) for share in parts[night])
            with (shop.exports_folder / "olist" / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([header, *rows[first:last]])
        with computed_on(cluster):
            build_warehouse(shop)
        assert not find_differences(shop), f"night {night + 1}"
        assert not unheld(shop)
        if night == 1:
            forgotten = forget_people(shop, [("customer", account_of_who_bought_most())])
            assert not forgotten.unknown and not Path(shop.cluster_storage).exists()
    again = query(shop, "select count(*) from journeys.people where customer_id_count > 1")
    assert again == [(72,)], "73 people bought again, of whom one is forgotten"


def test_no_planted_value_is_in_what_a_cluster_keeps(cluster: Standalone, tmp_path: Path) -> None:
    shop, planted = planted_shop(
        tmp_path / "shop", 1, ("segment", "shopify_orders", "zendesk_tickets", "hubspot_contacts")
    )
    assert planted > 100
    load(shop)
    # As Spark packs its files, a stream could not be found in them.
    plain = shop.settings.engine.model_copy(update={"options": {"spark.shuffle.compress": "false"}})
    shop = replace(shop, settings=shop.settings.model_copy(update={"engine": plain}))
    with computed_on(cluster):
        with open_warehouse(shop) as connection:
            build_all(connection, shop, engine=engine_of(shop))
        shuffled = [*rows_in_shuffle(cluster)]
    for sent in ("event_id", "row_key", "ticket_id", "contact_id", "record_id"):
        assert any(f"'{sent}'" in text for text in shuffled), f"rows that have {sent} were read there"
    assert not found_in("\n".join(shuffled))
    files = [*Path(shop.cluster_storage).rglob("*.parquet")]
    assert len(files) > 40
    with duckdb.connect() as reader:
        for path in files:
            text = "\n".join(map(repr, reader.execute("from read_parquet(?)", [str(path)]).fetchall()))
            assert not found_in(text + path.name), path
            assert path.stat().st_mode & 0o077 == 0, "its owner's alone"
    assert not found_in((Path(shop.cluster_storage) / MANIFEST).read_text())


def rows_in_shuffle(cluster: Standalone) -> Iterator[str]:
    """The rows of every Arrow stream in what Spark keeps on its disks while a session lasts, as text."""
    for path in (cluster.folder / "local").rglob("shuffle_*.data"):
        kept = path.read_bytes()
        for found in re.finditer(re.escape(b"\xff\xff\xff\xff"), kept):
            try:
                yield repr(pa.ipc.open_stream(kept[found.start() :]).read_all().to_pylist())
            except (pa.ArrowException, OSError):
                continue  # a mark of a message within a stream

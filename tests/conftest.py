"""Fixtures that several test files use."""

from __future__ import annotations

import fcntl
import gc
import hashlib
import json
import os
import pickle
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from parcours.project import ROOT, load_project
from parcours.run import build_warehouse

CASES = Path(__file__).parent / "cases"
UNTIL = float(os.environ.get("PARCOURS_UNTIL", "0"))
"""When a suite has to be over (Unix time; 0: whenever it is). CI's machines differ fivefold in speed, and a run that
is not over in time says nothing."""

LONGEST = ("test_sixty_nights.py", "test_nights.py", "test_spark.py", "test_ui_browser.py")
"""The files with tests of several minutes."""


# The parsed SQL of all models is kept: each look through it for garbage takes a tenth of a second.
gc.set_threshold(20_000, 50, 50)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A suite that may run out of time takes its files in an order drawn from the commit: each leaves out others. Those
    of its longest tests come first, so that what begins last is soon over.
    """
    if UNTIL:
        drawn = os.environ.get("PARCOURS_COMMIT", "")

        def place(item: pytest.Item) -> tuple[bool, bytes]:
            name = item.path.name
            return name not in LONGEST, hashlib.sha256(f"{drawn} {name}".encode()).digest()

        items.sort(key=place)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    if UNTIL and time.time() > UNTIL:
        pytest.skip("not run: no time was left (PARCOURS_UNTIL)")


def cases(name: str, *tiers: str) -> list[Any]:
    """The published cases of a file, as pytest parameters."""
    lines = (CASES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    return [pytest.param(case, id=case["id"]) for case in found if case["tier"] in tiers]


BuiltOnce = Callable[[str, Callable[[Path], Any]], Any]


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> BuiltOnce:
    """`built_once(name, build)`: what `build(folder)` returned to the first of pytest's workers to ask; only read.

    PARCOURS_BUILT names a folder in which it stays for later runs of the same commit: CI's suites are such.
    """
    own = tmp_path_factory.getbasetemp()
    base = Path(os.environ.get("PARCOURS_BUILT") or (own if worker_id == "master" else own.parent))

    def once(name: str, build: Callable[[Path], Any]) -> Any:
        folder = base / name
        folder.mkdir(exist_ok=True)
        returned = folder / "returned.pickle"
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not returned.exists():
                returned.write_bytes(pickle.dumps(build(folder)))
        return pickle.loads(returned.read_bytes())

    return once


@pytest.fixture(scope="session")
def published_sample(built_once: BuiltOnce) -> Path:
    """published.duckdb of the whole sample."""

    def build(folder: Path) -> Path:
        project = load_project(ROOT / "journey.yaml", ROOT / "data" / "sample", folder)
        build_warehouse(project)
        return project.published

    published: Path = built_once("published sample", build)
    return published


@pytest.fixture
def changed(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The report's hand-made database still open for writing; close it before reading."""
    from report_shop import write_published

    connection = duckdb.connect(str(write_published(tmp_path / "published.duckdb")))
    yield connection
    connection.close()

"""Fixtures that several test files use."""

from __future__ import annotations

import fcntl
import json
from pathlib import Path
from typing import Any

import pytest

from parcours.project import ROOT, load_project
from parcours.run import build_warehouse

CASES = Path(__file__).parent / "cases"


def cases(name: str, *tiers: str) -> list[Any]:
    """The published cases of a file, as pytest parameters."""
    lines = (CASES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    return [pytest.param(case, id=case["id"]) for case in found if case["tier"] in tiers]


@pytest.fixture(scope="session")
def published_sample(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """published.duckdb of the whole sample; built once, by the first of pytest's workers to ask; only read."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "published"
    folder.mkdir(exist_ok=True)
    project = load_project(ROOT / "journey.yaml", ROOT / "data" / "sample", folder)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not project.published.exists():
            build_warehouse(project)
    return project.published

"""Fixtures that several test files use."""

from __future__ import annotations

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
def published_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """published.duckdb of the whole sample; built once, only read."""
    project = load_project(ROOT / "journey.yaml", ROOT / "data" / "sample", tmp_path_factory.mktemp("published"))
    build_warehouse(project)
    return project.published

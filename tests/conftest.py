"""Fixtures that several test files use."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.project import ROOT, Project, load_project

CASES = Path(__file__).parent / "cases"


def cases(name: str, *tiers: str) -> list[Any]:
    """The published cases of a file, as pytest parameters."""
    lines = (CASES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    return [pytest.param(case, id=case["id"]) for case in found if case["tier"] in tiers]


@pytest.fixture
def sample_project(tmp_path: Path) -> Callable[[], Project]:
    """The made-up shop on data/sample, with its output in a temporary folder."""

    def make() -> Project:
        return load_project(ROOT / "journey.yaml", ROOT / "data" / "sample", tmp_path)

    return make

"""A load that is killed at any point: the next one ends in exactly the tables of an undisturbed one."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from given import rows

from parcours.project import ROOT, load_project
from parcours.warehouse.canonical import KINDS
from parcours.warehouse.connection import open_warehouse

LOAD = """
import sys
from pathlib import Path
from parcours.loading import together
from parcours.loading.load import load_exports
from parcours.project import load_project
from parcours.loading.settings_tables import write_settings
from parcours.warehouse.connection import open_warehouse
project = load_project(Path("journey.yaml"), Path("data/sample"), Path(sys.argv[1]))
# The sample's files in some 20 transactions, so that a kill falls between two of them too.
together.MOST_FILES = 5
with open_warehouse(project) as connection:
    write_settings(connection, project.settings)
    print("loading", flush=True)
    load_exports(connection, project)
"""
KILLS = 30


def start(output: Path) -> subprocess.Popen[str]:
    """A process that loads the sample; returns when it has begun."""
    process = subprocess.Popen([sys.executable, "-c", LOAD, str(output)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout and process.stdout.readline() == "loading\n"
    return process


def tables(output: Path) -> dict[str, list[Any]]:
    project = load_project(ROOT / "journey.yaml", ROOT / "data" / "sample", output)
    names = ["raw.loads", "raw.rejected_rows", "raw.observed_names", *(f"raw.{kind}" for kind in KINDS)]
    # Which run loaded a file (load_number) is the one thing that may differ.
    query = "select columns(lambda c: c <> 'load_number') from"
    with open_warehouse(project) as connection:
        return {name: rows(connection, f"{query} {name} order by all") for name in names}


@pytest.mark.fuzz
def test_killed_at_random_points(tmp_path: Path) -> None:
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    for output in (undisturbed, disturbed):
        output.mkdir()
        (output / ".parcours-key").write_text("1" * 64)
    began = time.monotonic()
    assert start(undisturbed).wait() == 0
    whole = time.monotonic() - began

    chance, files = random.Random(1), []
    for _ in range(KILLS):
        process = start(disturbed)
        time.sleep(chance.uniform(0, whole / KILLS * 2))
        process.kill()
        process.wait()
        with open_warehouse(load_project(ROOT / "journey.yaml", ROOT / "data" / "sample", disturbed)) as connection:
            made = rows(connection, "select 1 from duckdb_tables() where schema_name = 'raw' and table_name = 'loads'")
            files.append(rows(connection, "select count(*) from raw.loads")[0][0] if made else 0)
    assert files == sorted(files) and files[-1] > 0, files
    assert start(disturbed).wait() == 0
    assert tables(disturbed) == tables(undisturbed)

"""Variants and transitions are those that pm4py, a process-mining library, finds in the same touchpoints.

pm4py comes from the package registry when the test runs, pinned by hashes, and runs in a process of its own.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
import pytest
from given import rows
from registries import READERS, from_pip, installed

PM4PY = "pm4py-2.7.23"
STEPS = """
select steps.journey_id, steps.occurred_at, steps.{place}, steps.occurred_at <= paths.settled_at
from journeys.journey_touchpoints as steps
inner join (
    select journeys.journey_id, instant_after(journeys.last_contact_at, shop.inactivity_seconds) as settled_at
    from journeys.journeys as journeys cross join settings.shop as shop
) as paths on steps.journey_id = paths.journey_id
where steps.{place} is not null
order by steps.journey_id, steps.{number}
"""
SESSIONS = """
select steps.journey_id, min(steps.occurred_at), sessions.channel
from journeys.journey_touchpoints as steps
inner join journeys.sessions as sessions on steps.session_id = sessions.session_id
group by steps.journey_id, steps.session_id, sessions.channel
order by 1, 2
"""
HEADER = ("case:concept:name", "time:timestamp", "concept:name")


@pytest.fixture(scope="module")
def pm4py(request: pytest.FixtureRequest) -> Path:
    """The folder that holds it."""
    return installed(from_pip(PM4PY), Path(request.config.cache.mkdir("readers")) / PM4PY, PM4PY)


def mined(log: Iterable[tuple[Any, ...]], folder: Path, pm4py: Path) -> dict[str, Any]:
    """What pm4py counts in a log of journeys, instants and places."""
    with (folder / "log.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER, *((case, at.isoformat(), place) for case, at, place in log)])
    read = subprocess.run(
        [sys.executable, "-W", "ignore", str(READERS / "mine.py"), str(folder / "log.csv")],
        env={**os.environ, "PYTHONPATH": str(pm4py)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert read.returncode == 0, read.stderr[-2000:]
    found: dict[str, Any] = json.loads(read.stdout)
    assert PM4PY.endswith(found["version"])
    return found


@pytest.mark.readers
def test_pm4py_finds_the_same_variants_of_stages(published_sample: Path, tmp_path: Path, pm4py: Path) -> None:
    with duckdb.connect(str(published_sample), read_only=True) as published:
        steps = rows(published, STEPS.format(place="stage", number="staged_number"))
        wanted = rows(
            published,
            "select path, journey_count + open_count + uncovered_count from metrics.journey_variants "
            "where journey_type = 'all' and path <> 'no stage'",
        )
    visits = [next(run) for _, run in groupby(steps, key=lambda step: (step[0], step[2]))]
    found = mined([step[:3] for step in visits if step[3]], tmp_path, pm4py)["variants"]
    assert len(found) > 100
    assert found == dict(wanted)


@pytest.mark.readers
@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        ("stage", STEPS.format(place="stage", number="staged_number")),
        ("touchpoint", STEPS.format(place="touchpoint", number="named_number")),
        ("channel", SESSIONS),
    ],
)
def test_pm4py_finds_the_same_transitions(
    kind: str, asked: str, published_sample: Path, tmp_path: Path, pm4py: Path
) -> None:
    with duckdb.connect(str(published_sample), read_only=True) as published:
        steps = rows(published, asked)
        wanted = rows(
            published,
            "select from_place, to_place, transition_count from metrics.transitions "
            f"where kind = '{kind}' and journey_type = 'all' and to_place is not null",
        )
    if kind == "stage":
        steps = [next(run) for _, run in groupby(steps, key=lambda step: (step[0], step[2]))]
    found = mined([step[:3] for step in steps], tmp_path, pm4py)
    pairs = {(one, other): count for one, other, count in found["pairs"]}
    assert len(pairs) > 10
    assert pairs | {(None, place): count for place, count in found["starts"].items()} == {
        (one, other): count for one, other, count in wanted
    }

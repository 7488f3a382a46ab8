"""Whatever the order in which files arrive, and over however many loads they are split: the same staging tables.

Random versions of events, orders, contacts and answers, in files that overlap, are loaded in two random ways.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from given import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shops import load

from parcours.project import ROOT, Project, load_project
from parcours.tables.catalogue import build_all
from parcours.warehouse.connection import open_warehouse

STAGING = ("staging.events", "staging.orders", "staging.order_lines", "staging.contacts", "staging.feedback")
# Equal instants in several files are likely: only a rule that never asks for the arrival decides these.
hours = st.integers(0, 6)
few = st.integers(1, 3)


def instant(hour: int) -> str:
    return f"2026-07-01T{hour:02d}:00:00Z"


def shopify(hour: int) -> str:
    return f"2026-07-01 {hour:02d}:00:00 +0000"


events = st.fixed_dictionaries(
    {"messageId": few.map(str), "type": st.just("track"), "event": st.sampled_from(["Seen", "Added"]),
     "anonymousId": few.map(str), "timestamp": hours.map(instant)}
)  # fmt: skip
order_lines = st.fixed_dictionaries(
    {"Name": few.map(lambda n: f"#{n}"), "Created at": hours.map(shopify), "Lineitem quantity": few,
     "Lineitem name": st.sampled_from(["Mug", "Pen"]), "Lineitem price": st.just("5.00"),
     "Total": st.sampled_from(["", "10.00", "15.00"]), "Financial Status": st.sampled_from(["paid", "refunded"])}
)  # fmt: skip
contacts = st.fixed_dictionaries(
    {"Record ID": few, "Email": st.sampled_from(["", "a@example.com", "b@example.com"]),
     "Create Date": hours.map(lambda h: f"2026-07-01 {h:02d}:00"), "City": st.sampled_from(["Lyon", "Nice"]),
     "Last Modified Date": hours.map(lambda h: f"2026-07-02 {h % 2:02d}:00")}
)  # fmt: skip
answers = st.fixed_dictionaries(
    {"Response ID": few, "Survey": st.just("Order satisfaction"), "Scale": st.just("1-5"), "Score": few,
     "Sent at": hours.map(instant), "Answered at": hours.map(instant)}
)  # fmt: skip
FILES = {"events": events, "orders": order_lines, "contacts": contacts, "survey_answers": answers}
file = st.sampled_from(list(FILES)).flatmap(
    lambda kind: st.tuples(st.just(kind), st.lists(FILES[kind], min_size=1, max_size=4))
)
files = st.lists(file, min_size=2, max_size=7)


def written(kind: str, number: int, rows: list[dict[str, Any]]) -> tuple[str, str]:
    """Name below the exports folder, and text."""
    if kind == "events":
        return f"events/e{number}.jsonl", "".join(json.dumps(row) + "\n" for row in rows)
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]))
    table.writeheader()
    table.writerows(rows)
    return f"{'orders' if kind == 'orders' else 'crm'}/{kind}_{number}.csv", text.getvalue()


def staged_after(loads: list[list[tuple[str, str]]]) -> list[list[tuple[Any, ...]]]:
    """The staging tables after these loads, each of some files."""
    folder = Path(tempfile.mkdtemp())
    try:
        yaml = (ROOT / "journey.yaml").read_text(encoding="utf-8").replace("events/*.jsonl.gz", "events/*.jsonl")
        (folder / "journey.yaml").write_text(yaml, encoding="utf-8")
        (folder / ".parcours-key").write_text("0" * 64)
        project: Project = load_project(folder / "journey.yaml", folder / "exports", folder)
        for files_of_load in loads:
            for name, text in files_of_load:
                path = project.exports_folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            for found in load(project):
                assert found.status == "loaded", found
                assert found.rows_read == found.rows_loaded + found.rows_duplicate + found.rows_rejected
        with open_warehouse(project) as connection:
            build_all(connection, project, STAGING)
            return [connection.execute(f"from {table} order by all").fetchall() for table in STAGING]
    finally:
        shutil.rmtree(folder)


@pytest.mark.random
@settings(max_examples=examples(1, 12), deadline=None, suppress_health_check=list(HealthCheck))
@given(files, st.randoms(use_true_random=False))
def test_any_order_and_any_split_of_the_files_gives_the_same_staging_tables(
    drawn: list[tuple[str, list[dict[str, Any]]]], chance: Any
) -> None:
    named = [written(kind, number, rows) for number, (kind, rows) in enumerate(drawn)]
    in_one = staged_after([named])
    shuffled = chance.sample(named, len(named))
    cuts = sorted({0, len(named), *chance.sample(range(len(named)), chance.randint(0, len(named) - 1))})
    assert staged_after([shuffled[a:b] for a, b in pairwise(cuts)]) == in_one

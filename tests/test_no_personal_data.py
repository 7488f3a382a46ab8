"""Planted e-mails, phones, names and numbers are in no table, no file and no page that a run makes: those of the
sample, and those in every field of every format (`planted_values.py`).

Files are searched by their bytes; since a database compresses texts, its tables are searched by value too.
"""

from __future__ import annotations

import base64
import html
import json
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest
from planted_values import REFUSED, Planter, planted_shop
from planted_values import found_in as planted_in
from shops import load

from parcours.loading.said import load_line
from parcours.project import ROOT
from parcours.report.write import write_quality, write_report

PLANTED = json.loads((ROOT / "data" / "sample" / "truth.json").read_text(encoding="utf-8"))["personal_data"]
VALUES = {kind: frozenset(PLANTED[kind]) for kind in ("emails", "phones", "names")}


def found_in(text: str) -> list[str]:
    """The planted values in a text, cheaply: by what an e-mail, a phone and a pair of names look like."""
    emails = VALUES["emails"] & set(re.findall(r"[\w.+-]+@[\w.-]+", text))
    phones = VALUES["phones"] & {match.strip() for match in re.findall(r"\+[\d ()-]+", text)}
    words = re.findall(r"[\w'’-]+", text)
    names = VALUES["names"] & ({*words} | {f"{a} {b}" for a, b in pairwise(words)})
    return sorted(emails | phones | names)


def test_what_is_looked_for_is_found_where_it_is() -> None:
    for kind, values in VALUES.items():
        value = min(values)
        assert found_in(f'before {value} after, "{value}"') == [value], kind


@pytest.mark.parametrize("database", ["warehouse.duckdb", "published.duckdb"])
def test_no_table_holds_a_planted_value(published_sample: Path, database: str) -> None:
    path = published_sample.with_name(database)
    with duckdb.connect(str(path), read_only=True) as connection:
        columns = connection.execute(
            "select schema_name, table_name, column_name from duckdb_columns() where not internal "
            "and data_type = 'VARCHAR' and database_name = current_database()"
        ).fetchall()
        assert len(columns) > 100
        for schema, table, column in columns:
            values = connection.execute(f'select distinct "{column}" from {schema}.{table}').fetchall()
            text = "\n".join(value for (value,) in values if value)
            assert found_in(text) == [], f"{schema}.{table}.{column}"
    content = path.read_bytes()
    assert [value for values in VALUES.values() for value in values if value.encode() in content] == []


def test_no_page_holds_a_planted_value(published_sample: Path, tmp_path: Path) -> None:
    for write in (write_report, write_quality):
        page = tmp_path / f"{write.__name__}.html"
        write(published_sample, page)
        text = page.read_text(encoding="utf-8")
        assert len(text) > 10_000 and found_in(text) == []


def places_with(output: Path) -> dict[str, list[str]]:
    """Where planted values are in what a run left in a folder: in the bytes of a file, or as text in a database."""
    found = {}
    for path in output.rglob("*"):
        if path.is_file() and not path.is_relative_to(output / "exports"):
            text = path.read_bytes().decode("utf-8", errors="replace")
            found[str(path.relative_to(output))] = planted_in(text + html.unescape(text))
    for path in output.glob("*.duckdb"):
        with duckdb.connect(str(path), read_only=True) as connection:
            columns = connection.execute(
                "select schema_name || '.' || table_name, column_name from duckdb_columns() where not internal "
                "and data_type in ('VARCHAR', 'VARCHAR[]') and database_name = current_database()"
            ).fetchall()
            for table, column in columns:
                values = connection.execute(f'select distinct cast("{column}" as text) from {table}').fetchall()
                found[f"{path.name} {table}.{column}"] = planted_in("\n".join(value for (value,) in values if value))
    return {place: sorted(values)[:5] for place, values in found.items() if values}


def run_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipelines", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_what_was_planted_is_found_in_each_form() -> None:
    planter = Planter()
    for form in (planter.email, planter.phone, planter.account, planter.name):
        for _ in range(20):
            assert len(planted_in(f"before {(value := form())} after")) in (1, 2), value
    assert planted_in(base64.b64encode(b"to jo.qzx17@planted.example").decode())


QUICK = ("segment", "hubspot_contacts", "survey_answers")


def test_nothing_planted_is_in_the_warehouse_or_said_of_its_files(tmp_path: Path) -> None:
    project, count = planted_shop(tmp_path, rounds=1, formats=QUICK)
    loads = load(project)
    assert count > 500
    assert {one.status for one in loads if Path(one.path).stem in REFUSED} <= {"refused", "rejected"}
    assert sum(one.rows_rejected for one in loads) > 100 and sum(one.rows_loaded for one in loads) > 100
    assert [load_line(one) for one in loads if planted_in(load_line(one))] == []
    assert places_with(tmp_path) == {}


@pytest.mark.fuzz  # two runs of everything
def test_five_thousand_planted_values_are_in_nothing_that_a_run_leaves(tmp_path: Path) -> None:
    project, count = planted_shop(tmp_path, rounds=1)
    assert count > 5_000
    journey = str(project.journey_file)
    stopped = run_command("run", "--journey", journey)
    assert stopped.returncode == 1 and "headerless.csv" in stopped.stderr
    assert planted_in(stopped.stdout + stopped.stderr) == set()
    assert (tmp_path / ".dagster" / "history" / "runs.db").exists() and places_with(tmp_path) == {}
    for path in project.exports_folder.glob("*/*"):
        if path.stem in REFUSED:
            path.unlink()
    done = run_command("run", "--journey", journey)
    assert done.returncode == 0, done.stderr
    assert planted_in(done.stdout + done.stderr) == set()
    assert project.published.exists() and project.report.exists() and places_with(tmp_path) == {}

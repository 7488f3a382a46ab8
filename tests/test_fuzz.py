"""Mutated export files: no crash, no partial file, and the accounting is exact on every one: held against a count of
each file's rows by Python's own csv and gzip modules, or the file is refused with its reason."""

from __future__ import annotations

import csv
import gzip
import io
import random
import zlib
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from given import examples, rows

from parcours.loading import together
from parcours.loading.load import load_exports
from parcours.loading.settings_tables import write_settings
from parcours.project import ROOT, Project, load_project
from parcours.warehouse.canonical import KINDS
from parcours.warehouse.connection import prepare

SAMPLE = ROOT / "data" / "sample"
ORIGINALS = (
    "events/events-2026-07-01.jsonl.gz",
    "orders/orders_export_1.csv",
    "crm/contacts.csv",
    "crm/survey_answers.csv",
)
SPECIAL = [
    b"\x00",
    b"\xff\xfe",
    b'"',
    b'""',
    b"\n",
    b"\r\n",
    b"\r",
    b",",
    b",,,,",
    b"\x01",
    b"{",
    b"}",
    b"\\",
    b"'",
    b"\xc3",
]
SPECIAL += [
    b"null",
    b"1e999",
    b"-1",
    b"9" * 40,
    "é€😀".encode(),
    b"<script>",
    b"$1",
    b"{{x}}",
    b"\xef\xbb\xbf",
    b"\t",
    b" " * 50,
]


def mutated(text: bytes, chance: random.Random) -> bytes:
    """A file with a few things wrong with it."""
    for _ in range(chance.randint(1, 4)):
        text = _changed(text, chance)
    return text


def _changed(text: bytes, chance: random.Random) -> bytes:
    """A file with one thing wrong with it."""
    at, other = sorted((chance.randrange(len(text) + 1), chance.randrange(len(text) + 1)))
    lines = text.split(b"\n")
    line = chance.randrange(len(lines))
    match chance.randrange(8):
        case 0:
            return text[:at] + chance.choice(SPECIAL) + text[at:]
        case 1:
            return text[:at] + bytes([chance.randrange(256)]) + text[at + 1 :]
        case 2:
            return text[:at] + text[at + chance.randint(1, 30) :]
        case 3:
            return text[:at]
        case 4:
            return text[:other] + text[at:other][:500] + text[other:]
        case 5:
            return b"\n".join([*lines[:line], *lines[line + 1 :]])
        case 6:
            return b"\n".join([*lines[:line], lines[line], *lines[line:]])
        case _:
            return text.replace(b"\n", b"\r\n")


def mutants(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Name and content of each mutated file, of each format in turn."""
    chance = random.Random(seed)
    originals = {}
    for name in ORIGINALS:
        content = (SAMPLE / name).read_bytes()
        text = gzip.decompress(content) if name.endswith(".gz") else content
        originals[name] = b"\n".join(text.split(b"\n")[:25]) + b"\n"
    for number in range(count):
        name = ORIGINALS[number % len(ORIGINALS)]
        content = mutated(originals[name], chance)
        if name.endswith(".gz"):
            content = gzip.compress(content, mtime=0)
            if chance.random() < 0.2:
                content = mutated(content, chance)
        yield name.replace(".", f"-{number}.", 1), content


def row_counts(name: str, content: bytes) -> tuple[int, int] | None:
    """The fewest and most rows that a file can be said to have; none: it can't be read at all.

    They are one number unless a quote of a CSV file is open where a line ends, or stands where none belongs: then at
    least the lines that are a row each by themselves are rows, and at most all lines.
    """
    if name.endswith(".gz"):
        try:
            lines = gzip.decompress(content).removeprefix(b"\xef\xbb\xbf").splitlines()
        except (OSError, EOFError, zlib.error):
            return None
        count = sum(1 for line in lines if line.strip(b" "))
        return count, count
    content = content.removeprefix(b"\xef\xbb\xbf")
    lines = [line for line in content.splitlines() if line]
    if not lines:
        return None
    records = csv_records(content)
    if records is not None and not any("\n" in value or "\r" in value for record in records for value in record):
        return len(records) - 1, len(records) - 1
    header, *rows = map(csv_records, lines)
    return sum(1 for row in rows if header and row and len(row[0]) == len(header[0])), len(rows)


def csv_records(content: bytes) -> list[list[str]] | None:
    """The records of a text that are not blank; none: it breaks the rules of quotes."""
    try:
        found = csv.reader(io.StringIO(content.decode("latin-1"), newline=""), strict=True)
        return [record for record in found if record]
    except csv.Error:
        return None


def check(project: Project, count: int, seed: int) -> None:
    """Load mutated files and hold what became of each against its rows."""
    connection = duckdb.connect()
    prepare(connection, "0" * 64)
    write_settings(connection, project.settings)
    contents = dict(mutants(count, seed))
    for name, content in contents.items():
        (project.exports_folder / name).write_bytes(content)
    loads = {load.path: load for load in load_exports(connection, project)}
    assert loads.keys() == contents.keys()
    in_raw = {
        table: dict(rows(connection, f"select file_id, count(*) from raw.{table} group by all"))
        for table in (*KINDS, "rejected_rows")
    }
    for name, content in contents.items():
        load, expected = loads[name], row_counts(name, content)
        counted = load.rows_loaded, load.rows_rejected
        assert counted == tuple(in_raw[table].get(load.file_id, 0) for table in (load.kind, "rejected_rows")), name
        assert load.rows_read == load.rows_loaded + load.rows_duplicate + load.rows_rejected, name
        if load.status == "refused":
            assert load.rows_read == 0 and load.reason and len(load.reason) > 20, name
        else:
            assert expected and expected[0] <= load.rows_read <= expected[1], (name, expected, load)
    refused = sum(load.status == "refused" for load in loads.values())
    assert count * 0.01 < refused < count * 0.4


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    for folder in ("events", "orders", "crm"):
        (tmp_path / "exports" / folder).mkdir(parents=True)
    return load_project(ROOT / "journey.yaml", tmp_path / "exports", tmp_path)


def test_a_few_mutated_files(shop: Project) -> None:
    check(shop, 15, seed=1)


@pytest.mark.fuzz
def test_many_mutated_files(shop: Project) -> None:
    check(shop, examples(15, 2000), seed=2)


@pytest.mark.parametrize("count", [6, pytest.param(examples(6, 300), marks=pytest.mark.fuzz, id="many")])
def test_mutated_files_together_are_loaded_as_one_by_one(
    shop: Project, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, content in mutants(count, seed=3):
        (shop.exports_folder / name).write_bytes(content)
    found = []
    for most in (together.MOST_FILES, 1):
        monkeypatch.setattr(together, "MOST_FILES", most)
        connection = duckdb.connect()
        prepare(connection, "0" * 64)
        write_settings(connection, shop.settings)
        loads = load_exports(connection, shop)
        tables = ("rejected_rows", "observed_names", *KINDS)
        found.append((loads, [rows(connection, f"from raw.{table} order by all") for table in tables]))
    assert len(found[0][0]) > count * 0.9
    for one, other in zip(*(loads for loads, _ in found), strict=True):
        assert one == other
    assert found[0] == found[1]

"""The sample's planted e-mails, phones and names are in no table, no file and no page that a run makes.

Files are searched by their bytes; since a database compresses texts, its tables are searched by value too.
"""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest

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

"""Tables that Python writes are declared in `sql/`, and a line that is no declaration is refused with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from parcours.warehouse import comments
from parcours.warehouse.canonical import KINDS
from parcours.warehouse.comments import DeclarationError, read_declaration

DECLARED = """\
-- One row per pair of names,
-- whoever said it.
-- key: a, b
create table metrics.pairs (
    a text,                     -- the first
    b decimal(18, 4),  -- the second, in euros
    c timestamp                 -- when
)
"""


@pytest.fixture
def declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of `metrics.pairs`, in a checkout of its own."""
    monkeypatch.setattr(comments, "ROOT", tmp_path)
    file = tmp_path / "sql" / "metrics" / "pairs.sql"
    file.parent.mkdir(parents=True)
    file.write_text(DECLARED, encoding="utf-8")
    read_declaration.cache_clear()
    return file


def test_a_declaration_says_what_a_row_is_its_key_and_each_columns_type_and_sentence(declared: Path) -> None:
    table = read_declaration("metrics.pairs")
    assert table.description == "One row per pair of names, whoever said it."
    assert table.key == ("a", "b")
    assert table.definition == "a text, b decimal(18, 4), c timestamp"
    assert table.columns == {"a": "the first", "b": "the second, in euros", "c": "when"}


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("    c timestamp                 -- when", "    c timestamp"),
        ("create table metrics.pairs (", "create table metrics.pears ("),
        (")", "); drop table metrics.kpis"),
    ],
)
def test_a_column_without_its_sentence_and_other_statements_are_refused(
    declared: Path, line: str, instead: str
) -> None:
    lines = DECLARED.splitlines()
    lines[lines.index(line)] = instead
    declared.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DeclarationError, match=rf"pairs\.sql, line {lines.index(instead) + 1}: found "):
        read_declaration("metrics.pairs")


def test_what_a_shape_asks_of_a_column_is_declared_as_its_constraint() -> None:
    columns = {column.name: column for column in KINDS["events"].columns}
    asked = {name: (columns[name].type, columns[name].required, columns[name].check) for name in columns}
    assert asked["event_id"] == ("text", True, None)
    assert asked["price"] == ("decimal(18, 4)", False, None)
    assert asked["quantity"] == ("double", False, ">= 0")

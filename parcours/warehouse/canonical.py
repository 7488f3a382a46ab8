"""The shapes that every export is brought into: events, order rows, contacts, deals, tickets, feedback.

A source (`sql/sources/<format>.sql`) gives the columns of one shape, by these names; what it leaves out is
null. All times are UTC timestamps. Their columns are declared in `sql/raw/`; `docs/canonical.md` is made from them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from parcours.warehouse.comments import read_declaration

IDENTIFYING = ("anonymous_id", "customer_id", "email_hash", "contact_id", "order_id", "tracker_session_id")
"""Columns that name a person, an order or a session: a value that names none is null in `raw.*`, save a row's own."""


@dataclass(frozen=True)
class Column:
    """A column of a shape. What must be there is declared `not null`, what else its value must be as a `check`."""

    name: str
    type: str
    about: str
    required: bool
    check: str | None
    fields: tuple[Column, ...] = ()
    """Of a list, what each of its elements has; checked as the kind's column of that name is."""


@dataclass(frozen=True)
class Kind:
    """A shape and its columns."""

    name: str
    about: str
    columns: tuple[Column, ...]

    @property
    def key(self) -> str:
        """The column that says which rows are versions of one thing: the first one."""
        return self.columns[0].name

    def named(self, column: str, value: str) -> str:
        """SQL of a text as the column holds it: null, if it should name somebody and names nobody."""
        return f"somebody({value})" if column in IDENTIFYING and column != self.key else value


def _column(typed: str, about: str) -> Column:
    found = re.fullmatch(r"(\w+) (.+?)( not null)?(?: check \(\1 (.+)\))?", typed)
    assert found, typed
    return Column(found[1], found[2], about, bool(found[3]), found[4])


def _with_fields(column: Column, others: Mapping[str, Column]) -> Column:
    """The column with its fields, if it is a list."""
    listed = re.fullmatch(r"struct\((.+)\)\[\]", column.type)
    if not listed:
        return column
    fields = [_column(typed, column.about) for typed in re.split(r", (?=\w+ )", listed[1])]
    checks = {name: other.check for name, other in others.items()}
    return replace(column, fields=tuple(replace(field, check=checks.get(field.name)) for field in fields))


def _kind(name: str) -> Kind:
    declared = read_declaration(f"raw.{name}")
    columns = [*map(_column, declared.typed_columns, declared.columns.values())]
    by_name = {column.name: column for column in columns}
    return Kind(name, declared.description, tuple(_with_fields(column, by_name) for column in columns))


KINDS = {name: _kind(name) for name in ("events", "order_rows", "contacts", "deals", "tickets", "feedback")}

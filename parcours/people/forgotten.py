"""Who asked to be forgotten, as pseudonyms of their identifiers, and how a row of theirs is recognised.

Not here: forgetting somebody (`forget.py`), nor rejecting such a row while a file is loaded (`accounting.py`).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

import duckdb

from parcours.project import Project

IDENTIFIERS = {
    "events": {"anonymous": "anonymous_id", "customer": "customer_id", "email": "email_hash", "order": "order_id"},
    "order_rows": {"order": "order_id", "customer": "customer_id", "email": "email_hash"},
    "contacts": {"contact": "contact_id", "customer": "customer_id", "email": "email_hash"},
    "deals": {"contact": "contact_id", "customer": "customer_id", "email": "email_hash"},
    "tickets": {"contact": "contact_id", "customer": "customer_id", "email": "email_hash", "order": "order_id"},
    "feedback": {"order": "order_id", "customer": "customer_id", "email": "email_hash"},
}
"""The columns of each shape that say whose a row is, by the kind of identifier they hold."""

OF_NAMESPACE = ("order", "contact", "customer")
"""The kinds of identifiers that mean something within a namespace."""


class Namespace(Protocol):
    """Whose ids an export holds (`parcours/loading/namespaces.py`)."""

    @property
    def name(self) -> str:
        """Of the namespace."""

    @property
    def written(self) -> Collection[str]:
        """The columns whose ids are written with it."""


def load_forgotten(connection: duckdb.DuckDBPyConnection, project: Project) -> bool:
    """Fill the temporary table `forgotten` from the file beside the key; returns whether anybody is in it."""
    connection.execute("create or replace temp table forgotten (identifier text)")
    if not project.forgotten_file.exists():
        return False
    lines = project.forgotten_file.read_text(encoding="utf-8").split()
    connection.execute("insert into forgotten select unnest($lines)", {"lines": lines})
    return bool(lines)


def is_forgotten(kind: str, given: Collection[str], namespace: Namespace | None = None) -> str:
    """SQL that says whether a row of a shape, with the columns given, carries an identifier of a forgotten person.

    Ids of a namespace are recognised with its name too, however they were written when the person was forgotten.

    Args:
        kind: the shape.
        given: its columns.
        namespace: whose ids the row has.
    """
    tests = [f"{one} in (select identifier from forgotten)" for one in _carried(kind, given, namespace)]
    return " or ".join([*tests, "false"])


def pseudonyms(kind: str, given: Collection[str], namespace: Namespace | None = None) -> str:
    """SQL of the pseudonyms of the identifiers that a row of a shape, with the columns given, carries."""
    carried = [*_carried(kind, given, namespace), "cast(null as text)"]
    return f"list_filter([{', '.join(carried)}], lambda one: one is not null)"


def _carried(kind: str, given: Collection[str], namespace: Namespace | None) -> list[str]:
    columns = {name: column for name, column in IDENTIFIERS[kind].items() if column in given}
    identifiers = [f"'{name}:' || {column}" for name, column in columns.items()]
    if namespace:
        identifiers += [
            f"'{name}:{namespace.name}:' || {column}"
            for name, column in columns.items()
            if name in OF_NAMESPACE and column not in namespace.written
        ]
    return [f"pseudonym({identifier})" for identifier in identifiers]

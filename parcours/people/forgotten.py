"""Who asked to be forgotten, as pseudonyms of their identifiers, and how a row of theirs is recognised.

Not here: forgetting somebody (`forget.py`), nor rejecting such a row while a file is loaded (`load.py`).
"""

from __future__ import annotations

from collections.abc import Collection

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


def load_forgotten(connection: duckdb.DuckDBPyConnection, project: Project) -> bool:
    """Fill the temporary table `forgotten` from the file beside the key; returns whether anybody is in it."""
    connection.execute("create or replace temp table forgotten (identifier text)")
    if not project.forgotten_file.exists():
        return False
    lines = project.forgotten_file.read_text(encoding="utf-8").split()
    connection.execute("insert into forgotten select unnest($lines)", {"lines": lines})
    return bool(lines)


def is_forgotten(kind: str, given: Collection[str]) -> str:
    """SQL that says whether a row of a shape, with the columns given, carries an identifier of a forgotten person."""
    tests = [f"{pseudonym} in (select identifier from forgotten)" for pseudonym in _carried(kind, given)]
    return " or ".join([*tests, "false"])


def pseudonyms(kind: str, given: Collection[str]) -> str:
    """SQL of the pseudonyms of the identifiers that a row of a shape, with the columns given, carries."""
    return f"list_filter([{', '.join([*_carried(kind, given), 'cast(null as text)'])}], lambda one: one is not null)"


def _carried(kind: str, given: Collection[str]) -> list[str]:
    return [f"pseudonym('{name}:' || {column})" for name, column in IDENTIFIERS[kind].items() if column in given]

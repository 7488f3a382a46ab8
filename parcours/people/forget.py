"""Forgetting a person, by e-mail or customer id: from everything that is stored, and from every later load.

Here: finding all identifiers that were stitched to the person, deleting the rows that carry one, remembering the
identifiers as pseudonyms so that the same files loaded again do not bring the person back, and rewriting the database
file so that nothing is left in its free pages. Not here: rebuilding the tables and the report, which the caller does.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field

import duckdb

from parcours.people.forgotten import IDENTIFIERS
from parcours.project import Project
from parcours.warehouse.connection import open_warehouse, transaction
from parcours.warehouse.raw_tables import make_raw_tables
from parcours.warehouse.refresh_log import note_change, reset_log


@dataclass(frozen=True)
class Forgotten:
    """What was done: how many identifiers the person had, and the rows deleted by table."""

    identifier_count: int
    rows: dict[str, int] = field(default_factory=dict)


def forget(project: Project, *, email: str | None = None, customer_id: str | None = None) -> Forgotten:
    """Delete a person's rows from raw.* and remember not to load them again.

    The tables right of raw are dropped: they are built again by the next run, without the person.

    Raises:
        ValueError: neither an e-mail nor a customer id is given.
    """
    if not (email or customer_id):
        raise ValueError("Whom to forget? Give an e-mail or a customer id.")
    with open_warehouse(project) as connection:
        make_raw_tables(connection)
        identifiers = _identifiers(connection, email, customer_id)
        _remember(project, _pseudonyms(connection, identifiers))
        deleted = _delete(connection, identifiers)
        fresh = project.warehouse.with_name("warehouse-next.duckdb")
        fresh.unlink(missing_ok=True)
        # A deleted row stays readable in the file's free pages: only a new file is without it.
        connection.execute("attach $file as fresh", {"file": str(fresh)})
        connection.execute("copy from database warehouse to fresh")
        connection.execute("detach fresh")
    project.warehouse.with_name(f"{project.warehouse.name}.wal").unlink(missing_ok=True)
    fresh.replace(project.warehouse)
    return Forgotten(len(identifiers), deleted)


def _identifiers(connection: duckdb.DuckDBPyConnection, email: str | None, customer_id: str | None) -> list[str]:
    """All identifiers of the person: the one given, and those stitched to it by the last run."""
    found: list[str] = []
    if email:
        found += connection.execute("select 'email:' || pseudonym($email)", {"email": email}).fetchall()[0]
    if customer_id:
        found.append(f"customer:{customer_id}")
    has_run = "select 1 from duckdb_tables() where schema_name = 'journeys' and table_name = 'identities'"
    if connection.execute(has_run).fetchall():
        stitched = connection.execute(
            "select identifier from journeys.identities where person_id in "
            "(select person_id from journeys.identities where list_contains($found, identifier))",
            {"found": found},
        ).fetchall()
        found += [identifier for (identifier,) in stitched]
    return sorted(set(found))


def _pseudonyms(connection: duckdb.DuckDBPyConnection, identifiers: Iterable[str]) -> list[str]:
    rows = connection.execute(
        "select pseudonym(identifier) from (select unnest($identifiers) as identifier)", {"identifiers": identifiers}
    ).fetchall()
    return [row[0] for row in rows]


def _remember(project: Project, pseudonyms: list[str]) -> None:
    """Add to the file of the forgotten, which only its owner reads."""
    descriptor = os.open(project.forgotten_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as file:
        file.writelines(f"{pseudonym}\n" for pseudonym in pseudonyms)


def _delete(connection: duckdb.DuckDBPyConnection, identifiers: list[str]) -> dict[str, int]:
    """Delete from raw.*, drop what is computed from it; returns the rows deleted by raw table."""
    deleted = {}
    with transaction(connection):
        for kind, columns in IDENTIFIERS.items():
            tests = [f"list_contains($identifiers, '{name}:' || {column})" for name, column in columns.items()]
            rows = connection.execute(
                f"delete from raw.{kind} where {' or '.join(tests)} returning 1", {"identifiers": identifiers}
            ).fetchall()
            deleted[f"raw.{kind}"] = len(rows)
            connection.execute(
                "insert into raw.forgettings values (cast(now() as timestamp), ?, ?, ?)",
                [len(identifiers), f"raw.{kind}", len(rows)],
            )
        if not any(deleted.values()):
            return deleted  # nobody's tables change
        computed = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() "
            "where database_name = current_database() and schema_name in ('staging', 'journeys', 'metrics')"
        ).fetchall()
        for (table,) in computed:
            connection.execute(f"drop table {table}")
        reset_log(connection)
        for kind in IDENTIFIERS:
            note_change(connection, f"raw.{kind}")
        note_change(connection, "raw.forgettings")
    return deleted

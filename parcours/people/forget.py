"""Forgetting people: their rows in everything that is stored, and in every later load.

Here: finding all identifiers that were stitched to a person, deleting the rows that carry one from the warehouse and
from the published file, and remembering the identifiers as pseudonyms, so that the same files loaded again do not bring
the person back. Both files are written anew: a deleted row stays readable in the free pages of the old one. Who is
being forgotten stands in `.parcours-forgetting` until nothing is left, so that the next run finishes what was killed in
between. Not here: the pages, and building the tables without the person (`parcours/forget_people.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from parcours.people.forgotten import IDENTIFIERS, OF_NAMESPACE
from parcours.people.identities import IDENTITIES
from parcours.project import Project
from parcours.warehouse.check_results import CHECK_RESULTS
from parcours.warehouse.connection import (
    existing_tables,
    make_pseudonym,
    open_warehouse,
    pseudonym_key,
    text_literal,
    transaction,
)
from parcours.warehouse.published import write_published
from parcours.warehouse.raw_tables import make_raw_tables
from parcours.warehouse.refresh_log import note_change, reset_log
from parcours.whole_file import PRIVATE, write_whole

Request = tuple[str, str]
"""Who asks to be forgotten: the kind of identifier (email, customer), and the address or id."""

OWNERS = "journeys.record_owners"

NAMES_A_PERSON = {
    "person_id": "{} in (select person_id from forgotten_people)",
    "record_id": "{} in (select record_id from forgotten_records)",
    **dict.fromkeys(
        ("identifier", "other_identifier", "own_identifier"), "{} in (select identifier from forgotten_identifiers)"
    ),
    **{
        column: f"'{kind}:' || {{}} in (select identifier from forgotten_identifiers)"
        for kind, column in [
            *{(kind, column) for columns in IDENTIFIERS.values() for kind, column in columns.items()},
            ("order", "order_key"),
        ]
    },
}
"""The columns of computed tables that say whose a row is, with the test of it."""


@dataclass(frozen=True)
class Forgotten:
    """What was done.

    Attributes:
        identifier_count: the identifiers that the people had.
        rows: the rows deleted, by raw table.
        unknown: the requests of which nobody was found.
    """

    identifier_count: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    unknown: tuple[Request, ...] = ()


def ask_to_forget(
    project: Project, requests: Sequence[Request], stitch: Callable[[duckdb.DuckDBPyConnection], None]
) -> Forgotten:
    """Write down whom to forget: all identifiers of the people who are found, as pseudonyms; deletes nothing yet.

    Somebody who was forgotten before is found, and has no identifiers any more.

    Args:
        project: the shop.
        requests: whom to forget.
        stitch: brings `journeys.identities` up to date with what is loaded; called if anybody is found.
    """
    before = _lines(project.forgotten_file)
    with open_warehouse(project) as connection:
        make_raw_tables(connection)
        found, unknown = [], []
        for kind, value in requests:
            identifier = f"{kind}:{_one(connection, 'pseudonym(?)', value) if kind == 'email' else value}"
            if _is_known(connection, project, identifier):
                found.append(identifier)
            elif _one(connection, "pseudonym(?)", identifier) not in before:
                unknown.append((kind, value))
        if found:
            stitch(connection)
        identifiers = sorted({*found}.union(*(_stitched(connection, project, identifier) for identifier in found)))
        known = {*identifiers, *_with_namespaces(connection, identifiers)}
        pseudonyms = [_one(connection, "pseudonym(?)", identifier) for identifier in known]
    if pseudonyms:
        _write(project.forgetting_file, {*pseudonyms} | _lines(project.forgetting_file))
    return Forgotten(len(identifiers), unknown=tuple(unknown))


def leave_warehouse(project: Project) -> dict[str, int]:
    """Delete what the warehouse has of the people who are being forgotten; returns the rows deleted by raw table.

    From now on they are not loaded again. The tables right of raw are dropped, but for who is who: the next run builds
    them again, without the people.
    """
    _write(project.forgotten_file, _lines(project.forgotten_file) | _lines(project.forgetting_file))
    with open_warehouse(project) as connection:
        make_raw_tables(connection)
        deleted = _delete(connection, project)
        fresh = project.warehouse.with_name("warehouse-next.duckdb")
        fresh.unlink(missing_ok=True)
        connection.execute("attach $file as fresh", {"file": str(fresh)})
        connection.execute("copy from database warehouse to fresh")
        connection.execute("detach fresh")
    project.warehouse.with_name(f"{project.warehouse.name}.wal").unlink(missing_ok=True)
    fresh.replace(project.warehouse)
    return deleted


def leave_published(project: Project) -> None:
    """Write the published file without the rows of the people who are being forgotten. Figures stay as they were."""
    if not project.published.exists():
        return
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach {text_literal(str(project.published))} as published (read_only)")
        connection.execute("use published")
        make_pseudonym(connection, pseudonym_key(project))
        _find_people(connection, project)
        tests = _personal_rows(connection)
        instead = {table: f"from {table} where not coalesce({test}, false)" for table, test in tests.items()}
        if CHECK_RESULTS in existing_tables(connection):
            _clean_samples(connection, tests)
            instead[CHECK_RESULTS] = "from clean_results"
        write_published(connection, project.published, instead)


def _known_identifiers() -> str:
    """In SQL: every identifier that loaded rows carry."""
    return " union ".join(
        f"select '{name}:' || {column} as identifier from raw.{kind} where {column} is not null"
        for kind, columns in IDENTIFIERS.items()
        for name, column in columns.items()
    )


def _with_namespaces(connection: duckdb.DuckDBPyConnection, identifiers: Sequence[str]) -> list[str]:
    """The ids among identifiers with the namespaces that they have, as they are written once there are several."""
    found = " union ".join(
        f"select '{name}:' || namespace || ':' || {column} from raw.{kind} inner join raw.namespaces using (export) "
        f"where column_name = '{column}' and not is_written and list_contains($identifiers, '{name}:' || {column})"
        for kind, columns in IDENTIFIERS.items()
        for name, column in columns.items()
        if name in OF_NAMESPACE
    )
    return [identifier for (identifier,) in connection.execute(found, {"identifiers": [*identifiers]}).fetchall()]


def _is_known(connection: duckdb.DuckDBPyConnection, project: Project, identifier: str) -> bool:
    is_loaded = _one(connection, f"exists (from ({_known_identifiers()}) where identifier = ?)", identifier)
    return bool(is_loaded) or bool(_stitched(connection, project, identifier))


def _stitched(connection: duckdb.DuckDBPyConnection, project: Project, identifier: str) -> list[str]:
    """The identifiers stitched to this one, by the last run; where that knows none, as they were published."""
    stitched = _of_same_person(connection, IDENTITIES, identifier) if IDENTITIES in existing_tables(connection) else []
    if stitched or not project.published.exists():
        return stitched
    connection.execute(f"attach if not exists {text_literal(str(project.published))} as published (read_only)")
    return _of_same_person(connection, f"published.{IDENTITIES}", identifier)


def _of_same_person(connection: duckdb.DuckDBPyConnection, identities: str, identifier: str) -> list[str]:
    people = f"select person_id from {identities} where identifier = $identifier"
    rows = connection.execute(
        f"select identifier from {identities} where person_id in ({people})", {"identifier": identifier}
    ).fetchall()
    return [row[0] for row in rows]


def _delete(connection: duckdb.DuckDBPyConnection, project: Project) -> dict[str, int]:
    """Delete from raw.*, drop what is computed from it; returns the rows deleted by raw table."""
    tables = existing_tables(connection, "staging", "journeys", "metrics")
    seen = [f"select identifier from {IDENTITIES}"] if IDENTITIES in tables else []
    count = _find_identifiers(connection, project, " union ".join([_known_identifiers(), *seen]))
    deleted = {}
    with transaction(connection):
        for kind, columns in IDENTIFIERS.items():
            tests = [NAMES_A_PERSON[column].format(column) for column in columns.values()]
            rows = connection.execute(f"delete from raw.{kind} where {' or '.join(tests)} returning 1").fetchall()
            deleted[f"raw.{kind}"] = len(rows)
            if count:
                connection.execute(
                    "insert into raw.forgettings values (cast(now() as timestamp), ?, ?, ?)",
                    [count, f"raw.{kind}", len(rows)],
                )
        for table in tables:
            if table == IDENTITIES:  # whoever is forgotten before the next run ends must be found
                connection.execute(f"delete from {table} where {NAMES_A_PERSON['identifier'].format('identifier')}")
            else:
                connection.execute(f"drop table {table}")
        reset_log(connection)
        for kind in IDENTIFIERS:
            note_change(connection, f"raw.{kind}")
        note_change(connection, "raw.forgettings")
    return deleted


def _find_identifiers(connection: duckdb.DuckDBPyConnection, project: Project, known: str) -> int:
    """Make `forgotten_identifiers`: those of `known` that are being forgotten; how many."""
    connection.execute("create or replace temp table forgetting (pseudonym text)")
    connection.execute("insert into forgetting select unnest(?)", [sorted(_lines(project.forgetting_file))])
    connection.execute(
        "create or replace temp table forgotten_identifiers as select identifier "
        f"from ({known}) where pseudonym(identifier) in (select pseudonym from forgetting)"
    )
    return int(_one(connection, "(select count(*) from forgotten_identifiers)"))


def _find_people(connection: duckdb.DuckDBPyConnection, project: Project) -> None:
    """Make `forgotten_people` and `forgotten_records`, with all identifiers that the published file has of them."""
    _find_identifiers(connection, project, f"select identifier from {IDENTITIES}")
    connection.execute(
        f"create or replace temp table forgotten_people as select distinct person_id from {IDENTITIES} "
        "where identifier in (select identifier from forgotten_identifiers)"
    )
    connection.execute(
        f"create or replace temp table forgotten_records as select record_id from {OWNERS} "
        "where person_id in (select person_id from forgotten_people)"
    )
    connection.execute(
        f"insert into forgotten_identifiers select identifier from {IDENTITIES} "
        "where person_id in (select person_id from forgotten_people) union select record_id from forgotten_records"
    )


def _personal_rows(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """By table the test of the rows that are of the people, for those with a column that says whose a row is."""
    rows = connection.execute(
        "select schema_name || '.' || table_name, list(column_name order by column_index) from duckdb_columns() "
        "where database_name = current_database() and list_contains(?, column_name) group by all",
        [[*NAMES_A_PERSON]],
    ).fetchall()
    return {table: " or ".join(NAMES_A_PERSON[column].format(column) for column in columns) for table, columns in rows}


def _clean_samples(connection: duckdb.DuckDBPyConnection, tests: Mapping[str, str]) -> None:
    """Make `clean_results`: what the checks said, without the samples that show a text of the people's rows."""
    texts = connection.execute(
        "select schema_name || '.' || table_name, list(column_name) from duckdb_columns() "
        "where database_name = current_database() and data_type = 'VARCHAR' "
        "and (ends_with(column_name, '_id') or list_contains(?, column_name)) group by all",
        [[*NAMES_A_PERSON]],
    ).fetchall()
    personal = {
        str(value)
        for table, columns in texts
        if table in tests
        for row in connection.execute(f"select {', '.join(columns)} from {table} where {tests[table]}").fetchall()
        for value in row
    }
    connection.execute(f"create or replace temp table clean_results as from {CHECK_RESULTS}")
    for table, check, samples in connection.execute(
        f"select table_name, check_name, samples from {CHECK_RESULTS}"
    ).fetchall():
        kept = [row for row in json.loads(samples) if not personal & {str(value) for value in row.values()}]
        connection.execute(
            "update clean_results set samples = ? where table_name = ? and check_name = ?",
            [json.dumps(kept, ensure_ascii=False), table, check],
        )


def _one(connection: duckdb.DuckDBPyConnection, expression: str, *values: str) -> Any:
    return connection.execute(f"select {expression}", list(values)).fetchall()[0][0]


def _lines(file: Path) -> set[str]:
    return set(file.read_text(encoding="utf-8").split()) if file.exists() else set()


def _write(file: Path, lines: Iterable[str]) -> None:
    write_whole(file, "".join(f"{line}\n" for line in sorted(lines)), PRIVATE)

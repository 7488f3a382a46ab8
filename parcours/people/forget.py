"""Forgetting people: their rows in everything that is stored, and in every later load.

Here: finding all identifiers that were stitched to a person, deleting the rows that carry one from the warehouse and
from the published file, and remembering the identifiers as pseudonyms, so that the same files loaded again do not bring
the person back. Both files are written anew: a deleted row stays readable in the free pages of the old one. Who is
being forgotten stands in `.parcours-forgetting` from the request until nothing is left, so that the next run finishes
what was killed in between: first who asked, then all identifiers and ids of their rows, by which whatever else may show
them is searched. Not here: that (`parcours/forget_people.py`, `pipelines/history.py`), nor building the tables without
the person.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from parcours.people.device_spells import SPELLS
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
from parcours.warehouse.personal_values import hidden_id
from parcours.warehouse.published import write_published
from parcours.warehouse.raw_tables import make_raw_tables
from parcours.warehouse.refresh_log import note_change, reset_log
from parcours.whole_file import PRIVATE, write_whole

Request = tuple[str, str]
"""Who asks to be forgotten: the kind of identifier (email, customer), and the address or id."""

_STORED_AS = {"email": "pseudonym($1)", "customer": hidden_id("$1", of_person=True)}
"""In SQL: how a request's value stands in the warehouse."""

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


DONE_WITHOUT_LOGIN = (
    "customer_id is null and email_hash is null and exists ("
    f"from {SPELLS} as spells where spells.owner in (select identifier from forgotten_identifiers) "
    "and spells.anonymous_id = raw.events.anonymous_id "
    "and raw.events.occurred_at >= spells.owned_from and raw.events.occurred_at < spells.owned_until)"
)
"""The test of the events that are the people's though they do not name them: done on a device of several people."""

NOT_OF_A_PERSON = ("product_id", "file_id", "funnel_id", "change_id", "retention_id")
"""Ids in a person's rows that many people's rows have."""


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


@dataclass(frozen=True)
class Forgetting:
    """Who is being forgotten, as long as anything of them may be left.

    Attributes:
        asked: identifiers of those who asked, where it is not known yet who that is.
        identifiers: all identifiers of the people.
        traces: the ids in their rows, these among them: what may stand in a text about them.
    """

    asked: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    traces: tuple[str, ...] = ()


def read_forgetting(project: Project) -> Forgetting | None:
    """Who is being forgotten; None: nobody."""
    if not project.forgetting_file.exists():
        return None
    noted = json.loads(project.forgetting_file.read_text(encoding="utf-8"))
    return Forgetting(**{name: tuple(values) for name, values in noted.items()})


def ask_to_forget(project: Project, requests: Sequence[Request]) -> dict[str, Request]:
    """Write down who asks; returns the requests by their identifiers."""
    with duckdb.connect() as connection:
        make_pseudonym(connection, pseudonym_key(project))
        asked = {
            f"{kind}:{_one(connection, _STORED_AS[kind], value.strip())}": (kind, value) for kind, value in requests
        }
    _write_forgetting(project, Forgetting(asked=tuple(asked)))
    return asked


def find_asked(project: Project, stitch: Callable[[duckdb.DuckDBPyConnection], None]) -> tuple[int, set[str]]:
    """Write down all identifiers of those who asked; returns how many, and the identifiers of whom nobody is found.

    Somebody who was forgotten before is found, and has no identifiers any more.

    Args:
        project: the shop.
        stitch: brings `journeys.identities` up to date with what is loaded; called if anybody is found.
    """
    forgetting, before = read_forgetting(project), _lines(project.forgotten_file)
    asked = forgetting.asked if forgetting else ()
    with open_warehouse(project) as connection:
        make_raw_tables(connection)
        found = [identifier for identifier in asked if _is_known(connection, project, identifier)]
        unknown = {one for one in {*asked} - {*found} if _one(connection, "pseudonym(?)", one) not in before}
        if found:
            stitch(connection)
        stitched = {*found}.union(*(_stitched(connection, project, identifier) for identifier in found))
        databases = ["warehouse", *(["published"] if _attach_published(connection, project) else [])]
        identifiers = stitched | _other_names(connection, stitched)
        identifiers |= {*_with_namespaces(connection, sorted(identifiers))}
        traces = set().union(*(_traces(connection, database, identifiers) for database in databases))
    if identifiers:
        _write_forgetting(project, Forgetting((), tuple(sorted(identifiers)), tuple(sorted(traces))))
    else:
        project.forgetting_file.unlink(missing_ok=True)
    return len(stitched), unknown


def leave_warehouse(project: Project, forgetting: Forgetting) -> dict[str, int]:
    """Delete what the warehouse has of the people who are being forgotten; returns the rows deleted by raw table.

    From now on they are not loaded again. The tables right of raw are dropped, but for who is who: the next run builds
    them again, without the people.
    """
    with open_warehouse(project) as connection:
        make_raw_tables(connection)
        pseudonyms = {_one(connection, "pseudonym(?)", identifier) for identifier in forgetting.identifiers}
        lines = sorted(_lines(project.forgotten_file) | pseudonyms)
        write_whole(project.forgotten_file, "".join(f"{line}\n" for line in lines), PRIVATE)
        deleted = _delete(connection, forgetting)
        fresh = project.warehouse.with_name("warehouse-next.duckdb")
        fresh.unlink(missing_ok=True)
        connection.execute("attach $file as fresh", {"file": str(fresh)})
        connection.execute("copy from database warehouse to fresh")
        connection.execute("detach fresh")
    project.warehouse.with_name(f"{project.warehouse.name}.wal").unlink(missing_ok=True)
    fresh.replace(project.warehouse)
    return deleted


def leave_published(project: Project, forgetting: Forgetting) -> None:
    """Write the published file without the rows of the people who are being forgotten. Figures stay as they were."""
    project.published.with_name(f"{project.published.stem}-next.duckdb").unlink(missing_ok=True)  # of a killed run
    if not project.published.exists():
        return
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach {text_literal(str(project.published))} as published (read_only)")
        connection.execute("use published")
        _find_people(connection, "published", forgetting.identifiers)
        tests = _personal_rows(connection, "published")
        instead = {table: f"from {table} where not coalesce({test}, false)" for table, test in tests.items()}
        if CHECK_RESULTS in existing_tables(connection):
            _clean_samples(connection, forgetting)
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
    if stitched or not _attach_published(connection, project):
        return stitched
    return _of_same_person(connection, f"published.{IDENTITIES}", identifier)


def _attach_published(connection: duckdb.DuckDBPyConnection, project: Project) -> bool:
    """Whether there is a published file that can be read; attaches it."""
    if not project.published.exists():
        return False
    try:
        connection.execute(f"attach if not exists {text_literal(str(project.published))} as published (read_only)")
    except duckdb.Error:
        return False
    return True


def _of_same_person(connection: duckdb.DuckDBPyConnection, identities: str, identifier: str) -> list[str]:
    people = f"select person_id from {identities} where identifier = $identifier"
    rows = connection.execute(
        f"select identifier from {identities} where person_id in ({people})", {"identifier": identifier}
    ).fetchall()
    return [row[0] for row in rows]


def _other_names(connection: duckdb.DuckDBPyConnection, identifiers: Collection[str]) -> set[str]:
    """The other ids by which events, tickets and surveys may name the orders; none that is another order's number."""
    rows = connection.execute(
        "select distinct 'order:' || order_reference from raw.order_rows "
        "where list_contains($identifiers, 'order:' || order_id) and order_reference is not null "
        "and order_reference not in (select order_id from raw.order_rows)",
        {"identifiers": [*identifiers]},
    ).fetchall()
    return {identifier for (identifier,) in rows}


def _delete(connection: duckdb.DuckDBPyConnection, forgetting: Forgetting) -> dict[str, int]:
    """Delete from raw.*, drop what is computed from it; returns the rows deleted by raw table."""
    _make_list(connection, "forgotten_identifiers", "identifier", forgetting.identifiers)
    known, deleted = existing_tables(connection), {}
    with transaction(connection):
        for kind, columns in IDENTIFIERS.items():
            tests = [NAMES_A_PERSON[column].format(column) for column in columns.values()]
            if kind == "events" and SPELLS in known:
                tests.append(DONE_WITHOUT_LOGIN)
            rows = connection.execute(f"delete from raw.{kind} where {' or '.join(tests)} returning 1").fetchall()
            deleted[f"raw.{kind}"] = len(rows)
            connection.execute(
                "insert into raw.forgettings values (cast(now() as timestamp), ?, ?, ?)",
                [len(forgetting.identifiers), f"raw.{kind}", len(rows)],
            )
        _empty_rejected(connection, forgetting)
        for table in existing_tables(connection, "staging", "journeys", "metrics"):
            if table == IDENTITIES:  # whoever is forgotten before the next run ends must be found
                connection.execute(f"delete from {table} where {NAMES_A_PERSON['identifier'].format('identifier')}")
            else:
                connection.execute(f"drop table {table}")
        reset_log(connection)
        for kind in IDENTIFIERS:
            note_change(connection, f"raw.{kind}")
        note_change(connection, "raw.forgettings")
        note_change(connection, "raw.rejected_rows")
    return deleted


def _empty_rejected(connection: duckdb.DuckDBPyConnection, forgetting: Forgetting) -> None:
    """Take text, and what the reason quotes, from the rejected rows that carry an identifier or show an id."""
    _make_list(connection, "traces", "trace", forgetting.traces)
    shown = "concat_ws(chr(10), reason, text)"
    as_whole = r"'(^|[^\p{L}\p{N}_])' || regexp_escape(trace) || '($|[^\p{L}\p{N}_])'"
    connection.execute(
        "update raw.rejected_rows set text = '', reason = split_part(reason, ': ', 1), named = null "
        "where list_has_any(named, (select list(pseudonym(identifier)) from forgotten_identifiers)) or exists ("
        f"from traces where contains({shown}, trace) and regexp_matches({shown}, {as_whole}))"
    )


def _make_list(connection: duckdb.DuckDBPyConnection, table: str, column: str, values: Sequence[str]) -> None:
    connection.execute(f"create or replace temp table {table} ({column} text)")
    connection.execute(f"insert into {table} select unnest(cast(? as text[]))", [[*values]])


def _find_people(connection: duckdb.DuckDBPyConnection, database: str, identifiers: Sequence[str]) -> None:
    """Make `forgotten_identifiers`, `forgotten_people` and `forgotten_records`, as a database knows them."""
    _make_list(connection, "forgotten_identifiers", "identifier", identifiers)
    known = existing_tables(connection, database=database)
    people, records = "select null::text as person_id where false", "select null::text as record_id where false"
    if IDENTITIES in known:
        people = (
            f"select distinct person_id from {database}.{IDENTITIES} "
            "where identifier in (select identifier from forgotten_identifiers)"
        )
    connection.execute(f"create or replace temp table forgotten_people as {people}")
    if OWNERS in known:
        records = (
            f"select record_id from {database}.{OWNERS} where person_id in (select person_id from forgotten_people)"
        )
    connection.execute(f"create or replace temp table forgotten_records as {records}")
    connection.execute("insert into forgotten_identifiers select record_id from forgotten_records")


def _personal_rows(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, str]:
    """By table the test of the rows that are of the people, for those with a column that says whose a row is."""
    rows = connection.execute(
        "select schema_name || '.' || table_name, list(column_name order by column_index) from duckdb_columns() "
        "where database_name = ? and schema_name not in ('refresh_log', 'settings') and list_contains(?, column_name) "
        "group by all",
        [database, [*NAMES_A_PERSON]],
    ).fetchall()
    return {table: " or ".join(NAMES_A_PERSON[column].format(column) for column in columns) for table, columns in rows}


def _traces(connection: duckdb.DuckDBPyConnection, database: str, identifiers: Collection[str]) -> set[str]:
    """The ids in the rows that a database has of the people."""
    _find_people(connection, database, sorted(identifiers))
    tests = _personal_rows(connection, database)
    texts = connection.execute(
        "select schema_name || '.' || table_name, list(column_name) from duckdb_columns() "
        "where database_name = $database and data_type = 'VARCHAR' and not list_contains($others, column_name) "
        "and (ends_with(column_name, '_id') or list_contains($naming, column_name)) group by all",
        {"database": database, "others": [*NOT_OF_A_PERSON], "naming": [*NAMES_A_PERSON]},
    ).fetchall()
    found = {*identifiers} | {identifier.partition(":")[2] for identifier in identifiers}
    for table, columns in texts:
        if table in tests:
            select = f"select {', '.join(columns)} from {database}.{table} where {tests[table]}"
            found |= {str(value) for row in connection.execute(select).fetchall() for value in row if value}
    return found


def _clean_samples(connection: duckdb.DuckDBPyConnection, forgetting: Forgetting) -> None:
    """Make `clean_results`: what the checks said, without the samples that show an id of the people."""
    personal = {*forgetting.traces}
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


def _write_forgetting(project: Project, forgetting: Forgetting) -> None:
    write_whole(project.forgetting_file, json.dumps(asdict(forgetting)), PRIVATE)

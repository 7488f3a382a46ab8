"""The one writer's connection and the key of the pseudonyms.

Here: opening warehouse.duckdb (one process at a time), and what every statement needs. Not here: what the tables hold
(`sql/`), nor the copy that people read (`published.py`).
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from parcours.project import Project
from parcours.warehouse.functions import refresh_functions
from parcours.warehouse.place import sql_address
from parcours.warehouse.refresh_log import prepare_log
from parcours.whole_file import PRIVATE, private_files

SOMEBODY = (
    "case when not regexp_matches(lower(trim({0})), '^(|null|none|nan|undefined|unknown|anonymous|guest|-1|[0-]+)$') "
    "then {0} end"
)
"""In SQL: a value, or null where it stands for an identifier and names nobody. Decided where a row is loaded."""

SCHEMAS = ("settings", "raw", "staging", "journeys", "metrics")
"""The boxes of the picture, left to right. A table reads its own schema and those to its left."""


class WarehouseBusy(Exception):
    """Another process has the warehouse open."""


class UnusableKey(ValueError):
    """The key of the pseudonyms is none; the text says where it stands and what is expected."""


@contextmanager
def open_warehouse(project: Project) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the warehouse, with its schemas and functions.

    Raises:
        WarehouseBusy: another run, or a notebook that opened the wrong file, holds it.
    """
    project.output.mkdir(parents=True, exist_ok=True)
    key = pseudonym_key(project)  # first: a new one is made only where there is no warehouse
    with naming_the_holder(project):
        _finish_killed_run(project)
        with private_files():
            connection = duckdb.connect(str(project.warehouse))
            try:
                project.warehouse.chmod(PRIVATE)
                prepare(connection, key)
                _check_key(connection, project, key)
                yield connection
            finally:
                connection.close()


def confine(connection: duckdb.DuckDBPyConnection, project: Project) -> None:
    """Let DuckDB read and write below the exports' folder, the output and a cluster's storage alone from here on,
    whatever SQL asks for.

    A link in the exports' folder leads where its owner wants.
    """
    links = (path for path in project.exports_folder.rglob("*") if path.is_symlink())
    # Not Path.resolve, which fails on a link to itself. What is no UTF-8 can't be named to DuckDB, and is refused.
    linked = [Path(found) for path in links if _is_utf_8(found := os.path.realpath(path))]
    storage = project.cluster_storage
    stored = () if "://" in storage else (Path(storage),)
    ours = (project.exports_folder, project.output, *stored)
    folders = [*ours, *(path for path in linked if path.is_dir())]
    addresses = {sql_address(storage)} - {str(path) for path in stored}
    connection.execute(
        "set allowed_directories = $folders",
        {
            "folders": sorted(
                {
                    form(path)
                    for folder in folders
                    for path in (folder.absolute(), folder.resolve())
                    for form in (str, literal_path)
                }
                | addresses
            )
        },
    )
    connection.execute("set allowed_paths = $files", {"files": [str(path) for path in linked if path.is_file()]})
    connection.execute("set enable_external_access = false")


def _is_utf_8(name: str) -> bool:
    return name == os.fsencode(name).decode(errors="replace")


def _finish_killed_run(project: Project) -> None:
    """Bring into the file what a run that was killed had committed and only noted beside it.

    DuckDB would do so when it opens the file, but before it has its own functions at hand, and fails where a table was
    made that calls one (its issue 18259). A connection that is open already has them.
    """
    if project.warehouse.with_name(f"{project.warehouse.name}.wal").exists():
        with duckdb.connect() as connection:
            connection.execute(f"attach {text_literal(str(project.warehouse))} as left_behind")


@contextmanager
def naming_the_holder(project: Project) -> Iterator[None]:
    """Where the warehouse can't be opened because another process has it open, says which."""
    try:
        yield
    except duckdb.IOException as error:
        if "lock" not in str(error).lower():
            raise
        holder = re.search(r"PID (\d+)", str(error))
        raise WarehouseBusy(
            f"{project.warehouse} is open in another process{f' ({holder.group(0)})' if holder else ''}. "
            "One run at a time writes it: wait for that run to end, or stop it. "
            "Notebooks read published.duckdb instead."
        ) from None


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All that is done inside, or nothing of it."""
    connection.execute("begin")
    try:
        yield
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def prepare(connection: duckdb.DuckDBPyConnection, key: str) -> None:
    """Make the schemas and the functions of `sql/functions`, `somebody` and `pseudonym`; fix the time zone to UTC.

    `somebody` is the text, or null where that names nobody. `pseudonym` is a keyed hash of the trimmed, lower-cased
    text, nested so that it can't be extended; of a value that names nobody it is null. They are temporary macros: the
    key is in no file but the key file.
    """
    if not re.fullmatch(r"[0-9a-f]{64}", key):
        raise UnusableKey(
            "PARCOURS_KEY, or else the file .parcours-key, is not 64 hexadecimal digits. "
            "Use the key with which the earlier files were loaded; a first one is made by `openssl rand -hex 32`."
        )
    make_schemas(connection)
    # A commit that finds more than this in the log writes it into the file: some 0.3 s for each of a night's tables.
    connection.execute("set checkpoint_threshold = '512MB'")
    prepare_log(connection)
    with transaction(connection):
        refresh_functions(connection)
    make_pseudonym(connection, key)


def make_schemas(connection: duckdb.DuckDBPyConnection) -> None:
    """Make what tables lie in, and fix the time zone to UTC."""
    connection.execute("set TimeZone = 'UTC'")
    for schema in SCHEMAS:
        connection.execute(f"create schema if not exists {schema}")


def _check_key(connection: duckdb.DuckDBPyConnection, project: Project, key: str) -> None:
    """Note with which key the warehouse is written, as a hash of it: another would split everybody in two, silently."""
    noted = connection.execute("select fingerprint from refresh_log.pseudonym_key").fetchall()
    fingerprint = hashlib.sha256(f"fingerprint of {key}".encode()).hexdigest()
    if not noted:
        connection.execute("insert into refresh_log.pseudonym_key values (?)", [fingerprint])
    elif noted != [(fingerprint,)]:
        raise UnusableKey(
            f"{project.warehouse} was written with another key than that of PARCOURS_KEY, or else {project.key_file}. "
            "Put the key back with which its files were loaded; or move the warehouse away and run again, which loads "
            "every export that is still there"
        )


def make_pseudonym(connection: duckdb.DuckDBPyConnection, key: str) -> None:
    """Make the temporary macros `somebody` and `pseudonym`."""
    connection.execute(f"create or replace temp macro somebody(value) as {SOMEBODY.format('value')}")
    connection.execute(
        "create or replace temp macro pseudonym(value) as "
        f"sha256('{key}' || sha256('{key}' || lower(trim(somebody(value)))))"
    )


def pseudonym_key(project: Project) -> str:
    """The key from PARCOURS_KEY, else from the key file, which is made (mode 600) for the first warehouse.

    Raises:
        UnusableKey: there is none, but something that was written with it.
    """
    if key := os.environ.get("PARCOURS_KEY"):
        return key.strip().lower()
    if not project.key_file.exists():
        for written in (project.warehouse, project.forgotten_file):
            if written.exists():
                raise UnusableKey(
                    f"{project.key_file} is gone, and {written} was written with it. Put the key back, from a backup, "
                    "or in PARCOURS_KEY. If it is lost, move that file away and run again: every export that is still "
                    "there is loaded anew, with a new key, and whoever was forgotten must be forgotten again"
                )
        descriptor = os.open(project.key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
    return project.key_file.read_text(encoding="utf-8").strip()


def count_rows(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """The rows of a table, by its name in SQL. Fetches all: a result left open blocks the connection."""
    return int(connection.execute(f"select count(*) from {table}").fetchall()[0][0])


def existing_tables(connection: duckdb.DuckDBPyConnection, *schemas: str, database: str | None = None) -> set[str]:
    """The qualified names of the tables that exist, in these schemas (none: all) of a database (none: the own one)."""
    rows = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = coalesce(?, current_database())",
        [database],
    ).fetchall()
    return {f"{schema}.{table}" for schema, table in rows if schema in schemas or not schemas}


def table_columns(connection: duckdb.DuckDBPyConnection, table: str) -> list[tuple[str, str]]:
    """Names and types of the columns of a table that exists, in order."""
    return [(name, type_) for name, type_, *_ in connection.execute(f"describe {table}").fetchall()]


def quoted(name: str) -> str:
    """A name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal_path(path: Path) -> str:
    """A path that DuckDB takes for the one file, whatever glob characters are in it."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def text_literal(text: str) -> str:
    """A text as a SQL literal, for the few places that take no bound value (views, comments, column lists)."""
    return "'" + text.replace("'", "''") + "'"

"""Tables as Parquet files where driver and workers see them, and the manifest that says which files are a table.

A step writes files of names of their own, and one atomic replacement of the manifest makes them the tables: what a lost
attempt or a killed run wrote is in no manifest, and `clear` removes it.

Parquet has no 128-bit integers: such columns, and fields of columns, are kept as UUIDs (with a sign, as text), and are
what they were where they are read. Not here: which rows lie in which bucket (`bucket.py`).
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from parcours.warehouse.connection import quoted, table_columns, text_literal
from parcours.warehouse.place import place_of

MANIFEST = "manifest.json"
FILE_SIZE = 16_000_000
"""About so many bytes of files are one task that sends their rows: some 450,000 events."""

Columns = tuple[tuple[str, str], ...]
"""Names and DuckDB types."""


@dataclass(frozen=True)
class Stored:
    """A table as files.

    Attributes:
        stamp: by which the warehouse knows that these are its rows (`refresh_log.stored`).
        columns: its own, in order.
        files: paths; those of a bucket are this bucket's rows, and all are the table.
    """

    stamp: str
    columns: Columns
    files: tuple[str, ...]

    @property
    def select(self) -> str:
        """In SQL: its rows, with its own types."""
        return select_from(self.files, self.columns)


class Storage:
    """One shop's tables.

    Args:
        address: of a folder, or of an object store (`parcours/warehouse/place.py`).
    """

    def __init__(self, address: str | Path) -> None:
        self.place = place_of(address)
        self._read_tables: dict[str, Stored] | None = None

    @property
    def _tables(self) -> dict[str, Stored]:
        if self._read_tables is None:
            self._read_tables = dict(self._read())
        return self._read_tables

    def __getitem__(self, table: str) -> Stored:
        return self._tables[table]

    @property
    def tables(self) -> list[str]:
        """The tables that are here."""
        return [*self._tables]

    def read(self) -> None:
        """Take the tables of the manifest, which others may have replaced."""
        self._read_tables = None

    def put(self, connection: duckdb.DuckDBPyConnection, table: str, stamp: str) -> None:
        """Write a table of the warehouse."""
        columns = tuple(table_columns(connection, table))
        folder = self.new_folder(table)
        self.place.make_folder(folder)
        connection.execute(
            f"copy (select {kept(columns)} from {table}) to {text_literal(folder)} "
            f"(format parquet, compression zstd, file_size_bytes {FILE_SIZE}, overwrite true)"
        )
        self.publish({table: Stored(stamp, columns, tuple(sorted(self.place.files(folder))))})

    def keep(self, stamps: Mapping[str, str]) -> None:
        """Leave out the tables whose stamp is another one, and remove every file that is in no table."""
        stale = [name for name, stored in self._tables.items() if stored.stamp != stamps.get(name)]
        for name in stale:
            del self._tables[name]
        if stale:
            self.publish({})
        self.clear()

    def new_folder(self, table: str) -> str:
        """Where the next files of a table go."""
        return f"{self.place.address}/{table}/{uuid.uuid4().hex[:12]}"

    def publish(self, tables: Mapping[str, Stored]) -> None:
        """Make these the tables of their names, all at once."""
        self._tables.update(tables)
        self.place.write(MANIFEST, json.dumps({name: asdict(one) for name, one in self._tables.items()}))

    def clear(self) -> None:
        """Remove every file that is in no table: of earlier refreshes, and of attempts that were lost."""
        held = {file for one in self._tables.values() for file in one.files}
        self.place.remove(self.place.files().keys() - held)

    def _read(self) -> Iterator[tuple[str, Stored]]:
        for name, one in json.loads(self.place.read(MANIFEST) or "{}").items():
            columns = tuple((column, type_) for column, type_ in one["columns"])
            yield name, Stored(one["stamp"], columns, tuple(one["files"]))


def new_stamp() -> str:
    """For rows that are about to be stored; the warehouse knows it once it has them too."""
    return uuid.uuid4().hex


def in_parts(files: Sequence[str], sizes: Mapping[str, int]) -> Iterator[tuple[str, ...]]:
    """Files, some together, so that each part is at least one and about `FILE_SIZE` bytes at most."""
    part, size = list[str](), 0
    for file in files:
        if part and size + sizes[file] > FILE_SIZE:
            yield tuple(part)
            part, size = [], 0
        part.append(file)
        size += sizes[file]
    if part:
        yield tuple(part)


def kept_type(type_: str) -> str:
    """The type in which a column's values are kept. As text a hash takes 16 µs to write, as a UUID nothing."""
    return re.sub(r"\bHUGEINT\b", "VARCHAR", re.sub(r"\bUHUGEINT\b", "UUID", type_))


def kept(columns: Columns) -> str:
    """In SQL: columns as they are kept."""
    return ", ".join(_cast(name, type_, kept_type(type_)) for name, type_ in columns)


def restored(columns: Columns) -> str:
    """In SQL: kept columns as what they were; Arrow has made texts of UUIDs."""
    return ", ".join(_cast(name, type_, kept_type(type_), type_) for name, type_ in columns)


def select_from(files: Iterable[str], columns: Columns) -> str:
    """In SQL: the rows of some files of a table, with its own types."""
    if not (paths := [*files]):
        return f"select {', '.join(f'cast(null as {type_}) as {quoted(name)}' for name, type_ in columns)} where false"
    return f"select {restored(columns)} from read_parquet({literals(paths)}, hive_partitioning = false)"


def literals(paths: Iterable[str]) -> str:
    """In SQL: a list of paths."""
    return f"[{', '.join(map(text_literal, paths))}]"


def _cast(name: str, type_: str, *through: str) -> str:
    """A column cast to one type after the other, unless it is kept as it is."""
    value = column = quoted(name)
    if type_ == kept_type(type_):
        return column
    for other in through:
        value = f"cast({value} as {other})"
    return f"{value} as {column}"

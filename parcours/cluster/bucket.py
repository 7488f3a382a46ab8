"""What one task does, on any scheduler: rows of files to blobs by bucket, and our own SQL on the rows of one bucket.

No Spark here. A blob is an Arrow stream of rows of one table, so that whatever moves it never sees our types.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from parcours.cluster.storage import Columns, kept, literals, restored
from parcours.warehouse.connection import make_schemas, quoted, table_columns, text_literal, transaction
from parcours.warehouse.functions import write_functions
from parcours.warehouse.place import Place
from parcours.whole_file import is_running, private_files

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_AT_ONCE = 50_000
"""So many rows a task sends, or takes in, at once: what it needs for that does not grow with a file or a bucket."""

SCRATCH = "parcours-bucket-"
"""How the folder begins that a task's own database spills to; the number of its process follows."""

Files = tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """Files of a table whose rows one task sends to the buckets of a key.

    Attributes:
        table: whose.
        columns: those of its own that are read where its rows are sent.
        files: some of its rows.
        column: by which a row's keys are found in `routes`; the key itself, where there are none.
        key: of the buckets.
        routes: the files of each table that has both columns; a row goes to the bucket of each key it has there.
        storage: where all files lie.
    """

    table: str
    columns: Columns
    files: Files
    column: str
    key: str
    routes: tuple[Files, ...]
    storage: Place


@dataclass(frozen=True)
class Made:
    """A table that a bucket makes.

    Attributes:
        table: its name.
        make: what makes it.
        folder: of its files.
        unread: the tables that nothing reads any more once it is made: they leave the task's memory.
    """

    table: str
    make: Callable[[duckdb.DuckDBPyConnection], None]
    folder: str
    unread: tuple[str, ...]


@dataclass(frozen=True)
class Work:
    """What is computed of a bucket.

    Attributes:
        tables: upstreams first.
        sent: those columns of every table whose rows are sent.
        whole: in SQL, the rows of each table that every bucket reads as it is.
        memory: what DuckDB may use of it before it spills, as `1200MB`.
        storage: where all files lie.
    """

    tables: tuple[Made, ...]
    sent: dict[str, Columns]
    whole: dict[str, str]
    memory: str
    storage: Place


@dataclass(frozen=True)
class Written:
    """The rows of a table that a bucket has: the file that holds them."""

    table: str
    columns: Columns
    file: str


def bucket_of(column: str, buckets: int) -> str:
    """In SQL: the bucket of a key; of no key the first. md5: the same on every worker, whatever its DuckDB."""
    return f"coalesce(cast(md5_number_lower(cast({column} as text)) % {buckets} as integer), 0)"


def send(part: Part, buckets: int, memory: str) -> Iterator[tuple[int, str, bytes]]:
    """The rows of a part as blobs: bucket, table, Arrow stream."""
    with scratch(memory, part.storage) as connection:
        rows = f"read_parquet({literals(part.files)}, hive_partitioning = false)"
        names = ", ".join(f"rows.{quoted(name)}" for name, _ in part.columns)
        if part.routes:
            found = " union ".join(
                f"select {part.column} as found, {bucket_of(part.key, buckets)} as bucket__ "
                f"from read_parquet({literals(files)}, hive_partitioning = false)"
                for files in part.routes
                if files
            )
            select = (
                f"select {names}, coalesce(routes.bucket__, 0) as bucket__ from {rows} as rows "
                f"left join ({found}) as routes on rows.{part.column} = routes.found"
            )
        else:
            select = f"select {names}, {bucket_of(f'rows.{part.key}', buckets)} as bucket__ from {rows} as rows"
        for rows_at_once in connection.sql(select).to_arrow_reader(ROWS_AT_ONCE):
            for bucket, sent in _by_bucket(rows_at_once):
                yield bucket, part.table, _blob(sent)


def compute(work: Work, bucket: int, blobs: Iterable[tuple[str, bytes]]) -> Iterator[Written]:
    """Make the tables of a bucket from the rows that were sent to it, and write them."""
    with scratch(work.memory, work.storage) as connection:
        for table, columns in work.sent.items():
            connection.execute(f"create table {table} ({', '.join(f'{quoted(n)} {t}' for n, t in columns)})")
        for table, rows in _in_lots(blobs):
            connection.register("rows_sent", rows)
            connection.execute(f"insert into {table} select {restored(work.sent[table])} from rows_sent")
            connection.unregister("rows_sent")
        for table, select in work.whole.items():
            connection.execute(f"create view {table} as {select}")
        for made in work.tables:
            made.make(connection)
            yield _write(connection, made.table, bucket, made.folder, work.storage)
            for table in made.unread:
                connection.execute(f"drop table {table}")


def _write(connection: duckdb.DuckDBPyConnection, table: str, bucket: int, folder: str, storage: Place) -> Written:
    columns = tuple(table_columns(connection, table))
    storage.make_folder(folder)
    # A task that is tried again, or twice at once, writes a file of its own: the driver takes the one it hears of.
    file = f"{folder}/{bucket:05d}-{secrets.token_hex(4)}.parquet"
    connection.execute(
        f"copy (select {kept(columns)} from {table}) to {text_literal(file)} (format parquet, compression zstd)"
    )
    return Written(table, columns, file)


@contextmanager
def scratch(memory: str, storage: Place) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database of this task's own, in memory, beyond whose limit it spills to a folder; gone afterwards."""
    with private_files():
        _clear_scratch()
        folder = tempfile.mkdtemp(prefix=f"{SCRATCH}{os.getpid()}-")
        connection = duckdb.connect(config={"threads": 1, "memory_limit": memory, "temp_directory": folder})
        try:
            make_schemas(connection)
            storage.prepare(connection)
            with transaction(connection):
                write_functions(connection, "memory")
            yield connection
        finally:
            connection.close()
            shutil.rmtree(folder, ignore_errors=True)


def _clear_scratch() -> None:
    """Remove what tasks that were killed on this machine left of themselves."""
    for folder in Path(tempfile.gettempdir()).glob(f"{SCRATCH}*"):
        process = folder.name.removeprefix(SCRATCH).partition("-")[0]
        if not is_running(int(process)):
            shutil.rmtree(folder, ignore_errors=True)


def _by_bucket(rows: pa.RecordBatch) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Rows apart by their bucket, without the column that says it."""
    import pyarrow.compute as pc

    rows = rows.take(pc.sort_indices(rows.column("bucket__")))
    start = 0
    for counted in pc.value_counts(rows.column("bucket__")):
        bucket, count = counted["values"].as_py(), counted["counts"].as_py()
        yield bucket, rows.slice(start, count).drop_columns("bucket__")
        start += count


def _blob(rows: pa.RecordBatch) -> bytes:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        writer.write_batch(rows)
    return bytes(sink.getvalue().to_pybytes())


def _in_lots(blobs: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, pa.Table]]:
    """The rows of blobs by table, of small blobs some together."""
    import pyarrow as pa

    waiting: dict[str, list[pa.Table]] = defaultdict(list)
    for table, blob in blobs:
        waiting[table].append(pa.ipc.open_stream(blob).read_all())
        if sum(rows.num_rows for rows in waiting[table]) >= ROWS_AT_ONCE:
            yield table, pa.concat_tables(waiting.pop(table))
    for table, lots in waiting.items():
        yield table, pa.concat_tables(lots)

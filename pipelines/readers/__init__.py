"""Reading an export file into rows, through DuckDB's own readers.

`read_file` makes four things in the connection: `file_rows` (what a source's SQL reads: `line`, and the columns, `r`
or `record`), `file_texts` (line and masked text, for rejected rows), `file_names` (of columns or keys) and `rejects`
(rows that can't even be parsed).
A module here per kind of file. Not here: what becomes of the rows (`ingest.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb

from pipelines.readers.delimited import read_csv, read_tsv
from pipelines.readers.json_lines import read_json_lines
from pipelines.readers.names import note_names
from pipelines.readers.parquet import read_parquet, refuse_unreadable_parquet
from pipelines.readers.refusal import FileRefused
from pipelines.sources import Source

__all__ = ["FileRefused", "kind_of_file", "read_file", "refuse_unreadable_parquet"]


def read_file(connection: duckdb.DuckDBPyConnection, source: Source, path: Path, labels: Mapping[str, str]) -> str:
    """Make `file_rows`, `file_texts` and `rejects` of a file; returns the kind of file it is.

    Args:
        connection: the warehouse.
        source: the format.
        path: the file.
        labels: by the format's name of a column, the label that this portal's export has for it.

    Raises:
        FileRefused: the whole file can't be read.
    """
    connection.execute("create or replace temp table rejects (line bigint, reason text, text text)")
    note_names(connection, [])
    if path.is_dir():
        raise FileRefused("is a directory where a file should be; move its files out, or correct the path in journey.yaml")
    if path.stat().st_size == 0:
        raise FileRefused("is empty; export it again")
    reads = source.reads[0] if len(source.reads) == 1 else kind_of_file(path, source.reads)
    if reads == "csv":
        read_csv(connection, path, source.needs, source.named, labels)
    elif reads == "tsv":
        read_tsv(connection, path, source.columns, source.named)
    elif reads == "parquet":
        read_parquet(connection, path, source.shape)
    else:
        read_json_lines(connection, path, source.shape)
    return reads


def kind_of_file(path: Path, reads: tuple[str, ...]) -> str:
    """Which of some kinds a file is, by its first bytes."""
    with path.open("rb") as file:
        start = file.read(4)
    if start == b"PAR1" and "parquet" in reads:
        return "parquet"
    return next((kind for kind in reads if kind != "parquet"), reads[0])

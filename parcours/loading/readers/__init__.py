"""Reading export files into rows, through DuckDB's own readers.

`read_files` makes four things in the connection: `file_rows` (what a source's SQL reads: `line`, and the columns, `r`
or `record`), `file_texts` (line and text, for rejected rows), `file_names` (of columns or keys) and `rejects` (rows
that can't even be parsed); and the function `kept_text`, by which the few texts that are kept are cut down.
A module here per kind of file. Not here: what becomes of the rows (`accounting.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from parcours.loading.readers.compressed import chunks
from parcours.loading.readers.delimited import read_csv, read_tsv
from parcours.loading.readers.documents import read_document
from parcours.loading.readers.json_lines import read_json_lines
from parcours.loading.readers.names import note_names
from parcours.loading.readers.parquet import read_parquet, refuse_unreadable_parquet
from parcours.loading.readers.refusal import FileRefused, of_each, without_values
from parcours.loading.sources import Source

__all__ = ["FileRefused", "kind_of_file", "read_files", "refuse_unreadable_parquet", "without_values"]

LOOKED_AT = 2**20
"""Bytes of a file by which its kind is told: a JSON file without a line break in them is one document."""

FIRST_LINES = 10
"""Lines of them: one that is an object of its own tells JSON lines, however broken the others are."""


def read_files(
    connection: duckdb.DuckDBPyConnection, source: Source, paths: Sequence[Path], labels: Mapping[str, str]
) -> str:
    """Make `file_rows`, `file_texts` and `rejects` of some files; returns the kind of files they are.

    Args:
        connection: the warehouse.
        source: the format.
        paths: the files.
        labels: by the format's name of a column, the label that this portal's export has for it.

    Raises:
        FileRefused: the whole file can't be read; of several, one of them, or not all by one statement.
    """
    connection.execute("create or replace temp table rejects (line bigint, reason text, text text)")
    connection.execute("create or replace temp macro kept_text(text) as text")
    note_names(connection, [])
    kinds = {*of_each(paths, lambda path: _kind_of_whole_file(path, source.reads))}
    reads = kinds.pop()
    if kinds or (reads in ("json", "xml") and len(paths) > 1):
        raise FileRefused("they are of several kinds, or documents")
    if reads == "csv":
        read_csv(connection, paths, source.needs, source.named, labels)
    elif reads == "tsv":
        read_tsv(connection, paths, source.columns, source.named)
    elif reads == "parquet":
        read_parquet(connection, paths, source.shape)
    elif reads in ("json", "xml"):
        read_document(connection, paths[0], reads, source.needs, source.shape, source.each)
    else:
        read_json_lines(connection, paths, source.needs, source.shape)
    return reads


def _kind_of_whole_file(path: Path, reads: tuple[str, ...]) -> str:
    if path.stat().st_size == 0:
        raise FileRefused("is empty; export it again")
    return reads[0] if len(reads) == 1 else kind_of_file(path, reads)


def kind_of_file(path: Path, reads: tuple[str, ...]) -> str:
    """Which of some kinds a file is, by how it begins.

    Raises:
        FileRefused: it can't be decompressed.
    """
    start = b""
    for chunk in chunks(path):
        start += chunk
        if len(start) >= LOOKED_AT:
            break
    # Without byte order marks, of UTF-16 too, and white space.
    start = start[:LOOKED_AT].lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")
    kind = None
    if start.startswith(b"PAR1"):
        kind = "parquet"
    elif start.startswith(b"<"):
        kind = "xml"
    elif start.startswith(b"["):
        kind = "json"
    elif start.startswith(b"{"):
        kind = "jsonl" if "json" not in reads or _is_one_per_line(start) else "json"
    return kind if kind in reads else next((kind for kind in reads if kind != "parquet"), reads[0])


def _is_one_per_line(start: bytes) -> bool:
    """Whether a text is one object a line, not a document: that has no line of its own, or holds a list of objects."""
    lines = [line for line in start.split(b"\n", FIRST_LINES)[:FIRST_LINES] if line.strip()]
    objects = [value for value in map(_value, lines) if isinstance(value, dict)]
    if len(lines) > 1 or not objects:
        return bool(objects)
    return not any(isinstance(part, list) and part and isinstance(part[0], dict) for part in objects[0].values())


def _value(text: bytes) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None

"""Reading export files into rows, through DuckDB's own readers.

`read_files` makes four things in the connection: `file_rows` (what a source's SQL reads: `line`, and the columns, `r`
or `record`), `file_texts` (line and text, for rejected rows), `file_names` (of columns or keys) and `rejects` (rows
that can't even be parsed); and the function `kept_text`, by which the few texts that are kept are cut down.
A module here per kind of file. Not here: what becomes of the rows (`accounting.py`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from parcours.loading.readers.delimited import found_writing, read_csv, read_tsv
from parcours.loading.readers.documents import read_document
from parcours.loading.readers.encoding import beginning
from parcours.loading.readers.json_lines import read_json_lines
from parcours.loading.readers.names import note_names
from parcours.loading.readers.parquet import read_parquet, refuse_unreadable_parquet
from parcours.loading.readers.refusal import FileRefused, of_each, without_values
from parcours.loading.shapes import FUNCTIONS
from parcours.loading.sources import Source
from parcours.loading.written_values import AS_PROGRAMS_WRITE, Writing, make_value_functions

__all__ = ["FileRefused", "kind_of_file", "read_files", "refuse_unreadable_parquet", "without_values"]

MARKS = {".": "point", ",": "comma"}

FIRST_LINES = 10
"""Lines of them: one that is an object of its own tells JSON lines, however broken the others are."""


@dataclass(frozen=True)
class ReadAs:
    """How files were read: their kind, how their values are written, and what is unusual about that, in words."""

    kind: str
    writing: Writing
    said: str | None = None


def read_files(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    paths: Sequence[Path],
    labels: Mapping[str, str],
    declared: Writing = AS_PROGRAMS_WRITE,
) -> ReadAs:
    """Make `file_rows`, `file_texts` and `rejects` of some files, and the functions that read their values.

    Args:
        connection: the warehouse.
        source: the format.
        paths: the files.
        labels: by the format's name of a column, the label that this portal's export has for it.
        declared: how values are written, as far as journey.yaml says.

    Raises:
        FileRefused: the whole file can't be read; of several, one of them, or not all by one statement.
    """
    connection.execute("create or replace temp table rejects (line bigint, reason text, text text)")
    connection.execute("create or replace temp macro kept_text(text) as text")
    for signature, body in FUNCTIONS.items():
        connection.execute(f"create or replace temp macro {signature} as {body}")
    note_names(connection, [])
    kinds = {*of_each(paths, lambda path: kind_of_file(path, source))}
    reads = kinds.pop()
    if kinds or (reads in ("json", "xml") and len(paths) > 1):
        raise FileRefused("they are of several kinds, or documents")
    writing, said = declared, list[str]()
    if reads == "csv":
        dialect = read_csv(connection, paths, source.needs, source.named, labels, declared.encoding)
        writing = found_writing(connection, dialect, source.numbers, declared)
        said += dialect.said
    elif reads == "tsv":
        read_tsv(connection, paths, source.columns, source.named)
    elif reads == "parquet":
        read_parquet(connection, paths, source.shape)
    elif reads in ("json", "xml"):
        read_document(connection, paths[0], reads, source.needs, source.shape, source.each)
    else:
        read_json_lines(connection, paths, source.shape)
    said += [f"decimal {MARKS[writing.decimal]}"] if writing.decimal and (writing.decimal == "," or said) else []
    said += [writing.dates] if writing.dates else []
    make_value_functions(connection, writing)
    return ReadAs(reads, writing, ", ".join(said) or None)


def kind_of_file(path: Path, source: Source, start: bytes | None = None) -> str:
    """What a file is to a format, by how it begins: one of the kinds that this reads, or the nearest of them.

    Where lines of JSON are read, so is a document: a list of rows, or an object that holds it.

    Args:
        path: the file.
        source: the format.
        start: its beginning, where that was read before.

    Raises:
        FileRefused: it is empty, or can't be decompressed.
    """
    if path.stat().st_size == 0:
        raise FileRefused("is empty; export it again")
    reads = (*source.reads, "json") if "jsonl" in source.reads else source.reads
    if len(reads) == 1:
        return reads[0]
    text = beginning(path) if start is None else start
    return kind_of_text(text.lstrip(), reads, source.needs)


def kind_of_text(start: bytes, reads: Sequence[str], needs: Collection[str]) -> str:
    """Which of some kinds a file is, by its first bytes behind white space."""
    kind = ""
    if start.startswith(b"PAR1"):
        kind = "parquet"
    elif start.startswith(b"<"):
        kind = "xml"
    elif start.startswith(b"["):
        kind = "json" if start[1:].lstrip()[:1] in (b"{", b"]", b"") or "jsonl" not in reads else "jsonl"
    elif start.startswith(b"{"):
        kind = "jsonl" if "json" not in reads or _is_one_per_line(start, needs) else "json"
    return kind if kind in reads else next((one for one in reads if one != "parquet"), reads[0])


def _is_one_per_line(start: bytes, needs: Collection[str]) -> bool:
    """Whether a text is one object a line, not a document: that spans lines, or holds a list of objects."""
    lines = [line for line in start.split(b"\n", FIRST_LINES)[:FIRST_LINES] if line.strip()]
    first = _value(lines[0])
    if isinstance(first, dict):
        lists = [part for part in first.values() if isinstance(part, list) and (not part or isinstance(part[0], dict))]
        if needs and not {*needs} & {*first}:
            return not any(not part or {*needs} <= {*part[0]} for part in lists)
        return bool(needs) or len(lines) > 1 or not any(lists)
    try:
        text = start.decode(errors="replace")
        _, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        # A line that is broken, or a document that ends further on.
        key = re.match(rb'\{\s*"([^"]*)"', lines[0])
        is_row = key is not None and key[1].decode(errors="replace") in needs
        return is_row or any(isinstance(_value(line), dict) for line in lines)
    return "\n" not in text[:end]


def _value(text: bytes) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None

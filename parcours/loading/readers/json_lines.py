"""JSON lines: one object a line, gzip too."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import duckdb

from parcours.loading.readers.compressed import open_bytes
from parcours.loading.readers.lines import FILE_NUMBER, LINE_IN_FILE, read_lines
from parcours.loading.readers.refusal import FileRefused
from parcours.warehouse.connection import count_rows

LOOKED_AT = 10_000
"""Lines of a file whose keys are noted: new ones rarely come once."""

DOCUMENT_START = 2**20
"""Characters of a file by which a document is told from lines: its first object ends in them."""


def read_json_lines(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], shape: str | None) -> None:
    """Fill `file_rows`: `r` in the source's shape, or `record` as JSON where it declares none."""
    read_lines(connection, paths, "text, json_valid(text) as is_json")
    connection.execute("create or replace temp view file_texts as select line, text from numbered_lines")
    # What is kept is what is read; of a line that is broken, its fields or tags, if it has any.
    read = f"cast(json_merge_patch('{{}}', json_transform(text, '{shape}')) as text)" if shape else "text"
    broken = "case when regexp_matches(text, '^\\s*[{<]') then text else '' end"
    connection.execute(
        f"create or replace temp macro kept_text(text) as case when json_valid(text) then {read} else {broken} end"
    )
    if count_rows(connection, "file_lines where not is_json"):
        if any(map(_is_document, paths)):
            raise FileRefused("is one JSON document, not an object a line; export it as newline-delimited JSON")
        connection.execute(
            "insert into rejects select line, 'is not valid JSON', text from numbered_lines "
            "where not is_json and trim(text) <> ''"
        )
    # The limit ends the reading of a large file.
    sound = (
        f"(select {FILE_NUMBER} as file_number, text from numbered_lines "
        f"where is_json and {LINE_IN_FILE} <= {LOOKED_AT} limit {LOOKED_AT * len(paths)})"
    )
    connection.execute(
        f"create or replace temp view file_names as select file_number, unnest(json_keys(text)) as name from {sound} "
        f"union all select file_number, 'properties.' || unnest(json_keys(text, '$.properties')) from {sound}"
    )
    value = f"json_transform(text, '{shape}') as r" if shape else "cast(text as json) as record"
    connection.execute(
        f"create or replace temp view file_rows as select line, {FILE_NUMBER} as file_number, {value} "
        "from numbered_lines where is_json"
    )


def _is_document(path: Path) -> bool:
    """Whether a file begins with an object in a list, or with one over several lines."""
    with open_bytes(path) as file:
        start = file.read(DOCUMENT_START).decode("utf-8-sig", errors="replace").lstrip()
    is_list = start.startswith("[")
    start = start[is_list:].lstrip()
    try:
        _, end = json.JSONDecoder().raw_decode(start)
    except (ValueError, RecursionError):
        return False
    return start.startswith("{") and (is_list or "\n" in start[:end])

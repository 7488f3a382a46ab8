"""JSON lines: one object a line, gzip too."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path

import duckdb

from parcours.loading.readers.compressed import open_bytes
from parcours.loading.readers.lines import FILE_NUMBER, LINE_IN_FILE, read_lines
from parcours.loading.readers.refusal import FileRefused
from parcours.warehouse.connection import count_rows

LOOKED_AT = 10_000
"""Lines of a file whose keys are noted: new ones rarely come once."""

DOCUMENT = "is one JSON document, not an object a line; export it as newline-delimited JSON"
"""Why a file is refused whose lines are no rows."""

DOCUMENT_START = 2**20
"""Characters of a file by which a document is told from lines: its first object ends in them."""


def read_json_lines(
    connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], needs: Collection[str], shape: str | None
) -> None:
    """Fill `file_rows`: `r` in the source's shape, or `record` as JSON where it declares none.

    Raises:
        FileRefused: a file is one document, a list of rows or an object that holds it: its lines are no rows.
    """
    read_lines(connection, paths, "text, json_valid(text) as is_json")
    connection.execute("create or replace temp view file_texts as select line, text from numbered_lines")
    # What is kept is what is read; of a line that is broken, its fields or tags, if it has any.
    read = f"cast(json_merge_patch('{{}}', json_transform(text, '{shape}')) as text)" if shape else "text"
    is_object = "json_valid(text) and starts_with(ltrim(text), '{')"
    broken = "case when regexp_matches(text, '^\\s*[{<]') then text else '' end"
    connection.execute(
        f"create or replace temp macro kept_text(text) as case when {is_object} then {read} else {broken} end"
    )
    odd = count_rows(connection, "numbered_lines where not is_json or starts_with(text, '[')")
    if documents := [path for path in paths if (odd and _is_document(path)) or _is_wrapped(path, needs)]:
        raise FileRefused(DOCUMENT, dict.fromkeys(documents, DOCUMENT))
    if odd:
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
    if is_list:
        return start.startswith("{")
    try:
        _, end = json.JSONDecoder().raw_decode(start)
    except (ValueError, RecursionError):
        return False
    return start.startswith("{") and "\n" in start[:end]


def _is_wrapped(path: Path, needs: Collection[str]) -> bool:
    """Whether the first line of a file is no row, but an object that holds a list of them."""
    with open_bytes(path) as file:
        try:
            value = json.loads(file.readline(DOCUMENT_START))
        except (ValueError, RecursionError):
            return False
    return (
        bool(needs)
        and isinstance(value, dict)
        and not any(name in value for name in needs)
        and any(isinstance(part, list) and part and isinstance(part[0], dict) for part in value.values())
    )

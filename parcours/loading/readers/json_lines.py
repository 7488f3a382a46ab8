"""JSON lines: one object a line, gzip too."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from parcours.loading.readers.lines import FILE_NUMBER, LINE_IN_FILE, read_lines
from parcours.loading.shapes import misread
from parcours.warehouse.connection import count_rows

LOOKED_AT = 10_000
"""Lines of a file whose keys are noted: new ones rarely come once."""


def read_json_lines(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], shape: str | None) -> None:
    """Fill `file_rows`: `r` in the source's shape, or `record` as JSON where it declares none."""
    reason = f"case when json_valid(text) then {misread('text', shape)} end"
    read_lines(connection, paths, f"text, json_valid(text) as is_json, {reason} as misread")
    connection.execute("create or replace temp view file_texts as select line, text from numbered_lines")
    # What is kept is what is read; of a line that is broken, its fields or tags, if it has any.
    read = f"cast(json_merge_patch('{{}}', json_transform(text, '{shape}')) as text)" if shape else "text"
    is_object = "json_valid(text) and starts_with(ltrim(text), '{')"
    broken = "case when regexp_matches(text, '^\\s*[{<]') then text else '' end"
    connection.execute(
        f"create or replace temp macro kept_text(text) as case when {is_object} then {read} else {broken} end"
    )
    if count_rows(connection, "numbered_lines where not is_json"):
        connection.execute(
            "insert into rejects select line, 'is not valid JSON', text from numbered_lines "
            "where not is_json and trim(text) <> ''"
        )
    connection.execute("insert into rejects select line, misread, text from numbered_lines where misread is not null")
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
        "from numbered_lines where is_json and misread is null"
    )

"""JSON lines: one object a line, gzip too."""

from __future__ import annotations

from pathlib import Path

import duckdb

from parcours.loading.readers.lines import read_lines
from parcours.loading.readers.masking import masked
from parcours.warehouse.connection import count_rows

LOOKED_AT = 10_000
"""Lines whose keys are noted: new ones rarely come once."""


def read_json_lines(connection: duckdb.DuckDBPyConnection, path: Path, shape: str | None) -> None:
    """Fill `file_rows`: `r` in the source's shape, or `record` as JSON where it declares none."""
    read_lines(connection, path, "text, json_valid(text) as is_json")
    connection.execute(
        f"create or replace temp view file_texts as select line, {masked('text')} as text from numbered_lines"
    )
    if count_rows(connection, "file_lines where not is_json"):
        connection.execute(
            "insert into rejects select line, 'is not valid JSON', t.text from numbered_lines l join file_texts t "
            "using (line) where not l.is_json and trim(l.text) <> ''"
        )
    sound = f"(select text from numbered_lines where is_json limit {LOOKED_AT})"
    connection.execute(
        f"create or replace temp view file_names as select unnest(json_keys(text)) as name from {sound} "
        f"union all select 'properties.' || unnest(json_keys(text, '$.properties')) from {sound}"
    )
    value = f"json_transform(text, '{shape}') as r" if shape else "cast(text as json) as record"
    connection.execute(
        f"create or replace temp view file_rows as select line, {value} from numbered_lines where is_json"
    )

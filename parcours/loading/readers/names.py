"""The names of a file's columns or keys: noted so that the next load can say what is new, and shown.

The first line of a file that has no header holds the values of somebody, and keys of JSON may be addresses.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import duckdb

from parcours.warehouse.connection import text_literal

SHOWN = 12
"""Names that a refusal shows."""


def note_names(connection: duckdb.DuckDBPyConnection, names: Sequence[str], file_count: int = 1) -> None:
    """Make the view `file_names`, one row per column of each of some files that have the same."""
    connection.execute(
        "create or replace temp view file_names as "
        f"select file_number, unnest([{', '.join(text_literal(name) for name in names)}]::text[]) as name "
        f"from range({file_count}) as files(file_number)"
    )


def shown_names(what: str, names: Sequence[str], known: Collection[str]) -> str:
    """What a refusal says of a file's columns or members: those that a format knows, and how many there are besides."""
    shown = [name for name in names if name in known][:SHOWN]
    others = len(names) - len(shown)
    if not shown:
        return f"none of its {others} {what} is one that a format of ours knows"
    return f"its {what}: {', '.join(shown)}{f' and {others} more' if others else ''}"

"""Rows that are loaded already, or come again within the files that are loaded together: each content is stored once.

It belongs to the first file that has it; a later one that repeats it confirms it. All is told by `row_hash`, in one
pass over what is loaded. Not here: which version of a thing stands (`sql/staging/`).
"""

from __future__ import annotations

import duckdb

from parcours.loading.readers.lines import FILE_BITS, FILE_NUMBER
from parcours.warehouse.canonical import Kind
from parcours.warehouse.connection import count_rows


def find_duplicates(connection: duckdb.DuckDBPyConnection, kind: Kind) -> None:
    """Make `duplicates`: of the sound rows of `checked` those that are not stored, by `line`, with their `row_hash`.

    Makes `loaded_before`, too (contents that are loaded), and `repeated` (those that come again), and whether in
    several files. Both are small: files are checked against all that is loaded by one pass over the hashes. Equal
    events have equal times, by which DuckDB skips what lies outside the files'.
    """
    same_time = "and loaded.occurred_at = checked.occurred_at " if kind.name == "events" else ""
    connection.execute(
        f"create or replace temp table repeated as select row_hash, min(line) as first_line, "
        f"(min(line) >> {FILE_BITS}) < (max(line) >> {FILE_BITS}) as in_several from checked "
        "where reason is null group by row_hash having count(*) > 1"
    )
    connection.execute(
        f"create or replace temp table loaded_before as select distinct loaded.row_hash from raw.{kind.name} as loaded "
        f"inner join checked on loaded.row_hash = checked.row_hash {same_time}where checked.reason is null"
    )
    # A test that nothing can fail costs a pass over the files.
    known = []
    if count_rows(connection, "loaded_before"):
        known.append("row_hash in (select row_hash from loaded_before)")
    if count_rows(connection, "repeated"):
        known.append("(row_hash in (select row_hash from repeated) and line not in (select first_line from repeated))")
    connection.execute(
        "create or replace temp table duplicates as select line, row_hash from checked "
        f"where reason is null and ({' or '.join(known) or 'false'})"
    )


def confirm(connection: duckdb.DuckDBPyConnection, kind: Kind, export: str) -> int:
    """A re-export that repeats a row unchanged confirms it: the row is as new as the newest file that has it; how many.

    An event happened once: its row is as old as the first file that has it.
    """
    if not count_rows(connection, "loaded_before") and not count_rows(connection, "repeated where in_several"):
        return 0
    says_more = (
        "loaded.file_order > said.file_order"
        if kind.name == "events"
        else "(coalesce(loaded.covers_until, timestamp '1970-01-01'), loaded.file_order) "
        "< (coalesce(said.covers_until, timestamp '1970-01-01'), said.file_order)"
    )
    confirmed = connection.execute(
        f"update raw.{kind.name} as loaded set covers_until = said.covers_until, file_order = said.file_order from ("
        "select row_hash, covers_until, file_order from ("
        "select row_hash, min(says_most) as says_most from checked "
        f"inner join loading_files on file_number = {FILE_NUMBER} where reason is null and ("
        "row_hash in (select row_hash from loaded_before) "
        "or row_hash in (select row_hash from repeated where in_several)) group by row_hash) "
        "inner join loading_files using (says_most)"
        f") as said where loaded.row_hash = said.row_hash and loaded.export = $export and {says_more}",
        {"export": export},
    ).fetchall()[0][0]
    return int(confirmed)

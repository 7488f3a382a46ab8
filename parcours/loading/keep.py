"""How long an export's rows are kept: what is older is deleted, with a record, and is not loaded any more.

Here: `keep_months` of an export. A row's age is that of the newest instant which it, or another row of the same thing
(an order's lines, a contact's earlier states), names; of an event its own. Rows without an instant are kept. What is
told of a file's rows (`raw.loads`) stays as it was when it was loaded; what is known begins with what is kept. Not
here: taking a whole file back (`unload.py`), nor a person's rows (`parcours/people/forget.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import duckdb

from parcours.loading.files import Reading
from parcours.warehouse.canonical import KINDS, Kind
from parcours.warehouse.connection import transaction
from parcours.warehouse.refresh_log import note_change, touch

BEYOND = "older than keep_months of its export"
"""The reason to reject a row that is not kept; its text is not kept either."""

KEPT_FROM = (
    "(select shop_midnight("
    "cast(shop_day(cast(now() as timestamp), time_zone) - to_months($months) as date), time_zone) from settings.shop)"
)
"""In SQL: the beginning of the first shop day that is kept."""


def reject_beyond(connection: duckdb.DuckDBPyConnection, kind: Kind, given: Collection[str], months: int) -> None:
    """Reject the rows in `checked` that are older than they are kept."""
    connection.execute(
        f"update checked set reason = $beyond where reason is null and {_is_beyond(kind, given, 'checked')}",
        {"beyond": BEYOND, "months": months},
    )


def purge(connection: duckdb.DuckDBPyConnection, readings: Sequence[Reading]) -> None:
    """Delete the loaded rows that are older than they are kept, and note of each export how many in `raw.purges`."""
    for reading in readings:
        if reading.export.keep_months is not None:
            with transaction(connection):
                _purge(connection, reading.export.name, reading.source.kind.name, reading.export.keep_months)


def _purge(connection: duckdb.DuckDBPyConnection, export: str, kind_name: str, months: int) -> None:
    kind, of_export = KINDS[kind_name], {"export": export, "months": months}
    columns = {column.name for column in kind.columns}
    beyond = f"export = $export and {_is_beyond(kind, columns, f'(from raw.{kind_name} where export = $export)')}"
    connection.execute(
        f"create or replace temp table purged as select rowid as place, {kind.key} as key from raw.{kind_name} "
        f"where {beyond}",
        of_export,
    )
    [(count,)] = connection.execute("select count(*) from purged").fetchall()
    # What a rejected row showed is as old as its file.
    texts = connection.execute(
        "update raw.rejected_rows set text = '', reason = split_part(reason, ': ', 1), named = null "
        "where (text <> '' or named is not null) and file_id in (select file_id from raw.loads "
        f"where export = $export and covers_until < {KEPT_FROM})",
        of_export,
    ).fetchall()[0][0]
    if texts:
        note_change(connection, "raw.rejected_rows")
    if count:
        touch(connection, f"raw.{kind_name}", kind.key, "select key from purged")
        connection.execute(f"delete from raw.{kind_name} where rowid in (select place from purged)")
    known = connection.execute(
        f"update raw.loads set covers_from = case when covers_until >= {KEPT_FROM} then {KEPT_FROM} end "
        f"where export = $export and covers_from < {KEPT_FROM}",
        of_export,
    ).fetchall()[0][0]
    if known:
        note_change(connection, "raw.loads")
    if count or texts:
        connection.execute(
            "insert into raw.purges "
            f"select cast(now() as timestamp), $export, $table, $months, {KEPT_FROM}, $rows, $texts",
            {**of_export, "table": f"raw.{kind_name}", "rows": count, "texts": texts},
        )
        note_change(connection, "raw.purges")
    connection.execute("drop table purged")


def _is_beyond(kind: Kind, given: Collection[str], rows: str) -> str:
    """SQL that says of a row whether it is older than it is kept."""
    if kind.name == "events":
        return f"occurred_at < {KEPT_FROM}"
    instants = [column.name for column in kind.columns if column.type == "timestamp" and column.name in given]
    if not instants:
        return "false"
    newest = f"max(greatest({', '.join(instants)}))"
    return f"{kind.key} in (select {kind.key} from {rows} as aged group by {kind.key} having {newest} < {KEPT_FROM})"

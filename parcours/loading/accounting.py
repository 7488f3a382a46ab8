"""The accounting of one batch of files: each of their rows is loaded, a duplicate, or rejected with its reason.

Here: running a source's SQL over rows that are read, taking out the files that hold too much that is wrong, and the
rows of `raw.<kind>`, `raw.rejected_rows` and `raw.observed_names`; they add up, or nothing is loaded. Not here: which
files go together and in which transaction (`load.py`), what may be wrong with any row (`row_checks.py`), nor which
rows are loaded already (`duplicates.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import duckdb

from parcours.loading.consent import drop_ids
from parcours.loading.duplicates import confirm, find_duplicates
from parcours.loading.files import Found
from parcours.loading.keep import BEYOND, reject_beyond
from parcours.loading.personal import hide_personal_data
from parcours.loading.readers import ReadAs, refuse_unreadable_parquet, without_values
from parcours.loading.readers.lines import FILE_NUMBER, LINE_IN_FILE
from parcours.loading.readers.masking import masked, masked_text
from parcours.loading.repeats import note_repeats
from parcours.loading.row_checks import (
    FORGOTTEN,
    LONGEST,
    SMALL_FILE,
    SPOILT,
    Limits,
    checked_select,
    spoilt_reason,
)
from parcours.loading.sources import Source
from parcours.people.forgotten import is_forgotten, pseudonyms
from parcours.warehouse.connection import count_rows, text_literal
from parcours.warehouse.personal_values import MAY_BE_PERSONAL
from parcours.warehouse.refresh_log import touch

SHOWN_REASONS = 5
"""Why rows of a refused file are rejected: so many reasons are named, without the values of the rows."""


class IngestError(Exception):
    """Nothing can be loaded. The text names the file or key, what was found and what to do."""


FAULTLESS = [BEYOND, FORGOTTEN]
"""The reasons to reject a row with which nothing is wrong. Whether too many rows of a file are rejected is judged
without these wherever it is (`rows_rejected - rows_faultless`): here, in `read_again.py` and in
`sql/checks/few_rows_are_rejected.sql`; and they are no reason to be told."""


@dataclass(frozen=True)
class Run:
    """What holds for every file of a run: its number, the limits of a row, the share of bad rows a file may have."""

    load_number: int
    limits: Limits
    refuse_above: float


@dataclass(frozen=True)
class Load:
    """What became of one file."""

    file_id: str
    path: str
    export: str
    format: str
    kind: str
    status: str
    reason: str | None = None
    rows_read: int = 0
    rows_loaded: int = 0
    rows_duplicate: int = 0
    rows_rejected: int = 0
    covers_until: datetime | None = None
    covers_from: datetime | None = None
    rows_faultless: int = 0
    dialect: str | None = None


def account(connection: duckdb.DuckDBPyConnection, files: Sequence[Found], run: Run, reads: ReadAs) -> list[Load]:
    """Reject, find duplicates, insert: the sums are exact by construction and checked."""
    export, source = files[0].export, files[0].source
    given, refused = judge(connection, files, run, reads)
    if len(refused) == len(files):
        return [*refused.values()]
    if "delivery" in given:
        _replace_in_place(connection, source)
    find_duplicates(connection, source.kind)
    inserted = _insert(connection, source, export.name, given)
    note_repeats(connection, source.kind)
    touch_loaded(connection, source, given, confirm(connection, source.kind, export.name))
    _keep_rejected(connection, files[0], given)
    _observe_names(connection, source, export.name)
    counts = connection.execute(
        "select file_number, rows_read, rows_read - rows_rejected - repeats as loaded, repeats, "
        "rows_rejected, covers_until, covers_from, rows_faultless from ("
        "select *, coalesce(count, 0) as repeats from loading_files left join ("
        f"select {FILE_NUMBER} as file_number, count(*) as count from duplicates group by all) using (file_number))"
    ).fetchall()
    loaded = {number: _loaded(files[number], reads, *rows) for number, *rows in counts}
    for number, load in loaded.items():
        reasons = told_reasons(connection, number) if load.rows_rejected == load.rows_read else ""
        if reasons:
            why = masked_text(connection, f"each of its rows is rejected: {reasons}")
            loaded[number] = replace(load, status="rejected", reason=why)
    if inserted != sum(load.rows_loaded for load in loaded.values()):
        raise IngestError(
            f"{files[0].name}: the rows do not add up: {inserted} are inserted. "
            "This is a fault of Parcours; please report it."
        )
    return [load for _, load in sorted((loaded | refused).items())]


def judge(
    connection: duckdb.DuckDBPyConnection, files: Sequence[Found], run: Run, reads: ReadAs
) -> tuple[set[str], dict[int, Load]]:
    """Make `checked`, `rejects` and `loading_files` of the rows that are read; nothing is stored yet.

    Returns the columns that the source gives, and by their number the files that are refused, which these lack.
    """
    source, parsed = files[0].source, count_rows(connection, "file_rows")
    given = check_rows(connection, files, run.limits, reads.kind)
    if count_rows(connection, "checked") != parsed:
        raise IngestError(
            f"sources/{source.format}.sql: gave {count_rows(connection, 'checked')} rows for the {parsed} of "
            f"{files[0].name}. A source gives one row per row, and names what is wrong in reject_reason."
        )
    _reject(connection)
    tally(connection, files)
    return given, _refuse(connection, files, run.refuse_above)


def _loaded(file: Found, reads: ReadAs, *counted: Any) -> Load:
    kind = file.source.kind.name
    load = Load(file.file_id, file.name, file.export.name, file.source.format, kind, "loaded", None, *counted)
    return replace(load, dialect=reads.said)


def refused_load(connection: duckdb.DuckDBPyConnection, file: Found, reason: str) -> Load:
    kind, shown = file.source.kind.name, masked_text(connection, reason)
    return Load(file.file_id, file.name, file.export.name, file.source.format, kind, "refused", shown)


def tally(connection: duckdb.DuckDBPyConnection, files: Sequence[Found]) -> None:
    """Make `loading_files`: of each file how many rows it has, how far in time they reach, and which says most.

    Of files that repeat a row the last says most, the one that reaches furthest; of events the first.
    """
    age = "coalesce(covers_until, timestamp '1970-01-01') desc, file_order desc, file_number"
    connection.execute(
        "create or replace temp table loading_files as select *, row_number() over (order by "
        f"{'file_order, file_number' if files[0].source.kind.name == 'events' else age}) as says_most from ("
        "select file_number, file_id, file_order, path, covers_from, covers_until, "
        "coalesce(sound, 0) + coalesce(wrong, 0) as rows_read, coalesce(wrong, 0) as rows_rejected, "
        "coalesce(faultless, 0) as rows_faultless from ("
        "select generate_subscripts($ids, 1) - 1 as file_number, unnest($ids) as file_id, "
        "unnest($orders) as file_order, unnest($paths) as path) "
        f"left join (select {FILE_NUMBER} as file_number, count(*) as sound, "
        "min(covers_from) as covers_from, max(covers_until) as covers_until "
        "from checked where reason is null group by all) using (file_number) "
        f"left join (select {FILE_NUMBER} as file_number, count(*) as wrong, "
        "count(*) filter (list_contains($faultless, reason)) as faultless "
        "from rejects group by all) using (file_number))",
        {
            "faultless": FAULTLESS,
            "ids": [file.file_id for file in files],
            "orders": [file.file_order for file in files],
            "paths": [file.name for file in files],
        },
    )


def _refuse(connection: duckdb.DuckDBPyConnection, files: Sequence[Found], refuse_above: float) -> dict[int, Load]:
    """Take out the files of which too many rows are rejected; returns them by their number."""
    too_many = connection.execute(
        "select file_number, rows_rejected - rows_faultless, rows_read from loading_files "
        "where rows_read >= $small and rows_rejected - rows_faultless > $share * rows_read",
        {"small": SMALL_FILE, "share": refuse_above},
    ).fetchall()
    refused = {}
    for number, rejected, read in too_many:
        reasons = told_reasons(connection, number)
        refused[number] = refused_load(
            connection,
            files[number],
            f"{rejected:,} of {read:,} rows are rejected, over exports.refuse_above ({refuse_above:g}): {reasons}. "
            "Correct the format in journey.yaml, or the file",
        )
    if refused:
        for table, number in (("checked", FILE_NUMBER), ("rejects", FILE_NUMBER), ("loading_files", "file_number")):
            connection.execute(f"delete from {table} where list_contains($refused, {number})", {"refused": [*refused]})
    return refused


def told_reasons(connection: duckdb.DuckDBPyConnection, number: int) -> str:
    """Why rows of a file are rejected, the most frequent reasons first, without the values of the rows, and without
    those with which nothing is wrong."""
    why = connection.execute(
        f"select split_part(reason, ': ', 1), count(*), min({LINE_IN_FILE}) from rejects "
        f"where {FILE_NUMBER} = $number and not list_contains($faultless, reason) "
        f"group by 1 order by 2 desc, 3 limit {SHOWN_REASONS}",
        {"number": number, "faultless": FAULTLESS},
    ).fetchall()
    return "; ".join(f"{reason} ({count:,}, the first in line {line:,})" for reason, count, line in why)


def _reject(connection: duckdb.DuckDBPyConnection) -> None:
    """Add the rows of `checked` that have a reason to `rejects`."""
    # Their texts are a second pass over the files.
    if not count_rows(connection, "checked where reason is not null"):
        return
    connection.execute(
        "insert into rejects select c.line, c.reason, "
        "case when not list_contains($faultless, c.reason) then r.text else '' end "
        "from (select line, reason from checked where reason is not null) c join file_texts r using (line)",
        {"faultless": FAULTLESS},
    )


def _keep_rejected(connection: duckdb.DuckDBPyConnection, file: Found, given: set[str]) -> None:
    """Store the rejected rows, with the pseudonyms of whom they name: so they go, if one of these is forgotten."""
    if not count_rows(connection, "rejects"):
        return  # before the many patterns of `masked` are made ready
    named = pseudonyms(file.source.kind.name, given, file.reading.namespace)
    connection.execute(
        f"insert into raw.rejected_rows select file_id, {LINE_IN_FILE}, {masked('rejects.reason')}, "
        f"{masked(f'left(kept_text(rejects.text), {LONGEST})')}, named "
        f"from rejects inner join loading_files on file_number = {FILE_NUMBER} "
        f"left join (select line, {named} as named from checked "
        "where reason is not null and reason <> $beyond) using (line) order by line",
        {"beyond": BEYOND},
    )


def check_rows(connection: duckdb.DuckDBPyConnection, files: Sequence[Found], limits: Limits, reads: str) -> set[str]:
    """Make `checked`: the canonical columns in their types, and the first reason to reject a row.

    Returns the columns that the source gives.
    """
    file, source = files[0], files[0].source
    where = f"sources/{source.format}.sql"
    try:
        described = connection.execute(f"describe {source.sql}").fetchall()
    except duckdb.Error as error:
        raise IngestError(f"{where}, reading {file.name}: {error}") from None
    given = {name for name, *_ in described}
    texts = {name for name, type_, *_ in described if type_ == "VARCHAR"}
    if "line" not in given:
        raise IngestError(f"{where}: expected a column `line`, as file_rows has it.")
    columns = [column.name for column in source.kind.columns]
    if unknown := given - {*columns, "line", "reject_reason"}:
        raise IngestError(
            f"{where}: {', '.join(sorted(unknown))}: no column of {source.kind.name}. "
            f"Its columns: {', '.join(columns)}."
        )
    if missing := {column.name for column in source.kind.columns if column.required} - given:
        raise IngestError(f"{where}: the required column {', '.join(sorted(missing))} is missing.")
    try:
        connection.execute(
            "create or replace temp table checked as "
            + checked_select(source.kind, given, source.sql, limits, file.reading.namespace, texts, source.labels)
        )
        if count_rows(connection, f"checked where reason = '{SPOILT}'"):
            connection.execute(
                f"update checked set reason = {spoilt_reason(source.kind, given)} where reason = '{SPOILT}'"
            )
    except duckdb.Error as error:
        if reads == "parquet":
            refuse_unreadable_parquet(connection, [file.path for file in files])
        raise IngestError(f"{where}, reading {file.name}: {without_values(error)}") from None
    hide_personal_data(connection, source.kind, given)
    if limits.has_forgotten:
        whose = is_forgotten(source.kind.name, given, file.reading.namespace)
        connection.execute(f"update checked set reason = $forgotten where {whose}", {"forgotten": FORGOTTEN})
    if file.export.keep_months is not None:
        reject_beyond(connection, source.kind, given, file.export.keep_months)
    if file.export.consent == "exempt" or "is_exempt" in given:
        drop_ids(connection, given, of_all=file.export.consent == "exempt")
    return given


def _insert(connection: duckdb.DuckDBPyConnection, source: Source, export: str, given: set[str]) -> int:
    """Insert the sound rows that are new; returns how many."""
    columns = ", ".join(column.name for column in source.kind.columns if column.name in given)
    new = "and line not in (select line from duplicates)" if count_rows(connection, "duplicates") else ""
    files = connection.execute(
        "select count(*), list(file_id order by file_number), list(covers_until order by file_number), "
        "list(file_order order by file_number), list(file_number order by file_number) from loading_files"
    ).fetchall()
    count, ids, reach, orders, numbers = files[0]
    # Lists, not a join, which DuckDB would read on one core to keep the order.
    place = "1" if count == 1 else f"list_position($numbers, {FILE_NUMBER})"
    inserted = connection.execute(
        f"insert into raw.{source.kind.name} (file_id, line, export, row_hash, covers_until, file_order, {columns}) "
        f"select $ids[{place}], {LINE_IN_FILE}, $export, row_hash, cast($reach as timestamp[])[{place}], "
        f"$orders[{place}], {columns} from checked where reason is null {new}",
        {"ids": ids, "reach": reach, "orders": orders, "export": export} | ({} if count == 1 else {"numbers": numbers}),
    ).fetchall()[0][0]
    return int(inserted)


def touch_loaded(connection: duckdb.DuckDBPyConnection, source: Source, given: set[str], confirmed: int) -> None:
    """Note what of `raw.*` the files changed, for the tables that are built from it."""
    kind, key, loaded = source.kind.name, source.kind.key, "file_id in (select file_id from loading_files)"
    changed = f"select {key} from raw.{kind} where {loaded}"
    if confirmed:
        # A row that no other contradicts stands, however new it is: a CRM exports every contact each night.
        changed += (
            f" union all select {key} from raw.{kind} where {key} in "
            f"(select {key} from checked where row_hash in (select row_hash from loaded_before)) "
            f"group by {key} having count(*) > 1"
        )
    if "part" in given:
        # A new delivery takes the place of the part's earlier ones.
        changed += f" union all select {key} from raw.{kind} where part in (select part from raw.{kind} where {loaded})"
    touch(connection, f"raw.{kind}", key, changed)


def _replace_in_place(connection: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Where a source restates parts: those that a file written again delivers take the place of its earlier ones.

    Parts that the new content lacks stay: a file may hold another day each night.
    """
    kind, key = source.kind.name, source.kind.key
    connection.execute(
        "create or replace temp table written_again as select earlier.file_id, earlier.path, f.file_number "
        "from raw.loads as earlier inner join loading_files as f on earlier.path = f.path "
        "where earlier.status = 'loaded' and earlier.file_id <> f.file_id and earlier.format = $format",
        {"format": source.format},
    )
    if not count_rows(connection, "written_again"):
        return
    gone = (
        f"from raw.{kind} where (file_id, part) in (select w.file_id, part from checked "
        f"inner join written_again as w on w.file_number = {FILE_NUMBER} where reason is null)"
    )
    replaced = connection.execute(f"select distinct file_id {gone}").fetchall()
    touch(connection, f"raw.{kind}", key, f"select {key} {gone}")
    connection.execute(f"delete {gone}")
    connection.execute(
        "update raw.loads set status = 'replaced' where file_id in (select file_id from written_again "
        "where path in (select path from written_again where list_contains($replaced, file_id)))",
        {"replaced": [file_id for (file_id,) in replaced]},
    )


def _observe_names(connection: duckdb.DuckDBPyConnection, source: Source, export: str) -> None:
    """Note the names of the files' columns or keys, and of their events. Not of a file without any sound row: that
    may be another file, and its keys somebody's name."""
    events = (
        f"union all select {FILE_NUMBER}, 'event', event_name, count(*) from checked where reason is null group by all"
    )
    connection.execute(
        "create or replace temp table names_seen as "
        "select file_number, 'column' as what, name, count(*) as rows from file_names group by all "
        f"{events if source.kind.name == 'events' else ''}"
    )
    may_be_personal = f"regexp_matches(name, {text_literal(MAY_BE_PERSONAL)})"  # keys may be addresses
    hides = count_rows(connection, f"names_seen where {may_be_personal}")
    shown = f"case when {may_be_personal} then {masked('name')} else name end" if hides else "name"
    connection.execute(
        f"insert into raw.observed_names select file_id, $export, what, {shown}, sum(rows) "
        "from names_seen inner join loading_files using (file_number) where rows_rejected < rows_read group by all",
        {"export": export},
    )

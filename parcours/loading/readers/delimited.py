"""CSV with a header, and tab-separated files without one, whose columns the source names."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from pathlib import Path

import duckdb

from parcours.loading.readers.by_line import csv_header, csv_records
from parcours.loading.readers.counting import count_records
from parcours.loading.readers.lines import (
    BATCH,
    FILE_BITS,
    FILE_NUMBER,
    UNREAD,
    WHICH_FILE,
    differing,
    insert,
    number_lines,
    read_lines,
    rejected_line,
    which_file,
)
from parcours.loading.readers.masking import is_personal, masked, row_text
from parcours.loading.readers.names import note_names
from parcours.loading.readers.refusal import FileRefused, first_line, of_each
from parcours.warehouse.connection import literal_path, quoted, text_literal


def read_csv(
    connection: duckdb.DuckDBPyConnection,
    paths: Sequence[Path],
    needs: Sequence[str],
    named: Collection[str],
    labels: Mapping[str, str],
) -> None:
    """Make the view `file_rows` of CSV files: each column as text, under the source's name for it."""
    headers = {*of_each(paths, lambda path: csv_columns(path, needs, labels))}
    header = headers.pop()
    if headers or (len(paths) > 1 and {"file_index", "file_number"} & {*map(str.lower, header)}):
        raise FileRefused("they have not the same columns, or one that numbers files")
    _read_rows(connection, paths, header, named)


def csv_columns(path: Path, needs: Sequence[str], labels: Mapping[str, str]) -> tuple[str, ...]:
    """The names of a file's columns, as the source has them.

    Raises:
        FileRefused: it has no header, or one that lacks a column that the source needs.
    """
    header = renamed(csv_header(path), labels)
    missing = [name for name in needs if name not in header]
    if missing:
        expected = ", ".join(f"{labels[name]} (for {name})" if name in labels else name for name in missing)
        raise FileRefused(
            f"has no column {expected}, which its format needs; its columns: "
            f"{', '.join(header[:12])}{'…' if len(header) > 12 else ''}. "
            "Export it with these columns, correct the format in journey.yaml, "
            "or say under columns: which label stands for which"
        )
    return tuple(header)


def read_tsv(
    connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], columns: Sequence[str], named: Collection[str]
) -> None:
    """Make the view `file_rows` of tab-separated files without a header; quotes mean nothing in them.

    Lines are read whole and split here: DuckDB's CSV reader drops the fields that a line has too many, and refuses a
    whole file for one that ends in another kind of line break.
    """
    read_lines(connection, paths)
    connection.execute(
        "create or replace temp table file_fields as "
        "select line, string_split(text, chr(9)) as fields from numbered_lines where trim(text) <> ''"
    )
    connection.execute(
        "insert into rejects "
        f"select line, 'has ' || len(fields) || ' tab-separated fields, expected {len(columns)}', '' "
        f"from file_fields where len(fields) <> {len(columns)}"
    )
    values = ", ".join(f"nullif(fields[{number}], '') as {quoted(name)}" for number, name in enumerate(columns, 1))
    connection.execute(
        f"create or replace temp view file_rows as select line, {FILE_NUMBER} as file_number, {values} "
        "from file_fields "
        f"where len(fields) = {len(columns)}"
    )
    # The text is of what is read, and of a field that holds JSON that it does: the rest may name a person.
    read = [name for name in columns if name in named and not is_personal(name)]
    shown = ", ".join(
        f"{quoted(name)} := case when starts_with({quoted(name)}, '{{') then '{{…}}' else {quoted(name)} end"
        for name in read
    )
    text = masked(f"cast(struct_pack({shown}) as text)") if shown else "''"
    connection.execute(f"create or replace temp view file_texts as select line, {text} as text from file_rows")
    note_names(connection, columns, len(paths))


def _read_rows(
    connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], header: Sequence[str], named: Collection[str]
) -> None:
    counts = dict(enumerate(of_each(paths, count_records)))
    connection.execute("create or replace temp table unsplit (line bigint, reason text, text text)")
    try:
        counted = {number: count for number, count in counts.items() if count is not None}
        try:
            alike = _read_alike(connection, paths, header, counted)
        except UNREAD:
            alike = _read_alike(connection, paths, header, {})
        rows = number_lines(connection, "file_records", "csv_rejects", alike, first_line=2)
        others = [number for number in counts if number not in alike]
        if others:
            connection.execute(f"create or replace temp table other_records as from {rows} limit 0")
            for number in others:
                _read_by_line(connection, paths[number], number, len(header))
            rows = f"(from {rows} union all from other_records)"
    except duckdb.Error as error:
        raise FileRefused(f"can't be read as CSV ({first_line(error)}); export it again as UTF-8") from None
    # The text of a row that can't be split into columns is kept only where no column is personal.
    text = "''" if any(is_personal(name) for name in header) else masked("text")
    connection.execute(f"insert into rejects select line, 'is not a CSV row: ' || reason, {text} from unsplit")
    file_number = "" if "file_number" in map(str.lower, header) else f", {FILE_NUMBER} as file_number"
    absent = "".join(f", cast(null as text) as {quoted(name)}" for name in sorted(set(named) - set(header)))
    connection.execute(f"create or replace temp view file_rows as select *{file_number}{absent} from {rows}")
    # The text is of what is read: the other columns may name a person, in any language.
    text = row_text([name for name in header if name in named])
    connection.execute(f"create or replace temp view file_texts as select line, {text} as text from file_rows")
    note_names(connection, header, len(paths))


def _read_alike(
    connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], header: Sequence[str], counts: Mapping[int, int]
) -> list[int]:
    """Make `file_records` and `csv_rejects` by DuckDB of files whose records were counted by their number; returns the
    numbers of those that it read as many records of."""
    columns = ", ".join(f"{text_literal(name)}: 'varchar'" for name in header)
    connection.execute("drop table if exists csv_rejects; drop table if exists csv_scans")
    if not counts:
        fields = "".join(f", {quoted(name)} varchar" for name in header)
        connection.execute(f"create or replace temp table file_records ({WHICH_FILE} bigint{fields})")
        connection.execute("create or replace temp table csv_rejects (file_id bigint, line bigint)")
        return []
    numbers = [*counts]
    # The table keeps the file's order, so that rowid numbers the records that were accepted.
    connection.execute(
        f"create or replace temp table file_records as select {which_file(numbers)}, * from read_csv($paths, "
        "delim = ',', quote = '\"', escape = '\"', header = true, hive_partitioning = false, "
        f"auto_detect = false, columns = {{{columns}}}, store_rejects = true, "
        "rejects_table = 'csv_rejects', rejects_scan = 'csv_scans')",
        {"paths": [literal_path(paths[number]) for number in numbers]},
    )
    if others := differing(connection, "file_records", "csv_rejects", counts):
        return _read_alike(connection, paths, header, {n: count for n, count in counts.items() if n not in others})
    connection.execute(
        f"insert into unsplit select {rejected_line('csv_rejects', numbers)}, "
        "lower(replace(cast(min(error_type) as text), '_', ' ')), min(csv_line) from csv_rejects group by file_id, line"
    )
    return numbers


def _read_by_line(connection: duckdb.DuckDBPyConnection, path: Path, number: int, width: int) -> None:
    """Add a file to `other_records` and `unsplit`."""
    first = number << FILE_BITS
    records = csv_records(path, width)
    while batch := list(islice(records, BATCH)):
        sound = [record for record in batch if record.reason is None]
        if sound:
            columns = zip(*(record.values for record in sound), strict=True)
            lines = [first + record.line for record in sound]
            insert(connection, "other_records", [("bigint", lines), *(("text", column) for column in columns)])
        if unsound := [(first + record.line, record.reason, record.text) for record in batch if record.reason]:
            columns = zip(*unsound, strict=True)
            insert(connection, "unsplit", [*zip(("bigint", "text", "text"), columns, strict=True)])


def renamed(header: Sequence[str], labels: Mapping[str, str]) -> list[str]:
    """A header with the labels of a portal replaced by the names that the format uses.

    Args:
        header: the file's labels.
        labels: by the format's name of a column, the file's label for it.
    """
    names = {label: name for name, label in labels.items()}
    return [names.get(label, label if label not in labels else f"{label} (as exported)") for label in header]

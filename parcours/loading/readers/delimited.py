"""CSV with a header, and tab-separated files without one, whose columns the source names."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import duckdb

from parcours.loading.readers.by_line import csv_header, csv_records
from parcours.loading.readers.counting import count_records
from parcours.loading.readers.dialect import Dialect, csv_dialect
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
from parcours.loading.readers.masking import is_personal, row_text
from parcours.loading.readers.names import note_names, shown_names
from parcours.loading.readers.refusal import FileRefused, first_line, of_each
from parcours.loading.sources import known_names
from parcours.loading.written_values import COMMA_ALONE, POINT_ALONE, Writing
from parcours.warehouse.connection import literal_path, quoted, text_literal


def read_csv(
    connection: duckdb.DuckDBPyConnection,
    paths: Sequence[Path],
    needs: Sequence[str],
    named: Collection[str],
    labels: Mapping[str, str],
    encoding: str | None = None,
) -> Dialect:
    """Make the view `file_rows` of CSV files: each column as text, under the source's name for it; returns how they are
    written."""
    looks = {*of_each(paths, lambda path: csv_columns(path, needs, labels, encoding))}
    dialect, header = looks.pop()
    if looks or (len(paths) > 1 and {"file_index", "file_number"} & {*map(str.lower, header)}):
        raise FileRefused("they have not the same columns, or one that numbers files")
    if named and not {*named} & {*header}:
        raise FileRefused(
            f"has none of the columns that its format reads; {shown_names('columns', header, known_names())}. "
            "Export it with a header, or correct the format in journey.yaml"
        )
    _read_rows(connection, paths, dialect, header, named)
    return dialect


def csv_columns(
    path: Path, needs: Sequence[str], labels: Mapping[str, str], encoding: str | None = None
) -> tuple[Dialect, tuple[str, ...]]:
    """How a file is written, and the names of its columns, as the source has them.

    Raises:
        FileRefused: it has no header, or one that lacks a column that the source needs.
    """
    dialect, header = csv_look(path, needs, labels, encoding)
    missing = [name for name in needs if name not in header]
    if missing:
        expected = ", ".join(f"{labels[name]} (for {name})" if name in labels else name for name in missing)
        raise FileRefused(
            f"has no column {expected}, which its format needs; {shown_names('columns', header, known_names())}. "
            "Export it with a header and these columns, correct the format in journey.yaml, "
            "or say under columns: which label stands for which"
        )
    return dialect, header


def csv_look(
    path: Path, needs: Sequence[str], labels: Mapping[str, str], encoding: str | None = None
) -> tuple[Dialect, tuple[str, ...]]:
    """How a file is written, if a format with these needs reads it, and its columns by the names of the source.

    Raises:
        FileRefused: it has no header.
    """
    dialect = csv_dialect(path, [labels.get(name, name) for name in needs], encoding)
    return dialect, tuple(renamed(csv_header(path, dialect), labels))


def found_writing(
    connection: duckdb.DuckDBPyConnection, dialect: Dialect, numbers: Collection[str], declared: Writing
) -> Writing:
    """How the amounts of `file_rows` are written: as journey.yaml says, else as those say that can be read one way.

    Where values are apart by commas, a lone point is the decimal mark, unless amounts of the file say otherwise: so
    programs write. What is apart by semicolons or tabs comes from a spreadsheet, and may have either.

    Raises:
        FileRefused: the files that are read together are not written alike.
    """
    if declared.decimal or not numbers:
        return declared
    columns = [f"trim({quoted(name)})" for name in numbers]
    any_comma = " or ".join(f"contains({column}, ',')" for column in columns)
    is_usual = dialect.separator == ","
    if is_usual and not connection.execute(f"select 1 from file_rows where {any_comma} limit 1").fetchall():
        return declared
    says = [
        " or ".join(f"coalesce(regexp_full_match({column}, {text_literal(pattern)}), false)" for column in columns)
        for pattern in (POINT_ALONE, COMMA_ALONE)
    ]
    found = connection.execute(
        f"select distinct bool_or({says[0]}), bool_or({says[1]}) from file_rows group by {FILE_NUMBER}"
    ).fetchall()
    if len(found) > 1:
        raise FileRefused("their amounts are not written alike")
    has_point, has_comma = found[0] if found else (False, False)
    if has_point != has_comma:
        return replace(declared, decimal="." if has_point else ",")
    return replace(declared, is_point_usual=is_usual and not has_point)


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
    text = f"cast(struct_pack({shown}) as text)" if shown else "''"
    connection.execute(f"create or replace temp view file_texts as select line, {text} as text from file_rows")
    note_names(connection, columns, len(paths))


def _read_rows(
    connection: duckdb.DuckDBPyConnection,
    paths: Sequence[Path],
    dialect: Dialect,
    header: Sequence[str],
    named: Collection[str],
) -> None:
    counts = dict(enumerate(of_each(paths, lambda path: count_records(path, dialect))))
    connection.execute("create or replace temp table unsplit (line bigint, reason text, text text)")
    try:
        counted = {number: count for number, count in counts.items() if count is not None}
        try:
            alike = _read_alike(connection, paths, dialect, header, counted)
        except UNREAD:
            alike = _read_alike(connection, paths, dialect, header, {})
        rows = number_lines(connection, "file_records", "csv_rejects", alike, first_line=2)
        others = [number for number in counts if number not in alike]
        if others:
            connection.execute(f"create or replace temp table other_records as from {rows} limit 0")
            for number in others:
                _read_by_line(connection, paths[number], number, len(header), dialect)
            rows = f"(from {rows} union all from other_records)"
    except duckdb.Error as error:
        raise FileRefused(f"can't be read as CSV ({first_line(error)}); export it again as UTF-8") from None
    # Of a row that can't be split, no text is kept: nobody knows which of it is a name.
    connection.execute("insert into rejects select line, 'is not a CSV row: ' || reason, '' from unsplit")
    file_number = "" if "file_number" in map(str.lower, header) else f", {FILE_NUMBER} as file_number"
    absent = "".join(f", cast(null as text) as {quoted(name)}" for name in sorted(set(named) - set(header)))
    connection.execute(f"create or replace temp view file_rows as select *{file_number}{absent} from {rows}")
    # The text is of what is read: the other columns may name a person, in any language.
    text = row_text([name for name in header if name in named])
    connection.execute(f"create or replace temp view file_texts as select line, {text} as text from file_rows")
    note_names(connection, header, len(paths))


def _read_alike(
    connection: duckdb.DuckDBPyConnection,
    paths: Sequence[Path],
    dialect: Dialect,
    header: Sequence[str],
    counts: Mapping[int, int],
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
        f"delim = {text_literal(dialect.separator)}, quote = '\"', escape = '\"', header = true, "
        f"hive_partitioning = false, auto_detect = false, columns = {{{columns}}}, store_rejects = true, "
        "rejects_table = 'csv_rejects', rejects_scan = 'csv_scans')",
        {"paths": [literal_path(paths[number]) for number in numbers]},
    )
    if others := differing(connection, "file_records", "csv_rejects", counts):
        rest = {number: count for number, count in counts.items() if number not in others}
        return _read_alike(connection, paths, dialect, header, rest)
    connection.execute(
        f"insert into unsplit select {rejected_line('csv_rejects', numbers)}, "
        "lower(replace(cast(min(error_type) as text), '_', ' ')), min(csv_line) from csv_rejects group by file_id, line"
    )
    return numbers


def _read_by_line(connection: duckdb.DuckDBPyConnection, path: Path, number: int, width: int, dialect: Dialect) -> None:
    """Add a file to `other_records` and `unsplit`."""
    first = number << FILE_BITS
    records = csv_records(path, width, dialect)
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

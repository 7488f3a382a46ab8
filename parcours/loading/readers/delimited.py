"""CSV with a header, and tab-separated files without one, whose columns the source names."""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping, Sequence
from io import TextIOWrapper
from pathlib import Path

import duckdb

from parcours.loading.readers.compressed import GZIP_ERRORS, open_bytes
from parcours.loading.readers.lines import FILE_NUMBER, number_lines, read_lines, rejected_line, which_file
from parcours.loading.readers.masking import is_personal, masked, row_text
from parcours.loading.readers.names import note_names
from parcours.loading.readers.refusal import FileRefused, first_line
from parcours.warehouse.connection import quoted, text_literal


def read_csv(
    connection: duckdb.DuckDBPyConnection,
    paths: Sequence[Path],
    needs: Sequence[str],
    named: Collection[str],
    labels: Mapping[str, str],
) -> None:
    """Make the view `file_rows` of CSV files: each column as text, under the source's name for it."""
    headers = {tuple(csv_header(path)) for path in paths}
    header = renamed(headers.pop(), labels)
    if headers or (len(paths) > 1 and {"file_index", "file_number"} & {*map(str.lower, header)}):
        raise FileRefused("they have not the same columns, or one that numbers files")
    if len(paths) > 1 and any(map(_has_odd_quotes, paths)):
        # Of several files, DuckDB drops a last row whose quote never closes without a word; of one it rejects it.
        raise FileRefused("in one of them a quote never closes")
    missing = [name for name in needs if name not in header]
    if missing:
        expected = ", ".join(f"{labels[name]} (for {name})" if name in labels else name for name in missing)
        raise FileRefused(
            f"has no column {expected}, which its format needs; its columns: "
            f"{', '.join(header[:12])}{'…' if len(header) > 12 else ''}. "
            "Export it with these columns, correct the format in journey.yaml, "
            "or say under columns: which label stands for which"
        )
    _read_rows(connection, paths, header, named)


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
    columns = ", ".join(f"{text_literal(name)}: 'varchar'" for name in header)
    connection.execute("drop table if exists csv_rejects")
    connection.execute("drop table if exists csv_scans")
    try:
        # The table keeps the file's order, so that rowid numbers the records that were accepted.
        connection.execute(
            f"create or replace temp table file_records as select {which_file(paths)}, * from read_csv($paths, "
            "delim = ',', quote = '\"', escape = '\"', header = true, "
            f"auto_detect = false, columns = {{{columns}}}, store_rejects = true, "
            "rejects_table = 'csv_rejects', rejects_scan = 'csv_scans')",
            {"paths": [str(path) for path in paths]},
        )
    except duckdb.Error as error:
        raise FileRefused(f"can't be read as CSV ({first_line(error)}); export it again as UTF-8") from None
    # The text of a row that can't be split into columns is kept only where no column is personal.
    text = "''" if any(is_personal(name) for name in header) else masked("min(csv_line)")
    connection.execute(
        f"insert into rejects select {rejected_line('csv_rejects')}, "
        "'is not a CSV row: ' || lower(replace(cast(min(error_type) as text), '_', ' ')), "
        f"{text} from csv_rejects group by file_id, line"
    )
    rows = number_lines(connection, "file_records", "csv_rejects", first_line=2)
    number = "" if "file_number" in map(str.lower, header) else f", {FILE_NUMBER} as file_number"
    absent = "".join(f", cast(null as text) as {quoted(name)}" for name in sorted(set(named) - set(header)))
    connection.execute(f"create or replace temp view file_rows as select *{number}{absent} from {rows}")
    # The text is of what is read: the other columns may name a person, in any language.
    text = row_text([name for name in header if name in named])
    connection.execute(f"create or replace temp view file_texts as select line, {text} as text from file_rows")
    note_names(connection, header, len(paths))


def _has_odd_quotes(path: Path) -> bool:
    with open_bytes(path) as file:
        return file.read().count(b'"') % 2 == 1


def renamed(header: Sequence[str], labels: Mapping[str, str]) -> list[str]:
    """A header with the labels of a portal replaced by the names that the format uses.

    Args:
        header: the file's labels.
        labels: by the format's name of a column, the file's label for it.
    """
    names = {label: name for name, label in labels.items()}
    return [names.get(label, label if label not in labels else f"{label} (as exported)") for label in header]


def csv_header(path: Path) -> list[str]:
    """The names in the first record, unique and without a byte order mark."""
    try:
        with open_bytes(path) as file, TextIOWrapper(file, "utf-8-sig", errors="replace", newline="") as text:
            names = next(csv.reader(text), [])
    except (*GZIP_ERRORS, csv.Error) as error:
        raise FileRefused(f"has no readable header ({error}); export it again as CSV in UTF-8") from None
    if not any(name.strip() for name in names):
        raise FileRefused("has no header; its first line must name the columns")
    seen: dict[str, int] = {}
    unique = []
    for number, given in enumerate(names, 1):
        name = given.replace("\0", "").strip() or f"column {number}"
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return unique

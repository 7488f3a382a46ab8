"""Reading an export file into rows, and masking what is kept of the rows that are rejected.

Here: JSON lines, CSV and Parquet through DuckDB's own readers, into `file_rows`; whole files that can't be read are
refused. Not here: what becomes of the rows (`ingest.py`).
"""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Collection, Sequence
from pathlib import Path

import duckdb

from pipelines.warehouse import quoted

_PERSONAL_COLUMN = re.compile(
    r"name|mail|phone|address|street|city|zip|company|note|comment|content|ip$", re.IGNORECASE
)
_PRODUCT_COLUMN = re.compile(r"^lineitem|^name$|^order", re.IGNORECASE)


class FileRefused(Exception):
    """A whole file can't be read; the text says why and what to do."""


def read_file(
    connection: duckdb.DuckDBPyConnection, reads: str, needs: Sequence[str], named: Collection[str], path: Path
) -> None:
    """Fill `file_rows` (what a source's SQL reads), `file_texts` (masked, for rejects) and `rejects`.

    Rows that can't even be parsed are in `rejects`, the others in `file_rows`.

    Args:
        connection: the warehouse.
        reads: jsonl, csv or parquet.
        needs: columns without which a CSV file is refused.
        named: columns that the source's SQL names; those that a CSV file lacks are null.
        path: the file.

    Raises:
        FileRefused: the whole file can't be read.
    """
    connection.execute("create or replace temp table rejects (line bigint, reason text, text text)")
    if path.stat().st_size == 0:
        raise FileRefused("is empty; export it again")
    if reads == "jsonl":
        _read_json_lines(connection, path)
    elif reads == "csv":
        _read_csv(connection, path, needs, named)
    else:
        _read_parquet(connection, path)


def _read_parquet(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    try:
        connection.execute(
            "create or replace temp table file_rows as select file_row_number + 1 as line, * exclude (file_row_number) "
            "from read_parquet($path, file_row_number = true)",
            {"path": str(path)},
        )
    except duckdb.Error as error:
        raise FileRefused(f"can't be read as Parquet ({_first_line(error)}); export it again") from None
    columns = [row[0] for row in connection.execute("describe file_rows").fetchall()]
    connection.execute(
        f"create or replace temp view file_texts as select line, {_row_text(columns[1:])} from file_rows"
    )


def _read_json_lines(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    connection.execute("drop table if exists line_rejects")
    connection.execute("drop table if exists line_scans")
    try:
        # A line is read as one text: the delimiter is a character that JSON can't hold unescaped.
        connection.execute(
            "create or replace temp table file_lines as select row_number() over () as line, text "
            "from read_csv($path, header = false, auto_detect = false, columns = {'text': 'varchar'}, "
            "delim = chr(1), quote = '', escape = '', strict_mode = false, parallel = false, new_line = $new_line, "
            "store_rejects = true, rejects_table = 'line_rejects', rejects_scan = 'line_scans')",
            {"path": str(path), "new_line": _new_line(path)},
        )
    except duckdb.Error as error:
        raise FileRefused(f"can't be read as text lines ({_first_line(error)}); export it again") from None
    _number_lines(connection, "file_lines", "line_rejects", first_line=1)
    connection.execute(
        "insert into rejects select line, "
        "'is not text in UTF-8: ' || lower(replace(cast(min(error_type) as text), '_', ' ')), '' "
        "from line_rejects group by line"
    )
    connection.execute("delete from file_lines where text is null or trim(text) = ''")
    connection.execute(
        "create or replace temp table file_rows as "
        "select line, cast(text as json) as record from file_lines where json_valid(text)"
    )
    connection.execute(
        f"create or replace temp view file_texts as select line, {masked('text')} as text from file_lines"
    )
    connection.execute(
        "insert into rejects select line, 'is not valid JSON', t.text "
        "from file_lines l join file_texts t using (line) where not json_valid(l.text)"
    )


def _read_csv(connection: duckdb.DuckDBPyConnection, path: Path, needs: Sequence[str], named: Collection[str]) -> None:
    header = csv_header(path)
    missing = [name for name in needs if name not in header]
    if missing:
        raise FileRefused(
            f"has no column {', '.join(missing)}, which its format needs; its columns: "
            f"{', '.join(header[:12])}{'…' if len(header) > 12 else ''}. "
            "Export it with these columns, or correct the format in journey.yaml"
        )
    columns = ", ".join(f"'{name.replace(chr(39), chr(39) * 2)}': 'varchar'" for name in header)
    connection.execute("drop table if exists csv_rejects")
    connection.execute("drop table if exists csv_scans")
    try:
        connection.execute(
            "create or replace temp table file_rows as select row_number() over () + 1 as line, * "
            f"from read_csv($path, header = true, auto_detect = false, columns = {{{columns}}}, delim = ',', "
            "quote = '\"', escape = '\"', parallel = false, store_rejects = true, "
            "rejects_table = 'csv_rejects', rejects_scan = 'csv_scans')",
            {"path": str(path)},
        )
    except duckdb.Error as error:
        raise FileRefused(f"can't be read as CSV ({_first_line(error)}); export it again as UTF-8") from None
    # The text of a row that can't be split into columns is kept only where no column is personal.
    text = "''" if any(_is_personal(name) for name in header) else masked("min(csv_line)")
    connection.execute(
        "insert into rejects select line, "
        "'is not a CSV row: ' || lower(replace(cast(min(error_type) as text), '_', ' ')), "
        f"{text} from csv_rejects group by line"
    )
    for name in sorted(set(named) - set(header)):
        connection.execute(f"alter table file_rows add column {quoted(name)} varchar")
    connection.execute(f"create or replace temp view file_texts as select line, {_row_text(header)} from file_rows")


def _number_lines(connection: duckdb.DuckDBPyConnection, table: str, rejects: str, first_line: int) -> None:
    """Give rows the numbers of their lines: a reader numbers only those that it accepts."""
    if not connection.execute(f"select 1 from {rejects} limit 1").fetchall():
        return
    connection.execute(
        f"update {table} set line = line + (select count(*) from ("
        f"select line - row_number() over (order by line) - {first_line - 1} as accepted_before "
        f"from (select distinct line from {rejects})) as refused "
        f"where refused.accepted_before < {table}.line - {first_line - 1})"
    )


def _new_line(path: Path) -> str:
    """How a file ends its lines, by its first one, as DuckDB wants it written."""
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as file:
            return r"\r\n" if file.readline(1_000_000).endswith(b"\r\n") else r"\n"
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise FileRefused(f"can't be read as text lines ({error}); export it again") from None


def _row_text(columns: Sequence[str]) -> str:
    """SQL that writes a row as one text, without the columns that hold personal data."""
    shown = ", ".join(f"{quoted(name)} := {quoted(name)}" for name in columns if not _is_personal(name))
    return f"{masked(f'cast(struct_pack({shown}) as text)') if shown else repr('')} as text"


def csv_header(path: Path) -> list[str]:
    """The names in the first record, unique and without a byte order mark."""
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8-sig", errors="replace", newline="") as file:
            names = next(csv.reader(file), [])
    except (gzip.BadGzipFile, EOFError, zlib.error, csv.Error) as error:
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


def columns_named(sql: str) -> set[str]:
    """The columns of the file that a source's SQL names, in double quotes."""
    code = re.sub(r"--.*$", "", sql, flags=re.MULTILINE)
    return set(re.findall(r'"([^"]+)"', re.sub(r"'[^']*'", "''", code)))


def _is_personal(column: str) -> bool:
    return bool(_PERSONAL_COLUMN.search(column)) and not _PRODUCT_COLUMN.search(column)


def masked(value: str) -> str:
    """SQL that masks e-mail addresses, phone numbers and named personal fields in a text."""
    # Quotes may be escaped: some exports hold JSON as text within JSON.
    key = r"first_?name|last_?name|full_?name|name|phone|email|address|street|city|ip"
    field = rf'\\*"({key})\\*"\s*:\s*\\*"[^"\\]*\\*"'
    return (
        f"regexp_replace(regexp_replace(regexp_replace({value}, '{field}', '\"\\1\":\"[masked]\"', 'gi'), "
        r"'[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+', '[e-mail]', 'g'), "
        r"'\+[0-9][0-9 ().-]{7,}[0-9]', '[phone]', 'g')"
    )


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]

"""A format: the SQL of `sources/<format>.sql`, and what its header says about the files it reads."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from sqlglot import parse_one
from sqlglot.errors import SqlglotError
from sqlglot.expressions import Expr, Query

from parcours.loading.own_select import wrong_with
from parcours.project import ROOT
from parcours.settings.schema import NAME
from parcours.warehouse.canonical import KINDS, Kind

READS = ("csv", "tsv", "jsonl", "json", "xml", "parquet")
"""The kinds of files: with and without a header, an object a line, one document, columns."""


class SourceError(Exception):
    """A source's header lacks what the loader must know; the text names the file and the line to write."""


@dataclass(frozen=True)
class Source:
    """One format.

    Attributes:
        format: its name, that of the file.
        kind: the shape that it loads.
        reads: the kinds of files it reads.
        needs: columns (or keys) without which a file is not of this format.
        columns: of a file without a header, its columns in order.
        shape: JSON of the structure that `r` has in `file_rows`; null: JSON lines give `record`.
        each: of a document, the list within each record whose elements are the rows.
        namespace: whose ids it has, of formats that are exported from one place; null: each export's own.
        sql: the whole file.
    """

    format: str
    kind: Kind
    reads: tuple[str, ...]
    needs: tuple[str, ...]
    columns: tuple[str, ...]
    shape: str | None
    each: str | None
    namespace: str | None
    sql: str

    @cached_property
    def named(self) -> frozenset[str]:
        """The columns of a file that the SQL names, in double quotes: those that a file lacks are null."""
        code = re.sub(r"--.*$", "", self.sql, flags=re.MULTILINE)
        return frozenset(re.findall(r'"([^"]+)"', re.sub(r"'[^']*'", "''", code)))

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """The columns of a file that the SQL reads as amounts or numbers: they say what the decimal mark is."""
        typed = "|".join(column.name for column in self.kind.columns if column.type in ("decimal(18, 4)", "double"))
        calls = re.findall(r'read_(?:amount|number)\(\s*"([^"]+)"\s*\)', self.sql)
        return tuple(dict.fromkeys([*calls, *re.findall(rf'"([^"]+)" as (?:{typed})\b', self.sql)]))

    @cached_property
    def labels(self) -> dict[str, str]:
        """Of the canonical columns that are made of one column or member of a file its name there."""
        made_of = {
            one.alias_or_name: {*re.findall(r'"([^"]+)"|\br\.([\w.]+)', one.sql(dialect="duckdb"))}
            for one in self._select
        }
        return {
            name: quoted or member for name, found in made_of.items() if len(found) == 1 for quoted, member in found
        }

    @cached_property
    def given(self) -> tuple[str, ...]:
        """The canonical columns that the select names, in the order of their kind."""
        names = {one.alias_or_name for one in self._select}
        return tuple(column.name for column in self.kind.columns if column.name in names)

    @cached_property
    def _select(self) -> tuple[Expr, ...]:
        """What the select gives."""
        try:
            query = parse_one(self.sql, dialect="duckdb")
        except SqlglotError:
            return ()  # DuckDB reads more than is read here
        return tuple(query.selects) if isinstance(query, Query) else ()


def read_source(path: Path) -> Source:
    """A format's SQL file with its header: lines `-- key: value`, continued by lines that are further in.

    Raises:
        SourceError: the SQL is more than a select over `file_rows`, or the header lacks what the loader must know.
    """
    try:
        sql = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: can't be read as text ({error}). Save it as UTF-8.") from None
    return _source(path, sql)


@cache
def _source(path: Path, sql: str) -> Source:
    """The format of a file with this text: what is found out about its select is so once."""
    if wrong := wrong_with(sql):
        raise SourceError(f"{path}: {wrong}. Write one select over file_rows, as docs/own-exports.md says.")
    found = re.findall(r"^-- (loads|reads|needs|columns|shape|each|namespace): (.+(?:\n--   .+)*)$", sql, re.MULTILINE)
    header = {key: re.sub(r"\n--\s+", " ", value) for key, value in found}
    kind, reads = header.get("loads", ""), _names(header.get("reads", ""))
    if kind not in KINDS:
        raise SourceError(f"{path}: expected a line '-- loads: {' | '.join(KINDS)}', found {kind!r}.")
    if not reads or not set(reads) <= set(READS):
        raise SourceError(f"{path}: expected a line '-- reads: {' | '.join(READS)}', found {', '.join(reads)!r}.")
    if "tsv" in reads and "columns" not in header:
        raise SourceError(f"{path}: expected a line '-- columns: …': a tab-separated file has no header.")
    namespace = header.get("namespace")
    if namespace and not re.fullmatch(NAME, namespace):
        raise SourceError(f"{path}: the line '-- namespace: …' is not lower-case letters, digits, - and _.")
    shape = header.get("shape")
    if shape:
        try:
            shape = json.dumps(json.loads(shape))
        except ValueError as error:
            raise SourceError(f"{path}: the line '-- shape: …' is not JSON: {error}.") from None
    return Source(
        path.stem,
        KINDS[kind],
        reads,
        _names(header.get("needs", "")),
        _names(header.get("columns", "")),
        shape,
        header.get("each"),
        namespace,
        sql,
    )


@cache
def known_names() -> frozenset[str]:
    """The columns and keys that our formats read."""
    sources = [read_source(path) for path in (ROOT / "sql" / "sources").glob("*.sql")]
    return frozenset(name for source in sources for name in (*source.named, *source.needs, *source.columns))


def _names(value: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in value.split(",") if name.strip())

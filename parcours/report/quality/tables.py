"""Tables of the quality page from selects: an alias is a heading, the type of a value says how it is written.

Whole numbers are counts, floating ones shares, intervals durations, decimals amounts in as many digits as they have;
of a decimal with one digit, which no currency has, just the number. Numbers are aligned right, words left.
Not here: the selects (`queries/`), nor any figure's arithmetic (`sql/metrics`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path

import duckdb

from parcours.numbers import NBSP, NOTHING, Numbers
from parcours.report.section import Table

QUERIES = Path(__file__).parent / "queries"
NUMBER = re.compile(r"-?\d+(\.\d+)?")
SMALL = "is_small"
"""A column that is not shown: whether the row is a small cell, or of little interest."""


def tables_of(connection: duckdb.DuckDBPyConnection, queries: Sequence[str], numbers: Numbers) -> list[Table]:
    """The tables of each of `queries/<query>.sql` that has rows; the first line of the file is the caption.

    Where the first column is `split_by`, there is a table for each of its values, “By channel” with a column “Channel”.
    """
    tables = []
    for query in queries:
        sql = (QUERIES / f"{query}.sql").read_text(encoding="utf-8")
        result = connection.cursor().execute(sql)
        names, rows = [column[0] for column in result.description], result.fetchall()
        if names[0] == "split_by":
            for split, group in groupby(rows, key=lambda row: str(row[0])):
                headings = [split.capitalize(), *names[2:]]
                tables.append(_table(f"By {split}", headings, [row[1:] for row in group], numbers))
        elif rows:
            tables.append(_table(sql.splitlines()[0].removeprefix("-- "), names, rows, numbers))
    return tables


def sample_table(caption: str, samples: str, numbers: Numbers) -> Table:
    """The offending rows that a check recorded, from their JSON."""
    rows = json.loads(samples)
    names = [name.replace("_", " ").capitalize() for name in rows[0]]
    return _table(caption, names, [list(row.values()) for row in rows], numbers)


def _table(caption: str, names: list[str], rows: Sequence[Sequence[object]], numbers: Numbers) -> Table:
    shown = [place for place, name in enumerate(names) if name != SMALL]
    small = frozenset(n for n, row in enumerate(rows) if SMALL in names and row[names.index(SMALL)])
    texts = frozenset(n for n, place in enumerate(shown) if n and any(_is_word(row[place]) for row in rows))
    cells = [[_written(row[place], numbers) for place in shown] for row in rows]
    return Table(caption, [names[place] for place in shown], cells, small, texts)


def _is_word(value: object) -> bool:
    """Whether a text is more than a number; checks record those that are not whole as text."""
    return isinstance(value, str) and not NUMBER.fullmatch(value)


def _written(value: object, numbers: Numbers) -> str:
    match value:
        case None:
            return NOTHING
        case int():
            return numbers.count(value)
        case float():
            return numbers.share(value)
        case Decimal():
            digits = max(0, -int(value.as_tuple().exponent))
            return numbers.decimal(float(value)) if digits == 1 else numbers.money(float(value), digits)
        case timedelta():
            return numbers.duration(value.total_seconds())
        case date():
            return numbers.day(value)
        case _:
            return str(value)


def not_quite(share: float | None, numbers: Numbers) -> str:
    """A share with as many digits as it takes not to look like all, where it is not: 99.97 %."""
    if share is None or share >= 1 or round(share, 3) < 1:
        return numbers.share(share)
    digits = next((digits for digits in (2, 3, 4) if round(share, digits + 2) < 1), None)
    return f">{NBSP}{numbers.share(0.9999, 2)}" if digits is None else numbers.share(share, digits)

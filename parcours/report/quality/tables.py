"""Tables of the quality page from selects: an alias is a heading, the type of a value says how it is written.

Whole numbers are counts, floating ones shares, intervals durations, decimals amounts in as many digits as they have;
of a decimal with one digit, which no currency has, just the number. Numbers are aligned right, words left.

A text is a name of the shop or of an export, and stays as it is, though it may be spelled as a word of ours. Words of
ours are a struct: `{'told': cause}`, or `{'capital': cause}` where they begin with a capital. Names in them are its
other fields: `{'told': '{export} ({format}), refused', 'export': export, 'format': format}`. Of the rows that checks
recorded, which are JSON, those columns hold words that `table_words.yaml` lists by the table that is checked.
Not here: the selects (`queries/`), nor any figure's arithmetic (`sql/metrics`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
import yaml

from parcours.numbers import NBSP, NOTHING, Numbers, capital
from parcours.report.section import Table
from parcours.words import later, say, told

QUERIES = Path(__file__).parent / "queries"
TABLE_WORDS = Path(__file__).parents[2] / "table_words.yaml"
NUMBER = re.compile(r"-?\d+(\.\d+)?")
FRACTION = re.compile(r"-?\d+\.\d+")
PART = re.compile(r"{(\w+)}")
SMALL = "is_small"
"""A column that is not shown: whether the row is a small cell, or of little interest."""
SPLITS = {
    "channel": (later("By channel"), later("Channel")),
    "payment_method": (later("By payment method"), later("Payment method")),
}
"""By what tables are split: the caption of such a table, and the heading of its first column."""


def tables_of(connection: duckdb.DuckDBPyConnection, queries: Sequence[str], numbers: Numbers) -> list[Table]:
    """The tables of each of `queries/<query>.sql` that has rows; the first line of the file is the caption.

    Where the first column is `split_by`, there is a table for each of its values, named as in `SPLITS`.
    """
    tables = []
    for query in queries:
        sql = (QUERIES / f"{query}.sql").read_text(encoding="utf-8")
        result = connection.cursor().execute(sql)
        names, rows = [column[0] for column in result.description], result.fetchall()
        if names[0] == "split_by":
            for split, group in groupby(rows, key=lambda row: str(row[0])):
                caption, heading = SPLITS[split]
                tables.append(_table(say(caption), [heading, *names[2:]], [row[1:] for row in group], numbers))
        elif rows:
            caption = sql.splitlines()[0].removeprefix("-- ")
            tables.append(_table(say(caption), names, rows, numbers))
    return tables


def sample_table(caption: str, table: str, samples: Sequence[Mapping[str, Any]], numbers: Numbers) -> Table:
    """The offending rows, one at least, that a check of a table recorded."""
    words = yaml.safe_load(TABLE_WORDS.read_text(encoding="utf-8"))
    rows = [
        [{"told": value} if f"{table}.{column}" in words else _number(value) for column, value in row.items()]
        for row in samples
    ]
    names = [column.replace("_", " ").capitalize() for column in samples[0]]
    return _table(caption, names, rows, numbers, told)


def _table(
    caption: str,
    names: list[str],
    rows: Sequence[Sequence[object]],
    numbers: Numbers,
    heading: Callable[[str], str] = say,
) -> Table:
    shown = [place for place, name in enumerate(names) if name != SMALL]
    small = frozenset(n for n, row in enumerate(rows) if SMALL in names and row[names.index(SMALL)])
    texts = frozenset(n for n, place in enumerate(shown) if n and any(_is_word(row[place]) for row in rows))
    cells = [[_written(row[place], numbers) for place in shown] for row in rows]
    return Table(caption, [heading(names[place]) for place in shown], cells, small, texts)


class Fraction(str):
    """A number that is not whole, as JSON has it."""


def _is_word(value: object) -> bool:
    """Whether it is words of ours, or a text that is more than a number; checks record those that are not whole as
    text."""
    return isinstance(value, dict) or (isinstance(value, str) and not NUMBER.fullmatch(value))


def _number(value: object) -> object:
    """A recorded number that is not whole, which is a text in JSON, as a number of as many digits."""
    return Fraction(value) if isinstance(value, str) and FRACTION.fullmatch(value) else value


def _written(value: object, numbers: Numbers) -> str:
    match value:
        case None:
            return NOTHING
        case int():
            return numbers.count(value)
        case float():
            return numbers.share(value)
        case Fraction():
            return numbers.decimal(float(value), len(value.partition(".")[2]))
        case Decimal():
            digits = max(0, -int(value.as_tuple().exponent))
            return numbers.decimal(float(value)) if digits == 1 else numbers.money(float(value), digits)
        case timedelta():
            return numbers.duration(value.total_seconds())
        case date():
            return numbers.day(value)
        case dict():
            return _told(value)
        case _:
            return str(value)


def _told(words: Mapping[str, str | None]) -> str:
    """Words of ours, with the names in them."""
    if capitalised := words.get("capital"):
        return capital(told(capitalised))
    text = words["told"]
    names = {name: part for name, part in words.items() if name != "told"}
    if text is None:
        return NOTHING
    # Not str.format: the text may be a name itself, with braces of its own.
    return PART.sub(lambda part: names.get(part[1]) or part[0], told(text))


def not_quite(share: float | None, numbers: Numbers) -> str:
    """A share with as many digits as it takes not to look like all, where it is not: 99.97 %."""
    if share is None or share >= 1 or round(share, 3) < 1:
        return numbers.share(share)
    digits = next((digits for digits in (2, 3, 4) if round(share, digits + 2) < 1), None)
    return f">{NBSP}{numbers.share(0.9999, 2)}" if digits is None else numbers.share(share, digits)

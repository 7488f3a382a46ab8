"""Exports of every format in which each field, in turn, holds each value that is at an end of what can be written.

Here: the values, and the files made of them and of one sound row per format with all fields that its source reads
(`cases/sound_rows.jsonl`). Not here: what becomes of them (`test_extreme_values.py`).
"""

from __future__ import annotations

import copy
import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from parcours.loading.sources import Source, read_source
from parcours.project import ROOT

Row = dict[str, Any]
Place = tuple[str | int, ...]

NUMBERS = (
    *("NaN", "-nan", "Infinity", "-Infinity", "1e308", "-1e308", "1e999", "1e-308", "-0", "-0.0", "0", "-5", "-5.00"),
    *("12345678901234", "99999999999999.9999", "-12345678901234", "1000000000000", "999999999999.9999", "1" + "0" * 15),
    *("9223372036854775807", "-9223372036854775808", "9" * 40, "0." + "0" * 40 + "1", "1,000.5", "0x1F", "1_000"),
)
TIMES = (
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01 00:00:00 +0000", "9999-12-31 23:59:59 +0000"),
    *("0001-01-01 00:00", "9999-12-31 23:59", "0001-01-01 00:00:00 UTC", "9999-12-31 23:59:59 UTC", "0001-01-01"),
    *("9999-12-31", "infinity", "-infinity", "epoch", "2026-02-30T10:00:00Z", "294247-01-10 04:00:54.775806"),
    *("290309-12-22 (BC) 00:00:00", "9999999999999", "253402300799", "4102444800000000"),
)
TEXTS = (
    *("", " ", "\t", "null", "#", "/a/#/b?c=d", "?", "\\", "{", "[]", "{{x}}", "%1$s", "=1+1"),
    *("\x01\x02\x1b[31m\x7f", "a\u0000b", "\u202egnp.exe", "\u2066\u2067\u202d\u202a", "\u200f\u200e\u061c", "\ufeff"),
    *("e\u0301" * 300, "\U0001f4a5" * 60, "w" * 10_000, "x" * 10_001, "y" * 100_000),
    *("<script>alert(1)</script>", "'; drop table x; --"),
)
TYPED: tuple[Any, ...] = (
    *(1e308, -1e308, 10**15, 10**30, -0.0, 0, -5, 5e-324, 12345678901234),
    *(True, None, [], {}, [[1]], {"a": {"b": 1}}),
)
"""Of JSON: the same as numbers and as what is neither number nor text."""

NOT_JSON = ("NaN", "Infinity", "-Infinity", "1e999", "-", "0" * 400)
"""What some writers put there and no reader takes."""

_LINES = (Path(__file__).parent / "cases" / "sound_rows.jsonl").read_text(encoding="utf-8").splitlines()
SOUND: dict[str, Row] = {case["format"]: case["row"] for case in map(json.loads, _LINES)}
"""A row that loads, with every field that its format reads; `{n}` is the number of the row."""

SOUND_ROWS = 40


def source_of(format_name: str) -> Source:
    """A built-in format."""
    return read_source(ROOT / "sql" / "sources" / f"{format_name}.sql")


def fields(value: Any, at: Place = ()) -> Iterator[Place]:
    """The paths of a row's fields, those within others too."""
    items: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        items = [*value.items()]
    elif isinstance(value, list):
        items = [*enumerate(value)]
    for key, inner in items:
        yield (*at, key)
        yield from fields(inner, (*at, key))


def unread(format_name: str) -> set[str]:
    """The fields that a format reads and its sound row lacks; what is not named in its header is not looked for."""
    source, row = source_of(format_name), SOUND[format_name]
    if not source.shape:
        return set(source.named) - {*row}
    held = {key for path in fields(row) for key in path if isinstance(key, str)}
    return set(re.findall(r'"([^"]+)":', source.shape)) - held


def sound_row(format_name: str, number: int) -> Row:
    """The sound row of a format, with a number of its own."""
    return dict(_numbered(SOUND[format_name], number))


def rows(format_name: str) -> Iterator[Row]:
    """Sound rows, then one for each field and value."""
    number = 0
    is_text = not source_of(format_name).shape
    values: tuple[Any, ...] = (*NUMBERS, *TIMES, *TEXTS)
    for number in range(1, SOUND_ROWS + 1):
        yield sound_row(format_name, number)
    for path in fields(SOUND[format_name]):
        inside = len(path) > 1
        for value in values if is_text and not inside else (*values, *TYPED):
            number += 1
            yield changed(sound_row(format_name, number), path, value)


def content(format_name: str) -> tuple[str, bytes]:
    """A file's ending, and its content."""
    found = [*rows(format_name)]
    ending, text = written(format_name, found)
    if ending == "jsonl":
        line = json.dumps(sound_row(format_name, len(found) + 1))
        text += "".join(line.replace(": 5,", f": {value},") + "\n" for value in NOT_JSON).encode()
    return ending, text


def written(format_name: str, found: Sequence[Row]) -> tuple[str, bytes]:
    """The ending and the content of a file of some rows."""
    source = source_of(format_name)
    if source.each:
        return "json", json.dumps(found).encode()
    if source.shape:
        return "jsonl", "".join(f"{json.dumps(row)}\n" for row in found).encode()
    columns = source.columns or tuple(SOUND[format_name])
    texts = [{name: json.dumps(v) if isinstance(v, (dict, list)) else v for name, v in row.items()} for row in found]
    if source.columns:
        lines = ["\t".join(re.sub(r"[\t\n]", " ", str(row.get(name, ""))) for name in columns) for row in texts]
        return "tsv", "".join(f"{line}\n" for line in lines).encode()
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(texts)
    return "csv", out.getvalue().encode()


def _numbered(value: Any, number: int) -> Any:
    if isinstance(value, dict):
        return {key: _numbered(inner, number) for key, inner in value.items()}
    if isinstance(value, list):
        return [_numbered(inner, number) for inner in value]
    return value.replace("{n}", str(number)) if isinstance(value, str) else value


def changed(row: Mapping[str, Any], path: Place, value: Any) -> Row:
    """A row with another value in a field."""
    other: Any = copy.deepcopy(row)
    inner = other
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return dict(other)

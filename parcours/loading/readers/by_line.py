"""Text files line by line in Python: those that are not one record a line, of which DuckDB loses rows without a word.

Lines end with a line feed, a carriage return or both. A quoted value of a CSV file may span lines, but where these are
rows themselves the quote is a stray one: the line that it stands in is rejected, and those below it are read. So each
line that is not blank is in a record that is read, or rejected with its number. Slower than DuckDB, by as much as
Python is; what is one record a line never comes here (`counting.py`).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

from parcours.loading.readers.dialect import Dialect
from parcours.loading.readers.encoding import csv_encoding, utf8_chunks
from parcours.loading.readers.refusal import FileRefused

MOST_LINES = 1_000
"""Lines of a quoted value: a longer one is a quote that never closes."""

LOOKED_AT = 100
"""Rows by which it is told what a row looks like."""

FEW_COLUMNS = 4
"""Columns from which on a line with as many values is no accident, whatever they hold."""

OPEN_QUOTE = "a quote opens here that never closes, or only after other rows"
NOT_SPLIT = "unquoted value"
NOT_UTF_8 = "invalid encoding (say `encoding` of its export in journey.yaml, if it is no UTF-8)"


@cache
def _quoted(separator: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A value in quotes (without the second group it is open, or something stands behind its end); and the same from a
    line's start on, of a value that was opened above it."""
    rest = rf'((?:[^"]+|"")*+)(?:(") *(?={re.escape(separator)}|[\r\n]*\Z))?'
    return re.compile(f' *"{rest}'), re.compile(rest)


class Record(NamedTuple):
    """A record of a CSV file: its values, or why it has none and its text."""

    line: int
    values: Sequence[str | None]
    reason: str | None = None
    text: str = ""


def text_lines(path: Path, encoding: str | None = None) -> Iterator[bytes]:
    """The lines of a file in UTF-8, with their ends, without a byte order mark.

    Args:
        path: the file.
        encoding: what it is in; None: UTF-8, or UTF-16 if it says so.

    Raises:
        FileRefused: it can't be decompressed.
    """
    lines = _lines(path, encoding)
    if first := next(lines, b"").removeprefix(b"\xef\xbb\xbf"):
        yield first
    yield from lines


def _lines(path: Path, encoding: str | None) -> Iterator[bytes]:
    parts: list[bytes] = []
    for chunk in utf8_chunks(path, encoding):
        parts.append(chunk)
        if b"\n" in chunk or b"\r" in chunk or any(part.endswith(b"\r") for part in parts[-2:-1]):
            lines = b"".join(parts).splitlines(keepends=True)
            # What has no end yet, or half of one.
            parts = [] if lines[-1].endswith(b"\n") else [lines.pop()]
            yield from lines
    if rest := b"".join(parts):
        yield rest


def csv_header(path: Path, dialect: Dialect) -> list[str]:
    """The names in the first record, unique; a name over several lines is on one.

    Raises:
        FileRefused: there is none, or a quote in it never closes.
    """
    records = _records(path, None, dialect)
    first, second = next(records, None), next(records, None)
    reason = first and first.reason
    is_spread = first is not None and not {"\n", "\r"}.isdisjoint(first.text)
    if first and is_spread and second and not second.reason and len(first.values) != len(second.values):
        reason = OPEN_QUOTE
    if first and reason:
        raise FileRefused(
            f"has no readable header: {reason} (line {first.line}); correct that line, or export it again as UTF-8"
        )
    names = [value or "" for value in first.values] if first else []
    if not any(name.strip() for name in names):
        raise FileRefused("has no header; its first line must name the columns")
    seen: dict[str, int] = {}
    unique = []
    for number, given in enumerate(names, 1):
        name = re.sub(r"\s*[\r\n]\s*", " ", given.replace("\0", "").strip()) or f"column {number}"
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return unique


def csv_records(path: Path, width: int, dialect: Dialect) -> Iterator[Record]:
    """The records of a CSV file behind its header, sound or not.

    Args:
        path: the file.
        width: columns of the header.
        dialect: how it is written, by its beginning.
    """
    if not dialect.is_encoding_declared:
        # What is no UTF-8 may stand further on only.
        dialect = replace(dialect, encoding=csv_encoding(path, is_whole=True))
    records = _records(path, width, dialect)
    next(records, None)
    for record in records:
        found = len(record.values)
        if record.reason is None and found != width:
            reason = "missing columns" if found < width else "too many columns"
            yield Record(record.line, (), reason, record.text)
        else:
            yield record


def _records(path: Path, width: int | None, dialect: Dialect) -> Iterator[Record]:
    """The records of a CSV file, its header too; of a width, those that a stray quote would swallow are kept apart."""
    coming, ahead = text_lines(path, dialect.encoding), deque[bytes]()
    seen = _Rows(width, dialect.separator)
    number = 0
    if dialect.has_separator_line:
        next(coming)
        number = 1
    while (line := ahead.popleft() if ahead else next(coming, None)) is not None:
        number += 1
        if not line.strip(b"\r\n"):
            continue
        text, is_text = _shown(line)
        taken = [text]
        split = _Split(dialect.separator)
        split.add(text)
        below: list[bytes] = []
        while split.is_open and len(below) < MOST_LINES:
            following = ahead.popleft() if ahead else next(coming, None)
            if following is None:
                break
            below.append(following)
            text, is_text_too = _shown(following)
            taken.append(text)
            is_text = is_text and is_text_too
            split.add(text)
        if below and (split.is_open or split.is_broken or seen.are_rows(taken)):
            # Each line below is looked at by itself.
            ahead.extendleft(reversed(below))
            below.clear()
            yield Record(number, (), OPEN_QUOTE, taken[0].rstrip("\r\n"))
            continue
        text = "".join(taken).rstrip("\r\n")
        if split.is_open or split.is_broken or not is_text:
            reason = NOT_UTF_8 if not is_text else OPEN_QUOTE if split.is_open else NOT_SPLIT
            yield Record(number, (), reason, text)
        else:
            yield Record(number, split.values, None, text)
            seen.note(split.values)
        number += len(below)


def decoded(line: bytes) -> str | None:
    """A line as text; none: it is not UTF-8."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return None


def _shown(line: bytes) -> tuple[str, bool]:
    """A line as text, whatever it holds, and whether it is UTF-8."""
    text = decoded(line)
    return (line.decode(errors="replace"), False) if text is None else (text, True)


class _Split:
    """The values of a record, of which one line after the other is added."""

    def __init__(self, separator: str) -> None:
        self.separator = separator
        self.values: list[str | None] = []
        self.is_broken = False
        self._open: list[str] | None = None

    @property
    def is_open(self) -> bool:
        """Whether the last value is in quotes that no line has closed yet."""
        return self._open is not None and not self.is_broken

    def add(self, line: str) -> None:
        """Go on with a line, which has its end."""
        if self._open is None and '"' not in line:
            self.values = [value or None for value in line.rstrip("\r\n").split(self.separator)]
            return
        at = 0
        while True:
            if self._open is not None or line.startswith('"', at) or line[at : at + 1] == " ":
                quoted, rest = _quoted(self.separator)
                found = (rest if self._open is not None else quoted).match(line, at)
            else:
                found = None
            if found is None:
                end = line.find(self.separator, at)
                self.values.append((line[at:] if end < 0 else line[at:end]).rstrip("\r\n") or None)
            else:
                self._open = [*(self._open or ()), found[1]]
                end = found.end()
                if found[2] is None:
                    self.is_broken = end < len(line)
                    return
                self.values.append("".join(self._open).replace('""', '"') or None)
                self._open = None
                end = end if line.startswith(self.separator, end) else -1
            if end < 0:
                return
            at = end + 1


class _Rows:
    """What the rows of a file look like: how many values, and which of them begin with a digit in each row."""

    def __init__(self, width: int | None, separator: str) -> None:
        self.width = width
        self.separator = separator
        self.numeric: set[int] | None = None
        self.count = 0

    def note(self, values: Sequence[str | None]) -> None:
        """Take a sound row for an example; the first record is the header."""
        self.count += 1
        if 1 < self.count <= LOOKED_AT and len(values) == self.width:
            begin = {number for number, value in enumerate(values) if value and value[0].isdigit()}
            self.numeric = begin if self.numeric is None else self.numeric & begin

    def are_rows(self, lines: Sequence[str]) -> bool:
        """Whether a quote that spans lines swallows rows: one of those between is a row by itself, or else both the
        line that opens the quote would be one without it, and the line that closes it."""
        if not self.width or not self.count or (self.width < FEW_COLUMNS and not self.numeric):
            return False  # a line of a comment may look like such a row
        if any(self._is_row(line) for line in lines[1:-1]):
            return True
        without = lines[0].replace('"', "")
        return without.count(self.separator) + 1 == self.width and self._is_row(lines[-1])

    def _is_row(self, line: str) -> bool:
        split = _Split(self.separator)
        split.add(line)
        values = split.values
        return (
            not (split.is_open or split.is_broken)
            and len(values) == self.width
            and all((values[number] or "")[:1].isdigit() for number in self.numeric or ())
        )

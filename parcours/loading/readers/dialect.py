"""How a CSV file is written: its encoding, its separator, and whether its first line is Excel's `sep=`.

It is told by the file: the separator is the one that splits the header into the columns that its format needs, else the
one that stands most often in it. Not here: its decimal mark (`delimited.py`), its records (`by_line.py`).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from parcours.loading.readers.encoding import UTF_8, beginning, csv_encoding, marked_encoding

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
"""What separates values, and what it is called."""

_SEPARATOR_LINE = re.compile(r'"?sep=([^"\w\s]|\t)"?[ \t]*(?:\r\n|\r|\n)', re.IGNORECASE)
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_HEADER = re.compile(rf'(?:[^"\r\n]+|{_QUOTED.pattern}|")*')

LONGEST_HEADER = 2**16
"""Characters in which a header ends."""


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written.

    Attributes:
        separator: between values.
        encoding: of its bytes.
        has_separator_line: its first line is no header, but says the separator.
        is_encoding_declared: journey.yaml says what it is in.
    """

    separator: str = ","
    encoding: str = UTF_8
    has_separator_line: bool = False
    is_encoding_declared: bool = False

    @property
    def is_for_duckdb(self) -> bool:
        """Whether DuckDB can read it as it is."""
        return self.encoding == UTF_8 and not self.has_separator_line

    @property
    def said(self) -> tuple[str, ...]:
        """What is unusual about it, in words."""
        separated = SEPARATORS.get(self.separator, f"{self.separator} between values")
        return (
            *((separated,) if self.separator != "," else ()),
            *((self.encoding,) if self.encoding != UTF_8 else ()),
            *(("a line sep=",) if self.has_separator_line else ()),
        )


def csv_dialect(path: Path, needs: Collection[str] = (), declared: str | None = None) -> Dialect:
    """How a file is written.

    Args:
        path: the file.
        needs: labels that its header should have.
        declared: what journey.yaml says that it is in; what its byte order mark says comes first.

    Raises:
        FileRefused: it can't be decompressed.
    """
    marked = marked_encoding(path) if declared else None
    declared = None if marked else declared
    encoding = marked or declared or csv_encoding(path)
    text = beginning(path, encoding).decode(errors="replace")[:LONGEST_HEADER]
    if said := _SEPARATOR_LINE.match(text):
        return Dialect(said[1], encoding, has_separator_line=True, is_encoding_declared=bool(declared))
    # A name in quotes may hold line breaks and separators; a quote that never closes ends with its line.
    header = _HEADER.match(text.lstrip("\r\n"))
    names = _QUOTED.sub(lambda quoted: re.sub(r"[,;\t|\r\n]", " ", quoted[0]), header[0] if header else "")
    return Dialect(_separator(names, needs), encoding, is_encoding_declared=bool(declared))


def _separator(header: str, needs: Collection[str]) -> str:
    def fits(separator: str) -> tuple[int, int]:
        names = {name.strip(' "') for name in header.split(separator)}
        return len(names & {*needs}), header.count(separator)

    return max(SEPARATORS, key=fits)  # of equals the first: a comma

"""Counting the rows of text files without parsing them, to hold DuckDB's reader against: it loses rows without a word
where quotes are open, lines are very long or end in several ways.

A file of one record a line is counted; of any other the answer is None, and `by_line.py` reads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from parcours.loading.readers.compressed import chunks, is_named_as_compressed
from parcours.loading.readers.dialect import Dialect
from parcours.loading.readers.encoding import is_utf8, is_valid

LONGEST_LINE = 2**20
"""Bytes of a line that DuckDB is given; from 2 MB on it rejects them, from 32 MB on it drops them."""

QUOTE, LINE_FEED = ord('"'), ord("\n")
BEFORE_OPENING, BEHIND_CLOSING = b'"\n', b'"\r\n'
"""Bytes of which one, or the separator, stands before a quote that opens a value, or behind one that closes it."""


def count_lines(path: Path) -> int | None:
    """The lines of a file that all end alike and are none too long, the blank ones too.

    Raises:
        FileRefused: it can't be decompressed.
    """
    if not is_named_as_compressed(path) or not is_utf8(path):
        return None
    line_feeds = returns = both = begun = 0
    last = b"\n"
    for chunk in chunks(path):
        first = chunk.find(b"\n")
        begun += len(chunk) if first < 0 else first
        if begun > LONGEST_LINE:
            return None
        if first >= 0:
            begun = len(chunk) - chunk.rfind(b"\n") - 1
            line_feeds += chunk.count(b"\n")
        if found := chunk.count(b"\r"):
            returns += found
            both += chunk.count(b"\r\n")
        both += last == b"\r" and first == 0
        last = chunk[-1:] or last
    return line_feeds + (last != b"\n") if not returns or returns == both == line_feeds else None


def count_records(path: Path, dialect: Dialect) -> int | None:
    """The records of a CSV file, without its header, whose lines are a record each; line breaks at its end are none.

    Raises:
        FileRefused: it can't be decompressed.
    """
    if not dialect.is_for_duckdb:
        return None
    count, blank = -1, False
    for lines in _whole_lines(path):
        if lines is None:
            return None
        if count < 0:
            lines = lines.removeprefix(b"\xef\xbb\xbf")
        text = lines.rstrip(b"\r\n")
        # A blank line is none at the end only.
        if (blank and text) or lines[:1] in (b"\n", b"\r") or b"\n\n" in text or b"\n\r" in text:
            return None
        if b'"' in text and not _quotes_end_in_lines(text, dialect.separator):
            return None
        if not text.isascii() and not is_valid(text):
            return None
        count += text.count(b"\n") + 1
        blank = lines.endswith((b"\n\n", b"\n\r\n"))
    return count


def _quotes_end_in_lines(lines: bytes, separator: str) -> bool:
    """Whether each quote opens or closes a value, or is doubled within one, and none is open where a line ends."""
    import numpy as np  # here: importing the definitions costs enough

    signs = np.frombuffer(b"\n" + lines + b"\n", np.uint8)
    is_before_opening, is_behind_closing = (
        np.isin(np.arange(256), list(signs_there + separator.encode()))
        for signs_there in (BEFORE_OPENING, BEHIND_CLOSING)
    )
    quotes = np.flatnonzero(signs == QUOTE)
    before_line_ends = np.searchsorted(quotes, np.flatnonzero(signs == LINE_FEED))
    return bool(
        not (before_line_ends % 2).any()
        and is_before_opening[signs[quotes[::2] - 1]].all()
        and is_behind_closing[signs[quotes[1::2] + 1]].all()
    )


def _whole_lines(path: Path) -> Iterator[bytes | None]:
    """The content in pieces that end where lines do; None, the last: its lines end in several ways, or one is long."""
    if not is_named_as_compressed(path):
        yield None
        return
    rest, has_returns = b"", None
    for chunk in chunks(path):
        end = chunk.rfind(b"\n") + 1
        if not end:
            rest += chunk
        else:
            lines, rest = rest + chunk[:end], chunk[end:]
            returns = lines.count(b"\r")
            is_alike = has_returns in (None, returns > 0)
            if not is_alike or (returns and not returns == lines.count(b"\r\n") == lines.count(b"\n")):
                yield None
                return
            has_returns = returns > 0
            yield lines
        if len(rest) > LONGEST_LINE:
            yield None
            return
    if rest:
        yield None if b"\r" in rest else rest

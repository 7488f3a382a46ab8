"""The content of text files in UTF-8, whatever they were saved in: UTF-16, as Excel's "Unicode text" and PowerShell
write, and of CSV files Windows-1252 (and so Latin-1), as Excel writes in Western Europe.

UTF-16 is told by its byte order mark, or by NULs at every second place; Windows-1252 has no mark: a file is taken for
it where it is no UTF-8, and looks like words of such a language. A file that holds both, a broken line of UTF-8 or
another alphabet is read as UTF-8, so that its lines are rejected by their numbers, unless journey.yaml says what it is
in (`encoding` of an export). Not here: what the text is
(`by_line.py`, `dialect.py`).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from parcours.loading.readers.compressed import chunks
from parcours.loading.readers.refusal import FileRefused

UTF_8, UTF_16_LE, UTF_16_BE, WINDOWS_1252 = "UTF-8", "UTF-16LE", "UTF-16BE", "Windows-1252"

LOOKED_AT = 2**20
"""Bytes of a file by which its kind and its encoding are told."""

MARKS = {codecs.BOM_UTF16_LE: UTF_16_LE, codecs.BOM_UTF16_BE: UTF_16_BE}

_BOTH = re.compile(rb"[\xc2-\xf4][\x80-\xbf]")
"""A letter in UTF-8, which in Windows-1252 would be an accented letter before a sign."""

_NO_WORDS = re.compile(rb"[\x81\x8d\x8f\x90\x9d\xfe\xff]|[\x80-\xff]{3}")
"""What words in Western European languages never have, and texts in other alphabets do."""


def beginning(path: Path, encoding: str | None = None) -> bytes:
    """The first bytes of a file, as UTF-8 without its mark.

    Raises:
        FileRefused: it can't be decompressed.
    """
    start = b""
    for chunk in utf8_chunks(path, encoding):
        start += chunk
        if len(start) >= LOOKED_AT:
            break
    return start[:LOOKED_AT].removeprefix(codecs.BOM_UTF8)


def utf8_chunks(path: Path, encoding: str | None = None) -> Iterator[bytes]:
    """The content piece by piece, as UTF-8.

    Args:
        path: the file, gzip too.
        encoding: what it is in; None: UTF-8, or UTF-16 if it says so.

    Raises:
        FileRefused: it can't be decompressed, or is not in the encoding.
    """
    pieces = chunks(path)
    first = next(pieces, b"")
    encoding = encoding or wide_encoding(first)
    if encoding == UTF_8:
        yield first
        yield from pieces
        return
    # What is told by the bytes is sure but for a stray one; what is declared may be another encoding.
    is_told = encoding in (UTF_16_LE, UTF_16_BE, WINDOWS_1252)
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace" if is_told else "strict")
    try:
        yield decoder.decode(first).encode(errors="replace")
        for piece in pieces:
            yield decoder.decode(piece).encode(errors="replace")
        yield decoder.decode(b"", final=True).encode()
    except UnicodeError:
        raise FileRefused(
            f"is no text in {encoding}, as the encoding of its export in journey.yaml says: correct it there"
        ) from None


def wide_encoding(start: bytes) -> str:
    """UTF-8, or the UTF-16 that a file begins in."""
    if start[:2] in MARKS:
        return MARKS[start[:2]]
    even, odd = start[0:200:2], start[1:200:2]
    if len(odd) >= 4 and not any(odd) and all(even):
        return UTF_16_LE
    return UTF_16_BE if len(odd) >= 4 and not any(even) and all(odd) else UTF_8


def is_utf8(path: Path) -> bool:
    """Whether DuckDB can be given a file as it is: it begins as no UTF-16."""
    return wide_encoding(next(chunks(path), b"")) == UTF_8


def marked_encoding(path: Path) -> str | None:
    """What a file is in by its byte order mark; none: it has none."""
    start = next(chunks(path), b"")
    return UTF_8 if start.startswith(codecs.BOM_UTF8) else MARKS.get(start[:2])


def csv_encoding(path: Path, is_whole: bool = False) -> str:
    """What a CSV file is in.

    Args:
        path: the file.
        is_whole: look at all of it even where its beginning is UTF-8.
    """
    first = next(chunks(path), b"")
    if (wide := wide_encoding(first)) != UTF_8:
        return wide
    if not is_whole and is_valid(_cut(first)):
        return UTF_8
    found, rest = False, b""
    for chunk in chunks(path):
        piece = rest + chunk
        if _BOTH.search(piece) or _NO_WORDS.search(piece):
            return UTF_8
        found, rest = found or not chunk.isascii(), piece[-2:]
    return WINDOWS_1252 if found else UTF_8


def _cut(start: bytes) -> bytes:
    """Whole lines of a beginning, as far as it has any."""
    return start[: start.rfind(b"\n") + 1] or start


def is_valid(text: bytes) -> bool:
    """Whether bytes are UTF-8."""
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True

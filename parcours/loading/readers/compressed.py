"""The content of a file, decompressed where it is gzip, whatever its name."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from parcours.loading.readers.refusal import FileRefused

GZIP_ERRORS = (gzip.BadGzipFile, EOFError, zlib.error)
"""What reading a broken or truncated gzip file raises."""

GZIP = 31
"""What zlib calls the format: the largest window, and a gzip header and checksum."""

CHUNK = 2**20
"""Bytes that are read at a time; of a gzip file a sixteenth of them, of which at most a thousand times as many come."""


def is_gzip(path: Path) -> bool:
    """Whether a file begins as gzip files do: a download may have lost the ending of its name."""
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def open_bytes(path: Path) -> IO[bytes]:
    """The content of a file, decompressed where it is gzip or named so."""
    return gzip.open(path) if path.suffix == ".gz" or is_gzip(path) else path.open("rb")  # type: ignore[return-value]


def is_named_as_compressed(path: Path) -> bool:
    """Whether DuckDB, which goes by the name, sees what the content is."""
    return is_gzip(path) == (path.suffix == ".gz")


def chunks(path: Path) -> Iterator[bytes]:
    """The content of a file, piece by piece; of a gzip file zlib compares checksum and size of every member.

    DuckDB reads a damaged one without a word.

    Raises:
        FileRefused: it is named as gzip and is none, is damaged, its end is missing, or something stands behind it.
    """
    with path.open("rb") as file:
        if not is_gzip(path):
            if path.suffix == ".gz":
                raise FileRefused("is no gzip file, though its name ends in .gz; rename it, or export it again")
            while chunk := file.read(CHUNK):
                yield chunk
            return
        member, members = None, 0
        while rest := file.read(CHUNK // 16):
            while rest:
                if member is None:
                    rest = rest.lstrip(b"\0")  # padding behind a member
                    member = zlib.decompressobj(GZIP) if rest else None
                    continue
                try:
                    yield member.decompress(rest)
                except zlib.error as error:
                    raise FileRefused(_damage(error, members)) from None
                rest = member.unused_data
                if member.eof:
                    member, members = None, members + 1
        if member is not None:
            raise FileRefused("is a truncated gzip file: its end is missing; copy or export it again")


def _damage(error: zlib.error, members: int) -> str:
    if members and "incorrect header check" in str(error):
        return "is a damaged gzip file: other bytes stand behind its end; copy or export it again"
    return "is a damaged gzip file: its checksum is another; copy or export it again"

"""The content of a file, decompressed where its name says that it is compressed."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import IO

from parcours.loading.readers.refusal import FileRefused

GZIP_ERRORS = (gzip.BadGzipFile, EOFError, zlib.error)
"""What reading a broken or truncated gzip file raises."""


GZIP = 31
"""What zlib calls the format: the largest window, and a gzip header and checksum."""

CHUNK = 2**16
"""Bytes decompressed at a time: at most a thousand times as many come out."""


def open_bytes(path: Path) -> IO[bytes]:
    """The content of a file, decompressed where its name ends in .gz."""
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def refuse_broken_gzip(path: Path) -> None:
    """Decompress a file whose name ends in .gz once: DuckDB reads one that is damaged without a word.

    Raises:
        FileRefused: it is no gzip file, damaged, or its end is missing.
    """
    if path.suffix != ".gz":
        return
    try:
        is_whole = _is_whole(path)
    except zlib.error as error:
        if "incorrect header check" in str(error):
            raise FileRefused("is no gzip file, though its name ends in .gz; rename it, or export it again") from None
        raise FileRefused("is a damaged gzip file: its checksum is another; copy or export it again") from None
    if not is_whole:
        raise FileRefused("is a truncated gzip file: its end is missing; copy or export it again") from None


def _is_whole(path: Path) -> bool:
    """Whether every member of a gzip file ends; zlib itself compares their checksums."""
    member = None
    with path.open("rb") as file:
        while rest := file.read(CHUNK):
            while rest:
                if member is None:
                    rest = rest.lstrip(b"\0")  # padding behind a member
                    member = zlib.decompressobj(GZIP) if rest else None
                    continue
                member.decompress(rest)
                rest = member.unused_data
                if member.eof:
                    member = None
    return member is None

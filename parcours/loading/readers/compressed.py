"""The content of a file, decompressed where its name says that it is compressed."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import IO

GZIP_ERRORS = (gzip.BadGzipFile, EOFError, zlib.error)
"""What reading a broken or truncated gzip file raises."""


def open_bytes(path: Path) -> IO[bytes]:
    """The content of a file, decompressed where its name ends in .gz."""
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]

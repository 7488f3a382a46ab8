"""Writing a file all or nothing: readers, and whoever comes after a kill, see the old one or the new one."""

from __future__ import annotations

import os
from pathlib import Path

PRIVATE = 0o600
"""Only the owner reads it."""


def write_whole(target: Path, text: str, mode: int = 0o666) -> None:
    """Write beside the target, then rename once; `mode` is less what the user's umask takes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())  # or a power cut may leave the new name with nothing in it
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)

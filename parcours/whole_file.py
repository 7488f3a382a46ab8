"""Writing a file all or nothing: readers, and whoever comes after a kill, see the old one or the new one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PRIVATE = 0o600
"""Only the owner reads it."""


USERS_MASK = "PARCOURS_UMASK"
"""The user's umask, in the environment: processes that are started meanwhile have no other way to know it."""


@contextmanager
def private_files() -> Iterator[None]:
    """What is made meanwhile, by whichever library, is its owner's alone; but what is shared on purpose."""
    before = os.umask(0o077)
    is_outermost = USERS_MASK not in os.environ
    os.environ.setdefault(USERS_MASK, f"{before:o}")
    try:
        yield
    finally:
        os.umask(before)
        if is_outermost:
            del os.environ[USERS_MASK]


def share(file: Path) -> None:
    """Let others read a file, as the user's umask has it."""
    if USERS_MASK in os.environ:
        file.chmod(0o666 & ~int(os.environ[USERS_MASK], 8))


def clear_left(folder: Path) -> None:
    """Remove what processes that were killed while they wrote a file had written beside it: it may name people."""
    for path in folder.glob(".*"):
        left = re.fullmatch(r"\.(\.parcours-\w+|runs\.jsonl|[\w-]+\.(html|txt|json))\.(\d+)", path.name)
        if left and not is_running(int(left[3])):
            path.unlink(missing_ok=True)


def is_running(process: int) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def write_whole(target: Path, text: str, mode: int = 0o666) -> None:
    """Write beside the target, then rename once; `mode` is less what the user's umask takes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())  # or a power cut may leave the new name with nothing in it
        if mode != PRIVATE:
            share(beside)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)

"""Files that many tests start from: made once in a process, and copied for each test."""

from __future__ import annotations

import atexit
import hashlib
import shutil
import tempfile
from collections.abc import Callable, Hashable
from functools import cache
from itertools import count
from pathlib import Path
from typing import TypeVar, cast

Found = TypeVar("Found")
_MADE: dict[Hashable, Path] = {}
_FOUND: dict[Hashable, object] = {}
_NUMBERS = count()


def made_once(what: Hashable, make: Callable[[Path], object]) -> Path:
    """A file that is only read or copied: `make(path)` makes it where `what` is asked for first."""
    if what not in _MADE:
        path = _folder() / f"{next(_NUMBERS)}.duckdb"
        make(path)
        _MADE[what] = path
    return _MADE[what]


def found_once(path: Path, what: Hashable, find: Callable[[Path], Found]) -> Found:
    """What `find(path)` says of a file, asked once for each content: most tests read the copy as it was made."""
    with path.open("rb") as file:
        key = (hashlib.file_digest(file, "sha256").hexdigest(), what)
    if key not in _FOUND:
        _FOUND[key] = find(path)
    return cast(Found, _FOUND[key])


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="parcours-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder

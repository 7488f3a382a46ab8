"""Which contents are loaded, and under which id a file that has one of them is accounted for.

A content is loaded once, under its own id. A file that lies beside another with the same content, or that another
export reads as another format, has an id of its own: its rows are counted, as duplicates of the first or as rows of
their own kind. A file that was only renamed is known. Not here: which rows are loaded already (`duplicates.py`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from parcours.loading.files import Found, content_id


def beside(file: Found) -> Found:
    """A file whose content another name or format has, under an id of its own, which begins with the content's."""
    own = hashlib.sha256(f"{file.source.format} {file.name}".encode()).hexdigest()[:8]
    return replace(file, file_id=f"{file.content}.{own}")


@dataclass
class _Place:
    """Where a content was found first, and how old the names say it is."""

    name: str
    format: str
    file_order: str


class KnownFiles:
    """The contents that are loaded or about to be."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self._folder = folder
        loaded = connection.execute(
            "select file_id, path, format, file_order from raw.loads where status in ('loaded', 'rejected')"
        ).fetchall()
        unloaded = connection.execute("select file_id from raw.loads where status = 'unloaded'").fetchall()
        self._places = {file_id: _Place(*place) for file_id, *place in loaded}
        self._unloaded = {file_id for (file_id,) in unloaded}
        self._seen: set[tuple[str, str]] = set()

    def new(self, file: Found) -> Found | None:
        """The file as it is to be loaded, which from now on is known; none: there is nothing new in it."""
        if file.source.format not in file.formats:
            return None
        self._seen.add((file.name, file.content))
        other = beside(file)
        first = self._places.get(file.content)
        if self._unloaded & {file.content, other.file_id} or other.file_id in self._places:
            return None
        if first is None:
            found = file
        elif first.format != file.source.format and first.format in file.formats:
            found = other  # the other export goes on reading it
        elif first.name == file.name or not self._lies_there(first.name, file.content):
            return None
        else:
            found = other
        self._places[found.file_id] = _Place(file.name, file.source.format, file.file_order)
        return found

    def says_more(self, file: Found) -> bool:
        """Whether a file, in which nothing is new, says more of its content's age than the name that is known, and is
        from now on: events are as old as the first file that has them, all else is as new as the last."""
        first = self._places.get(file.content)
        if (
            file.source.format not in file.formats
            or first is None
            or self._unloaded & {file.content}
            or beside(file).file_id in self._places
        ):
            return False
        is_event = file.source.kind.name == "events"
        says_more = file.file_order < first.file_order if is_event else file.file_order > first.file_order
        if says_more:
            first.file_order = file.file_order
        return says_more

    def _lies_there(self, name: str, content: str) -> bool:
        """Whether a file still has a content: it may have been renamed, or written again."""
        try:
            return (name, content) in self._seen or content_id(self._folder / name) == content
        except OSError:
            return False

"""The files of the exports: where they are, what they hold, how old their names say they are.

A path that matches what is no file, or none that can be opened, is found too, with what is wrong with it. Links are
followed, also out of the folder: who may put a link there may put a file there. Not here: which of the files are loaded
already (`known_files.py`) and which together (`together.py`), nor loading them (`load.py`).
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from parcours.loading.attributes import attributes_of, with_attributes
from parcours.loading.namespaces import Namespace, find_namespaces
from parcours.loading.read_with import read_with
from parcours.loading.readers import FileRefused, kind_of_file
from parcours.loading.readers.delimited import csv_columns
from parcours.loading.readers.refusal import not_opened
from parcours.loading.sources import Source, SourceError, read_source
from parcours.project import Project
from parcours.settings.schema import ExportFile

JUST_WRITTEN = 2_000_000_000
"""Nanoseconds in which a file may be written twice at one time of its file system."""

NO_FILES = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
"""What may lie where a file should; reading it may wait for ever."""


@dataclass(frozen=True)
class Reading:
    """How the files of an export are read. `read_with` says with what, to know it again (`read_with.py`)."""

    export: ExportFile
    source: Source
    namespace: Namespace
    read_with: str


@dataclass(frozen=True)
class Found:
    """A file of the exports, and how it is to be read.

    Attributes:
        path: where it lies.
        name: the same under the exports' folder, as text.
        size: bytes.
        file_id: tells its content from others; `known_files.py` may give it another.
        reading: how the export whose path matches it is read.
        formats: those of the exports whose paths match it that it can be read as; else the first of them.
        fault: why it can't be read; null: nothing is known against it.
        state: what changes when it is written.
    """

    path: Path
    name: str
    size: int
    file_id: str
    reading: Reading
    formats: frozenset[str]
    fault: str | None = None
    state: tuple[int, ...] = ()

    @property
    def export(self) -> ExportFile:
        """What journey.yaml says of its export."""
        return self.reading.export

    @property
    def source(self) -> Source:
        """Its format."""
        return self.reading.source

    @property
    def file_order(self) -> str:
        """Sorts files as people read their names: 9 before 10, `orders` before `orders (1)`."""
        return natural(re.sub(r"(\.[A-Za-z]+)+$", "", self.name))

    def is_unchanged(self) -> bool:
        """Whether the file holds what it held when it was found."""
        try:
            now = _state(self.path.stat())
            *_, written, noted, asked = self.state
            # One that was written just before it was found may have been written again at the same time of its disk.
            is_told_by_state = asked - max(written, noted) > JUST_WRITTEN
            return (is_told_by_state and now[:-1] == self.state[:-1]) or content_id(self.path) == self.content
        except OSError:
            return False

    @property
    def content(self) -> str:
        """What tells the content from others, whoever reads it."""
        return self.file_id.split(".")[0]


def read_exports(project: Project) -> list[Reading]:
    """How the exports of journey.yaml are read, in its order.

    Raises:
        SourceError: a source whose header is wrong, or an export that can't be exempt from consent.
    """
    exports = [(export, read_source(project.source_file(export.format))) for export in project.settings.exports.files]
    for export, source in exports:
        if export.consent and source.kind.name != "events":
            raise SourceError(
                f"{project.journey_file}, exports.files: {export.name}: consent: exempt is for a click-stream, and "
                f"{export.format} gives {source.kind.name}. Leave it out there."
            )
    found = []
    for (export, source), namespace in zip(exports, find_namespaces(exports), strict=True):
        attributes = attributes_of(project.settings, export, source)
        said = read_with(export, source, project.settings, namespace, attributes)
        found.append(Reading(export, with_attributes(source, attributes), namespace, said))
    return found


def find_files(project: Project, readings: Sequence[Reading]) -> Iterator[Found]:
    """Every file of the exports, loaded or not, in the order of journey.yaml and of the names."""
    folder = project.exports_folder
    matching = [sorted(_matching(folder, reading.export.path)) for reading in readings]
    readers = defaultdict[Path, list[Reading]](list)
    for reading, paths in zip(readings, matching, strict=True):
        for path in paths:
            readers[path].append(reading)
    for reading, paths in zip(readings, matching, strict=True):
        for path in paths:
            name, formats = shown(str(path.relative_to(folder))), _formats(path, readers[path])
            yield _found(Found(path, name, 0, f"unreadable {name}", reading, formats))


def _formats(path: Path, readers: Sequence[Reading]) -> frozenset[str]:
    """The formats that a file can be read as, of those that match it: paths overlap where nobody means it."""
    formats = {reading.source.format for reading in readers}
    if len(formats) > 1 and path.is_file():
        fitting = {reading.source.format for reading in readers if _fits(path, reading)}
        formats = fitting or {readers[0].source.format}
    return frozenset(formats)


def _fits(path: Path, reading: Reading) -> bool:
    """Whether a file has the columns that a format needs, if it is one with columns."""
    try:
        if kind_of_file(path, reading.source) == "csv":
            csv_columns(path, reading.source.needs, reading.export.columns, reading.export.encoding)
    except (FileRefused, OSError):
        return False
    return True


def _matching(folder: Path, pattern: str) -> set[Path]:
    # A link that leads nowhere is found by a pattern, but not by its name.
    named = folder / pattern
    return {*folder.glob(pattern), *([named] if named.is_symlink() else [])}


def _found(file: Found) -> Found:
    """A path with what it holds, or what is wrong with it."""
    try:
        status = file.path.stat()
        fault = fault_of(file.path, status)
        if fault is None:
            content = content_id(file.path)
            return replace(file, size=status.st_size, file_id=content, state=_state(status))
    except FileNotFoundError:
        fault = "is a link to a file that is not there; put the file there, or take the link out"
    except OSError as error:
        fault = not_opened(error)
    return replace(file, fault=fault)


def fault_of(path: Path, status: os.stat_result) -> str | None:
    """Why a path can't be read, by its name and by what lies there; null: nothing is known against it."""
    if str(path) != os.fsencode(path).decode(errors="replace"):
        return "has a name that is not UTF-8; rename it"
    if stat.S_ISREG(status.st_mode):
        return None
    what = NO_FILES.get(stat.S_IFMT(status.st_mode), "something else")
    to_do = "move its files out" if stat.S_ISDIR(status.st_mode) else "take it out"
    return f"is {what} where a file should be; {to_do}, or correct the path in journey.yaml"


def _state(status: os.stat_result) -> tuple[int, ...]:
    """What changes when a file is written; and, last, the time of asking."""
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns, time.time_ns())


def shown(name: str) -> str:
    """A name as text: bytes that are no UTF-8 as \\xff."""
    return os.fsencode(name).decode(errors="backslashreplace")


def natural(name: str) -> str:
    """A name that sorts as text where the name sorts by its numbers."""
    return re.sub(r"\d+", lambda digits: digits[0].zfill(20), name)


def content_id(path: Path) -> str:
    """What tells a file's content from another."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]

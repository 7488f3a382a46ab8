"""The files of the exports: where they are, what they hold, how old their names say they are.

Not here: which of them are loaded together (`together.py`), nor loading them (`load.py`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from parcours.loading.namespaces import Namespace, find_namespaces
from parcours.loading.read_with import read_with
from parcours.loading.sources import Source, read_source
from parcours.project import Project
from parcours.settings.schema import ExportFile


@dataclass(frozen=True)
class Reading:
    """How the files of an export are read. `read_with` says with what, to know it again (`read_with.py`)."""

    export: ExportFile
    source: Source
    namespace: Namespace
    read_with: str


@dataclass(frozen=True)
class Found:
    """A file of the exports, and how it is to be read."""

    path: Path
    name: str
    size: int
    file_id: str
    reading: Reading

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


def read_exports(project: Project) -> list[Reading]:
    """How the exports of journey.yaml are read, in its order.

    Raises:
        SourceError: a source whose header is wrong.
    """
    exports = [(export, read_source(project.source_file(export.format))) for export in project.settings.exports.files]
    return [
        Reading(export, source, namespace, read_with(export, source, project.settings, namespace))
        for (export, source), namespace in zip(exports, find_namespaces(exports), strict=True)
    ]


def find_files(project: Project, readings: Iterable[Reading]) -> Iterator[Found]:
    """Every file of the exports, loaded or not, in the order of journey.yaml and of the names."""
    for reading in readings:
        for path in sorted(project.exports_folder.glob(reading.export.path)):
            name = str(path.relative_to(project.exports_folder))
            file_id = f"directory {name}" if path.is_dir() else content_id(path)
            yield Found(path, name, path.stat().st_size, file_id, reading)


def natural(name: str) -> str:
    """A name that sorts as text where the name sorts by its numbers."""
    return re.sub(r"\d+", lambda digits: digits[0].zfill(20), name)


def content_id(path: Path) -> str:
    """What tells a file's content from another."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]

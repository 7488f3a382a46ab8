"""Whether a run could bring anything new: what it reads and what the last one left, noted and compared.

A run that went well notes the state of every file it depends on: the exports, journey.yaml and the shop's own sources,
this program and its libraries, and what it made. While all of them are as noted, another run would do the same again.
A file counts as unchanged with the same size, place on the disk and times; the operating system changes one of the
times with every write, and nobody can set it back.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from parcours.loading.found_files import files_of
from parcours.project import ROOT, Project
from parcours.warehouse.connection import pseudonym_key
from parcours.warehouse.published import left_beside

CODE = ("assets", "parcours", "pipelines", "sql")
LIBRARIES = (
    *("babel", "duckdb", "great-expectations", "jinja2", "numpy", "pandas", "plotly", "pyarrow", "scipy", "sqlglot"),
    *("pydantic", "pyyaml"),
)
"""What the figures and the pages are made with."""


def note_complete(project: Project, began_with: str) -> None:
    """Note that a run has loaded, built, published and reported everything: unless what it reads has changed meanwhile.

    Args:
        project: the shop.
        began_with: `what_is_read` when the run began.
    """
    if what_is_read(project) == began_with:
        noted = {
            "read": began_with,
            "made": files_state(_made(project)),
            "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        project.last_run_file.write_text(json.dumps(noted), encoding="utf-8")


def note_made(project: Project) -> None:
    """Note that what the last complete run left was only told of once more: the heads of the pages say when."""
    noted = json.loads(project.last_run_file.read_text(encoding="utf-8"))
    project.last_run_file.write_text(json.dumps(noted | {"made": files_state(_made(project))}), encoding="utf-8")


def nothing_new_since(project: Project) -> datetime | None:
    """When the last complete run ended, if another would find nothing that it had not, and no forgetting to finish."""
    if project.forgetting_file.exists():
        return None
    try:
        noted = json.loads(project.last_run_file.read_text(encoding="utf-8"))
        ended, read, made = datetime.fromisoformat(noted["ended"]), noted["read"], noted["made"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return ended if made == files_state(_made(project)) and read == what_is_read(project) else None


def what_is_read(project: Project) -> str:
    """The state of all that a run depends on, as a text to compare."""
    libraries = [f"python {sys.version}", *(f"{name} {version(name)}" for name in LIBRARIES)]
    # What is kept for some months only gets too old by itself.
    ages = any(export.keep_months for export in project.settings.exports.files)
    today = [str(datetime.now(UTC).date())] if ages else []
    return files_state(_read(project), *libraries, *today, pseudonym_key(project))


def files_state(paths: Iterable[Path], *more: str) -> str:
    """A short text that is another one when a file came, went or was written, or when `more` is other."""
    said = [*more, *(_file_state(path) for path in sorted({*paths}))]
    return hashlib.sha256("\n".join(said).encode(errors="surrogateescape")).hexdigest()


def _read(project: Project) -> Iterator[Path]:
    """What a run depends on."""
    yield from (project.journey_file, project.forgotten_file)
    yield from [project.rates_file] if project.rates_file else []
    yield from (project.journey_file.parent / "sources").glob("*")
    yield from (project.exports_folder / name for name in files_of(project))
    for export in project.settings.exports.files:
        yield from project.exports_folder.glob(export.path)
    for folder in CODE:
        yield from (path for path in (ROOT / folder).rglob("*") if path.suffix != ".pyc" and path.is_file())


def _made(project: Project) -> Iterator[Path]:
    """What it leaves."""
    yield from (project.warehouse, project.warehouse.with_name(f"{project.warehouse.name}.wal"))
    yield from (project.published, *left_beside(project.published), project.report, project.quality_report)


def _file_state(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return f"{path} is not there"
    return f"{path} {found.st_size} {found.st_ino} {found.st_mtime_ns} {found.st_ctime_ns}"

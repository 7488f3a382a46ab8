"""An example of the repository, built whole, with its page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from parcours.project import load_project
from parcours.report.write import write_report
from parcours.run import build_warehouse


@contextmanager
def example_built(example: Path, folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Its published tables, read-only; the variable `page` is the text of its page."""
    project = load_project(example / "journey.yaml", None, folder)
    build_warehouse(project)
    write_report(project.published, folder / "journey.html")
    with duckdb.connect(str(project.published), read_only=True) as connection:
        connection.execute("set variable page = ?", [(folder / "journey.html").read_text(encoding="utf-8")])
        yield connection

"""Shops in temporary folders: the made-up one's first days, and loading and asking a warehouse on disk."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from given import rows

from parcours.loading.accounting import Load
from parcours.loading.load import load_exports
from parcours.loading.settings_tables import write_settings
from parcours.project import ROOT, Project, load_project
from parcours.warehouse.connection import confine, open_warehouse

SAMPLE = ROOT / "data" / "sample"
OLIST_DATA = Path(os.environ.get("PARCOURS_OLIST_DATA") or ROOT.parent / "shared" / "data")
"""The exports of a real shop, which are nobody's to commit: see examples/olist/README.md."""


def first_days(folder: Path, days: int) -> Project:
    """The made-up shop with its orders, its CRM and the first days of its events, in a folder of its own."""
    exports = folder / "exports"
    shutil.copytree(SAMPLE / "orders", exports / "orders")
    shutil.copytree(SAMPLE / "crm", exports / "crm")
    (exports / "events").mkdir()
    for path in sorted((SAMPLE / "events").glob("*"))[:days]:
        shutil.copy(path, exports / "events")
    return load_project(ROOT / "journey.yaml", exports, folder)


def copy_of(built: Project, folder: Path) -> Project:
    """A copy of a shop that was made by `first_days`, with all that its runs left, in a folder of its own."""
    shutil.copytree(built.output, folder, dirs_exist_ok=True)
    return load_project(ROOT / "journey.yaml", folder / "exports", folder)


def load(project: Project) -> list[Load]:
    """Load the exports that are not loaded yet."""
    with open_warehouse(project) as connection:
        confine(connection, project)
        write_settings(connection, project.settings)
        return load_exports(connection, project)


def query(project: Project, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query on the warehouse."""
    with open_warehouse(project) as connection:
        return rows(connection, sql)

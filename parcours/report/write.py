"""Writing the two pages of a published database, each all or nothing."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb


def write_report(published: Path, target: Path) -> None:
    """Write the journey report of a published database, all or nothing: beside the target first, then one rename.

    The same database gives the same bytes.
    """
    from parcours.report.figures import read_figures
    from parcours.report.journey.page import render_page

    with duckdb.connect(str(published), read_only=True) as connection:
        page = render_page(read_figures(connection))
    _swap_in(page, target)


def write_quality(published: Path, target: Path) -> None:
    """Write the page that says how far the figures of a published database can be trusted, all or nothing."""
    from parcours.report.quality.page import render_quality

    with duckdb.connect(str(published), read_only=True) as connection:
        page = render_quality(connection)
    _swap_in(page, target)


def _swap_in(page: str, target: Path) -> None:
    """Readers see the old page or the new one, never half of one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        beside.write_text(page, encoding="utf-8")
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)

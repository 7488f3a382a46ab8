"""Writing the two pages of a published database, each all or nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from parcours.engine.build import NotBuilt
from parcours.report.page import last_run_of, with_last_run
from parcours.whole_file import write_whole


def write_report(published: Path, target: Path) -> None:
    """Write the journey report of a published database. The same database gives the same bytes."""
    from parcours.report.journey.page import render_journey

    _write(render_journey, published, target)


def write_quality(published: Path, target: Path) -> None:
    """Write the page that says how far the figures of a published database can be trusted."""
    from parcours.report.quality.page import render_quality

    _write(render_quality, published, target)


def _write(render: Callable[[duckdb.DuckDBPyConnection], str], published: Path, target: Path) -> None:
    if not published.exists():
        raise NotBuilt(
            f"The page is written from {published}, which is not there yet. Materialize reports/published with it."
        )
    with duckdb.connect(str(published), read_only=True) as connection:
        page = render(connection)
    if target.exists():  # who writes a page anew after a night that failed does not make that night a good one
        page = with_last_run(page, last_run_of(target.read_text(encoding="utf-8")))
    write_whole(target, page)

"""Writing the two pages of a published database, each all or nothing."""

from __future__ import annotations

from pathlib import Path

import duckdb

from parcours.engine.build import NotBuilt
from parcours.report.page import last_run_of, with_last_run
from parcours.whole_file import write_whole


def write_report(published: Path, target: Path, kept: int | None = None) -> None:
    """Write the journey report of a published database. The same database gives the same bytes.

    Args:
        published: the database.
        target: the page.
        kept: how many dated copies to keep beside it (`dated.py`); None leaves those that are there alone.
    """
    from parcours.report.dated import keep_dated
    from parcours.report.figures import read_figures
    from parcours.report.journey.page import QUERIES, journey_page

    with _opened(published) as connection:
        figures = read_figures(connection, QUERIES)
    _write(journey_page(figures), target)
    if kept is not None:
        keep_dated(figures, target, kept)


def write_quality(published: Path, target: Path) -> None:
    """Write the page that says how far the figures of a published database can be trusted."""
    from parcours.report.quality.page import render_quality

    with _opened(published) as connection:
        page = render_quality(connection)
    _write(page, target)


def _opened(published: Path) -> duckdb.DuckDBPyConnection:
    if not published.exists():
        raise NotBuilt(
            f"The page is written from {published}, which is not there yet. Materialize reports/published with it."
        )
    return duckdb.connect(str(published), read_only=True)


def _write(page: str, target: Path) -> None:
    if target.exists():  # who writes a page anew after a night that failed does not make that night a good one
        page = with_last_run(page, last_run_of(target.read_text(encoding="utf-8")))
    write_whole(target, page)

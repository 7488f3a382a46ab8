"""The report: self-contained pages made from the published tables, `reports/journey.html` and `reports/quality.html`.

`figures.py` reads the rows behind each section, `wording.py` says them in words, `charts.py` and `journey_map.py` draw
them, `sections.py` and its like put the three together and `page.py` writes the page. The quality page is made the same
way by the modules named `quality_…`. Not here: what a figure means (`sql/metrics/`), nor the Dagster assets
(`assets/reports.py`).
"""

from __future__ import annotations

import os
from pathlib import Path

import duckdb

JOURNEY_PAGE, QUALITY_PAGE = "journey.html", "quality.html"
"""They lie side by side, and link to each other by these names."""


def write_report(published: Path, target: Path) -> None:
    """Write the journey report of a published database, all or nothing: beside the target first, then one rename.

    The same database gives the same bytes.
    """
    from assets.report.figures import read_figures
    from assets.report.page import render_page

    with duckdb.connect(str(published), read_only=True) as connection:
        page = render_page(read_figures(connection))
    _swap_in(page, target)


def write_quality(published: Path, target: Path) -> None:
    """Write the page that says how far the figures of a published database can be trusted, all or nothing."""
    from assets.report.quality_figures import read_quality
    from assets.report.quality_page import render_quality

    with duckdb.connect(str(published), read_only=True) as connection:
        page = render_quality(read_quality(connection))
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

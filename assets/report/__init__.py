"""The report: one self-contained page, `reports/journey.html`, made from the published tables.

`figures.py` reads the rows behind each section, `wording.py` says them in words, `charts.py` and `journey_map.py` draw
them, `sections.py` and its like put the three together and `page.py` writes the page. Not here: what a figure means
(`sql/metrics/`), nor the Dagster asset (`assets/reports.py`).
"""

from __future__ import annotations

import os
from pathlib import Path

import duckdb


def write_report(published: Path, target: Path) -> None:
    """Write the report of a published database, all or nothing: beside the target first, then one rename.

    The same database gives the same bytes.
    """
    from assets.report.figures import read_figures
    from assets.report.page import render_page

    with duckdb.connect(str(published), read_only=True) as connection:
        page = render_page(read_figures(connection))
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        beside.write_text(page, encoding="utf-8")
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)

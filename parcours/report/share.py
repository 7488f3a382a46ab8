"""What can be given to others: a copy of the journey page without what concerns few people, and one page of it as PDF.

A row that counts fewer than `measures.small_cell` may be about somebody whom a reader knows: the copy leaves such rows
out of its charts and tables, and what customers wrote. It leads nowhere: the quality page shows single rows of exports.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import duckdb

from parcours.report.figures import Figures, Row, read_figures
from parcours.report.journey.page import QUERIES, journey_page
from parcours.whole_file import write_whole

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
OF_THE_WHOLE_SHOP = ("kpis", "stages", "impacts", "gains")
"""Figures that stay however few they count: they are of everybody."""
OF_PERSONS = ("verbatims",)
"""Figures that hold words of single people."""
THE_MAP = "journey"
"""The section that the PDF shows below the headline figures."""
PRINTED_WITHIN = 60
"""Seconds: a browser that takes longer hangs."""


class NotPrinted(Exception):
    """A browser could not write the PDF."""


def shared_page(connection: duckdb.DuckDBPyConnection) -> str:
    """The journey page of a published database without rows of few."""
    return journey_page(without_few(read_figures(connection, QUERIES)), "shared.html")


def one_page(connection: duckdb.DuckDBPyConnection) -> str:
    """Of it the finding, the headline figures and the map, as large as a sheet of paper."""
    return journey_page(without_few(read_figures(connection, QUERIES)), "one_page.html", (THE_MAP,))


def browser() -> str | None:
    """The Chromium, or one of its kind, that this machine has."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def print_page(text: str, target: Path) -> None:
    """Write a page as PDF, by the browser of this machine.

    Raises:
        NotPrinted: there is no browser, or it failed.
    """
    program = browser()
    if program is None:
        raise NotPrinted(f"no browser of {', '.join(BROWSERS)} is installed")
    with tempfile.TemporaryDirectory() as folder:
        page, printed = Path(folder, "page.html"), Path(folder, "page.pdf")
        page.write_text(text, encoding="utf-8")
        options = ["--headless", "--disable-gpu", "--no-sandbox", "--no-pdf-header-footer"]
        options += [f"--user-data-dir={folder}/profile", "--window-size=1320,1867", "--virtual-time-budget=9000"]
        options += [f"--print-to-pdf={printed}", page.as_uri()]
        try:
            subprocess.run([program, *options], capture_output=True, check=True, timeout=PRINTED_WITHIN)
        except (OSError, subprocess.SubprocessError) as error:
            raise NotPrinted(f"{program}: {error}") from error
        if not printed.exists():
            raise NotPrinted(f"{program} wrote no PDF")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(printed, target)


def write_shared(published: Path, folder: Path) -> tuple[Path, Path | None]:
    """Write the copy into a folder, and the PDF beside it where there is a browser.

    Raises:
        NotPrinted: there is a browser, and it failed.
    """
    with duckdb.connect(str(published), read_only=True) as connection:
        whole, sheet = shared_page(connection), one_page(connection)
    page, pdf = folder / "journey.html", folder / "journey.pdf"
    write_whole(page, whole)
    if browser() is None:
        return page, None
    print_page(sheet, pdf)
    return page, pdf


def without_few(figures: Figures) -> Figures:
    """The same figures, but for rows of parts of the shop that count few."""

    def left(name: str, rows: list[Row]) -> list[Row]:
        if name in OF_PERSONS:
            return []
        return rows if name in OF_THE_WHOLE_SHOP else [row for row in rows if not getattr(row, "is_small", False)]

    queries = {name: rows for name, rows in vars(figures).items() if name != "shop"}
    return Figures(**{name: left(name, rows) for name, rows in queries.items()}, shop=figures.shop)

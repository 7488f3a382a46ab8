"""The journey page: the headline figures, and the sections of `sections/`, top to bottom."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import duckdb

from parcours.numbers import Numbers
from parcours.report.figures import Figures, read_figures
from parcours.report.journey import sections
from parcours.report.journey.cards import cards
from parcours.report.journey.summary import summary
from parcours.report.page import QUALITY_PAGE, render
from parcours.report.section import Section
from parcours.words import say, speaking

QUERIES = Path(__file__).parent / "queries"


def render_journey(connection: duckdb.DuckDBPyConnection) -> str:
    """The whole page of a published database as HTML; the same figures give the same text."""
    figures = read_figures(connection, QUERIES)
    numbers = Numbers(figures.shop.language, figures.shop.currency)
    with speaking(figures.shop.language):
        return render(
            "journey.html",
            page_sections(figures, numbers),
            title=say("Where customers struggle"),
            shop=figures.shop,
            numbers=numbers,
            summary=summary(figures, numbers),
            cards=cards(figures, numbers),
            other_page=QUALITY_PAGE,
        )


def page_sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """Those of each module of `sections/`, by their places."""
    modules = [import_module(f"{sections.__name__}.{module.name}") for module in iter_modules(sections.__path__)]
    in_order = sorted(modules, key=lambda module: module.PLACE)
    return [section for module in in_order for section in module.sections(figures, numbers)]

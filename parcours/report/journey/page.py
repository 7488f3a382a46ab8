"""The journey page: the headline figures, and the sections of `sections/`, top to bottom."""

from __future__ import annotations

from collections.abc import Collection
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
    return journey_page(read_figures(connection, QUERIES))


def journey_page(figures: Figures, template: str = "journey.html", only: Collection[str] = ()) -> str:
    """The page of these figures; by another template, or with those of its sections alone whose keys are given."""
    numbers = Numbers(figures.shop.language, figures.shop.currency)
    with speaking(figures.shop.language):
        sections = [one for one in page_sections(figures, numbers) if not only or one.key in only]
        return render(
            template,
            sections,
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

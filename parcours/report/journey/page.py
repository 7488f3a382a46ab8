"""The journey page: its sections, top to bottom."""

from __future__ import annotations

from parcours.report.figures import Figures
from parcours.report.journey.cards import cards
from parcours.report.journey.change_section import change_sections
from parcours.report.journey.journey_section import journey_section
from parcours.report.journey.kpi_wording import summary
from parcours.report.journey.method_section import method_section
from parcours.report.journey.sections import (
    cart_section,
    csat_section,
    daily_section,
    funnel_sections,
    retention_section,
)
from parcours.report.numbers import Numbers
from parcours.report.page import QUALITY_PAGE, render
from parcours.report.section import Section


def render_page(figures: Figures) -> str:
    """The whole report as HTML; the same figures give the same text."""
    numbers = Numbers(figures.shop.language, figures.shop.currency)
    return render(
        "page.html",
        page_sections(figures, numbers),
        title="Where customers struggle",
        shop=figures.shop,
        numbers=numbers,
        summary=summary(figures, numbers),
        cards=cards(figures, numbers),
        other_page=QUALITY_PAGE,
    )


def page_sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """The sections, top to bottom."""
    return [
        journey_section(figures, numbers),
        *funnel_sections(figures, numbers),
        daily_section(figures, numbers),
        cart_section(figures, numbers),
        retention_section(figures, numbers),
        csat_section(figures, numbers),
        *change_sections(figures, numbers),
        method_section(figures, numbers),
    ]

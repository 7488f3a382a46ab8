"""The quality page: can the figures be trusted, and what is to be fixed in the exports."""

from __future__ import annotations

from parcours.report.numbers import Numbers
from parcours.report.page import JOURNEY_PAGE, render
from parcours.report.quality.figures import QualityFigures
from parcours.report.quality.orders import orders_mark, orders_section, outages_section
from parcours.report.quality.people import identity_section, screening_section
from parcours.report.quality.rows import rows_mark, rows_section
from parcours.report.quality.section import Checked
from parcours.report.quality.stages import stages_mark, stages_section
from parcours.report.quality.time import drift_section, late_mark, late_section


def render_quality(figures: QualityFigures) -> str:
    """The whole page as HTML; the same figures give the same text."""
    numbers = Numbers(figures.shop.language, figures.shop.currency)
    checked = quality_sections(figures, numbers)
    sections = [part.section for part in checked]
    read = {source for section in sections for source in section.sources}
    return render(
        "quality.html",
        sections,
        title="Can these figures be trusted?",
        shop=figures.shop,
        numbers=numbers,
        fixes=[(part.section.key, fix) for part in checked for fix in part.fixes],
        holds=[part.holds for part in checked if part.holds],
        marks=[mark(figures, numbers) for mark in (rows_mark, orders_mark, stages_mark, late_mark)],
        comments=[table for table in figures.tables if table.name in read],
        other_page=JOURNEY_PAGE,
    )


def quality_sections(figures: QualityFigures, numbers: Numbers) -> list[Checked]:
    """The sections, top to bottom."""
    return [
        rows_section(figures, numbers),
        orders_section(figures, numbers),
        outages_section(figures, numbers),
        stages_section(figures, numbers),
        late_section(figures, numbers),
        drift_section(figures, numbers),
        screening_section(figures, numbers),
        identity_section(figures, numbers),
    ]

"""The quality page: can the figures be trusted, and what is to be fixed in the exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from parcours.numbers import Numbers
from parcours.report.figures import Row, rows, the_shop
from parcours.report.page import JOURNEY_PAGE, render
from parcours.report.quality.sections import Mark, Result, checks_section, other_sections, topic_section
from parcours.report.quality.tables import QUERIES
from parcours.report.quality.topics import TOPICS
from parcours.report.section import Section
from parcours.words import say, speaking


def render_quality(connection: duckdb.DuckDBPyConnection) -> str:
    """The whole page of a published database as HTML; the same figures give the same text."""
    shop = the_shop(connection)
    numbers = Numbers(shop.language, shop.currency)
    results = rows(connection, QUERIES / "results.sql", Result)
    marks = {mark.mark: mark for mark in rows(connection, QUERIES / "marks.sql", Mark)}
    with speaking(shop.language):
        sections = quality_sections(connection, results, marks, numbers)
        read = {source for section in sections for source in section.sources}
        return render(
            "quality.html",
            sections,
            title=say("Can these figures be trusted?"),
            shop=shop,
            numbers=numbers,
            unmet=[result for result in results if result.is_unmet],
            check_count=len(results),
            marks=[(topic, marks[topic.mark]) for topic in TOPICS],
            comments=[table for table in rows(connection, QUERIES / "tables.sql", Row) if table.name in read],
            other_page=JOURNEY_PAGE,
        )


def quality_sections(
    connection: duckdb.DuckDBPyConnection, results: Sequence[Result], marks: Mapping[str, Mark], numbers: Numbers
) -> list[Section]:
    """The sections, top to bottom."""
    unmet = [result for result in results if result.is_unmet]
    return [
        *(topic_section(connection, topic, marks[topic.mark], unmet, numbers) for topic in TOPICS),
        *other_sections(unmet, numbers),
        checks_section(connection, results, numbers),
    ]

"""How exports and the sources of touchpoints are written, the same on both pages."""

from __future__ import annotations

from parcours.report.figures import Export
from parcours.report.numbers import Numbers

SOURCES = {
    "events": "click-stream",
    "orders": "orders",
    "feedback": "surveys",
    "tickets": "support tickets",
    "deals": "deals",
}


def source_name(source: str | None) -> str:
    """A source of touchpoints at the beginning of a row; null: all of them."""
    return "All" if source is None else SOURCES.get(source, source).capitalize()


def export_cells(row: Export, numbers: Numbers) -> list[str]:
    """An export, its files, rows read, loaded, duplicate and rejected, and the share of these."""
    status = f", {row.status}" if row.status != "loaded" else ""
    return [
        "All" if row.export is None else f"{row.export} ({row.format}){status}",
        numbers.count(row.file_count),
        numbers.count(row.rows_read),
        numbers.count(row.rows_loaded),
        numbers.count(row.rows_duplicate),
        numbers.count(row.rows_rejected),
        numbers.share(row.rejected_share),
    ]

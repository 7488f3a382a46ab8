"""How exports and the sources of touchpoints are written, the same on both pages."""

from __future__ import annotations

from parcours.report.numbers import Numbers
from parcours.report.section import Column

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


def export_name(numbers: Numbers, export: str | None, form: str, status: str) -> str:
    """An export with its format, and why its files were refused; null: all of them."""
    return "All" if export is None else f"{export} ({form}){'' if status == 'loaded' else f', {status}'}"


EXPORT_COLUMNS: tuple[Column, ...] = (
    ("Export", "export format status", export_name),
    ("Files", "file_count", Numbers.count),
    ("Rows read", "rows_read", Numbers.count),
    ("Loaded", "rows_loaded", Numbers.count),
    ("Duplicate", "rows_duplicate", Numbers.count),
    ("Rejected", "rows_rejected", Numbers.count),
    ("Rejected share", "rejected_share", Numbers.share),
)

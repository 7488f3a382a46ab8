"""A segment in words."""

from __future__ import annotations

EVERYBODY = "everybody"


def segment_words(dimension: str, value: str) -> str:
    """One value of a dimension of journeys.session_segments: “device mobile”, “new visitors”, “everybody”."""
    if dimension == "all":
        return EVERYBODY
    return f"{value} visitors" if dimension == "new or returning" else f"{dimension} {value}"

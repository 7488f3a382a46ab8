"""A segment in words."""

from __future__ import annotations

from parcours.words import later, say, told

VISITORS = {"new": later("new visitors"), "returning": later("returning visitors")}


def segment_words(dimension: str, value: str) -> str:
    """One value of a dimension of journeys.session_segments: “device mobile”, “new visitors”, “everybody”."""
    if dimension == "all":
        return say("everybody")
    if dimension != "new or returning":
        return say("{dimension} {value}", dimension=told(dimension), value=told(value))
    return say(VISITORS[value]) if value in VISITORS else say("{value} visitors", value=told(value))

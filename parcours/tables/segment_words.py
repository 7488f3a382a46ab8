"""A segment in words."""

from __future__ import annotations

from parcours.words import later, say, told

VISITORS = {"new": later("new visitors"), "returning": later("returning visitors")}
OF_OURS = {"all", "device", "channel", "new or returning"}
"""Dimensions whose values are words of the tables; those of the others are a shop's, as it wrote them."""
INSTEAD = {"other", "not known"}
"""What stands for values of any dimension."""


def segment_words(dimension: str, value: str) -> str:
    """One value of a dimension of journeys.session_segments: “device mobile”, “new visitors”, “everybody”."""
    if dimension == "all":
        return say("everybody")
    if dimension == "new or returning" and value in VISITORS:
        return say(VISITORS[value])
    if dimension == "new or returning":
        return say("{value} visitors", value=value_words(dimension, value))
    return say("{dimension} {value}", dimension=dimension_words(dimension), value=value_words(dimension, value))


def dimension_words(dimension: str) -> str:
    """A dimension by itself: “device”; an attribute by its id, “company size”."""
    return told(spaced(dimension))


def spaced(dimension: str) -> str:
    """A dimension as it is read, in English where it is ours."""
    return dimension.replace("_", " ")


def value_words(dimension: str, value: str) -> str:
    """A value by itself: “mobile”, “Belgium”."""
    return told(value) if dimension in OF_OURS or value in INSTEAD else value

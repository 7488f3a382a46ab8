"""How an answer is drawn: bars of its rows, or a line over time, with intervals where it has them."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

INK = "#2b6a93"
WHISKER = "#12303f"
GROUPS = ("#2b6a93", "#d9822b", "#4a9d8f", "#8a5a9e", "#b3372b", "#7f8c96")
"""Colours that stay apart for colour-blind people."""


def bars(
    found: pd.DataFrame,
    label: str | None = None,
    value: str | None = None,
    low: str | None = None,
    high: str | None = None,
) -> go.Figure:
    """A bar per row that has a value; by default of the answer's first text and its first number."""
    texts = [str(column) for column in found if not pd.api.types.is_numeric_dtype(found[column])]
    numbers = [str(column) for column in found if pd.api.types.is_numeric_dtype(found[column])]
    named, counted = label or next(iter(texts), None), value or next(iter(numbers), None)
    figure = go.Figure(
        layout={"template": "plotly_white", "title": "Nothing found", "yaxis": {"autorange": "reversed"}}
    )
    if counted is None or not found[counted].notna().any():
        return figure
    known = found[found[counted].notna()]
    names = known[named].astype(str) if named is not None else pd.Series(range(1, len(known) + 1), dtype=str)
    whiskers = None
    if low and high:
        beyond = {"array": known[high] - known[counted], "arrayminus": known[counted] - known[low]}
        whiskers = {**beyond, "symmetric": False, "color": WHISKER}
    figure.add_bar(y=names, x=known[counted], error_x=whiskers, orientation="h", marker_color=INK)
    most = int(known[counted].astype(float).to_numpy().argmax())
    highest = _text(known, counted, known[counted].iloc[most])
    figure.update_layout(
        title=f"{names.iloc[most]}: {highest}, the highest {words(counted)}",
        xaxis={"title": words(counted), "tickformat": _format(known, counted)},
    )
    return figure


def lines(found: pd.DataFrame, at: str, value: str, name: str = "") -> go.Figure:
    """A line over days, weeks or intervals, as far as there is a value."""
    figure = go.Figure(layout={"template": "plotly_white", "title": f"{name or words(value)}: no value yet"})
    known = found[found[value].notna()]
    if not len(known):
        return figure
    since, until = (
        f"{_text(known, value, one[value])} at {_place(one[at])}" for _, one in known.iloc[[0, -1]].iterrows()
    )
    figure.add_scatter(x=known[at], y=known[value], mode="lines+markers", line_color=INK)
    figure.update_layout(
        title=f"{name or words(value)}: {since}, {until}",
        xaxis={"title": words(at)},
        yaxis={"title": name or words(value), "tickformat": _format(known, value), "rangemode": "tozero"},
    )
    return figure


def words(column: str) -> str:
    """A column's name as it is said."""
    return column.replace("_", " ").replace("drop off", "drop-off")


def _is_share(found: pd.DataFrame, value: str) -> bool:
    return bool(found[value].dropna().between(-1, 1).all()) and "count" not in value


def _format(found: pd.DataFrame, value: str) -> str:
    return ".0%" if _is_share(found, value) else ","


def _text(found: pd.DataFrame, value: str, number: float) -> str:
    return f"{number:.1%}" if _is_share(found, value) else f"{number:,.6g}"


def _place(at: object) -> str:
    return f"{at:%Y-%m-%d}" if isinstance(at, pd.Timestamp) else f"{at:g}" if isinstance(at, float) else str(at)

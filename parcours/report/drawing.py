"""What every chart shares: colours, fonts, escaping, axes, annotations. A chart is drawn twice: wide and narrow.

A drawing is a plain dictionary of `data` and `layout`; `chart` has Plotly check it. Not here: what is drawn.
"""

from __future__ import annotations

import html
import pickle
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Any
from unicodedata import bidirectional, east_asian_width

from parcours.numbers import NBSP, Numbers

Drawing = dict[str, Any]

INK, GREY, FAINT, FADED, LINE, PAPER = "#1c2733", "#5d6b79", "#66727f", "#a3aeb9", "#e3e8ee", "#ffffff"
"""Words are of the first three; marks of small cells are faded."""
BLUE, SKY, PALE, ORANGE, RED, GREEN = "#2b6c94", "#8db3cb", "#d5e3ec", "#e2a063", "#b3372b", "#1f7a54"
ON_LIGHT, ON_DARK = "#1b2732", "#fefefe"
"""Words on a colour that is the same on a dark screen; page.js has the colours there of all others."""
BLUE_TINT, RED_TINT = "rgba(43,108,148,0.16)", "rgba(179,55,43,0.06)"
SIZE = 12
"""Pixels of words that say no size of their own."""
FONT = "-apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
TURNING = frozenset({"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"})
"""Marks that turn the direction of what follows, by their Unicode class."""
TONES = {"improved": GREEN, "worsened": RED, "plain": BLUE, "beside": "#6f9dba", "quiet": FADED}


@dataclass(frozen=True)
class Chart:
    """A chart of the page: its two drawings as JSON, and the widths it needs.

    Who can't see it reads the `description`, or the words of its section where there is none.
    """

    key: str
    wide: str
    narrow: str
    height: int
    description: str = ""
    minimum_width: int = 0
    maximum_width: int = 0


def chart(key: str, draw: Callable[[bool], Drawing], **rest: Any) -> Chart:
    """A chart as it is drawn wide (False) and narrow (True), checked by Plotly."""
    drawings = [draw(narrow) for narrow in (False, True)]
    wide, narrow = (_checked(pickle.dumps(drawing)) for drawing in drawings)
    return Chart(key, wide, narrow, drawings[0]["layout"]["height"], **rest)


@lru_cache(maxsize=256)
def _checked(drawing: bytes) -> str:
    """A pickled drawing as JSON; kept, since Plotly's check takes as long as the rest of a page, which has copies."""
    import plotly.io

    return str(plotly.io.to_json(_rounded(pickle.loads(drawing)), validate=True))


def _rounded(value: Any) -> Any:
    """Places with as many digits as can be seen, and a few more: the rest are a tenth of a page's drawings."""
    if isinstance(value, float):
        return float(f"{value:.7g}")
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list | tuple) else value


def safe(text: str, limit: int = 0) -> str:
    """Text from settings or exports for Plotly, which reads tags in every label: escaped, cut to a limit."""
    flat = " ".join(text.split())
    if limit and sum(map(_room, flat)) > limit:
        kept = (place for place, used in enumerate(accumulate(map(_room, flat))) if used > limit - 1)
        flat = flat[: next(kept)].rstrip() + "…"
    return _no_formula(html.escape(flat, quote=False))


def _room(sign: str) -> int:
    """How many letters' room a sign takes: two, if it is a picture or of a script of the Far East, or will be shown as
    one that can't be shown (`unturned` in page.py)."""
    return 2 if east_asian_width(sign) in ("W", "F") or bidirectional(sign) in TURNING else 1


def _no_formula(text: str) -> str:
    """Two dollar signs would be read as a formula."""
    return text.replace("$", "&#36;")


def wrapped(text: str, width: int, lines: int = 2) -> str:
    """Text on at most so many lines of so many characters, escaped."""
    words, rows = " ".join(text.split()).split(" "), [""]
    for word in words:
        if rows[-1] and len(rows[-1]) + 1 + len(word) > width and len(rows) < lines:
            rows.append(word)
        else:
            rows[-1] = f"{rows[-1]} {word}".strip()
    return "<br>".join(safe(row, width) for row in rows)


def layout(numbers: Numbers, height: int, margin: tuple[int, int, int, int], **rest: Any) -> Drawing:
    """A layout on white with our fonts; margin is top, right, bottom, left."""
    top, right, bottom, left = margin
    return {
        "height": height,
        "margin": {"t": top, "r": right, "b": bottom, "l": left, "pad": 0},
        "font": {"family": FONT, "size": SIZE, "color": INK},
        "paper_bgcolor": PAPER,
        "plot_bgcolor": PAPER,
        "separators": numbers.separators,
        "showlegend": False,
        "hovermode": "closest",
        "hoverlabel": {"bgcolor": PAPER, "bordercolor": GREY, "font": {"family": FONT, "size": 12, "color": INK}},
        "dragmode": False,
        # What thousands of notes have in common is said once: a page has room for more.
        "template": {"layout": {"annotationdefaults": {"showarrow": False}}},
        **rest,
    }


def axis(**rest: Any) -> Drawing:
    """An axis that can't be dragged, with light grid lines."""
    return {
        "fixedrange": True,
        "gridcolor": LINE,
        "zeroline": False,
        "showline": False,
        "ticks": "",
        "tickfont": {"color": GREY, "size": 11},
        **rest,
    }


def hidden_axis(**rest: Any) -> Drawing:
    """An axis that only places things."""
    return axis(showgrid=False, showticklabels=False, **rest)


def percent_ticks() -> Drawing:
    """Ticks of an axis of percentages: 20 %."""
    return {"ticksuffix": f"{NBSP}%", "tickformat": ",.2~f"}


def scatter(mode: str, x: Iterable[Any], y: Iterable[Any], **rest: Any) -> Drawing:
    """A trace of lines or markers."""
    return {"type": "scatter", "mode": mode, "x": list(x), "y": list(y), **rest}


def shape(kind: str, x: Sequence[Any], y: Sequence[Any], line: Drawing, **rest: Any) -> Drawing:
    """A line or a rectangle from the first to the last of x and y."""
    return {"type": kind, "x0": x[0], "x1": x[-1], "y0": y[0], "y1": y[-1], "line": line, **rest}


def note(text: str, x: float | str, y: float, **rest: Any) -> Drawing:
    """Text at a place; escaped by the caller. Colour and size may be given, as other keys of an annotation."""
    own = {"size": rest.pop("size", SIZE), "color": rest.pop("color", INK)}
    font = {key: value for key, value in own.items() if value not in (SIZE, INK)}
    return {"text": _no_formula(text), "x": x, "y": y, **({"font": font} if font else {}), **rest}


def row_note(label: str, detail: str, y: float, narrow: bool, limit: int) -> Drawing:
    """The name of a row of bars and what it counts, both cut and escaped: beside it, or above it where it is narrow."""
    name = f"<b>{safe(label, limit)}</b>"
    if narrow:
        text = f"{name} <span style='color:{GREY}'>{safe(detail)}</span>"
        return note(text, 0, y + 0.36, xref="paper", xanchor="left", yanchor="middle", size=11.5)
    text = f"{name}<br><span style='color:{GREY};font-size:11px'>{safe(detail)}</span>"
    return note(text, 0, y, xref="paper", xanchor="right", yanchor="middle", align="right", xshift=-12)


def side_note(title: str, explanation: str, y: float, left: int) -> Drawing:
    """The name of a row of a chart, at the left edge: a bold title and what it counts."""
    return note(
        f"<b>{title}</b><br><span style='color:{GREY}'>{explanation}</span>",
        0,
        y,
        xref="paper",
        yref="paper",
        xanchor="left",
        yanchor="middle",
        xshift=-left,
        align="left",
        size=11.5,
    )


def hover(text: Sequence[str]) -> Drawing:
    """What a trace shows under the pointer: one text a point, escaped by the caller."""
    return {"customdata": [_no_formula(line) for line in text], "hovertemplate": "%{customdata}<extra></extra>"}

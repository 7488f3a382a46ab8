"""A bar per shop day: how many of that day's rows have a fault. Outage days and incidents are shaded, which the legend
says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from parcours.numbers import Numbers
from parcours.report.day_axis import INCIDENT_SHADE, OUTAGE_SHADES, date_ticks, incident_shapes, outage_shapes, within
from parcours.report.drawing import BLUE, GREY, INK, PAPER, Drawing, axis, hover, layout, note, safe
from parcours.report.figures import Row
from parcours.words import later, say

HEADROOM = 1.22
ROOM_ABOVE_TICKS = {"ticks": "outside", "ticklen": 6, "tickcolor": PAPER}
"""So that the first day does not run into the zero of the other axis."""
OUTAGE_DAYS = {"tracking": later("tracking outage day"), "payment": later("payment outage day")}
"""The shade of an outage day in words."""


@dataclass(frozen=True)
class DayBars:
    """Rows of a day, a count and a total, with what they count: “without a purchase event” of “orders”."""

    days: Sequence[Row]
    counts: str
    of: str


def day_bars(
    bars: DayBars, outages: Sequence[Row], incidents: Sequence[Row], numbers: Numbers, narrow: bool
) -> Drawing:
    """The drawing; the highest day is labelled."""
    days = bars.days
    first, last = days[0].on, days[-1].on
    inside = [outage for outage in outages if first <= outage.on <= last]
    highest = max(days, key=lambda day: (day.count, day.on))
    frame = layout(
        numbers,
        190 if narrow else 200,
        (10, 14, 30, 46),
        bargap=0.25,
        xaxis=axis(
            type="date",
            range=[_noon(first - timedelta(days=1)), _noon(last)],
            showgrid=False,
            **ROOM_ABOVE_TICKS,
            **date_ticks(first, last, numbers, narrow),
        ),
        yaxis=axis(range=[0, max(highest.count, 1) * HEADROOM], **_count_ticks(highest.count, numbers)),
        shapes=[*incident_shapes(within(incidents, first, last)), *outage_shapes(inside)],
        annotations=[_label(highest, first, last, numbers)],
    )
    return {"data": [_bars(bars, numbers)], "layout": frame}


def day_bars_legend(bars: DayBars, outages: Sequence[Row], incidents: Sequence[Row]) -> list[tuple[str, str]]:
    """What the bars are, and the shades that there are."""
    first, last = bars.days[0].on, bars.days[-1].on
    kinds = {outage.outage for outage in outages if first <= outage.on <= last}
    shades = [(shade, say(OUTAGE_DAYS[kind])) for kind, shade in OUTAGE_SHADES.items() if kind in kinds]
    if within(incidents, first, last):
        shades.append((INCIDENT_SHADE, say("incident that nobody logged")))
    return [(BLUE, say("{rows} {counts}, by shop day", rows=bars.of, counts=bars.counts)), *shades]


def _noon(on: date) -> str:
    return f"{on.isoformat()} 12:00"


def _bars(bars: DayBars, numbers: Numbers) -> Drawing:
    text = ["<br>".join(_hovered(bars, day, numbers)) for day in bars.days]
    return {
        "type": "bar",
        "x": [day.on.isoformat() for day in bars.days],
        "y": [day.count for day in bars.days],
        "marker": {"color": BLUE, "line": {"width": 0}},
        **hover(text),
    }


def _hovered(bars: DayBars, day: Row, numbers: Numbers) -> list[str]:
    """The lines that a bar shows under the pointer."""
    count, total = numbers.count(day.count), numbers.count(day.total)
    return [
        f"<b>{numbers.day(day.on)}</b>",
        say("{count} of {total} {rows}", count=count, total=total, rows=safe(bars.of)),
        safe(bars.counts),
    ]


def _label(highest: Row, first: date, last: date, numbers: Numbers) -> Drawing:
    """The highest day in words, on the side where there is room."""
    is_late = (highest.on - first) * 2 > last - first
    return note(
        say(
            "{count} {grey}of {total} on {day}{end}",
            count=f"<b>{numbers.count(highest.count)}</b>",
            grey=f"<span style='color:{GREY}'>",
            total=numbers.count(highest.total),
            day=numbers.short_day(highest.on),
            end="</span>",
        ),
        highest.on.isoformat(),
        highest.count,
        xref="x",
        yref="y",
        xanchor="right" if is_late else "left",
        yanchor="bottom",
        xshift=6 if is_late else -6,
        yshift=1,
        size=11.5,
        bgcolor="rgba(255,255,255,0.85)",
        borderpad=1,
        color=INK,
    )


def _count_ticks(highest: int, numbers: Numbers) -> Drawing:
    """A few whole numbers: steps of 1, 2, 5, 10, 20 …"""
    steps = (digit * 10**power for power in range(12) for digit in (1, 2, 5))
    step = next(step for step in steps if highest <= 4 * step)
    places = list(range(0, highest + 1, step)) or [0]
    return {"tickvals": places, "ticktext": [numbers.count(place) for place in places]}

"""What charts by shop day share: ticks in the shop's language, and the shades of outage days and incidents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby

from parcours.numbers import Numbers
from parcours.report.drawing import GREY, Drawing, note, shape
from parcours.report.figures import Row
from parcours.words import later, say

TICK_STEPS = ((200, 1), (400, 2), (1000, 3))
"""Up to so many days: ticks every 1, 2, 3 months; longer, every 6. Up to DAILY days
every day, to WEEKLY every Monday, to HALVES firsts and fifteenths."""
DAILY, WEEKLY, HALVES = 10, 45, 130
INCIDENT_SHADE = "rgba(179,55,43,0.13)"
OUTAGE_LABELS = {"tracking": later("tracking outage"), "payment": later("payment outage")}
OUTAGE_SHADES = {"tracking": "rgba(93,107,121,0.22)", "payment": "rgba(226,160,99,0.35)"}


def _outage_runs(outages: Sequence[Row]) -> list[tuple[str, date, date]]:
    """Runs of days in a row with the same kind of outage."""
    runs = []
    keyed = groupby(enumerate(outages), key=lambda item: (item[1].outage, item[1].on - timedelta(days=item[0])))
    for (kind, _), group in keyed:
        days = [outage.on for _, outage in group]
        runs.append((kind, days[0], days[-1]))
    return runs


def outage_shapes(outages: Sequence[Row]) -> list[Drawing]:
    """Shades over runs of outage days: grey for tracking, orange for payment."""
    return [
        _shade(start, end, OUTAGE_SHADES["tracking" if kind == "tracking" else "payment"])
        for kind, start, end in _outage_runs(outages)
    ]


def incident_shapes(incidents: Sequence[Row]) -> list[Drawing]:
    """Red shades over the days of incidents; days of several are shaded once."""
    runs: list[tuple[date, date]] = []
    for began, ended in sorted((incident.began_on, incident.ended_on) for incident in incidents):
        if runs and began <= runs[-1][1] + timedelta(days=1):
            runs[-1] = runs[-1][0], max(runs[-1][1], ended)
        else:
            runs.append((began, ended))
    return [_shade(began, ended, INCIDENT_SHADE) for began, ended in runs]


def within(incidents: Sequence[Row], first: date, last: date) -> list[Row]:
    """Incidents that have a day in a chart's period, cut to it."""
    return [
        Row(**vars(incident) | {"began_on": max(incident.began_on, first), "ended_on": min(incident.ended_on, last)})
        for incident in incidents
        if incident.began_on <= last and incident.ended_on >= first
    ]


def _shade(start: date, end: date, color: str) -> Drawing:
    noon = "{} 12:00"
    return shape(
        "rect",
        [noon.format((start - timedelta(days=1)).isoformat()), noon.format(end.isoformat())],
        [0, 1],
        {"width": 0},
        xref="x",
        yref="paper",
        fillcolor=color,
        layer="below",
    )


def outage_labels(outages: Sequence[Row]) -> list[Drawing]:
    """The kind of outage, upright along its shade."""
    place = {"xref": "x", "yref": "paper", "xanchor": "right", "yanchor": "top", "textangle": -90, "xshift": -7}
    return [
        note(say(OUTAGE_LABELS[kind]), start.isoformat(), 1, **place, size=10.5, color=GREY)
        for kind, start, _ in _outage_runs(outages)
    ]


def date_ticks(first: date, last: date, numbers: Numbers, narrow: bool) -> Drawing:
    """Ticks in the shop's language: Plotly's own are English."""
    span = (last - first).days * (2 if narrow else 1)
    every_day = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    if span <= DAILY:
        ticks = every_day
    elif span <= WEEKLY:
        ticks = [day for day in every_day if day.weekday() == 0]
    elif span <= HALVES:
        ticks = [day for day in every_day if day.day in (1, 15)]
    else:
        months = next((step for limit, step in TICK_STEPS if span <= limit), 6)
        ticks = [day for day in every_day if day.day == 1 and (day.month - 1) % months == 0]
    write = numbers.short_day if first.year == last.year else numbers.month
    return {"tickvals": [day.isoformat() for day in ticks], "ticktext": [write(day) for day in ticks]}

"""The map of the journey: per stage who reached it and went on, satisfaction, time, and revenue at stake.

Wide, the stages stand side by side and the rows share them; narrow, each row is a panel with a line per stage.
Not here: the table under the map (`sections.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log10

from parcours.report.drawing import (
    BLUE,
    FAINT,
    GREY,
    ORANGE,
    PALE,
    RED,
    RED_TINT,
    SKY,
    Drawing,
    axis,
    hidden_axis,
    hover,
    layout,
    note,
    safe,
    side_note,
    wrapped,
)
from parcours.report.figures import Row
from parcours.report.numbers import NBSP, Numbers

LEFT = 168
"""Pixels left of the stages; the table under the map has the same (page.html)."""
TIME_TICKS = ((1, "1 s"), (60, "1 min"), (3600, "1 h"), (86_400, "1 day"), (2_592_000, "30 days"))


@dataclass(frozen=True)
class Band:
    """A row of the map: its name, what it counts, its height in pixels when wide."""

    title: str
    explanation: str
    height: int


BANDS = (
    Band("Journeys", "that reach the stage", 250),
    Band("Satisfaction", "mean of answers,<br>0–10, 95\u00a0% interval", 130),
    Band("Time in stage", "median, log scale", 92),
    Band("Opportunity", "net revenue at stake", 120),
)
GAPS = (44, 30, 20)
"""Pixels under each band but the last: room for the names of the stages under the first."""


def journey_map(stages: Sequence[Row], flagged: frozenset[str], numbers: Numbers, narrow: bool) -> Drawing:
    """The map; the flagged stages in red."""
    domains, inner = _domains([24 * len(stages) + 8] * 4 if narrow else [b.height for b in BANDS], narrow)
    traces = [
        *_journeys(stages, flagged, numbers, narrow),
        *_satisfaction(stages, numbers, narrow),
        *_times(stages, flagged, numbers, narrow),
        *_opportunities(stages, flagged, numbers, narrow),
    ]
    notes = _value_notes(stages, flagged, numbers, narrow)
    axes: Drawing = {}
    for number, (domain, band) in enumerate(zip(domains, BANDS, strict=True), 1):
        suffix = "" if number == 1 else str(number)
        across, along = (f"yaxis{suffix}", f"xaxis{suffix}") if narrow else (f"xaxis{suffix}", f"yaxis{suffix}")
        axes[across] = _stage_axis(stages, number, narrow)
        axes[along] = _value_axis(stages, number, narrow)
        axes[f"yaxis{suffix}"] |= {"domain": domain, "anchor": f"x{suffix}"}
        axes[f"xaxis{suffix}"] |= {"anchor": f"y{suffix}"}
        if narrow:
            text = f"<b>{band.title}</b>  <span style='color:{GREY}'>{band.explanation.replace('<br>', ' ')}</span>"
            place = {"xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom", "xshift": -100}
            notes.append(note(text, 0, domain[1], yshift=4, **place))
        else:
            notes.append(side_note(band.title, band.explanation, (domain[0] + domain[1]) / 2, LEFT))
    shapes = [] if narrow else [_column(place) for place, stage in enumerate(stages) if stage.stage in flagged]
    margin = (24, 8, 6, 100) if narrow else (8, 0, 6, LEFT)
    frame = layout(
        numbers,
        inner + margin[0] + margin[2],
        margin,
        annotations=notes,
        shapes=shapes,
        barmode="stack",
        bargap=0.4,
        **axes,
    )
    return {"data": traces, "layout": frame}


def _domains(heights: Sequence[int], narrow: bool) -> tuple[list[list[float]], int]:
    """Where each band stands, as shares of the drawing from the bottom, and the drawing's pixels."""
    gaps = [34, 50, 34] if narrow else list(GAPS)
    inner, top, domains = sum(heights) + sum(gaps), 0, []
    for height, gap in zip(heights, [*gaps, 0], strict=True):
        domains.append([max(0.0, 1 - (top + height) / inner), 1 - top / inner])
        top += height + gap
    return domains, inner


def _stage_axis(stages: Sequence[Row], number: int, narrow: bool) -> Drawing:
    ends = [len(stages) - 0.5, -0.5] if narrow else [-0.5, len(stages) - 0.5]
    if not narrow and number > 1:
        return hidden_axis(range=ends)
    labels = [
        (safe(stage.label, 14) if narrow else wrapped(stage.label, 17)) + ("" if stage.is_required else "*")
        for stage in stages
    ]
    return axis(
        range=ends,
        showgrid=False,
        tickvals=list(range(len(stages))),
        ticktext=labels,
        tickfont={"size": 11.5 if narrow else 12.5},
    )


def _value_axis(stages: Sequence[Row], number: int, narrow: bool) -> Drawing:
    """The scale of a band, with room for the labels of its values."""
    if number == 1:
        highest = max([stage.reached_count for stage in stages], default=0) or 1
        return hidden_axis(range=[0, highest * (1.8 if narrow else 1.2)])
    if number == 2:
        return axis(range=[-0.6, 14 if narrow else 12], tickvals=[0, 5, 10])
    if number == 3:
        times = [max(stage.median_seconds, 1.0) for stage in stages if stage.median_seconds is not None] or [1.0]
        low, high = log10(min(times)) - 0.25, log10(max(times)) + (1.9 if narrow else 1.0)
        ticks = [(log10(seconds), text) for seconds, text in TIME_TICKS if low <= log10(seconds) <= high]
        return axis(
            range=[low, high],
            tickvals=[place for place, _ in ticks],
            ticktext=[text.replace(" ", NBSP) for _, text in ticks],
            showticklabels=not narrow,
            showgrid=not narrow,
        )
    highest_stake = max([stage.revenue_at_stake or 0 for stage in stages], default=0) or 1
    return hidden_axis(range=[0, highest_stake * (1.35 if narrow else 1.28)])


def _column(place: int) -> Drawing:
    ends = {"x0": place - 0.5, "x1": place + 0.5, "xref": "x", "y0": 0, "y1": 1, "yref": "paper"}
    return {"type": "rect", **ends, "fillcolor": RED_TINT, "line": {"width": 0}, "layer": "below"}


def _turned(narrow: bool, number: int, places: Sequence[float], values: Sequence[float | None]) -> Drawing:
    """Coordinates of a trace of a band: the stages along x, or along y when narrow."""
    suffix = "" if number == 1 else str(number)
    x, y = (values, places) if narrow else (places, values)
    return {"x": list(x), "y": list(y), "xaxis": f"x{suffix}", "yaxis": f"y{suffix}"}


def _bar(narrow: bool) -> Drawing:
    return {"type": "bar", "orientation": "h" if narrow else "v"}


def _journeys(stages: Sequence[Row], flagged: frozenset[str], numbers: Numbers, narrow: bool) -> list[Drawing]:
    lost = [FAINT if s.is_small else RED if s.stage in flagged else ORANGE for s in stages]
    text = [_journeys_hover(stage, numbers) for stage in stages]
    parts = (
        ([stage.went_on_count for stage in stages], [SKY] * len(stages)),
        ([stage.open_count for stage in stages], [PALE] * len(stages)),
        ([stage.dropped_count or 0 for stage in stages], lost),
    )
    return [
        {
            **_bar(narrow),
            **_turned(narrow, 1, range(len(stages)), values),
            "marker": {"color": colors},
            **hover(text),
        }
        for values, colors in parts
    ]


def _journeys_hover(stage: Row, numbers: Numbers) -> str:
    lines = [
        f"<b>{safe(stage.label, 60)}</b>",
        f"{numbers.count(stage.reached_count)} journeys reached it, {numbers.count(stage.open_count)} still open",
    ]
    if stage.dropped_count is not None:
        lines.append(
            f"{numbers.count(stage.dropped_count)} of {numbers.count(stage.matured_count)} finished ones ended here: "
            f"{numbers.share(stage.drop_off_rate)} ({numbers.interval(stage.drop_off_low, stage.drop_off_high)})"
        )
    return "<br>".join(lines)


def _satisfaction(stages: Sequence[Row], numbers: Numbers, narrow: bool) -> list[Drawing]:
    """Dots with their interval as a pale band; a line joins neighbours, dotted over stages without answers."""
    asked = [(place, stage) for place, stage in enumerate(stages) if stage.satisfaction_mean is not None]
    traces: list[Drawing] = []
    for (place, stage), (next_place, following) in pairwise(asked):
        is_next = next_place == place + 1
        if narrow and not is_next:
            continue
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                **_turned(narrow, 2, [place, next_place], [stage.satisfaction_mean, following.satisfaction_mean]),
                "line": {"color": BLUE if is_next else SKY, "width": 1.8, "dash": "solid" if is_next else "dot"},
                "hoverinfo": "skip",
            }
        )
    for place, stage in asked:
        if stage.satisfaction_low is not None:
            ends = [stage.satisfaction_low, stage.satisfaction_high]
            traces.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    **_turned(narrow, 2, [place, place], ends),
                    "line": {"color": "rgba(43,108,148,0.22)", "width": 12},
                    "hoverinfo": "skip",
                }
            )
    text = [
        f"<b>{safe(stage.label, 60)}</b><br>mean {numbers.decimal(stage.satisfaction_mean)} of 10, "
        f"{numbers.count(stage.answer_count)} answers"
        for _, stage in asked
    ]
    traces.append(
        {
            "type": "scatter",
            "mode": "markers",
            **_turned(narrow, 2, [place for place, _ in asked], [stage.satisfaction_mean for _, stage in asked]),
            "marker": {"size": 9, "color": BLUE, "line": {"color": "#fff", "width": 1.5}},
            **hover(text),
        }
    )
    return traces


def _times(stages: Sequence[Row], flagged: frozenset[str], numbers: Numbers, narrow: bool) -> list[Drawing]:
    timed = [(place, stage) for place, stage in enumerate(stages) if stage.median_seconds is not None]
    text = [f"<b>{safe(stage.label, 60)}</b><br>median {numbers.duration(stage.median_seconds)}" for _, stage in timed]
    return [
        {
            "type": "scatter",
            "mode": "markers",
            **_turned(
                narrow, 3, [place for place, _ in timed], [log10(max(s.median_seconds or 1.0, 1.0)) for _, s in timed]
            ),
            "marker": {
                "symbol": "line-ns-open" if narrow else "line-ew-open",
                "size": 14 if narrow else 20,
                "line": {"width": 3},
                "color": [RED if stage.stage in flagged else BLUE for _, stage in timed],
            },
            **hover(text),
        }
    ]


def _opportunities(stages: Sequence[Row], flagged: frozenset[str], numbers: Numbers, narrow: bool) -> list[Drawing]:
    text = [
        f"<b>{safe(stage.label, 60)}</b><br>{numbers.money(stage.revenue_at_stake)} of net revenue at stake"
        for stage in stages
    ]
    colors = [FAINT if s.is_small else RED if s.stage in flagged else ORANGE for s in stages]
    values = [stage.revenue_at_stake or 0 for stage in stages]
    return [
        {**_bar(narrow), **_turned(narrow, 4, range(len(stages)), values), "marker": {"color": colors}, **hover(text)}
    ]


def _value_notes(stages: Sequence[Row], flagged: frozenset[str], numbers: Numbers, narrow: bool) -> list[Drawing]:
    notes = []
    for place, stage in enumerate(stages):
        red = {"color": RED} if stage.stage in flagged else {}
        notes.append(
            _beside(1, place, stage.reached_count, _reach_text(stage, stage.stage in flagged, numbers, narrow), narrow)
        )
        if stage.satisfaction_mean is None:
            text = f"<span style='color:{FAINT};font-size:10.5px'>no answers</span>"
            notes.append(_beside(2, place, 0.0, text, narrow))
        else:
            text = (
                f"<b>{numbers.decimal(stage.satisfaction_mean)}</b> <span style='color:{GREY}'>"
                f"n{NBSP}{numbers.count(stage.answer_count)}</span>"
            )
            notes.append(_beside(2, place, stage.satisfaction_high or stage.satisfaction_mean, text, narrow))
        if stage.median_seconds is not None:
            at = log10(max(stage.median_seconds, 1.0))
            notes.append(_beside(3, place, at, numbers.duration(stage.median_seconds), narrow, **red))
        if stage.revenue_at_stake is not None:
            text = numbers.short_money(stage.revenue_at_stake)
            notes.append(_beside(4, place, stage.revenue_at_stake, text, narrow, **red))
    return notes


def _reach_text(stage: Row, is_flagged: bool, numbers: Numbers, narrow: bool) -> str:
    text = f"<b>{numbers.count(stage.reached_count)}</b>"
    if stage.drop_off_rate is None:
        return text
    color = RED if is_flagged else FAINT if stage.is_small else GREY
    share = f"{'▲ ' if is_flagged else ''}−{numbers.share(stage.drop_off_rate, 0)}"
    if is_flagged:
        share = f"<b>{share}</b>"
    if stage.is_small:
        share = f"n{NBSP}{numbers.count(stage.matured_count)}"
    return f"{text}{'  ' if narrow else '<br>'}<span style='color:{color}'>{share}</span>"


def _beside(number: int, place: int, value: float, text: str, narrow: bool, **rest: str) -> Drawing:
    """A label at the end of a value: above it, or right of it when narrow."""
    suffix = "" if number == 1 else str(number)
    refs = {"xref": f"x{suffix}", "yref": f"y{suffix}", "size": 11.5, **rest}
    if narrow:
        return note(text, value, place, xanchor="left", yanchor="middle", xshift=9 if number in (2, 3) else 4, **refs)
    return note(text, place, value, xanchor="center", yanchor="bottom", yshift=5 if number in (2, 3) else 2, **refs)

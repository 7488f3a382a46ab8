"""The map of the journey: per stage who reached it and went on, satisfaction, friction, time, and revenue at stake.

Wide, the stages stand side by side and the rows share them; narrow, each row is a panel with a line per stage.
Not here: the table under the map (`sections/journey.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log10

from parcours.numbers import Numbers
from parcours.report.drawing import (
    BLUE,
    FADED,
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
    scatter,
    shape,
    side_note,
    wrapped,
)
from parcours.report.figures import Row
from parcours.words import later, say, say_number

LEFT = 168
"""Pixels left of the stages; the table under the map has the same (page.css)."""
TIME_TICKS = (
    (1, later("1\u00a0s")),
    (60, later("1\u00a0min")),
    (3600, later("1\u00a0h")),
    (86_400, later("1\u00a0day")),
    (2_592_000, later("30\u00a0days")),
)


@dataclass(frozen=True)
class Band:
    """A row of the map: its name and what it counts (by `later`), its height in pixels when wide, and the pixels under
    it, wide and narrow, if another one follows: the names of the stages are under the first."""

    title: str
    explanation: str
    height: int
    gap: int
    narrow_gap: int


JOURNEYS = Band(later("Journeys"), later("that reach the stage"), 250, 44, 34)
SATISFACTION = Band(later("Satisfaction"), later("mean of answers,<br>0–10, 95\u00a0% interval"), 130, 30, 50)
FRICTION = Band(later("Friction"), later("of the visits there meet<br>an error, repeat, ask for help"), 76, 26, 34)
TIME = Band(later("Time in stage"), later("median, log scale"), 92, 20, 34)
OPPORTUNITY = Band(later("Opportunity"), later("net revenue at stake"), 120, 0, 0)


def journey_map(stages: Sequence[Row], flagged: frozenset[str], numbers: Numbers, narrow: bool) -> Drawing:
    """The map; the flagged stages in red."""
    return _Map(stages, flagged, numbers, narrow).drawing()


@dataclass(frozen=True)
class _Map:
    stages: Sequence[Row]
    flagged: frozenset[str]
    numbers: Numbers
    narrow: bool

    def drawing(self) -> Drawing:
        domains, inner = self.domains()
        notes = [note for place, stage in enumerate(self.stages) for note in self.value_notes(place, stage)]
        axes: Drawing = {}
        for domain, band in zip(domains, self.bands(), strict=True):
            suffix = self.suffix(band)
            x, y = (f"{letter}axis{suffix}" for letter in "xy")
            across, along = self.stage_axis(band), self.value_axis(band)
            axes |= {x: along, y: across} if self.narrow else {x: across, y: along}
            axes[y] |= {"domain": domain, "anchor": f"x{suffix}"}
            axes[x] |= {"anchor": f"y{suffix}"}
            notes.append(self.band_note(band, domain))
        red = [] if self.narrow else [place for place, stage in enumerate(self.stages) if stage.stage in self.flagged]
        margin = (24, 8, 6, 100) if self.narrow else (8, 0, 6, LEFT)
        frame = layout(
            self.numbers,
            inner + margin[0] + margin[2],
            margin,
            annotations=notes,
            shapes=[_column(place) for place in red],
            barmode="stack",
            bargap=0.4,
            **axes,
        )
        traces = [*self.journeys(), *self.satisfaction(), *self.frictions(), *self.times(), *self.opportunities()]
        return {"data": traces, "layout": frame}

    def bands(self) -> Sequence[Band]:
        """The rows of the map: no satisfaction without answers, no friction where nobody met any, and without orders no
        revenue at stake."""
        satisfaction = [SATISFACTION] if self.with_value("satisfaction_mean") else []
        opportunity = [OPPORTUNITY] if self.with_value("revenue_at_stake") else []
        friction = [FRICTION] if any(stage.friction_session_count for stage in self.stages) else []
        return [JOURNEYS, *satisfaction, *friction, TIME, *opportunity]

    def suffix(self, band: Band) -> str:
        """Of the axes of a band, as Plotly counts them."""
        number = self.bands().index(band) + 1
        return "" if number == 1 else str(number)

    def domains(self) -> tuple[list[list[float]], int]:
        """Where each band stands, as shares of the drawing from the bottom, and the drawing's pixels."""
        bands = self.bands()
        heights = [24 * len(self.stages) + 8 if self.narrow else band.height for band in bands]
        gaps = [band.narrow_gap if self.narrow else band.gap for band in bands[:-1]]
        inner, top, domains = sum(heights) + sum(gaps), 0, []
        for height, gap in zip(heights, [*gaps, 0], strict=True):
            domains.append([max(0.0, 1 - (top + height) / inner), 1 - top / inner])
            top += height + gap
        return domains, inner

    def band_note(self, band: Band, domain: Sequence[float]) -> Drawing:
        """The name of a band: left of it, or above it when narrow."""
        title, explanation = say(band.title), say(band.explanation)
        if not self.narrow:
            return side_note(title, explanation, (domain[0] + domain[1]) / 2, LEFT)
        text = f"<b>{title}</b>  <span style='color:{GREY}'>{explanation.replace('<br>', ' ')}</span>"
        place = {"xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom", "xshift": -100}
        return note(text, 0, domain[1], yshift=4, **place)

    def stage_axis(self, band: Band) -> Drawing:
        """The stages, named under the first band, or beside each one when narrow."""
        count = len(self.stages)
        ends = [count - 0.5, -0.5] if self.narrow else [-0.5, count - 0.5]
        if not self.narrow and band is not JOURNEYS:
            return hidden_axis(range=ends)
        labels = [
            (safe(stage.label, 14) if self.narrow else wrapped(stage.label, 17)) + ("" if stage.is_required else "*")
            for stage in self.stages
        ]
        size = 11.5 if self.narrow else 12.5
        return axis(range=ends, showgrid=False, tickvals=list(range(count)), ticktext=labels, tickfont={"size": size})

    def value_axis(self, band: Band) -> Drawing:
        """The scale of a band, with room for the labels of its values."""
        if band is JOURNEYS:
            return self.bar_axis([stage.reached_count for stage in self.stages], 1.8 if self.narrow else 1.2)
        if band is SATISFACTION:
            return axis(range=[-0.6, 14 if self.narrow else 12], tickvals=[0, 5, 10])
        if band is FRICTION:
            return self.bar_axis([stage.friction_rate or 0 for stage in self.stages], 1.5 if self.narrow else 1.35)
        if band is OPPORTUNITY:
            stakes = [stage.revenue_at_stake or 0 for stage in self.stages]
            return self.bar_axis(stakes, 1.35 if self.narrow else 1.28)
        places = [_log(stage) for _, stage in self.with_value("median_seconds")] or [0.0]
        low, high = min(places) - 0.25, max(places) + (1.9 if self.narrow else 1.0)
        ticks = [(log10(seconds), text) for seconds, text in TIME_TICKS if low <= log10(seconds) <= high]
        return axis(
            range=[low, high],
            tickvals=[place for place, _ in ticks],
            ticktext=[say(text) for _, text in ticks],
            showticklabels=not self.narrow,
            showgrid=not self.narrow,
        )

    def bar_axis(self, values: Sequence[float], room: float) -> Drawing:
        return hidden_axis(range=[0, (max(values, default=0) or 1) * room])

    def with_value(self, column: str) -> list[tuple[int, Row]]:
        return [(place, stage) for place, stage in enumerate(self.stages) if getattr(stage, column) is not None]

    def turned(self, band: Band, places: Iterable[float], values: Iterable[float | None]) -> Drawing:
        """Coordinates of a trace of a band: the stages along x, or along y when narrow."""
        x, y = (values, places) if self.narrow else (places, values)
        return {"x": list(x), "y": list(y), "xaxis": f"x{self.suffix(band)}", "yaxis": f"y{self.suffix(band)}"}

    def bars(self, band: Band, values: Iterable[float], colors: Sequence[str], text: Sequence[str]) -> Drawing:
        look = {"orientation": "h" if self.narrow else "v", "marker": {"color": colors}}
        return {"type": "bar", **look, **self.turned(band, range(len(self.stages)), values), **hover(text)}

    def lost_colors(self) -> list[str]:
        return [FADED if s.is_small else RED if s.stage in self.flagged else ORANGE for s in self.stages]

    def journeys(self) -> list[Drawing]:
        stages, text = self.stages, [self.journeys_hover(stage) for stage in self.stages]
        return [
            self.bars(JOURNEYS, [stage.went_on_count for stage in stages], [SKY] * len(stages), text),
            self.bars(JOURNEYS, [stage.open_count for stage in stages], [PALE] * len(stages), text),
            self.bars(JOURNEYS, [stage.dropped_count or 0 for stage in stages], self.lost_colors(), text),
        ]

    def journeys_hover(self, stage: Row) -> str:
        n = self.numbers
        reached = say_number(
            "{count} journey reached it, {open} still open",
            "{count} journeys reached it, {open} still open",
            stage.reached_count,
            count=n.count(stage.reached_count),
            open=n.count(stage.open_count),
        )
        lines = [_bold(stage), reached]
        if stage.dropped_count is not None:
            lines.append(
                say(
                    "{dropped} of {finished} finished ones ended here: {share} ({interval})",
                    dropped=n.count(stage.dropped_count),
                    finished=n.count(stage.matured_count),
                    share=n.share(stage.drop_off_rate),
                    interval=n.interval(stage.drop_off_low, stage.drop_off_high),
                )
            )
        return "<br>".join(lines)

    def satisfaction(self) -> list[Drawing]:
        """Dots with their interval as a pale band; a line joins neighbours, dotted over stages without answers."""
        asked = self.with_value("satisfaction_mean")
        if not asked:
            return []
        traces: list[Drawing] = []
        for (place, stage), (next_place, following) in pairwise(asked):
            is_next = next_place == place + 1
            if is_next or not self.narrow:
                means = [stage.satisfaction_mean, following.satisfaction_mean]
                line = {"color": BLUE if is_next else SKY, "width": 1.8, "dash": "solid" if is_next else "dot"}
                traces.append(self.line([place, next_place], means, line))
        for place, stage in asked:
            if stage.satisfaction_low is not None:
                ends = [stage.satisfaction_low, stage.satisfaction_high]
                traces.append(self.line([place, place], ends, {"color": "rgba(43,108,148,0.22)", "width": 12}))
        text = [f"{_bold(stage)}<br>{self.mean_of(stage)}" for _, stage in asked]
        marker = {"size": 9, "color": BLUE, "line": {"color": "#fff", "width": 1.5}}
        means = [stage.satisfaction_mean for _, stage in asked]
        return [*traces, self.markers(SATISFACTION, [place for place, _ in asked], means, marker, text)]

    def mean_of(self, stage: Row) -> str:
        return say_number(
            "mean {mean} of 10, {count} answer",
            "mean {mean} of 10, {count} answers",
            stage.answer_count,
            mean=self.numbers.decimal(stage.satisfaction_mean),
            count=self.numbers.count(stage.answer_count),
        )

    def line(self, places: Sequence[int], values: Sequence[float], look: Drawing) -> Drawing:
        return scatter("lines", **self.turned(SATISFACTION, places, values), line=look, hoverinfo="skip")

    def markers(
        self, band: Band, places: Iterable[int], values: Iterable[float], marker: Drawing, text: Sequence[str]
    ) -> Drawing:
        return scatter("markers", **self.turned(band, places, values), marker=marker, **hover(text))

    def frictions(self) -> list[Drawing]:
        """Bars of the share of visits that met friction; grey where too few visits are known."""
        if FRICTION not in self.bands():
            return []
        text = [f"{_bold(stage)}<br>{self.friction_of(stage)}" for stage in self.stages]
        colors = [FADED if stage.is_small_friction else BLUE for stage in self.stages]
        return [self.bars(FRICTION, [stage.friction_rate or 0 for stage in self.stages], colors, text)]

    def friction_of(self, stage: Row) -> str:
        n = self.numbers
        if not stage.friction_known_count:
            return say("no visit there is over yet")
        return say(
            "{count} of {visits} visits met friction: {share} ({interval})",
            count=n.count(stage.friction_session_count),
            visits=n.count(stage.friction_known_count),
            share=n.share(stage.friction_rate),
            interval=n.interval(stage.friction_low, stage.friction_high),
        )

    def times(self) -> list[Drawing]:
        timed = self.with_value("median_seconds")
        marker = {
            "symbol": "line-ns-open" if self.narrow else "line-ew-open",
            "size": 14 if self.narrow else 20,
            "line": {"width": 3},
            "color": [RED if stage.stage in self.flagged else BLUE for _, stage in timed],
        }
        medians = [say("median {duration}", duration=self.numbers.duration(stage.median_seconds)) for _, stage in timed]
        text = [f"{_bold(stage)}<br>{median}" for (_, stage), median in zip(timed, medians, strict=True)]
        return [self.markers(TIME, [place for place, _ in timed], [_log(stage) for _, stage in timed], marker, text)]

    def opportunities(self) -> list[Drawing]:
        if not self.with_value("revenue_at_stake"):
            return []
        stakes = [stage.revenue_at_stake for stage in self.stages]
        said = [say("{revenue} of net revenue at stake", revenue=self.numbers.money(stake)) for stake in stakes]
        text = [f"{_bold(stage)}<br>{line}" for stage, line in zip(self.stages, said, strict=True)]
        return [self.bars(OPPORTUNITY, [stake or 0 for stake in stakes], self.lost_colors(), text)]

    def value_notes(self, place: int, stage: Row) -> Iterator[Drawing]:
        """The values of a stage, each at its end."""
        n, red = self.numbers, {"color": RED} if stage.stage in self.flagged else {}
        yield self.beside(JOURNEYS, place, stage.reached_count, self.reach_text(stage))
        if stage.satisfaction_mean is None and SATISFACTION in self.bands():
            missing = say("no answers")
            yield self.beside(
                SATISFACTION, place, 0.0, f"<span style='color:{FAINT};font-size:10.5px'>{missing}</span>"
            )
        elif stage.satisfaction_mean is not None:
            text = f"<b>{n.decimal(stage.satisfaction_mean)}</b> <span style='color:{GREY}'>"
            text += f"{self.n_of(stage.answer_count)}</span>"
            yield self.beside(SATISFACTION, place, stage.satisfaction_high or stage.satisfaction_mean, text)
        if FRICTION in self.bands() and stage.friction_known_count:
            share = self.n_of(stage.friction_known_count) if stage.is_small_friction else n.share(stage.friction_rate)
            yield self.beside(FRICTION, place, stage.friction_rate, share)
        if stage.median_seconds is not None:
            yield self.beside(TIME, place, _log(stage), n.duration(stage.median_seconds), **red)
        if stage.revenue_at_stake is not None:
            yield self.beside(OPPORTUNITY, place, stage.revenue_at_stake, n.short_money(stage.revenue_at_stake), **red)

    def n_of(self, count: int) -> str:
        return say("n\u00a0{count}", count=self.numbers.count(count))

    def reach_text(self, stage: Row) -> str:
        """How many reached a stage, and the share that ended there."""
        text = f"<b>{self.numbers.count(stage.reached_count)}</b>"
        if stage.drop_off_rate is None:
            return text
        is_flagged = stage.stage in self.flagged
        color = RED if is_flagged else FAINT if stage.is_small else GREY
        share = f"−{self.numbers.share(stage.drop_off_rate, 0)}"
        if stage.is_small:
            share = self.n_of(stage.matured_count)
        elif is_flagged:
            share = f"<b>▲ {share}</b>"
        return f"{text}{'  ' if self.narrow else '<br>'}<span style='color:{color}'>{share}</span>"

    def beside(self, band: Band, place: int, value: float, text: str, **rest: str) -> Drawing:
        """A label at the end of a value: above it, or right of it when narrow."""
        refs = {"xref": f"x{self.suffix(band)}", "yref": f"y{self.suffix(band)}", "size": 11.5, **rest}
        is_mark = band in (SATISFACTION, TIME)
        if self.narrow:
            return note(text, value, place, xanchor="left", yanchor="middle", xshift=9 if is_mark else 4, **refs)
        return note(text, place, value, xanchor="center", yanchor="bottom", yshift=5 if is_mark else 2, **refs)


def _log(stage: Row) -> float:
    """Where a stage's median time stands on the log scale."""
    return log10(max(stage.median_seconds, 1.0))


def _bold(stage: Row) -> str:
    return f"<b>{safe(stage.label, 60)}</b>"


def _column(place: int) -> Drawing:
    ends = {"xref": "x", "yref": "paper", "fillcolor": RED_TINT, "layer": "below"}
    return shape("rect", [place - 0.5, place + 0.5], [0, 1], {"width": 0}, **ends)

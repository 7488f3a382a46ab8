"""The map by segment and month: the drop-off of each stage, one dimension at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import groupby

from parcours.numbers import NOTHING, Numbers, capital
from parcours.report.drawing import ORANGE, RED, chart, safe
from parcours.report.figures import Figures, Row
from parcours.report.journey.flag import Flag, flagged
from parcours.report.journey.segments_chart import Cell, CellRow, segments_chart
from parcours.report.section import Section, Table, View
from parcours.tables.segment_words import dimension_words
from parcours.words import say, say_number, told

PLACE = 12
SHOWN = 12
"""Values of a dimension that are drawn, the largest ones or the last months. The table has a few more, and all are in
metrics.stage_drop_off_by_segment."""
LISTED = 40


DIMENSIONS = ("device", "new or returning", "persona", "channel", "campaign", "country")
"""In the order of the switch; behind them the shop's own attributes, and months."""
UNKNOWN = "not known"


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section where anything tells journeys apart; none elsewhere."""
    flag = flagged(figures)
    by_dimension = {of: [*rows] for of, rows in groupby(figures.segments, key=lambda row: row.dimension)}
    ordered = sorted(by_dimension.items(), key=lambda one: _place(one[0]))
    dimensions = [Told(of, rows, figures, flag) for of, rows in ordered]
    dimensions = [one for one in dimensions if len(one.values) > 1]
    if not dimensions:
        return []
    own = [one for one in dimensions if flag and one.stage == flag.stage.stage] or dimensions
    most = max(own, key=lambda one: one.spread(one.stage))
    dimensions.sort(key=lambda one: one is not most)  # the view that is open is the one that the title speaks of
    about = say(
        "Of the journeys of each segment that reach a stage and are over, those that go no further, with 95\u00a0% "
        "intervals; a segment is what was known when the journey began. One scale for all. Cells of fewer than "
        "{count} are left out, and another one where the rest would tell them.",
        count=figures.shop.small_cell,
    )
    if figures.drivers:
        chance = say(
            "Differences between many segments are partly chance: “{section}” says which are not.",
            section=say("Who and why"),
        )
    else:
        chance = say("Differences between many segments are partly chance.")
    red = [(RED, say("at the flagged stage"))] if flag else []
    return [
        Section(
            "segments",
            say("By segment"),
            _title(most, figures, numbers),
            f"{about} {chance}",
            ("metrics.stage_drop_off_by_segment", "metrics.funnel_by_segment", "metrics.matured_months"),
            legend=[(ORANGE, say("ended here")), *red],
            views=[_view(number, one, figures, flag, numbers) for number, one in enumerate(dimensions, 1)],
        )
    ]


def _title(most: Told, figures: Figures, numbers: Numbers) -> str:
    """The dimension whose values are furthest apart; that it may be chance, where none of them is told for it."""
    words = {"dimension": dimension_words(most.dimension), "ends": most.ends(numbers)}
    tested = [row for row in figures.drivers if row.stage_left == most.stage and row.factor == most.dimension]
    if tested and not any(row.is_told for row in tested):
        return say("Most apart by {dimension}, but not beyond chance: {ends}", **words)
    return say("Most apart by {dimension}: {ends}", **words)


def _place(dimension: str) -> tuple[int, str]:
    if dimension == "month":
        return len(DIMENSIONS) + 1, ""
    return (DIMENSIONS.index(dimension), "") if dimension in DIMENSIONS else (len(DIMENSIONS), dimension)


class Told:
    """What may be told of a dimension: its rows, the stages that can be gone on from, and the one that is spoken of.

    That is the flagged stage, or where too few of its values may be told there, the one at which they differ most.
    """

    def __init__(self, dimension: str, rows: Sequence[Row], figures: Figures, flag: Flag | None) -> None:
        self.dimension = dimension
        self.rows = [row for row in rows if row.drop_off_rate is not None]
        self.cells: dict[str, dict[str, Row]] = {}
        for row in self.rows:
            self.cells.setdefault(row.value, {})[row.stage] = row
        self.values = [*self.cells]
        self.drawn = self.values[-SHOWN:] if dimension == "month" else self.values[:SHOWN]
        measured = [stage.stage for stage in figures.stages if stage.drop_off_rate is not None]
        self.stages = {row.stage: row.stage_label for row in rows if row.stage in measured}
        own = flag.stage.stage if flag else ""
        self.stage = own if self.spread(own) > 0 else max(self.stages, key=self.spread, default="")

    def at(self, stage: str) -> list[Row]:
        """The rows of a stage and the values that are drawn, but of what is not known; the lowest drop-off first."""
        rows = [row for row in self.rows if row.stage == stage and row.value in self.drawn and row.value != UNKNOWN]
        return sorted(rows, key=lambda row: row.drop_off_rate)

    def spread(self, stage: str) -> float:
        """From the lowest drop-off at a stage to the highest."""
        rows = self.at(stage)
        return float(rows[-1].drop_off_rate - rows[0].drop_off_rate) if len(rows) > 1 else 0.0

    def ends(self, numbers: Numbers) -> str:
        """From where to where the drop-off runs."""
        rows = self.at(self.stage)
        if len(rows) < 2:
            return say("too few journeys to compare")
        low, high = (
            f"{numbers.share(row.drop_off_rate, 0)} ({self.named(row.value, numbers)})" for row in (rows[0], rows[-1])
        )
        return say("from {low} to {high} end at {stage}", low=low, high=high, stage=self.stages[self.stage])

    def named(self, value: str, numbers: Numbers) -> str:
        """A value as it is read."""
        return numbers.month(date.fromisoformat(value)) if self.dimension == "month" else told(value)


@dataclass(frozen=True)
class Segment:
    """A segment's name, and its row of each stage; those that are left out are missing."""

    label: str
    stages: Mapping[str, Row]


def _view(number: int, segments: Told, figures: Figures, flag: Flag | None, numbers: Numbers) -> View:
    whole = {stage.stage: stage for stage in figures.stages if stage.stage in segments.stages}
    everybody = Segment(say("All journeys"), whole)
    red = frozenset(stage.stage for stage in flag.stages) if flag else frozenset[str]()
    dimension = dimension_words(segments.dimension)
    title = say("By {dimension}, {ends}", dimension=dimension, ends=segments.ends(numbers))
    drawn = [
        CellRow(one.label, _n(max(row.matured_count for row in one.stages.values()), numbers), cells)
        for one in [everybody, *_segments(segments, segments.drawn, numbers)]
        for cells in [{stage: _cell(row, segments.stages, red, numbers) for stage, row in one.stages.items()}]
    ]
    rest = len(segments.values) - len(segments.drawn)
    more = say_number(
        "{count} more is in metrics.stage_drop_off_by_segment.",
        "{count} more are in metrics.stage_drop_off_by_segment.",
        rest,
        count=numbers.count(rest),
    )
    return View(
        capital(dimension),
        title,
        chart(
            f"segments-{number}",
            partial(segments_chart, drawn, segments.stages, red, numbers),
            description=say("{title}. Figures in the table.", title=title),
        ),
        _table(
            dimension, [everybody, *_segments(segments, segments.values[:LISTED], numbers)], segments.stages, numbers
        ),
        more if rest > 0 else "",
    )


def _segments(segments: Told, values: Sequence[str], numbers: Numbers) -> list[Segment]:
    return [Segment(segments.named(value, numbers), segments.cells[value]) for value in values]


def _cell(row: Row, stages: Mapping[str, str], red: frozenset[str], numbers: Numbers) -> Cell:
    """Of those who reached a stage, those that went no further."""
    share = numbers.share(row.drop_off_rate, 0)
    went_no_further = say(
        "{stage}: {dropped} of {finished} went no further, {share} ({interval})",
        stage=safe(stages[row.stage]),
        dropped=numbers.count(row.dropped_count),
        finished=numbers.count(row.matured_count),
        share=share,
        interval=numbers.interval(row.drop_off_low, row.drop_off_high),
    )
    colour = RED if row.stage in red else ORANGE
    return Cell(row.drop_off_rate, share, went_no_further, colour, row.drop_off_low, row.drop_off_high)


def _n(count: int, numbers: Numbers) -> str:
    return say_number("{count} journey", "{count} journeys", count, count=numbers.count(count))


def _table(dimension: str, rows: Sequence[Segment], stages: dict[str, str], numbers: Numbers) -> Table:
    """A row per segment: of each stage how many ended there, of how many, and the rate."""

    def cell(row: Segment, stage: str) -> str:
        found = row.stages.get(stage)
        if found is None:
            return NOTHING
        counts = f"{numbers.count(found.dropped_count)} / {numbers.count(found.matured_count)}"
        return f"{numbers.share(found.drop_off_rate)} ({counts})"

    lines = [[row.label, *(cell(row, stage) for stage in stages)] for row in rows]
    return Table(say("Drop-off by {dimension}", dimension=dimension), [capital(dimension), *stages.values()], lines)

"""The map by segment and month: the drop-off of each stage, one dimension at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from itertools import groupby

from parcours.numbers import NOTHING, Numbers, capital, plural
from parcours.report.drawing import ORANGE, RED, chart
from parcours.report.figures import Figures, Row
from parcours.report.journey.flag import Flag, flagged
from parcours.report.journey.segments_chart import SegmentRow, segments_chart
from parcours.report.section import Section, Table, View

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
    told = [Told(of, rows, figures, flag) for of, rows in sorted(by_dimension.items(), key=lambda one: _place(one[0]))]
    told = [one for one in told if len(one.values) > 1]
    if not told:
        return []
    own = [one for one in told if flag and one.stage == flag.stage.stage] or told
    most = max(own, key=lambda one: one.spread(one.stage))
    told.sort(key=lambda one: one is not most)  # the view that is open is the one that the title speaks of
    subtitle = (
        "Of the journeys of each segment that reach a stage and are over, those that go no further, with 95\u00a0% "
        "intervals; a segment is what was known when the journey began. One scale for all. Cells of fewer than "
        f"{figures.shop.small_cell} are left out, and another one where the rest would tell them. Differences "
        f"between many segments are partly chance{': “Who and why” says which are not' if figures.drivers else ''}."
    )
    red = [(RED, "at the flagged stage")] if flag else []
    return [
        Section(
            "segments",
            "By segment",
            f"Most apart by {most.dimension}: {most.ends(numbers)}",
            subtitle,
            ("metrics.stage_drop_off_by_segment", "metrics.funnel_by_segment", "metrics.matured_months"),
            legend=[(ORANGE, "ended here"), *red],
            views=[_view(number, one, figures, flag, numbers) for number, one in enumerate(told, 1)],
        )
    ]


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
            return "too few journeys to compare"
        low, high = (
            f"{numbers.share(row.drop_off_rate, 0)} ({self.named(row.value, numbers)})" for row in (rows[0], rows[-1])
        )
        return f"from {low} to {high} end at {self.stages[self.stage]}"

    def named(self, value: str, numbers: Numbers) -> str:
        """A value as it is read."""
        return numbers.month(date.fromisoformat(value)) if self.dimension == "month" else value


def _view(number: int, told: Told, figures: Figures, flag: Flag | None, numbers: Numbers) -> View:
    whole = {stage.stage: stage for stage in figures.stages if stage.stage in told.stages}
    everybody = SegmentRow("All journeys", _n(max(one.matured_count for one in whole.values()), numbers), whole)
    red = frozenset(stage.stage for stage in flag.stages) if flag else frozenset[str]()
    title = f"By {told.dimension}, {told.ends(numbers)}"
    draw = partial(segments_chart, [everybody, *_segments(told, told.drawn, numbers)], told.stages, red, numbers)
    rest = len(told.values) - len(told.drawn)
    return View(
        capital(told.dimension),
        title,
        chart(f"segments-{number}", draw, description=f"{title}. Figures in the table."),
        _table(told.dimension, [everybody, *_segments(told, told.values[:LISTED], numbers)], told.stages, numbers),
        f"{numbers.count(rest)} more are in metrics.stage_drop_off_by_segment." if rest > 0 else "",
    )


def _segments(told: Told, values: Sequence[str], numbers: Numbers) -> list[SegmentRow]:
    return [
        SegmentRow(told.named(value, numbers), _n(max(row.matured_count for row in cells.values()), numbers), cells)
        for value in values
        for cells in [told.cells[value]]
    ]


def _n(count: int, numbers: Numbers) -> str:
    return f"{numbers.count(count)} {plural(count, 'journey')}"


def _table(dimension: str, rows: Sequence[SegmentRow], stages: dict[str, str], numbers: Numbers) -> Table:
    """A row per segment: of each stage how many ended there, of how many, and the rate."""

    def cell(row: SegmentRow, stage: str) -> str:
        found = row.cells.get(stage)
        if found is None:
            return NOTHING
        counts = f"{numbers.count(found.dropped_count)} / {numbers.count(found.matured_count)}"
        return f"{numbers.share(found.drop_off_rate)} ({counts})"

    lines = [[row.label, *(cell(row, stage) for stage in stages)] for row in rows]
    return Table(f"Drop-off by {dimension}", [capital(dimension), *stages.values()], lines)

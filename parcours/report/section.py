"""What a section of the page is made of: a title that states the finding, charts, and the same figures as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from parcours.numbers import Numbers
from parcours.report.drawing import Chart
from parcours.report.figures import Row
from parcours.words import later, say

Column = tuple[str, str, Callable[..., str]]
"""Of a table: its label (by `later`), the fields of a row that it shows, what writes them: a method of Numbers, say."""

INTERVAL: Column = (later("95\u00a0% interval"), "low high", Numbers.interval)
COUNTED: tuple[Column, ...] = (
    (later("Numerator"), "numerator", Numbers.count),
    (later("Denominator"), "denominator", Numbers.count),
    (later("Open"), "open_count", Numbers.count),
)


@dataclass(frozen=True)
class Table:
    """Figures as text: the first column names the row, the others are aligned right. Small rows are greyed.

    `texts`: the columns besides the first that hold words, not figures.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    small: frozenset[int] = frozenset()
    texts: frozenset[int] = frozenset()


def table(caption: str, columns: Sequence[Column], rows: Sequence[Row], numbers: Numbers) -> Table:
    """Rows by columns; those of a small cell are greyed."""
    cells = [
        [write(numbers, *(getattr(row, field) for field in fields.split())) for _, fields, write in columns]
        for row in rows
    ]
    small = frozenset(place for place, row in enumerate(rows) if getattr(row, "is_small", False))
    return Table(caption, [say(label) for label, _, _ in columns], cells, small)


@dataclass(frozen=True)
class StageTable:
    """The table under the map, with a column per stage: of each row, by its name, the lines of text in each column."""

    stages: Sequence[str]
    flagged: frozenset[int]
    rows: Mapping[str, Sequence[Sequence[str]]]

    def has(self, place: int) -> bool:
        """Whether a stage's column has anything in it."""
        return any(cells[place] for cells in self.rows.values())


@dataclass(frozen=True)
class Sentence:
    """A bold lead, and what follows it; the section that says more of it."""

    lead: str
    text: str
    to: str = ""


@dataclass(frozen=True)
class FlagBox:
    """Which stage is flagged, by which ranking, and what the rankings say."""

    title: str
    text: str
    lines: Sequence[Sentence]


@dataclass(frozen=True)
class View:
    """One of several looks at a section, of which a switch shows one: its name there, its finding, chart and table.

    `legend`: of its own chart, where the views of a section have different marks.
    """

    name: str
    title: str
    chart: Chart
    table: Table
    note: str = ""
    legend: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Section:
    """A part of a page. `empty` says in one line why there is nothing to show.

    `views`: one at a time, by a switch. `shown` tables are open, `folded` charts and `tables` behind a click; `code` is
    for copying; `comments` say what tables hold.
    """

    key: str
    name: str
    title: str
    subtitle: str
    sources: Sequence[str]
    empty: str = ""
    charts: Sequence[Chart] = ()
    legend: Sequence[tuple[str, str]] = ()
    views: Sequence[View] = ()
    flag: FlagBox | None = None
    stage_table: StageTable | None = None
    notes: Sequence[str] = ()
    shown: Sequence[Table] = ()
    code: str = ""
    folded: Sequence[Chart] = ()
    tables: Sequence[Table] = ()
    comments: Sequence[Row] = ()
    numbered: Sequence[str] = field(default=())

    @property
    def drawn(self) -> list[Chart]:
        """Every chart of it: those that are open, behind a click or behind the switch."""
        return [*self.charts, *self.folded, *(view.chart for view in self.views)]

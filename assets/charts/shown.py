"""The metadata that shows a table of figures: `chart`, `first rows`, and each figure as a number."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb

from parcours.numbers import NOTHING, Numbers
from parcours.report.drawing import INK, ORANGE, PALE, SKY
from parcours.report.figures import Row, rows
from parcours.report.page import unturned

FOLDER = Path(__file__).parent
LEFT, RIGHT = 310.0, 740.0
"""Where bars may lie, in pixels of bars.svg."""
TOP, BAR = 40, 26
PARTS = (("went_on_count", SKY, "went on"), ("open_count", PALE, "still open"), ("dropped_count", ORANGE, "ended here"))
BARS_SHOWN, ROWS_SHOWN, COLUMNS_SHOWN, LONGEST, LONGEST_KEY = 24, 12, 10, 42, 200
OF_ONE = ("person", "journey", "session", "order", "cart", "event", "touchpoint", "request", "unit", "attempt", "lead")
"""Tables with an id of these have a row per person or deed: they are not copied into Dagster's history, which forgets
nobody."""


@dataclass(frozen=True)
class Chart:
    """The select of a chart and what its header says."""

    query: Path
    title: str
    unit: str
    headline: str

    def written(self, value: float | None, numbers: Numbers) -> str:
        """A value in the chart's unit."""
        if self.unit == "share":
            return numbers.share(value)
        return numbers.money(value) if self.unit == "currency" else numbers.decimal(value)

    def first(self, found: Sequence[Row]) -> Row:
        """The row that the title is of."""
        if self.headline == "highest":
            return max(found, key=lambda row: abs(row.value or 0))
        if self.headline == "lowest":
            return min(found, key=lambda row: float("inf") if row.value is None else row.value)
        return found[0]


@cache
def charts() -> dict[str, Chart]:
    """Every chart by the name of its table in metrics."""
    return {path.stem: _read(path) for path in sorted(FOLDER.glob("*.sql"))}


def _read(path: Path) -> Chart:
    lines = path.read_text(encoding="utf-8").splitlines()
    said = dict(line.removeprefix("-- ").split(": ", 1) for line in lines if line.startswith("-- "))
    return Chart(path, said["title"], said["unit"], said.get("headline", "first"))


def shown(connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> dict[str, Any]:
    """What the UI shows of a table of metrics.

    Args:
        connection: where the table is, with the settings.
        table: `metrics.name`.
        columns: its columns.
    """
    metadata: dict[str, Any] = {}
    chart = charts().get(table.removeprefix("metrics."))
    if chart and (found := rows(connection, chart.query, Row)):
        metadata = {"chart": _image(chart, found, _numbers(connection)), **_figures(chart, found)}
    if not {f"{one}_id" for one in OF_ONE} & {*columns}:
        metadata["first rows"] = dg.MetadataValue.md(_first_rows(connection, table, columns))
    return metadata


def drawn(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, Any]:
    """The chart of a table alone; nothing where it has no rows."""
    chart = charts()[table.removeprefix("metrics.")]
    found = rows(connection, chart.query, Row)
    return {"chart": _image(chart, found, _numbers(connection))} if found else {}


def svg(chart: Chart, found: Sequence[Row], numbers: Numbers) -> str:
    """Bars of the rows, with their intervals; of the journey map, of its counts. Text from an export stays text."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    found = found[:BARS_SHOWN]
    is_map = hasattr(found[0], PARTS[0][0])
    if is_map:
        low, high = 0.0, float(max(sum(getattr(row, name) for name, *_ in PARTS) for row in found)) or 1.0
    else:
        ends = [float(one) for row in found for one in (row.value, row.low, row.high) if one is not None]
        low, high = min(0.0, *ends), max(0.0, *ends)

    def at(value: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * (value - low) / ((high - low) or 1.0), 1)

    def boxes(row: Row) -> list[tuple[float, float, str]]:
        if not is_map:
            value = float(row.value)
            return [(at(min(0.0, value)), round(abs(at(value) - at(0.0)), 1), SKY)]
        counts = [getattr(row, name) for name, *_ in PARTS]
        begins = [sum(counts[:number]) for number in range(len(counts))]
        return [
            (at(begin), round(at(begin + count) - at(begin), 1), colour)
            for begin, count, (_, colour, _) in zip(begins, counts, PARTS, strict=True)
        ]

    environment = Environment(
        autoescape=True, loader=FileSystemLoader(FOLDER), trim_blocks=True, undefined=StrictUndefined
    )
    top = TOP + 16 * is_map
    note = "line: 95 % interval" if not is_map and any(row.low is not None for row in found) else ""
    return unturned(
        environment.get_template("bars.svg").render(
            height=top + BAR * len(found) + 24,
            ink=INK,
            title=_title(chart, found, numbers),
            legend=[(colour, name) for _, colour, name in PARTS] if is_map else [],
            top=top,
            left=round(LEFT),
            pitch=BAR,
            zero=at(0.0),
            note="journeys that reach the stage; right: of those that are over, ended here" if is_map else note,
            bars=[
                {
                    "name": _cut(row.name),
                    "boxes": boxes(row),
                    "whisker": None if is_map or row.low is None else (at(float(row.low)), at(float(row.high))),
                    "value": chart.written(row.value, numbers),
                }
                for row in found
            ],
        )
    )


def _image(chart: Chart, found: Sequence[Row], numbers: Numbers) -> dg.MarkdownMetadataValue:
    """The chart as an image in Markdown: of SVG itself the UI strips the tags."""
    drawing = base64.b64encode(svg(chart, found, numbers).encode()).decode()
    return dg.MetadataValue.md(f"![{_plain(_title(chart, found, numbers))}](data:image/svg+xml;base64,{drawing})")


def _title(chart: Chart, found: Sequence[Row], numbers: Numbers) -> str:
    row = chart.first(found)
    if row.value is None:
        return "No rate yet: nothing is over"
    return chart.title.replace("{value}", chart.written(row.value, numbers)).replace("{name}", _cut(row.name))


def _figures(chart: Chart, found: Sequence[Row]) -> dict[str, Any]:
    """Each value as a number, which the UI plots over runs: shares in percent."""
    scale, mark = (100, " (%)") if chart.unit == "share" else (1, "")
    return {
        f"{unturned(str(row.name)[:LONGEST_KEY])}{mark}": round(float(row.value) * scale, 4)
        for row in found[:BARS_SHOWN]
        if row.value is not None
    }


def _first_rows(connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> str:
    """The first rows of a table as Markdown, which text from an export cannot leave."""
    named = [*columns][:COLUMNS_SHOWN]
    selected = ", ".join(f'"{name}"' for name in named)
    found = connection.execute(f"select {selected} from {table} order by all limit {ROWS_SHOWN}").fetchall()
    lines = [named, ["---"] * len(named), *([_cell(value) for value in row] for row in found)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, float):
        return f"{value:.6g}"
    return _plain(f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value))


def _plain(text: str) -> str:
    """Text as Markdown shows it and nothing more: no tag, link, picture, emphasis, cell or line of its own."""
    shown = "".join(f"\\{one}" if one in r"\`*_{}[]<>()#+!|~&$" else one for one in " ".join(_cut(text).split()))
    return unturned(shown)


def _cut(text: str | None) -> str:
    """A text that fits beside its bar: its beginning and its end, by which paths and goals differ."""
    if text is None:
        return NOTHING
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}…{text[1 - LONGEST // 2 :]}"


def _numbers(connection: duckdb.DuckDBPyConnection) -> Numbers:
    [(language, currency)] = connection.execute("select language, currency from settings.shop").fetchall()
    return Numbers(language, currency)

"""What came late, and what changed in the exports' shape since the load before."""

from __future__ import annotations

from collections.abc import Sequence

from parcours.report.numbers import Numbers, listed
from parcours.report.quality.chart import DayBar, DayBars, day_bars_chart, day_bars_legend
from parcours.report.quality.figures import Drifted, Late, QualityFigures
from parcours.report.quality.section import SHOWN_ROWS, Checked, Mark, many, not_quite, rest_note, verb
from parcours.report.section import Section, Table
from parcours.report.wording import Sentence

MANY_LATE = 0.05
"""As in checks/few_rows_are_late.sql: above this share of an export's rows, something is wrong with it."""
LATE_TABLES = ("metrics.late_rows", "metrics.outage_days")
DRIFT_TABLES = ("metrics.schema_drift", "raw.loads")


def late_section(figures: QualityFigures, numbers: Numbers) -> Checked:
    """The share of late rows, how late, by day and by export."""
    everything = _everything(figures)
    if everything is None or not everything.row_count:
        empty = "No click-stream is loaded: only its rows are looked at for lateness."
        return Checked(Section("late", "Late rows", "Late rows: not measured", "", LATE_TABLES, empty=empty))
    subtitle = (
        "Rows of the click-stream. A late one happened before the instant that earlier files of its export had "
        "reached already, so it restates a day that looked complete. Lateness: how far before."
    )
    if not everything.late_count:
        title = f"No row came late, of {numbers.count(everything.row_count)}"
        section = Section("late", "Late rows", title, subtitle, LATE_TABLES, shown=[_exports(figures, numbers)])
        return Checked(section, (), "no row came late")
    title = (
        f"{numbers.count(everything.late_count)} of {many(everything.row_count, 'row', numbers)} came late "
        f"({numbers.share(everything.late_share)}), in the median by {numbers.duration(everything.median_seconds)}"
    )
    days = [DayBar(row.on, row.late_count, row.row_count) for row in figures.late if row.split_by == "day" and row.on]
    bars = DayBars(days, "that came late", "rows")
    tracking = [outage for outage in figures.outages if outage.outage == "tracking"]
    restated = [day for day in days if day.count]
    section = Section(
        "late",
        "Late rows",
        title,
        subtitle,
        LATE_TABLES,
        charts=[day_bars_chart("late-days", f"{title}. {subtitle}", bars, tracking, numbers)] if days else [],
        legend=day_bars_legend(bars, tracking) if days else [],
        shown=[_exports(figures, numbers)],
        notes=[
            f"{numbers.count(len(restated))} of {many(len(days), 'day', numbers)} "
            f"{verb(len(restated), 'was', 'were')} restated by late rows. The median of the days' median "
            f"lateness is shown; the days' medians go from {numbers.duration(everything.lowest_seconds)} to "
            f"{numbers.duration(everything.highest_seconds)}."
        ],
        tables=[_late_days(figures, numbers)],
    )
    return Checked(section, _late_fixes(figures, numbers))


def _late_fixes(figures: QualityFigures, numbers: Numbers) -> tuple[Sentence, ...]:
    late = [row for row in figures.late if row.split_by == "export" and (row.late_share or 0) > MANY_LATE]
    if not late:
        return ()
    names = listed([f"{numbers.share(row.late_share)} of {row.export}" for row in late])
    return (Sentence("Export whole days.", f"Late rows: {names}. Let an export wait until its last day is complete."),)


def late_mark(figures: QualityFigures, numbers: Numbers) -> Mark:
    """The share of rows that came in time."""
    everything, name = _everything(figures), "Rows in time"
    if everything is None or not everything.row_count:
        return Mark(name, empty="Lateness can't be seen.")
    found = everything.row_count - everything.late_count
    return Mark(
        name,
        not_quite(found / everything.row_count, numbers),
        f"{numbers.count(found)} of {many(everything.row_count, 'row', numbers)}",
    )


def drift_section(figures: QualityFigures, numbers: Numbers) -> Checked:
    """Columns and event names that are new or gone since the load before."""
    name, loads = "Shape of the exports", figures.loads
    if loads.load_count < 2:
        said = "One load so far" if loads.load_count else "No load so far"
        empty = f"{said}: what is new or gone in the exports can be seen from the second load on."
        return Checked(
            Section("drift", name, "Shape of the exports: nothing to compare yet", "", DRIFT_TABLES, empty=empty)
        )
    title = drift_title(figures.drift, numbers)
    subtitle = (
        "Names of columns (or keys) and of events in each export's latest load, against the loads before it: "
        f"{many(loads.column_count, 'column', numbers)} and "
        f"{many(loads.event_count, 'event name', numbers)} in all."
    )
    section = Section(
        "drift",
        name,
        title,
        subtitle,
        DRIFT_TABLES,
        shown=[_drift(figures.drift, numbers)] if figures.drift else [],
        notes=rest_note(SHOWN_ROWS, len(figures.drift), "names", "metrics.schema_drift", numbers),
    )
    return Checked(
        section, _drift_fixes(figures.drift, numbers), "" if figures.drift else "the exports kept their shape"
    )


def drift_title(drift: Sequence[Drifted], numbers: Numbers) -> str:
    """How many columns and event names are new, and how many are gone."""
    parts = []
    for verdict in ("new", "gone"):
        for what, one in (("column", "column"), ("event", "event name")):
            count = sum(row.verdict == verdict and (row.what == "column") == (what == "column") for row in drift)
            if count:
                parts.append(f"{many(count, one, numbers)} {verdict}")
    if not parts:
        return "No column or event name is new or gone since the load before"
    return f"Since the load before: {', '.join(parts)}"


def _drift_fixes(drift: Sequence[Drifted], numbers: Numbers) -> tuple[Sentence, ...]:
    gone = [row for row in drift if row.verdict == "gone"]
    if not gone:
        return ()
    first = gone[0]
    text = (
        f"{many(len(gone), 'name', numbers)} of columns or events {verb(len(gone), 'is', 'are')} no longer in the "
        f"exports: “{first.name}” of {first.export}{' and others' if len(gone) > 1 else ''}. Renamed, or lost?"
    )
    return (Sentence("Ask where the missing names went.", text),)


def _everything(figures: QualityFigures) -> Late | None:
    return next((row for row in figures.late if row.split_by == "all"), None)


LATE_COLUMNS = ("Rows", "Late", "Share", "Median lateness")


def _late_counts(row: Late, numbers: Numbers) -> list[str]:
    return [
        numbers.count(row.row_count),
        numbers.count(row.late_count),
        numbers.share(row.late_share),
        numbers.duration(row.median_seconds),
    ]


def _exports(figures: QualityFigures, numbers: Numbers) -> Table:
    rows = [[row.export or "", *_late_counts(row, numbers)] for row in figures.late if row.split_by == "export"]
    return Table("Late rows by export", ("Export", *LATE_COLUMNS), rows)


def _late_days(figures: QualityFigures, numbers: Numbers) -> Table:
    rows = [[numbers.day(row.on), *_late_counts(row, numbers)] for row in figures.late if row.split_by == "day"]
    return Table("Late rows by shop day", ("Day", *LATE_COLUMNS), rows)


def _drift(drift: Sequence[Drifted], numbers: Numbers) -> Table:
    rows = [
        [
            row.name,
            row.verdict,
            row.what,
            row.export,
            numbers.count(row.row_count),
            f"{numbers.count(row.first_load)}–{numbers.count(row.last_load)}",
        ]
        for row in drift[:SHOWN_ROWS]
    ]
    columns = ("Name", "Since the load before", "What", "Export", "Rows", "In loads")
    return Table("New and gone names", columns, rows, texts=frozenset({1, 2, 3}))

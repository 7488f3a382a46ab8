"""Rows in: of each export, read = loaded + duplicate + rejected, with the reasons."""

from __future__ import annotations

from parcours.report.exports import export_cells
from parcours.report.numbers import Numbers
from parcours.report.quality.figures import QualityFigures
from parcours.report.quality.section import SHOWN_ROWS, Checked, Mark, many, not_quite, rest_note, verb
from parcours.report.section import Section, Table
from parcours.report.wording import Sentence

SOURCES = ("raw.loads", "metrics.rejected_reasons")


def rows_section(figures: QualityFigures, numbers: Numbers) -> Checked:
    """What became of every row, why rows were rejected, and which files were refused."""
    everything = next((row for row in figures.exports if row.export is None), None)
    if everything is None or not everything.file_count:
        empty = "No file is loaded yet: there are no rows to account for."
        return Checked(Section("rows", "Rows in", "Rows in: nothing is loaded yet", "", SOURCES, empty=empty))
    sums = (
        f"{numbers.count(everything.rows_loaded)} loaded + {numbers.count(everything.rows_duplicate)} duplicate + "
        f"{numbers.count(everything.rows_rejected)} rejected"
    )
    read = f"{numbers.count(everything.rows_read)} read"
    title = f"Every row is accounted for: {read} = {sums}"
    if not everything.adds_up:
        title = f"Rows do not add up: {read}, but {sums}"
    if figures.refused:
        title += f"; {many(len(figures.refused), 'file', numbers)} refused"
    section = Section(
        "rows",
        "Rows in",
        title,
        "Rows of the export files, each counted once. Duplicate: the same row was loaded before. Rejected: "
        "something in it can't be right, so it is in no figure. A refused file is not loaded at all.",
        SOURCES,
        shown=[
            _exports(figures, numbers),
            *([_reasons(figures, numbers)] if figures.reasons else []),
            *([_refused(figures)] if figures.refused else []),
        ],
        notes=[
            "No row was rejected."
            if not everything.rows_rejected
            else "The rejected rows themselves, with line and "
            "text, are in raw.rejected_rows of the warehouse, which is not published.",
            *rest_note(SHOWN_ROWS, len(figures.reasons), "reasons", "metrics.rejected_reasons", numbers),
        ],
        tables=[_files(figures, numbers)] if figures.files else [],
    )
    return Checked(section, _fixes(figures, numbers), "every row is accounted for" if everything.adds_up else "")


def rows_mark(figures: QualityFigures, numbers: Numbers) -> Mark:
    """The share of rows that could be read."""
    everything = next((row for row in figures.exports if row.export is None), None)
    if everything is None or not everything.rows_read:
        return Mark("Rows accepted", empty="No row is loaded yet.")
    accepted = everything.rows_read - everything.rows_rejected
    return Mark(
        "Rows accepted",
        not_quite(accepted / everything.rows_read, numbers),
        f"{numbers.count(accepted)} of {many(everything.rows_read, 'row', numbers)}, loaded or duplicate",
    )


def _fixes(figures: QualityFigures, numbers: Numbers) -> tuple[Sentence, ...]:
    fixes = []
    if figures.refused:
        count = len(figures.refused)
        text = f"{many(count, 'file', numbers)} {verb(count, 'was', 'were')} refused; the reasons say what to correct."
        fixes.append(Sentence("Replace the refused files.", text))
    if figures.reasons:
        first, total = figures.reasons[0], sum(row.row_count for row in figures.reasons)
        share = f"{many(total, 'row', numbers)} {verb(total, 'was', 'were')} rejected"
        text = f"{share}; most often “{first.reason}” ({first.export}, {many(first.row_count, 'row', numbers)})."
        fixes.append(Sentence("Correct the rows that were rejected.", text))
    return tuple(fixes)


def _exports(figures: QualityFigures, numbers: Numbers) -> Table:
    rows = [export_cells(row, numbers) for row in figures.exports]
    columns = ("Export", "Files", "Rows read", "= loaded", "+ duplicate", "+ rejected", "Rejected share")
    return Table("What became of the rows", columns, rows)


def _reasons(figures: QualityFigures, numbers: Numbers) -> Table:
    rows = [[row.reason, row.export, numbers.count(row.row_count)] for row in figures.reasons[:SHOWN_ROWS]]
    return Table("Why rows were rejected", ("Reason", "Export", "Rows"), rows, texts=frozenset({1}))


def _refused(figures: QualityFigures) -> Table:
    rows = [[row.path, row.export, row.reason] for row in figures.refused]
    return Table("Refused files", ("File", "Export", "Why"), rows, texts=frozenset({1, 2}))


def _files(figures: QualityFigures, numbers: Numbers) -> Table:
    rows = [
        [
            row.path,
            row.export,
            numbers.count(row.rows_read),
            numbers.count(row.rows_rejected),
            numbers.share(row.rows_rejected / row.rows_read),
        ]
        for row in figures.files
    ]
    columns = ("File", "Export", "Rows read", "Rejected", "Share")
    return Table("Files with rejected rows", columns, rows, texts=frozenset({1}))

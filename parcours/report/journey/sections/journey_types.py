"""The map by type of journey: which stages the journeys of a type visit, how long, and how satisfied they are there."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import groupby
from typing import TypeVar

from parcours.numbers import NOTHING, Numbers, capital
from parcours.report.drawing import BLUE, SKY, Drawing, chart, safe
from parcours.report.figures import Figures, Row
from parcours.report.journey.segments_chart import Cell, CellRow, segments_chart
from parcours.report.section import Column, Section, Table, View, table
from parcours.words import later, listed, say, say_number

PLACE = 13
WHOLE = "all"
OTHER = "other"
NAMES = {
    WHOLE: later("all journeys"),
    "first purchase": later("first purchases"),
    "renewal": later("renewals"),
    "support": later("support journeys"),
    "usage": later("usage journeys"),
}
COLUMNS: tuple[Column, ...] = (
    (later("Stage"), "label", Numbers.text),
    (later("Visited"), "visited_count", Numbers.count),
    (later("Journeys"), "journey_count", Numbers.count),
    (later("Share"), "visited_share", Numbers.share),
    (later("95\u00a0% interval"), "visited_low visited_high", Numbers.interval),
    (later("Time, median"), "median_seconds", Numbers.duration),
    (later("Satisfaction 0–10"), "satisfaction_mean", Numbers.decimal),
    (later("Answers"), "answer_count", Numbers.count),
)
VISIT, TIME, SATISFACTION = "visit", "time", "satisfaction"
"""The columns of the chart of one type."""

Stages = Mapping[str, Row]
"""Of a type the row of each stage."""
One = TypeVar("One")


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section where two types of journeys or more may be told; none elsewhere."""
    by_type: dict[str, Stages] = {
        of: {row.stage: row for row in rows}
        for of, rows in groupby(figures.stages_by_type, key=lambda row: row.journey_type)
    }
    shown = {of: stages for of, stages in by_type.items() if _any(stages).journey_count is not None}
    types = {of: stages for of, stages in shown.items() if of != WHOLE}
    if len(types) < 2:
        return []
    names = {of: say(name) for of, name in NAMES.items()}
    left_out = [names[of] for of in by_type if of not in shown]
    names[OTHER] = listed(left_out)
    small = numbers.count(figures.shop.small_cell)
    note = say(
        "{types} stand together: fewer than {count} of one of them are over, and the rest would tell these.",
        types=capital(names[OTHER]),
        count=small,
    )
    return [
        Section(
            "journey-types",
            say("By type of journey"),
            _title(types, names, numbers),
            say(
                "Of the journeys of each type that are over, those with a touchpoint in the stage, with 95\u00a0% "
                "intervals, all on one scale. First purchases and renewals end with a purchase, support is opened by a "
                "ticket, a return or a help page, usage is all else. This is no drop-off: the type follows from how a "
                "journey began and ended, so a first purchase has by definition come to the purchase. Times of fewer "
                "than {count} journeys and fewer than {count} answers are left out. * optional stage.",
                count=small,
            ),
            ("metrics.stages_by_journey_type", "metrics.matured_journeys"),
            views=[_side_by_side(shown, names, numbers), *(_of_one(of, types[of], names[of], numbers) for of in types)],
            notes=[note] if left_out else [],
        )
    ]


def _any(of: Mapping[str, One]) -> One:
    """One of a type's rows, or of the types: each row counts its type alike, and each type has all stages."""
    return next(iter(of.values()))


def _title(types: Mapping[str, Stages], names: Mapping[str, str], numbers: Numbers) -> str:
    """Where first purchases and renewals are furthest apart: both have bought, so nothing of it is by definition.

    Where one of them is too small to be told, how many journeys are of which type.
    """
    firsts, renewals = types.get("first purchase"), types.get("renewal")
    if not firsts or not renewals:
        counts = {of: _any(stages).journey_count for of, stages in types.items()}
        total = sum(counts.values())
        parts = [
            say("{share} {type}", share=numbers.share(counts[of] / total, 0), type=names[of])
            for of in sorted(counts, key=lambda of: -counts[of])
        ]
        return say("Of {count} journeys that are over: {parts}", count=numbers.count(total), parts=", ".join(parts))
    apart = [
        (abs(first.visited_share - renewal.visited_share), first, renewal)
        for first, renewal in ((firsts[stage], renewals[stage]) for stage in firsts)
        if first.visited_high < renewal.visited_low or renewal.visited_high < first.visited_low
    ]
    if not apart:
        return say("First purchases and renewals visit each stage about as often: all intervals overlap")
    _, first, renewal = max(apart, key=lambda one: one[0])
    shares = {
        "stage": first.stage_label,
        "renewals": numbers.share(renewal.visited_share, 0),
        "firsts": numbers.share(first.visited_share, 0),
    }
    if renewal.visited_share < first.visited_share:
        return say(
            "Renewals visit {stage} less often than first purchases: {renewals} of them, {firsts} of first purchases",
            **shares,
        )
    return say(
        "Renewals visit {stage} more often than first purchases: {renewals} of them, {firsts} of first purchases",
        **shares,
    )


def _side_by_side(shown: Mapping[str, Stages], names: Mapping[str, str], numbers: Numbers) -> View:
    """All types on one scale; narrow: a row per stage, for there are more stages than types."""
    labels = {stage: row.label for stage, row in _any(shown).items()}
    names = {of: capital(names[of]) for of in shown}
    title = say("How many of the journeys of each type visit each stage")

    def draw(narrow: bool) -> Drawing:
        if narrow:
            rows = [
                CellRow(label, "", {of: _visit(names[of], stages[stage], numbers) for of, stages in shown.items()})
                for stage, label in labels.items()
            ]
            return segments_chart(rows, names, frozenset(), numbers, narrow)
        rows = [
            CellRow(
                names[of],
                _n(_any(stages).journey_count, numbers),
                {stage: _visit(row.label, row, numbers) for stage, row in stages.items()},
            )
            for of, stages in shown.items()
        ]
        return segments_chart(rows, labels, frozenset(), numbers, narrow)

    lines = [[names[of], *(_counted(row, numbers) for row in stages.values())] for of, stages in shown.items()]
    return View(
        say("Side by side"),
        title,
        chart("journey-types", draw, description=say("{title}. Figures in the table.", title=title)),
        Table(say("Journeys that visit each stage"), [say("Type"), *labels.values()], lines),
        legend=[(SKY, say("visit the stage"))],
    )


def _visit(name: str, row: Row, numbers: Numbers) -> Cell:
    """The share of a type's journeys that visit a stage."""
    written = numbers.share(row.visited_share, 0)
    text = say(
        "{name}: {visited} of {journeys} visit it, {share} ({interval})",
        name=safe(name),
        visited=numbers.count(row.visited_count),
        journeys=numbers.count(row.journey_count),
        share=written,
        interval=numbers.interval(row.visited_low, row.visited_high),
    )
    return Cell(row.visited_share, written, text, SKY, row.visited_low, row.visited_high)


def _of_one(of: str, stages: Stages, name: str, numbers: Numbers) -> View:
    """The map of one type: a row per stage."""
    name = capital(name)
    longest = max(stages.values(), key=lambda row: row.median_seconds or 0)
    title = (
        say(
            "{type} stay longest in {stage}: {duration}, median",
            type=name,
            stage=longest.stage_label,
            duration=numbers.duration(longest.median_seconds),
        )
        if longest.median_seconds
        else say("{type}: no time in a stage is known", type=name)
    )
    columns = {
        VISIT: say("Visit it"),
        TIME: say("Time, median"),
        SATISFACTION: say("Satisfaction 0–10"),
    }
    rows = [
        CellRow(
            row.label,
            _n(row.visited_count, numbers),
            {
                VISIT: _visit(name, row, numbers),
                TIME: Cell(None, numbers.duration(row.median_seconds), "", SKY),
                SATISFACTION: _satisfied(row, numbers),
            },
        )
        for row in stages.values()
    ]
    return View(
        name,
        title,
        chart(
            f"journey-types-{of.replace(' ', '-')}",
            partial(segments_chart, rows, columns, frozenset[str](), numbers),
            description=say("{title}. Figures in the table.", title=title),
        ),
        table(name, COLUMNS, [*stages.values()], numbers),
        legend=[(SKY, say("visit the stage")), (BLUE, say("mean of the answers, of 10"))],
    )


def _satisfied(row: Row, numbers: Numbers) -> Cell:
    """The mean of a type's answers about a stage."""
    if row.satisfaction_mean is None:
        return Cell(None, NOTHING, "", BLUE)
    mean, answers = numbers.decimal(row.satisfaction_mean), numbers.count(row.answer_count)
    text = say_number(
        "{mean} of 10, {count} answer", "{mean} of 10, {count} answers", row.answer_count, mean=mean, count=answers
    )
    return Cell(row.satisfaction_mean / 10, say("{mean} (n\u00a0{count})", mean=mean, count=answers), text, BLUE)


def _counted(row: Row, numbers: Numbers) -> str:
    counts = f"{numbers.count(row.visited_count)} / {numbers.count(row.journey_count)}"
    return f"{numbers.share(row.visited_share)} ({counts})"


def _n(count: int, numbers: Numbers) -> str:
    return say_number("{count} journey", "{count} journeys", count, count=numbers.count(count))

"""Why orders and revenue moved: from the month before to the last whole month, part by part, and by segment."""

from __future__ import annotations

from functools import partial

from parcours.numbers import NOTHING, Numbers, capital
from parcours.report.drawing import BLUE, GREEN, RED, Chart, chart
from parcours.report.figures import Figures, Row
from parcours.report.journey.waterfall import Bar, waterfall
from parcours.report.movement_words import contribution, factor, segments, whole
from parcours.report.section import Section, Table
from parcours.tables.segment_words import segment_words
from parcours.words import joined, later, say, told

PLACE = 36
SOURCES = ("metrics.movements", "metrics.movement_segments", "metrics.visit_steps")
MEASURES = {"orders": later("Orders"), "revenue": later("Revenue")}
TOP_SEGMENTS = 6
STAYED = 0.005
"""A relative change that rounds to nothing."""


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section: by how much orders moved and what moved them most; none of a shop without orders."""
    if figures.shop.orders_until is None:
        return []
    orders = [row for row in figures.movements if row.measure == "orders"]
    revenue = [row for row in figures.movements if row.measure == "revenue"]
    section = partial(Section, "movements", say("Why did it move?"), sources=SOURCES)
    if not orders:
        return [
            section(
                say("Why it moved: no two whole months yet"),
                "",
                empty=say("It takes two whole months of visits, or of orders."),
            )
        ]
    first = orders[0]
    subtitle = say(
        "{after} against {before}. Orders are days × visits a day × the rate of each step × orders per visit "
        "that orders, and those without a visit; each part is what of the change is due to it, and parts add up "
        "exactly. An order counts on the day its visit began.",
        after=capital(numbers.period(first.after_from, first.after_until)),
        before=numbers.period(first.before_from, first.before_until),
    )
    charts = [_chart(orders, "orders", numbers)]
    if any(row.before_value or row.after_value for row in revenue[:1]):
        charts.append(_chart(revenue, "revenue", numbers))
    return [
        section(
            orders_moved(orders, numbers),
            subtitle,
            charts=charts,
            legend=[
                (BLUE, say("a month")),
                (GREEN, say("more because of it")),
                (RED, say("less because of it")),
            ],
            notes=_notes(orders, revenue, numbers),
            tables=[_parts([*orders, *revenue], numbers), *_segments(orders, figures, numbers)],
        )
    ]


def orders_moved(orders: list[Row], numbers: Numbers) -> str:
    """By how much orders moved, what moved them most, and which segment explains that."""
    everything, top = orders[0], _top(orders)
    change = whole("orders", everything.before_value, everything.after_value, numbers)
    if top is None:
        return say("Orders stayed as they were: {change}", change=change)
    moved = _rose_or_fell(everything, change)
    part, figures = told(top.part_label), _both(top, numbers)
    if top.segment:
        return say(
            "{moved}, above all by {part} ({figures}), on {segment}",
            moved=moved,
            part=part,
            figures=figures,
            segment=segments(top),
        )
    if top.part == "other":
        return say("{moved}, above all by {part} ({figures})", moved=moved, part=part, figures=figures)
    return say(
        "{moved}, above all by {part} ({figures}); no segment explains it", moved=moved, part=part, figures=figures
    )


def _rose_or_fell(everything: Row, change: str) -> str:
    before, after = everything.before_value, everything.after_value
    if before and abs(after / before - 1) < STAYED:
        return say("Orders stayed near {change}", change=change)
    if after > before:
        return say("Orders rose {change}", change=change)
    return say("Orders fell {change}", change=change)


def _both(part: Row, numbers: Numbers) -> str:
    """A part's own figure in both periods."""
    return f"{factor(part.part, part.before_value, numbers)} → {factor(part.part, part.after_value, numbers)}"


def _top(parts: list[Row]) -> Row | None:
    """The part that moved most in the direction of the whole; of a change of nothing, the largest."""
    change = parts[0].contribution
    alike = [part for part in parts[1:] if part.contribution and part.contribution * (change or part.contribution) > 0]
    return max(alike, key=lambda part: abs(part.contribution), default=None)


def _chart(parts: list[Row], measure: str, numbers: Numbers) -> Chart:
    everything, *rest = parts
    name = say(MEASURES[measure])
    totals = [
        Bar(f"{name}, {label}", "", value, _total(measure, value, numbers), is_total=True)
        for label, value in (
            (numbers.month(everything.before_from), everything.before_value),
            (numbers.month(everything.after_from), everything.after_value),
        )
    ]
    bars = [
        Bar(
            told(part.part_label),
            _both(part, numbers),
            part.contribution,
            contribution(measure, part.contribution, numbers),
        )
        for part in rest
        if part.contribution
    ]
    return chart(
        f"movement-{measure}",
        partial(waterfall, [totals[0], *bars, totals[1]], numbers),
        description=say(
            "{measure}: {change}. Of it due to each part: {parts}.",
            measure=name,
            change=whole(measure, everything.before_value, everything.after_value, numbers),
            parts=joined(f"{bar.label} {bar.right}" for bar in bars),
        ),
    )


def _total(measure: str, value: float, numbers: Numbers) -> str:
    return numbers.short_money(value) if measure == "revenue" else numbers.count(value)


def _notes(orders: list[Row], revenue: list[Row], numbers: Numbers) -> list[str]:
    notes = []
    for row in [orders[0], *orders[1:], *revenue[-1:]]:
        if row.segment and (row.contribution or row.part == "all"):
            notes.append(
                say(
                    "{part}: {segment} moved by {moved}, all others by {others_moved}. Had the segment moved like the "
                    "rest, {share} of it would be gone.",
                    part=say("Orders as a whole") if row.part == "all" else told(row.part_label),
                    segment=segments(row),
                    moved=numbers.relative(row.segment_moved),
                    others_moved=numbers.relative(row.rest_moved),
                    share=numbers.share(min(row.explained_share, 1), 0),
                )
            )
    if not notes and not any(row.before_value or row.after_value for row in orders if row.part == "visits"):
        notes.append(say("Orders that belong to no visit have no segments."))
    elif not notes:
        notes.append(
            say(
                "No segment explains any part: none (of device, channel, country, persona, new or returning, payment "
                "method and attributes, up to three together) stands out more than one does by chance."
            )
        )
    notes.append(say("What moved is no cause: changes, incidents and seasons are told elsewhere on this page."))
    return notes


def _parts(rows: list[Row], numbers: Numbers) -> Table:
    lines = [
        [
            _name(row),
            _figure(row, row.before_value, numbers),
            _figure(row, row.after_value, numbers),
            contribution(row.measure, row.contribution, numbers),
            NOTHING if row.contribution_share is None else numbers.share(row.contribution_share),
            segments(row) if row.segment else NOTHING,
        ]
        for row in rows
    ]
    columns = [
        say("Part"),
        say("Before"),
        say("After"),
        say("Due to it"),
        say("Of the change"),
        say("Segment that explains it"),
    ]
    return Table(say("Parts of the change"), columns, lines, texts=frozenset({5}))


def _name(row: Row) -> str:
    """A measure, or a part of its change."""
    measure = say(MEASURES[row.measure])
    return measure if row.part == "all" else say("{measure}: {part}", measure=measure, part=told(row.part_label))


def _figure(row: Row, value: float | None, numbers: Numbers) -> str:
    if row.part != "all":
        return factor(row.part, value, numbers)
    return numbers.money(value) if row.measure == "revenue" else numbers.count(value)


def _segments(orders: list[Row], figures: Figures, numbers: Numbers) -> list[Table]:
    """The part that moved orders most, by the segments that did most of it: of each dimension they add up to it."""
    top = _top(orders)
    rows = [row for row in figures.movement_segments if top is not None and row.part == top.part]
    if top is None or not rows:
        return []
    lines = []
    for dimension in dict.fromkeys(row.dimension for row in rows):
        of_dimension = [row for row in rows if row.dimension == dimension]
        lines += [
            [
                capital(told(segment_words(row.dimension, row.value))),
                factor(top.part, row.before_value, numbers),
                factor(top.part, row.after_value, numbers),
                contribution("orders", row.mix_contribution, numbers),
                contribution("orders", row.rate_contribution, numbers),
            ]
            for row in of_dimension[:TOP_SEGMENTS]
        ]
    columns = [
        say("Segment"),
        say("Before"),
        say("After"),
        say("By its share\u00a0(mix)"),
        say("By its own figure\u00a0(rate)"),
    ]
    return [Table(say("{part}, by segment, in orders", part=told(top.part_label)), columns, lines)]

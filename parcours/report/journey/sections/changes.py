"""The changes of journey.yaml, a line each; then a section per change: the figure that it was meant to move and those
that moved, by week, and every other figure behind a click."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from parcours.numbers import NOTHING, Numbers, capital, some
from parcours.report.drawing import BLUE_TINT, ORANGE, Chart, chart
from parcours.report.figures import Figures, Row
from parcours.report.journey.dots import Dot, DotPanel, dots
from parcours.report.journey.weeks_chart import weeks_chart
from parcours.report.section import Column, Section, Table, table
from parcours.tables.segment_words import dimension_words, value_words
from parcours.words import joined, later, listed, say, say_number, told

PLACE = 70
MOVED = {"improved": later("{figures} improved"), "worsened": later("{figures} worsened")}
"""The verdicts that say so, and how."""
SOURCES = ("metrics.change_impact", "metrics.change_weeks")
SHORT = {"cannot be told apart": later("not told apart")}
"""Verdicts beside a dot."""
UNMEASURED = "unmeasured"
"""What is said of a change that has no verdict."""
BRIEFLY = {
    UNMEASURED: later("no figure is measured yet"),
    "cannot be told apart": later("cannot be told apart from changes near it"),
    "no evidence": later("no evidence of an effect"),
}
"""What is said of changes that are alike; of the others their verdict."""
NAMES = "; "
"""Between the changes that a verdict is said together with."""
SHOWN = 3
"""Figures that are not behind a click, at most: the change's own, and those that moved."""


def _figure(label: str, funnel: str | None) -> str:
    return label if funnel is None else say("{step}, step of {funnel}", step=label, funnel=funnel)


def _sides(numbers: Numbers, before: int | None, after: int | None, counted: str | None) -> str:
    n = f"{numbers.count(before)} / {numbers.count(after)}"
    return f"{n} {say('attempts') if counted is None else counted}"


FIGURE: Column = (later("Figure"), "label funnel_name", lambda _, *figure: _figure(*figure))
SAID: tuple[Column, ...] = (
    FIGURE,
    (later("What is said of it"), "sentence beside", lambda numbers, said, beside: f"{said} {beside or ''}".strip()),
)
NEAR_DAYS = 28
"""Changes so near are named."""
COLUMNS: tuple[Column, ...] = (
    FIGURE,
    (later("Without it"), "before_value unit", Numbers.value),
    (later("With it"), "after_value unit", Numbers.value),
    (later("Expected"), "expected_value unit", Numbers.value),
    (later("Effect"), "difference unit", Numbers.difference),
    (later("Relative"), "relative_difference", Numbers.relative),
    (
        later("95\u00a0% interval"),
        "low high unit",
        lambda n, low, high, unit: NOTHING if low is None else n.differences(low, high, unit),
    ),
    (later("n without / with"), "before_denominator after_denominator denominator_name", _sides),
    (later("Weeks before"), "weeks_before", Numbers.count),
    (later("Read on"), "looked", lambda _, looked: NOTHING if looked is None else told(looked)),
)
PARTS: tuple[Column, ...] = (
    FIGURE,
    (later("Plain difference"), "plain_difference unit", Numbers.difference),
    (later("of it mix of devices"), "mix_difference unit", Numbers.difference),
    (later("of it rate of each"), "rate_difference unit", Numbers.difference),
    (later("Wanders by"), "wander", lambda numbers, wander: numbers.share(wander, 0)),
    (later("p over the looks"), "p_seq", lambda numbers, p: numbers.decimal(p, 4)),
)
OVERVIEW = (
    later("Change"),
    later("Since"),
    later("Its figure"),
    later("What is said of it"),
    later("What else moved"),
)


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """All changes in a table, then one section each; one that says so where there is none."""
    if not figures.changes:
        empty = say("No change is listed in journey.yaml: nothing to judge.")
        return [Section("changes", say("Changes"), say("Changes: none listed"), "", SOURCES, empty=empty)]
    judged = [(change, _impacts_of(change, figures)) for change in figures.changes]
    return [
        _overview(judged, numbers),
        *(
            _change_section(f"change-{number}", change, impacts, figures, numbers)
            for number, (change, impacts) in enumerate(judged, 1)
        ),
    ]


def _overview(judged: Sequence[tuple[Row, Sequence[Row]]], numbers: Numbers) -> Section:
    """A line per change."""
    lines = []
    for change, impacts in judged:
        own = impacts[0] if impacts else None
        lines.append(
            [
                change.label,
                numbers.period(change.changed_on, change.ended_on)
                if change.ended_on
                else numbers.day(change.changed_on),
                _figure(own.label, own.funnel_name) if own else NOTHING,
                own.sentence if own else say("No figure is measured yet."),
                joined(_moved(impacts[1:], lambda i: f"{i.label} {numbers.difference(i.difference, i.unit)}"))
                or NOTHING,
            ]
        )
    moved = [change for change, impacts in judged if any(i.verdict in MOVED for i in impacts)]
    count = numbers.count(len(judged))
    if moved:
        changes = some([say("“{name}”", name=change.label) for change in moved])
        title = say_number(
            "{count} change: figures moved with {changes}",
            "{count} changes: figures moved with {changes}",
            len(judged),
            count=count,
            changes=changes,
        )
    else:
        title = say_number(
            "{count} change: no figure is known to have moved",
            "{count} changes: no figure is known to have moved",
            len(judged),
            count=count,
        )
    subtitle = say(
        "Of each change first the figure that it was meant to move (moves in journey.yaml), else the step that leaves "
        "its stage, else the shop's first. Every other figure is judged with it, so that what moves by chance is "
        "rarely told."
    )
    shown = [Table(say("Changes"), [say(column) for column in OVERVIEW], lines, texts=frozenset({2, 3, 4}))]
    return Section("changes", say("Changes"), title, subtitle, SOURCES[:1], shown=shown)


def _change_section(key: str, change: Row, impacts: Sequence[Row], figures: Figures, numbers: Numbers) -> Section:
    title = _title(change, impacts, numbers)
    subtitle = say_number(
        "Whole weeks with it against up to 51 weeks without it, with every other logged change, the calendar and the "
        "figure's own wandering allowed for; {guard} around its date left out. Read on days 7, 14 and 28 only, over "
        "{count} figure together.",
        "Whole weeks with it against up to 51 weeks without it, with every other logged change, the calendar and the "
        "figure's own wandering allowed for; {guard} around its date left out. Read on days 7, 14 and 28 only, over "
        "{count} figures together.",
        len(impacts),
        guard=numbers.days(figures.shop.guard_days),
        count=len(impacts),
    )
    if concerned := _concerned(change):
        subtitle += " " + say("Only: {segments}.", segments=concerned)
    section = partial(Section, key, say("“{name}”", name=change.label), title, subtitle, SOURCES)
    if not impacts:
        return section(empty=say("{change}: no figure is measured yet.", change=_name(change, numbers)))
    first = _first(impacts)
    notes = [
        say(
            "What is said moved at the same time and more than the figure wanders by itself: not what caused it. There "
            "is no term for the season: what comes once a year, as Christmas, belongs under “calendar” in journey.yaml."
        )
    ]
    near = [other for other in figures.changes if other is not change and _days_apart(change, other) <= NEAR_DAYS]
    if near:
        names = listed([_name(other, numbers) for other in near])
        notes.insert(0, say("Within {days} days of it: {changes}.", days=NEAR_DAYS, changes=names))
    weeks = _weeks_charts(key, first, figures, numbers)
    has_expected = weeks and any(impact.expected_value is not None for impact in first)
    legend = [(ORANGE, say("expected without the change")), (BLUE_TINT, say("its 95\u00a0% interval"))]
    return section(
        charts=[*_dots(f"{key}-impact", first, figures, numbers), *weeks],
        legend=legend if has_expected else [],
        notes=[change.what, *notes] if change.what else notes,
        shown=[_said(say("What is said of {change}", change=change.label), first, numbers)],
        folded=_dots(f"{key}-every", impacts, figures, numbers) if len(impacts) > len(first) else [],
        tables=[
            *([_said(say("What is said of every figure"), impacts, numbers)] if len(impacts) > len(first) else []),
            table(say("Figures around {change}", change=change.label), COLUMNS, impacts, numbers),
            table(say("Plain differences around {change}", change=change.label), PARTS, impacts, numbers),
        ],
    )


def _said(caption: str, impacts: Sequence[Row], numbers: Numbers) -> Table:
    return replace(table(caption, SAID, impacts, numbers), texts=frozenset({1}))


def _dots(key: str, impacts: Sequence[Row], figures: Figures, numbers: Numbers) -> list[Chart]:
    """A chart of the effects that have an estimate, in points and in money; none where there is none."""
    panels = []
    axes = {
        "share": say("effect in points, 95\u00a0% interval"),
        "currency": say("effect in {currency} per order, 95\u00a0% interval", currency=figures.shop.currency),
    }
    for unit, axis in axes.items():
        shown = [_dot(impact, numbers) for impact in impacts if impact.unit == unit and _has_estimate(impact)]
        if shown:
            panels.append(DotPanel(shown, axis, is_share=unit == "share", is_difference=True))
    return [chart(key, partial(dots, panels, numbers))] if panels else []


def _days_apart(change: Row, other: Row) -> int:
    return int(min(abs((day - change.changed_on).days) for day in (other.changed_on, other.ended_on) if day))


def _has_estimate(impact: Row) -> bool:
    return impact.difference is not None


def _dot(impact: Row, numbers: Numbers) -> Dot:
    was, expected = (numbers.value(value, impact.unit) for value in (impact.after_value, impact.expected_value))
    detail = say(
        "{value} instead of {expected} · {effect} · n\u00a0{before} / {after}",
        value=was,
        expected=expected,
        effect=numbers.difference(impact.difference, impact.unit),
        before=numbers.count(impact.before_denominator),
        after=numbers.count(impact.after_denominator),
    )
    tone = impact.verdict if impact.verdict in MOVED else "quiet"
    short = say(SHORT[impact.verdict]) if impact.verdict in SHORT else told(impact.verdict)
    return Dot(impact.label, detail, impact.difference, impact.low, impact.high, tone, short)


def _first(impacts: Sequence[Row]) -> list[Row]:
    """The change's own figure, and those that moved."""
    return [*impacts[:1], *(impact for impact in impacts[1:] if impact.verdict in MOVED)][:SHOWN]


def _weeks_charts(key: str, impacts: Sequence[Row], figures: Figures, numbers: Numbers) -> list[Chart]:
    charts = []
    for number, impact in enumerate(impacts, 1):
        weeks = [
            week
            for week in figures.change_weeks
            if (week.change_id, week.kpi) == (impact.change_id, impact.kpi) and week.value is not None
        ]
        if len(weeks) > 1:
            happened = figures.changes, figures.incidents
            draw = partial(weeks_chart, weeks, impact, *happened, figures.shop.small_cell, numbers)
            label = _figure(impact.label, impact.funnel_name)
            description = say("{figure} by week. {sentence}", figure=label, sentence=impact.sentence)
            charts.append(chart(f"{key}-weeks-{number}", draw, description=description))
    return charts


def _name(change: Row, numbers: Numbers) -> str:
    """“Guest checkout” (15 August 2026)."""
    on, until = change.changed_on, change.ended_on
    return say("“{change}” ({day})", change=change.label, day=numbers.period(on, until) if until else numbers.day(on))


def _concerned(change: Row) -> str:
    """Whom alone it concerned, “device mobile, tablet; country France”; empty: everybody."""
    values: dict[str, list[str]] = {}
    for attribute, value in change.segments or ():
        values.setdefault(attribute, []).append(value_words(attribute, value))
    return joined(
        say("{dimension} {value}", dimension=dimension_words(attribute), value=", ".join(of_it))
        for attribute, of_it in values.items()
    )


def _impacts_of(change: Row, figures: Figures) -> list[Row]:
    """What is said of the figures around a change, its own first."""
    return [impact for impact in figures.impacts if impact.change_id == change.change_id]


def _title(change: Row, impacts: Sequence[Row], numbers: Numbers) -> str:
    """What moved after a change, in words."""
    moved = _moved(impacts, lambda impact: str(impact.name_in_sentence))
    if moved:
        return say("After {change}: {moved}", change=_name(change, numbers), moved=joined(moved))
    return say("{change}: {said}", change=_name(change, numbers), said=_state(impacts, numbers))


def _word(impacts: Sequence[Row]) -> str:
    """What sums up a change that is not known to have moved anything: a verdict, or that none is there."""
    if not impacts:
        return UNMEASURED
    verdicts = {impact.verdict for impact in impacts} - {"measuring"}
    if impacts[0].verdict == "measuring" or not verdicts - {"not measured before", "too little to tell"}:
        return str(impacts[0].verdict)  # of its own figure
    if "cannot be told apart" in verdicts and "no evidence" not in verdicts:
        return "cannot be told apart"
    return "no evidence"


def _state(impacts: Sequence[Row], numbers: Numbers) -> str:
    """What is said of a change that is not known to have moved anything."""
    word = _word(impacts)
    if word == UNMEASURED:
        return say(BRIEFLY[UNMEASURED])
    if word == "measuring":
        return say("measuring, read next on {day}", day=numbers.day(impacts[0].measuring_until))
    if word == "cannot be told apart":
        apart = next(impact for impact in impacts if impact.verdict == word)
        return say("cannot be told apart from {changes}", changes=some(apart.together_with.split(NAMES)))
    if word != "no evidence":
        return told(word)
    tested = sum(impact.verdict == word for impact in impacts)
    rest = sum(impact.verdict != "measuring" for impact in impacts) - tested
    text = say_number(
        "no evidence of an effect on {count} figure",
        "no evidence of an effect on {count} figures",
        tested,
        count=tested,
    )
    if not rest:
        return text
    more = say_number("too little to tell of {count} more", "too little to tell of {count} more", rest, count=rest)
    return joined([text, more])


def changes_phrase(figures: Figures, day: Callable[[Row], str], numbers: Numbers) -> str:
    """All changes in the summary: what moved by how much, and of the others what can be said, those alike together."""
    phrases: list[str] = []
    others: dict[str, list[str]] = {}
    for change in figures.changes:
        impacts = _impacts_of(change, figures)
        moved = _moved(impacts, lambda i: f"{i.name_in_sentence} {numbers.difference(i.difference, i.unit)}")
        name = say("“{change}” ({day})", change=change.label, day=day(change))
        if moved:
            phrases.append(say("{change}: {said}", change=name, said=joined(moved)))
        else:
            others.setdefault(_word(impacts), []).append(name)
    for word, names in others.items():
        said = say(BRIEFLY[word]) if word in BRIEFLY else told(word)
        phrases.append(say("{changes}: {said}", changes=listed(names), said=said))
    return capital(joined(phrases))


def _moved(impacts: Sequence[Row], phrase: Callable[[Row], str]) -> list[str]:
    """What improved and what worsened, in phrases."""
    found = {verdict: [phrase(i) for i in impacts if i.verdict == verdict] for verdict in MOVED}
    return [say(MOVED[verdict], figures=some(phrases)) for verdict, phrases in found.items() if phrases]

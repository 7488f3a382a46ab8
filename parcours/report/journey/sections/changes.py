"""The changes of journey.yaml, a line each; then a section per change: the figure that it was meant to move and those
that moved, by week, and every other figure behind a click."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from parcours.numbers import NOTHING, Numbers, capital, plural, some
from parcours.report.drawing import BLUE_TINT, ORANGE, Chart, chart
from parcours.report.figures import Figures, Row
from parcours.report.journey.dots import Dot, DotPanel, dots
from parcours.report.journey.weeks_chart import weeks_chart
from parcours.report.section import Column, Section, Table, table
from parcours.words import listed

PLACE = 70
MOVED = ("improved", "worsened")
"""The verdicts that say so."""
SOURCES = ("metrics.change_impact", "metrics.change_weeks")
SHORT = {"cannot be told apart": "not told apart"}
"""Verdicts beside a dot."""
NAMES = "; "
"""Between the changes that a verdict is said together with."""
SHOWN = 3
"""Figures that are not behind a click, at most: the change's own, and those that moved."""


def _sides(numbers: Numbers, before: int | None, after: int | None, denominator: str) -> str:
    return f"{numbers.count(before)} / {numbers.count(after)} {denominator}"


SAID: tuple[Column, ...] = (
    ("Figure", "full_label", Numbers.text),
    ("What is said of it", "sentence beside", lambda numbers, said, beside: f"{said} {beside or ''}".strip()),
)
NEAR_DAYS = 28
"""Changes so near are named."""
COLUMNS: tuple[Column, ...] = (
    ("Figure", "full_label", Numbers.text),
    ("Without it", "before_value unit", Numbers.value),
    ("With it", "after_value unit", Numbers.value),
    ("Expected", "expected_value unit", Numbers.value),
    ("Effect", "difference unit", Numbers.difference),
    ("Relative", "relative_difference", Numbers.relative),
    (
        "95\u00a0% interval",
        "low high unit",
        lambda n, low, high, unit: NOTHING if low is None else n.differences(low, high, unit),
    ),
    ("n without / with", "before_denominator after_denominator denominator_name", _sides),
    ("Weeks before", "weeks_before", Numbers.count),
    ("Read on", "looked", Numbers.text),
)
PARTS: tuple[Column, ...] = (
    ("Figure", "full_label", Numbers.text),
    ("Plain difference", "plain_difference unit", Numbers.difference),
    ("of it mix of devices", "mix_difference unit", Numbers.difference),
    ("of it rate of each", "rate_difference unit", Numbers.difference),
    ("Wanders by", "wander", lambda numbers, wander: numbers.share(wander, 0)),
    ("p over the looks", "p_seq", lambda numbers, p: numbers.decimal(p, 4)),
)


OVERVIEW = ("Change", "Since", "Its figure", "What is said of it", "What else moved")


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """All changes in a table, then one section each; one that says so where there is none."""
    if not figures.changes:
        empty = "No change is listed in journey.yaml: nothing to judge."
        return [Section("changes", "Changes", "Changes: none listed", "", SOURCES, empty=empty)]
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
                own.full_label if own else NOTHING,
                own.sentence if own else "No figure is measured yet.",
                "; ".join(_moved(impacts[1:], lambda i: f"{i.label} {numbers.difference(i.difference, i.unit)}"))
                or NOTHING,
            ]
        )
    moved = [f"“{change.label}”" for change, impacts in judged if any(i.verdict in MOVED for i in impacts)]
    count = len(judged)
    title = (
        f"{numbers.count(count)} {plural(count, 'change')}: figures moved with {some(moved)}"
        if moved
        else f"{numbers.count(count)} {plural(count, 'change')}: no figure is known to have moved"
    )
    subtitle = (
        "Of each change first the figure that it was meant to move (kpi in journey.yaml), else the step that leaves "
        "its stage, else the shop's first. Every other figure is judged with it, so that what moves by chance is "
        "rarely told."
    )
    shown = [Table("Changes", OVERVIEW, lines, texts=frozenset({2, 3, 4}))]
    return Section("changes", "Changes", title, subtitle, SOURCES[:1], shown=shown)


def _change_section(key: str, change: Row, impacts: Sequence[Row], figures: Figures, numbers: Numbers) -> Section:
    title = _title(change, impacts, numbers)
    concerned = f" Only: {change.segment}." if change.segment else ""
    guard = numbers.days(figures.shop.guard_days)
    subtitle = (
        "Whole weeks with it against up to 51 weeks without it, with every other logged change, the calendar and the "
        f"figure's own wandering allowed for; {guard} around its date left out. Read on days 7, 14 and 28 only, over "
        f"{len(impacts)} {plural(len(impacts), 'figure')} together.{concerned}"
    )
    section = partial(Section, key, f"“{change.label}”", title, subtitle, SOURCES)
    if not impacts:
        return section(empty=f"{_name(change, numbers)}: no figure is measured yet.")
    first = _first(impacts)
    notes = [
        "What is said moved at the same time and more than the figure wanders by itself: not what caused it. There is "
        "no term for the season: what comes once a year, as Christmas, belongs under “calendar” in journey.yaml."
    ]
    near = [other for other in figures.changes if other is not change and _days_apart(change, other) <= NEAR_DAYS]
    if near:
        notes.insert(0, f"Within {NEAR_DAYS} days of it: {listed([_name(other, numbers) for other in near])}.")
    weeks = _weeks_charts(key, first, figures, numbers)
    has_expected = weeks and any(impact.expected_value is not None for impact in first)
    legend = [(ORANGE, "expected without the change"), (BLUE_TINT, "its 95\u00a0% interval")]
    return section(
        charts=[*_dots(f"{key}-impact", first, figures, numbers), *weeks],
        legend=legend if has_expected else [],
        notes=[change.what, *notes] if change.what else notes,
        shown=[_said(f"What is said of {change.label}", first, numbers)],
        folded=_dots(f"{key}-every", impacts, figures, numbers) if len(impacts) > len(first) else [],
        tables=[
            *([_said("What is said of every figure", impacts, numbers)] if len(impacts) > len(first) else []),
            table(f"Figures around {change.label}", COLUMNS, impacts, numbers),
            table(f"Plain differences around {change.label}", PARTS, impacts, numbers),
        ],
    )


def _said(caption: str, impacts: Sequence[Row], numbers: Numbers) -> Table:
    return replace(table(caption, SAID, impacts, numbers), texts=frozenset({1}))


def _dots(key: str, impacts: Sequence[Row], figures: Figures, numbers: Numbers) -> list[Chart]:
    """A chart of the effects that have an estimate, in points and in money; none where there is none."""
    panels = []
    for unit, axis in (("share", "effect in points"), ("currency", f"effect in {figures.shop.currency} per order")):
        shown = [_dot(impact, numbers) for impact in impacts if impact.unit == unit and _has_estimate(impact)]
        if shown:
            panels.append(DotPanel(shown, f"{axis}, 95\u00a0% interval", is_share=unit == "share", is_difference=True))
    return [chart(key, partial(dots, panels, numbers))] if panels else []


def _days_apart(change: Row, other: Row) -> int:
    return int(min(abs((day - change.changed_on).days) for day in (other.changed_on, other.ended_on) if day))


def _has_estimate(impact: Row) -> bool:
    return impact.difference is not None


def _dot(impact: Row, numbers: Numbers) -> Dot:
    n = f"n\u00a0{numbers.count(impact.before_denominator)} / {numbers.count(impact.after_denominator)}"
    was, expected = (numbers.value(value, impact.unit) for value in (impact.after_value, impact.expected_value))
    effect = numbers.difference(impact.difference, impact.unit)
    tone = impact.verdict if impact.verdict in MOVED else "quiet"
    detail = f"{was} instead of {expected} · {effect} · {n}"
    return Dot(
        impact.label,
        detail,
        impact.difference,
        impact.low,
        impact.high,
        tone,
        SHORT.get(impact.verdict, impact.verdict),
    )


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
            charts.append(
                chart(f"{key}-weeks-{number}", draw, description=f"{impact.full_label} by week. {impact.sentence}")
            )
    return charts


def _name(change: Row, numbers: Numbers) -> str:
    """“Guest checkout” (15 August 2026)."""
    if change.ended_on:
        return f"“{change.label}” ({numbers.period(change.changed_on, change.ended_on)})"
    return f"“{change.label}” ({numbers.day(change.changed_on)})"


def _impacts_of(change: Row, figures: Figures) -> list[Row]:
    """What is said of the figures around a change, its own first."""
    return [impact for impact in figures.impacts if impact.change_id == change.change_id]


def _title(change: Row, impacts: Sequence[Row], numbers: Numbers) -> str:
    """What moved after a change, in words."""
    moved = _moved(impacts, lambda impact: str(impact.name_in_sentence))
    if moved:
        return f"After {_name(change, numbers)}: {'; '.join(moved)}"
    return f"{_name(change, numbers)}: {_state(impacts, numbers)}"


def _state(impacts: Sequence[Row], numbers: Numbers) -> str:
    """What is said of a change that is not known to have moved anything."""
    if not impacts:
        return "no figure is measured yet"
    if impacts[0].verdict == "measuring":
        return f"measuring, read next on {numbers.day(impacts[0].measuring_until)}"
    words = [impact.verdict for impact in impacts if impact.verdict != "measuring"]
    if not {*words} - {"not measured before", "too little to tell"}:
        return str(impacts[0].verdict)  # of its own figure
    apart = next((impact for impact in impacts if impact.verdict == "cannot be told apart"), None)
    if apart is not None and "no evidence" not in words:
        return f"cannot be told apart from {some(apart.together_with.split(NAMES))}"
    tested = words.count("no evidence")
    rest = len(words) - tested
    text = f"no evidence of an effect on {tested} {plural(tested, 'figure')}"
    return f"{text}; too little to tell of {rest} more" if rest else text


def _short_state(impacts: Sequence[Row], numbers: Numbers) -> str:
    """The same of changes that are alike."""
    state = _state(impacts, numbers)
    if state.startswith("cannot be told apart"):
        return "cannot be told apart from changes near it"
    return state.split(" on ")[0].split(",")[0]


def changes_phrase(figures: Figures, day: Callable[[Row], str], numbers: Numbers) -> str:
    """All changes in the summary: what moved by how much, and of the others what can be said, those alike together."""
    phrases: list[str] = []
    others: dict[str, list[str]] = {}
    for change in figures.changes:
        impacts = _impacts_of(change, figures)
        moved = _moved(impacts, lambda i: f"{i.name_in_sentence} {numbers.difference(i.difference, i.unit)}")
        name = f"“{change.label}” ({day(change)})"
        if moved:
            phrases.append(f"{name}: {'; '.join(moved)}")
        else:
            others.setdefault(_short_state(impacts, numbers), []).append(name)
    phrases += [f"{listed(names)}: {state}" for state, names in others.items()]
    return capital("; ".join(phrases))


def _moved(impacts: Sequence[Row], phrase: Callable[[Row], str]) -> list[str]:
    """What improved and what worsened, in phrases."""
    found = {verdict: [phrase(i) for i in impacts if i.verdict == verdict] for verdict in MOVED}
    return [f"{some(phrases)} {verdict}" for verdict, phrases in found.items() if phrases]

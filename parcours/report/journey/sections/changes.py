"""A section per change of journey.yaml: every figure before and after it, with what that proves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from parcours.report.drawing import chart
from parcours.report.figures import Figures, Row
from parcours.report.journey.dots import Dot, DotPanel, dots
from parcours.report.numbers import Numbers, listed, some
from parcours.report.section import Column, Section, table

PLACE = 70
MOVED = ("improved", "worsened")
"""The verdicts that say so."""
SOURCES = ("metrics.change_impact",)


def _sides(numbers: Numbers, before: int, after: int, denominator: str) -> str:
    return f"{numbers.count(before)} / {numbers.count(after)} {denominator}"


COLUMNS: tuple[Column, ...] = (
    ("Figure", "full_label", Numbers.text),
    ("Before", "before_value unit", Numbers.value),
    ("After", "after_value unit", Numbers.value),
    ("Difference", "difference unit", Numbers.difference),
    ("Relative", "relative_difference", Numbers.relative),
    ("95\u00a0% interval", "low high unit", Numbers.differences),
    ("n before / after", "before_denominator after_denominator denominator_name", _sides),
    ("Days a side", "days_per_side", Numbers.count),
    ("Corrected p", "corrected_p_value", lambda numbers, p: numbers.decimal(p, 3)),
    ("Detectable", "detectable_difference unit", Numbers.size),
    ("Verdict", "verdict", Numbers.text),
)


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section per change; one that says so where there is none."""
    if not figures.changes:
        empty = "No change is listed in journey.yaml: nothing to compare before and after."
        return [Section("change-1", "Changes", "Changes: none listed", "", SOURCES, empty=empty)]
    return [
        _change_section(f"change-{number}", change, _impacts_of(change, figures), figures.shop, numbers)
        for number, change in enumerate(figures.changes, 1)
    ]


def _change_section(key: str, change: Row, impacts: Sequence[Row], shop: Row, numbers: Numbers) -> Section:
    title = _title(change, impacts, numbers)
    days = sorted({impact.days_per_side for impact in impacts if impact.days_per_side})
    span = f"{days[0]}–{days[-1]}" if len(days) > 1 else f"{days[0]}" if days else "0"
    concerned = f" Only: {change.segment}." if change.segment else ""
    funnels = sorted({impact.funnel_name for impact in impacts if impact.funnel_name})
    steps = f" Arrows are steps of {listed([f'“{funnel}”' for funnel in funnels])}." if funnels else ""
    subtitle = (
        f"Difference after − before: {span} days a side, the same weekdays, {numbers.days(shop.guard_days)} around the "
        f"change left out; matured attempts only; verdicts corrected for {len(impacts)} comparisons.{steps}{concerned}"
    )
    section = partial(Section, key, f"“{change.label}”", title, subtitle, SOURCES)
    if all(impact.difference is None for impact in impacts):
        return section(empty=f"{_name(change, numbers)}: no figure has matured attempts on both sides yet.")
    panels = []
    for unit, axis in (("share", "difference in points"), ("currency", f"difference in {shop.currency} per order")):
        shown = [_dot(impact, shop.small_cell, numbers) for impact in impacts if impact.unit == unit]
        if shown:
            panels.append(DotPanel(shown, f"{axis}, 95\u00a0% interval", is_share=unit == "share", is_difference=True))
    notes = [
        "Before and after says what moved at the same time, not what caused it. An interval may leave out 0 and still "
        "be no evidence, since with many comparisons a few do so by chance."
    ]
    return section(
        charts=[chart(f"{key}-impact", partial(dots, panels, numbers))],
        notes=[change.what, *notes] if change.what else notes,
        tables=[table(f"Before and after {change.label}", COLUMNS, impacts, numbers)],
    )


def _dot(impact: Row, small_cell: int, numbers: Numbers) -> Dot:
    n = f"n\u00a0{numbers.count(impact.before_denominator)} / {numbers.count(impact.after_denominator)}"
    if impact.verdict == "too early":
        detail = f"{n}: fewer than {small_cell} after"
        return Dot(impact.label, detail, None, None, None, "quiet", "too early")
    before, after = impact.before_value, impact.after_value
    change = (
        numbers.change_of_share(before, after)
        if impact.unit == "share"
        else f"{numbers.value(before, impact.unit)} → {numbers.value(after, impact.unit)}"
    )
    tone = impact.verdict if impact.verdict in MOVED else "quiet"
    detail = f"{change} · {numbers.difference(impact.difference, impact.unit)} · {n}"
    return Dot(impact.label, detail, impact.difference, impact.low, impact.high, tone, impact.verdict)


def _name(change: Row, numbers: Numbers) -> str:
    """“Guest checkout” (15 August 2026)."""
    return f"“{change.label}” ({numbers.day(change.changed_on)})"


def _impacts_of(change: Row, figures: Figures) -> list[Row]:
    """The figures before and after a change."""
    return [impact for impact in figures.impacts if impact.change_id == change.change_id]


def _title(change: Row, impacts: Sequence[Row], numbers: Numbers) -> str:
    """What moved after a change, in words."""
    moved = _moved(impacts, lambda impact: str(impact.name_in_sentence))
    early = [impact.name_in_sentence for impact in impacts if impact.verdict == "too early"]
    label = _name(change, numbers)
    if moved:
        return f"After {label}: {'; '.join(moved)}"
    if early and len(early) == len(impacts):
        return f"{label}: too early to judge"
    if not impacts:
        return f"{label}: no figure could be compared"
    tested = len(impacts) - len(early)
    text = f"{label}: no evidence of an effect on any of {tested} figures" if tested > 1 else f"{label}: no evidence"
    return f"{text}; too early for {some(early)}" if early else text


def change_phrase(change: Row, figures: Figures, on: str, numbers: Numbers) -> str:
    """A change of a day in the summary: what moved by how much, or that nothing is proven."""
    impacts = _impacts_of(change, figures)
    moved = _moved(impacts, lambda i: f"{i.name_in_sentence} {numbers.difference(i.difference, i.unit)}")
    early = bool(impacts) and all(impact.verdict == "too early" for impact in impacts)
    nothing = "too early to judge" if early else "no evidence of an effect"
    return f"“{change.label}” ({on}): {'; '.join(moved) or nothing}"


def _moved(impacts: Sequence[Row], phrase: Callable[[Row], str]) -> list[str]:
    """What improved and what worsened, in phrases."""
    found = {verdict: [phrase(i) for i in impacts if i.verdict == verdict] for verdict in MOVED}
    return [f"{some(phrases)} {verdict}" for verdict, phrases in found.items() if phrases]

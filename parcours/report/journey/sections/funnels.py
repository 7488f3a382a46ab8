"""A section per funnel: how many attempts reach each step, and what is lost before it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby

from parcours.numbers import NOTHING, Numbers, plural
from parcours.report.drawing import (
    FADED,
    GREY,
    ORANGE,
    RED,
    SKY,
    Drawing,
    chart,
    hidden_axis,
    hover,
    layout,
    note,
    safe,
)
from parcours.report.figures import Figures, Row
from parcours.report.section import INTERVAL, Column, Section, table

PLACE = 20


def _lost(numbers: Numbers, dropped: int, previous: int | None) -> str:
    return NOTHING if previous is None else numbers.count(dropped)


ORDERS = {
    "sequential": "steps in order",
    "strict": "each step the very next touchpoint",
    "any": "steps in any order: one is reached with so many different ones",
}

STEPS: tuple[Column, ...] = (
    ("Step", "label", Numbers.text),
    ("Reached", "reached_count", Numbers.count),
    ("Of entered", "conversion_rate", Numbers.share),
    ("Of the step before", "step_rate", Numbers.share),
    INTERVAL,
    ("Lost", "dropped_count previous_count", _lost),
    ("Open", "open_count", Numbers.count),
    ("Uncovered", "uncovered_count", Numbers.count),
    ("Median time", "median_seconds", Numbers.duration),
    ("At stake", "revenue_at_stake", Numbers.money),
)


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section per funnel."""
    grouped = [list(steps) for _, steps in groupby(figures.funnel_steps, key=lambda step: step.funnel_id)]
    return [
        _funnel_section(
            f"funnel-{number}",
            "Funnel" if len(grouped) == 1 else f"Funnel: {steps[0].funnel_name}",
            steps,
            figures.shop.small_cell,
            numbers,
        )
        for number, steps in enumerate(grouped, 1)
    ]


def _funnel_section(key: str, name: str, steps: Sequence[Row], small_cell: int, numbers: Numbers) -> Section:
    entry, worst = steps[0], _worst_step(steps, small_cell)
    unit, title = _units(entry), _title(steps, small_cell, numbers)
    has_window = entry.window_days is not None
    window = f"window: {numbers.days(entry.window_days)} from the first step" if has_window else "no window"
    subtitle = (
        f"{entry.funnel_name}. Unit: {entry.unit}, once, as its best matured attempt; {window}; "
        f"{ORDERS[entry.step_order]}. "
        f"{numbers.count(entry.entered_count)} {unit} entered and their {'window' if has_window else 'day'} is over; "
        f"{numbers.count(entry.open_count)} {plural(entry.open_count, 'is', 'are')} still open and in no rate."
    )
    if entry.uncovered_count:
        subtitle += (
            f" {numbers.count(entry.uncovered_count)} entered before all that the steps need is known, and are in none "
            "either."
        )
    section = partial(Section, key, name, title, subtitle, ("metrics.funnel_steps",))
    if not entry.entered_count:
        return section(empty=f"No {unit} whose {'window' if has_window else 'day'} is over have entered this funnel.")
    return section(
        legend=[
            (SKY, "reached the step"),
            (ORANGE, "lost since the step before"),
            *([(RED, "lost, most revenue at stake")] if worst else []),
        ],
        charts=[chart(f"{key}-steps", lambda _: _drawing(steps, worst, unit, numbers, small_cell))],
        notes=[
            "“Go on”: share of the step before and its Wilson 95\u00a0% interval; median: the time from that step.",
            *_rules(steps, numbers),
        ],
        tables=[table(f"{entry.funnel_name}, step by step", STEPS, steps, numbers)],
    )


def _rules(steps: Sequence[Row], numbers: Numbers) -> list[str]:
    """What may lie between two steps, where journey.yaml asks for something."""
    said = []
    for step in steps:
        rules = [
            *([f"at most {numbers.duration(step.within_seconds)} after"] if step.within_seconds is not None else []),
            *([f"at least {numbers.duration(step.at_least_seconds)} after"] if step.at_least_seconds else []),
            *([f"without {step.excluded} since"] if step.excluded else []),
        ]
        if rules:
            said.append(f"{step.label}: {' and '.join(rules)} {step.previous_label}.")
    if steps[0].ties == "forbidden":
        said.append("Each step is later than the one before.")
    return said


def _worst_step(steps: Sequence[Row], small_cell: int) -> Row | None:
    """The step with the most revenue at stake among those that enough attempts came to; else by rate lost."""
    ranked = [step for step in steps if (step.previous_count or 0) >= small_cell and step.dropped_count]
    return max(
        ranked, key=lambda step: (step.revenue_at_stake or 0, step.drop_off_rate or 0, -step.step_number), default=None
    )


def _units(step: Row) -> str:
    """What a funnel counts, in the plural."""
    return "people" if step.unit == "person" else plural(2, step.unit)


def _title(steps: Sequence[Row], small_cell: int, numbers: Numbers) -> str:
    """Which step of the funnel loses most."""
    name, units = steps[0].funnel_name, _units(steps[0])
    if not steps[0].entered_count:
        return f"{name}: no attempts whose window is over"
    worst = _worst_step(steps, small_cell)
    if worst is None:
        return f"{name}: {numbers.count(steps[0].entered_count)} {units}, too few to say which step loses most"
    whom = "people who" if steps[0].unit == "person" else f"{units} that"
    return (
        f"{worst.previous_label} → {worst.label} loses {numbers.share(worst.drop_off_rate, 0)} of the {whom} reach it"
    )


def _drawing(steps: Sequence[Row], worst: Row | None, unit: str, numbers: Numbers, small_cell: int) -> Drawing:
    """A bar per step, what was lost before it in orange (the worst step's in red), with its counts above and below."""
    traces: list[Drawing] = []
    notes: list[Drawing] = []
    for row, step in enumerate(steps):
        is_worst = worst is not None and step.step_number == worst.step_number
        is_small = step.previous_count is not None and step.previous_count < small_cell
        pieces = [(step.reached_count, FADED if is_small else SKY), (step.dropped_count, RED if is_worst else ORANGE)]
        text = f"<b>{safe(step.label, 60)}</b><br>{numbers.count(step.reached_count)} {unit}"
        bar = {"type": "bar", "orientation": "h", "y": [-row], "width": 0.24, **hover([text])}
        traces += [{**bar, "x": [count], "marker": {"color": color}} for count, color in pieces]
        head = f"<b>{safe(step.label, 30)}</b>  {numbers.count(step.reached_count)}"
        share = f"{numbers.share(step.conversion_rate)} of entered"
        below = {"xref": "x", "xanchor": "left", "yanchor": "top", "yshift": -11, "size": 11}
        notes.append(note(head, 0, -row, xref="x", xanchor="left", yanchor="bottom", yshift=10))
        notes.append(note(share, 1, -row, xref="paper", xanchor="right", yanchor="bottom", yshift=10, color=GREY))
        notes.append(note(_step_line(step, is_small, numbers), 0, -row, color=RED if is_worst else GREY, **below))
    frame = layout(
        numbers,
        len(steps) * 78 + 16,
        (8, 8, 8, 8),
        annotations=notes,
        barmode="stack",
        xaxis=hidden_axis(range=[0, max(1, steps[0].entered_count)]),
        yaxis=hidden_axis(range=[-len(steps) + 0.42, 0.5]),
    )
    return {"data": traces, "layout": frame}


def _step_line(step: Row, is_small: bool, numbers: Numbers) -> str:
    if step.previous_count is None:
        return f"{numbers.count(step.open_count)} more still open" if step.open_count else "all windows are over"
    if is_small:
        return f"{numbers.count(step.dropped_count)} lost; too few for a rate"
    parts = [
        f"{numbers.share(step.step_rate)} go on ({numbers.interval(step.low, step.high)})",
        f"{numbers.count(step.dropped_count)} lost",
    ]
    if step.median_seconds is not None:
        parts.append(f"median {numbers.duration(step.median_seconds)}")
    return " · ".join(parts)

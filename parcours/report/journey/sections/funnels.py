"""A section per funnel: how many attempts reach each step, and what is lost before it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby

from parcours.numbers import NOTHING, Numbers
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
from parcours.words import later, say, say_number, told

PLACE = 20


def _lost(numbers: Numbers, dropped: int, previous: int | None) -> str:
    return NOTHING if previous is None else numbers.count(dropped)


ORDERS = {
    "sequential": later("steps in order"),
    "strict": later("each step the very next touchpoint"),
    "any": later("steps in any order: one is reached with so many different ones"),
}
UNITS = {
    "person": later("people"),
    "session": later("sessions"),
    "journey": later("journeys"),
    "cart": later("carts"),
    "order": later("orders"),
}
"""What a funnel counts, in the plural."""
RULES = {
    (True, False, False): later("{step}: at most {at_most} after {previous}."),
    (False, True, False): later("{step}: at least {at_least} after {previous}."),
    (False, False, True): later("{step}: without {excluded} since {previous}."),
    (True, True, False): later("{step}: at most {at_most} after and at least {at_least} after {previous}."),
    (True, False, True): later("{step}: at most {at_most} after and without {excluded} since {previous}."),
    (False, True, True): later("{step}: at least {at_least} after and without {excluded} since {previous}."),
    (True, True, True): later(
        "{step}: at most {at_most} after and at least {at_least} after and without {excluded} since {previous}."
    ),
}
"""What may lie before a step: whether journey.yaml says the most time, the least time, what may not come between."""

STEPS: tuple[Column, ...] = (
    (later("Step"), "label", Numbers.text),
    (later("Reached"), "reached_count", Numbers.count),
    (later("Of entered"), "conversion_rate", Numbers.share),
    (later("Of the step before"), "step_rate", Numbers.share),
    INTERVAL,
    (later("Lost"), "dropped_count previous_count", _lost),
    (later("Open"), "open_count", Numbers.count),
    (later("Uncovered"), "uncovered_count", Numbers.count),
    (later("Median time"), "median_seconds", Numbers.duration),
    (later("At stake"), "revenue_at_stake", Numbers.money),
)


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section per funnel."""
    grouped = [list(steps) for _, steps in groupby(figures.funnel_steps, key=lambda step: step.funnel_id)]
    return [
        _funnel_section(
            f"funnel-{number}",
            say("Funnel") if len(grouped) == 1 else say("Funnel: {name}", name=steps[0].funnel_name),
            steps,
            figures.shop.small_cell,
            numbers,
        )
        for number, steps in enumerate(grouped, 1)
    ]


def _funnel_section(key: str, name: str, steps: Sequence[Row], small_cell: int, numbers: Numbers) -> Section:
    entry, worst = steps[0], _worst_step(steps, small_cell)
    title, subtitle = _title(steps, small_cell, numbers), _subtitle(entry, numbers)
    section = partial(Section, key, name, title, subtitle, ("metrics.funnel_steps",))
    if not entry.entered_count:
        return section(empty=_nobody(entry))
    return section(
        legend=[
            (SKY, say("reached the step")),
            (ORANGE, say("lost since the step before")),
            *([(RED, _worst_words(worst))] if worst else []),
        ],
        charts=[chart(f"{key}-steps", lambda _: _drawing(steps, worst, numbers, small_cell))],
        notes=[
            say(
                "“Go on”: share of the step before and its Wilson 95\u00a0% interval; median: the time from that step."
            ),
            *_rules(steps, numbers),
        ],
        tables=[table(say("{funnel}, step by step", funnel=entry.funnel_name), STEPS, steps, numbers)],
    )


def _subtitle(entry: Row, numbers: Numbers) -> str:
    """What the funnel counts, by which rules, and how many entered it."""
    meaning = {"funnel": entry.funnel_name, "unit": told(entry.unit), "order": say(ORDERS[entry.step_order])}
    counts = {
        "units": _counted(entry.unit, entry.entered_count, numbers),
        "open": numbers.count(entry.open_count),
    }
    if entry.window_days is not None:
        sentences = [
            say(
                "{funnel}. Unit: {unit}, once, as its best matured attempt; window: {window} from the first step; "
                "{order}.",
                **meaning,
                window=numbers.days(entry.window_days),
            ),
            say_number(
                "{units} entered and their window is over; {open} is still open and in no rate.",
                "{units} entered and their window is over; {open} are still open and in no rate.",
                entry.open_count,
                **counts,
            ),
        ]
    else:
        sentences = [
            say("{funnel}. Unit: {unit}, once, as its best matured attempt; no window; {order}.", **meaning),
            say_number(
                "{units} entered and their day is over; {open} is still open and in no rate.",
                "{units} entered and their day is over; {open} are still open and in no rate.",
                entry.open_count,
                **counts,
            ),
        ]
    if entry.uncovered_count:
        sentences.append(
            say_number(
                "{count} entered before all that the steps need is known, and is in none either.",
                "{count} entered before all that the steps need is known, and are in none either.",
                entry.uncovered_count,
                count=numbers.count(entry.uncovered_count),
            )
        )
    return " ".join(sentences)


def _nobody(entry: Row) -> str:
    units = say(UNITS[entry.unit])
    if entry.window_days is not None:
        return say("No {units} whose window is over have entered this funnel.", units=units)
    return say("No {units} whose day is over have entered this funnel.", units=units)


def _rules(steps: Sequence[Row], numbers: Numbers) -> list[str]:
    """What may lie between two steps, where journey.yaml asks for something."""
    said = []
    for step in steps:
        asked = step.within_seconds is not None, bool(step.at_least_seconds), bool(step.excluded)
        if any(asked):
            said.append(
                say(
                    RULES[asked],
                    step=step.label,
                    at_most=numbers.duration(step.within_seconds),
                    at_least=numbers.duration(step.at_least_seconds),
                    excluded=step.excluded,
                    previous=step.previous_label,
                )
            )
    if steps[0].ties == "forbidden":
        said.append(say("Each step is later than the one before."))
    return said


def _worst_step(steps: Sequence[Row], small_cell: int) -> Row | None:
    """The step with the most revenue at stake among those that enough attempts came to; else by rate lost."""
    ranked = [step for step in steps if (step.previous_count or 0) >= small_cell and step.dropped_count]
    return max(
        ranked, key=lambda step: (step.revenue_at_stake or 0, step.drop_off_rate or 0, -step.step_number), default=None
    )


def _worst_words(worst: Row) -> str:
    """By what it is the worst: no revenue is at stake where no orders value it."""
    return say("lost, most revenue at stake") if worst.revenue_at_stake else say("lost, highest rate")


def _counted(unit: str, count: int, numbers: Numbers) -> str:
    """So many of what a funnel counts."""
    written = numbers.count(count)
    match unit:
        case "person":
            return say_number("{count} person", "{count} people", count, count=written)
        case "session":
            return say_number("{count} session", "{count} sessions", count, count=written)
        case "journey":
            return say_number("{count} journey", "{count} journeys", count, count=written)
        case "cart":
            return say_number("{count} cart", "{count} carts", count, count=written)
        case _:
            return say_number("{count} order", "{count} orders", count, count=written)


def _title(steps: Sequence[Row], small_cell: int, numbers: Numbers) -> str:
    """Which step of the funnel loses most."""
    entry = steps[0]
    if not entry.entered_count:
        return say("{funnel}: no attempts whose window is over", funnel=entry.funnel_name)
    worst = _worst_step(steps, small_cell)
    if worst is None:
        return say(
            "{funnel}: {units}, too few to say which step loses most",
            funnel=entry.funnel_name,
            units=_counted(entry.unit, entry.entered_count, numbers),
        )
    lost = {
        "previous": worst.previous_label,
        "step": worst.label,
        "share": numbers.share(worst.drop_off_rate, 0),
    }
    if entry.unit == "person":
        return say("{previous} → {step} loses {share} of the people who reach it", **lost)
    return say("{previous} → {step} loses {share} of the {units} that reach it", **lost, units=say(UNITS[entry.unit]))


def _drawing(steps: Sequence[Row], worst: Row | None, numbers: Numbers, small_cell: int) -> Drawing:
    """A bar per step, what was lost before it in orange (the worst step's in red), with its counts above and below."""
    traces: list[Drawing] = []
    notes: list[Drawing] = []
    for row, step in enumerate(steps):
        is_worst = worst is not None and step.step_number == worst.step_number
        is_small = step.previous_count is not None and step.previous_count < small_cell
        pieces = [(step.reached_count, FADED if is_small else SKY), (step.dropped_count, RED if is_worst else ORANGE)]
        text = f"<b>{safe(step.label, 60)}</b><br>{_counted(step.unit, step.reached_count, numbers)}"
        bar = {"type": "bar", "orientation": "h", "y": [-row], "width": 0.24, **hover([text])}
        traces += [{**bar, "x": [count], "marker": {"color": color}} for count, color in pieces]
        head = f"<b>{safe(step.label, 30)}</b>  {numbers.count(step.reached_count)}"
        share = say("{share} of entered", share=numbers.share(step.conversion_rate))
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
        if not step.open_count:
            return say("all windows are over")
        return say("{count} more still open", count=numbers.count(step.open_count))
    if is_small:
        return say("{count} lost; too few for a rate", count=numbers.count(step.dropped_count))
    parts = [
        say(
            "{share} go on ({interval})",
            share=numbers.share(step.step_rate),
            interval=numbers.interval(step.low, step.high),
        ),
        say("{count} lost", count=numbers.count(step.dropped_count)),
    ]
    if step.median_seconds is not None:
        parts.append(say("median {duration}", duration=numbers.duration(step.median_seconds)))
    return " · ".join(parts)

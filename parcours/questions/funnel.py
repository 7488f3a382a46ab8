"""`funnel`: how many get from step to step, of any table of events; exact, with every option of docs/definitions.md.

The chains are those of the tables of a run (`sql/funnels`), the counting is `sql/questions/funnel.sql`; here a question
becomes the CTEs that they read.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from parcours.project import ROOT
from parcours.questions.funnel_answer import FunnelAnswer, answer_funnel, question, select_row, written_out
from parcours.questions.groups import group_key
from parcours.questions.log import TABLE, as_log
from parcours.questions.steps import QuestionError, Span, Step, as_steps, seconds
from parcours.settings.funnel_rules import (
    Chain,
    Entry,
    Order,
    Rule,
    Ties,
    WindowFrom,
    chain_of,
    rules_of,
    whole_window,
)
from parcours.tables.funnel_parts import with_steps
from parcours.warehouse.connection import quoted, text_literal


def funnel(
    events: Any,
    steps: Sequence[str | Sequence[str] | Step],
    *,
    window: Span = "7 days",
    window_from: WindowFrom = "first",
    order: Order = "sequential",
    unit: str = "person_id",
    ties: Ties = "advance",
    entry: Entry = "closed",
    by: str | Sequence[str] = (),
    since: date | str | None = None,
    until: date | str | None = None,
    where: str | None = None,
    time: str = "occurred_at",
    event: str = "event",
    sequence: str | None = None,
    time_zone: str = "UTC",
    known_until: datetime | str | None = None,
) -> FunnelAnswer:
    """How many units get from step to step of a funnel.

    An attempt is a unit on a day of entry, with the best chain of that day; a unit counts once, as its best attempt
    whose window is over (docs/definitions.md, "Funnel"). Columns as in `metrics.funnel_steps`: counts, shares of 1 with
    their Wilson 95 % interval, seconds.

    Args:
        events: the log: a DataFrame, an Arrow table, a relation of DuckDB, or the path of a Parquet or CSV file.
        steps: events in their order: a name, several that are alternatives, or a `step` with its rules.
        window: the most time from the first step, its end included; with `window_from="prior"` from each to the next.
        window_from: what the window counts from.
        order: `sequential`, `strict` (a step is the unit's very next event) or `any`.
        unit: the column whose values are counted; rows without one are left out.
        ties: whether events of one instant may be two steps.
        entry: `closed`: all enter at the first step; `open`: at any, each counted where it enters and goes on from.
        by: columns to break down by, as they are at the entry.
        since: the first day of entry that counts.
        until: the last one.
        where: a condition in SQL that the entry's row meets.
        time: the column of instants; those without a time zone are UTC.
        event: the column of the events' names.
        sequence: a column that orders events of one instant; without it they are in the order of the steps.
        time_zone: in which a day is a day.
        known_until: until when all events are known; windows that end later are open. By default the last event.

    Raises:
        QuestionError: the log lacks a column, or the options contradict each other.
    """
    log, asked = as_log(events), as_steps(steps)
    groups = [by] if isinstance(by, str) else [*by]
    for column in (unit, event, *groups, *([sequence] if sequence else [])):
        log.known(column)
    _refuse(asked, order, window_from, ties, entry)
    between = [one.between for one in asked if not one.is_optional]
    rules = rules_of(between, seconds(window, "window"), window_from, order, ties, entry)
    chain = chain_of(between, rules, order)
    instant = log.instant(time)
    limits = {
        "window_seconds": number(whole_window(rules)),
        "time_zone": text_literal(time_zone),
        "since": f"cast({text_literal(str(since))} as date)" if since is not None else "cast(null as date)",
        "until": f"cast({text_literal(str(until))} as date)" if until is not None else "cast(null as date)",
        "known_until": f"cast({text_literal(str(known_until))} as timestamp)"
        if known_until is not None
        else f"(select max({instant}) from {TABLE})",
    }
    given = {
        "row_id": "row_number() over ()",
        "unit_id": quoted(unit),
        "occurred_at": instant,
        "sequence": quoted(sequence) if sequence else "cast(null as bigint)",
        "group_key": group_key({one: quoted(one) for one in groups}),
        "is_asked_for": f"coalesce({where}, false)" if where else "true",
    }
    ctes = {
        "asked": select_row(limits),
        "events": _events(asked, given, quoted(event), is_whole=order == "strict"),
        "rules": " union all ".join(select_row(_row(rule)) for rule in rules),
        "steps": " union all ".join(select_row(row) for row in _labels(asked)),
        "units": _units(asked, chain, time_zone, is_strict=order == "strict"),
        "optional_hits": _optional_hits(asked),
        "attempts": _chain(chain, len(rules)),
        "outcomes": question("funnel_outcomes"),
    }
    definition = _definition(asked, window, window_from, order, unit, ties, entry)
    return answer_funnel(log.ask, ctes, groups, definition)


def _refuse(steps: Sequence[Step], order: Order, window_from: str, ties: str, entry: str) -> None:
    """Refuse options that contradict each other."""
    if order != "any":
        if entry == "open" and any(one.is_optional for one in steps):
            raise QuestionError(
                "An open funnel has no optional steps: each step of it may be left out. Take optional off."
            )
        return
    if (
        window_from == "prior"
        or ties == "forbidden"
        or entry == "open"
        or any(one.is_optional or one.has_rules for one in steps)
    ):
        raise QuestionError(
            "In any order no step comes before another: no rules, no prior step, and every one is an entry."
        )
    names = [name for one in steps for name in one.events]
    if len(set(names)) < len(names):
        raise QuestionError(
            "In any order an event belongs to one step. Take the names that come twice from all but one."
        )


def _row(rule: Rule) -> dict[str, str]:
    """A step's rule as SQL, for the chain."""
    return {
        "funnel_id": "1",
        "step_number": f"{rule.step_number}",
        "window_seconds": number(rule.window_seconds),
        "within_seconds": number(rule.within_seconds),
        "at_least_seconds": number(rule.at_least_seconds),
        "is_strict": str(rule.is_strict).lower(),
        "is_open": str(rule.is_open).lower(),
    }


@cache
def _chain(name: Chain, step_count: int) -> str:
    """One of the chains of `sql/funnels`, its functions written out, so that any DuckDB can run it."""
    text = (ROOT / "sql" / "funnels" / f"{name}.sql").read_text(encoding="utf-8")
    select = written_out(with_steps(text, step_count)).replace("settings.shop", "asked")
    return f"select *, 1 as entry_step from (\n{select}\n)" if name == "funnel_chain" else select


def _events(steps: Sequence[Step], given: dict[str, str], event: str, is_whole: bool) -> str:
    """The rows of the log that are a step, optional or not, or that one excludes; with strict steps all of a unit's."""
    flags, chained = {}, []
    for place, one in enumerate(steps, 1):
        flags[f"is_step_{place}"] = f"coalesce({one.condition(event)}, false)"
        if one.without:
            flags[f"is_excluded_{place}"] = f"coalesce({event} in ({', '.join(map(text_literal, one.without))}), false)"
        if not one.is_optional:
            chained.append(place)
    numbered = [(chain_step, f"is_step_{place}") for chain_step, place in enumerate(chained, 1)]
    fits = {
        "first_step": f"case {' '.join(f'when {flag} then {step}' for step, flag in numbered)} end",
        "last_step": f"case {' '.join(f'when {flag} then {step}' for step, flag in reversed(numbered))} end",
    }
    wanted = "true" if is_whole else " or ".join(flags)
    return (
        f"select *, {', '.join(f'{value} as {name}' for name, value in fits.items())} from (\n"
        f"{select_row(given | flags)} from {TABLE}\n) as flagged where unit_id is not null and ({wanted})"
    )


def _units(steps: Sequence[Step], chain: Chain, time_zone: str, is_strict: bool) -> str:
    """A row per row of the log and step of the chain that it is, and those that may not lie between two steps."""
    columns = {
        "funnel_id": "1",
        "chain": text_literal(chain),
        "unit_id": "unit_id",
        # In another time zone the chain asks for the days of entries alone.
        "unit_on": "cast(occurred_at as date)" if time_zone == "UTC" else "cast(null as date)",
        "person_id": "unit_id",
        "session_id": "row_id",  # of the entry: what a chain carries to the attempt
        "touchpoint_id": "row_id",
        "occurred_at": "occurred_at",
        "sequence": "sequence",
        "first_step": "first_step",
        "last_step": "last_step",
        "has_ties": "(select coalesce(bool_or(first_step <> last_step), false) from events)",
        "window_seconds": "asked.window_seconds",
    }
    matches = []
    chain_step = 0
    for place, one in enumerate(steps, 1):
        chain_step += not one.is_optional
        if not one.is_optional:
            matches.append((f"is_step_{place}", f"{chain_step}", "null"))
        if one.without:
            matches.append((f"is_excluded_{place}", "null", f"{chain_step}"))
    if is_strict:
        matches.append(("first_step is null", "null", "null"))
    selects = (
        select_row(columns | {"step_number": f"cast({step} as bigint)", "excluded_step": f"cast({excluded} as bigint)"})
        + f" from events cross join asked where {flag}"
        for flag, step, excluded in matches
    )
    return "\nunion all\n".join(map(written_out, selects))


def _labels(steps: Sequence[Step]) -> list[dict[str, str]]:
    """A row per step: its number and label, its step of the chain, and that of the chain's step before it."""
    rows, chain_step = [], 0
    for place, one in enumerate(steps, 1):
        after = chain_step
        chain_step += not one.is_optional
        rows.append(
            {
                "number": f"{place}",
                "label": text_literal(one.name),
                "is_optional": str(one.is_optional).lower(),
                "chain_step": "cast(null as bigint)" if one.is_optional else f"cast({chain_step} as bigint)",
                "after_step": f"{after}",
            }
        )
    return rows


def _optional_hits(steps: Sequence[Step]) -> str:
    """The rows of optional steps, each behind its step of the chain; whether it is that step or the next one too."""
    selects, chained = [], [place for place, one in enumerate(steps, 1) if not one.is_optional]
    for place, one in enumerate(steps, 1):
        if one.is_optional:
            before = [other for other in chained if other < place]
            following = [other for other in chained if other > place]
            selects.append(
                f"select {place} as number, unit_id as hit_unit_id, occurred_at, {len(before)} as after_step, "
                f"is_step_{before[-1]} as fits_before, "
                f"{f'is_step_{following[0]}' if following else 'false'} as fits_next from events where is_step_{place}"
            )
    nothing = (
        "select 0 as number, unit_id as hit_unit_id, occurred_at, 0 as after_step, false as fits_before, "
        "false as fits_next from events where false"
    )
    return " union all ".join(selects) or nothing


def number(value: float | None) -> str:
    """A number as it stands in SQL."""
    return "cast(null as double)" if value is None else f"cast({value!r} as double)"


def _definition(
    steps: Sequence[Step], window: Span, window_from: str, order: Order, unit: str, ties: str, entry: str
) -> str:
    said = {
        "sequential": "in this order, others may come between",
        "strict": "in this order, nothing of the unit between",
        "any": "in any order: step k is reached with k of them",
    }
    spans = "no window" if window is None else f"window {window} from the {window_from} step, its end included"
    rules = [
        f"{one.name}: "
        + ", ".join(
            [
                *(["optional: counted, never asked for"] if one.is_optional else []),
                *(
                    [f"at most {one.within_seconds:g} s after the step before"]
                    if one.within_seconds is not None
                    else []
                ),
                *([f"at least {one.at_least_seconds:g} s after the step before"] if one.at_least_seconds else []),
                *([f"without {' or '.join(one.without)} since the step before"] if one.without else []),
            ]
        )
        for one in steps
        if one.is_optional or one.has_rules
    ]
    instants = (
        "events of one instant may be two steps" if ties == "advance" else "each step is later than the one before"
    )
    entered = "entered at the first step" if entry == "closed" else "entered at any step"
    return (
        f"Funnel {' → '.join(one.name for one in steps)}, {said[order]}; {spans}; {instants}; {entered}. A {unit} "
        "counts once, as its best attempt whose window is over: the furthest, among equals the latest. conversion_rate "
        "is reached / entered, step_rate is reached / reached the step before, with its Wilson 95 % interval."
        f"{''.join(f' {rule}.' for rule in rules)}"
    )

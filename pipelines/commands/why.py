"""`parcours why`: why orders and revenue moved between two periods."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import date

import duckdb

from parcours.engine.build import NotBuilt
from parcours.numbers import Numbers
from parcours.project import load_last_good_project
from parcours.report.movement_words import contribution, factor, whole
from parcours.tables.movements import Movement, Span, last_months, movements, named, spans_that_are_known


def why(options: argparse.Namespace) -> int:
    """Print what orders and revenue moved by, part by part, from the published tables."""
    project = load_last_good_project(options.journey)
    if not project.published.exists():
        raise NotBuilt(f"{project.published} is not there yet. `parcours run` writes it.")
    numbers = Numbers(project.settings.shop.language, project.settings.shop.currency)
    with duckdb.connect(str(project.published), read_only=True) as published:
        if options.before and options.after:
            spans = spans_that_are_known(published, options.before, options.after)
        else:
            months = last_months(published)
            if months is None:
                print(
                    "The exports hold no two whole months yet. Give two periods: --from 2026-07-01..2026-07-14 --to …"
                )
                return 1
            spans = months
        print(
            f"From {numbers.period(spans[0].first, spans[0].last)} to {numbers.period(spans[1].first, spans[1].last)}:"
        )
        for movement in movements(published, *spans):
            print("\n".join(lines(movement, numbers)))
    return 0


def span(text: str) -> Span:
    """Two days as they are given on the command line: 2026-07-01..2026-07-31; one day alone is a period too."""
    first, _, last = text.partition("..")
    try:
        given = Span(date.fromisoformat(first), date.fromisoformat(last or first))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: expected two days, as 2026-07-01..2026-07-31") from error
    if given.first > given.last:
        raise argparse.ArgumentTypeError(f"{text!r}: its last day lies before its first")
    return given


def lines(movement: Movement, numbers: Numbers) -> Iterator[str]:
    """What a measure moved by, as it is printed: the change, then each part that is not nothing."""
    everything, *rest = movement.parts
    parts = [part for part in rest if part.contribution]
    yield f"\n{everything.label}: {whole(movement.measure, everything.before, everything.after, numbers)}"
    width = max((len(part.label) for part in parts), default=0)
    for part in parts:
        amount = contribution(movement.measure, part.contribution, numbers)
        figures = f"{factor(part.part, part.before, numbers)} → {factor(part.part, part.after, numbers)}"
        where = f"  {named(part.explained)}" if part.explained else ""
        yield f"  {amount:>12}  {part.label:<{width}}  {figures}{where}"
    if parts:
        yield f"  explained by {named(everything.explained)}" if everything.explained else "  no segment explains it"

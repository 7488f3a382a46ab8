"""The first thing one reads on the journey page: where journeys end, who drops and why, what moved, what the changes
did, what to do first, which incidents go on, what to be careful about; each with the section that says more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from parcours.numbers import Numbers, capital, plural, some
from parcours.report.figures import Figures, Row, first
from parcours.report.incident_words import cost, place, size
from parcours.report.journey.flag import RANKINGS, Flag, flagged, interval_and_stake, ranked_by, step_of
from parcours.report.journey.gains import what_to_do
from parcours.report.journey.sections.changes import changes_phrase
from parcours.report.journey.sections.movements import orders_moved
from parcours.report.journey.sections.restated import values_moved
from parcours.report.journey.sections.why import dropping_more, who_drops_more
from parcours.report.section import Sentence
from parcours.words import listed

GOALS_TOLD = 2
"""Told of what to do first."""
OUTAGES = {
    "tracking": "left out of rates",
    "payment": "marked, and left out where changes are judged, but for an incident's own",
}


def summary(figures: Figures, numbers: Numbers) -> list[Sentence]:
    """The finding first; then what explains it, and what to know before trusting it. Nothing is said of what is not
    known."""
    flag = flagged(figures)
    sentences = [
        _loss(figures, flag, numbers),
        Sentence("Who, and why", _who(figures, flag, numbers), "why"),
        Sentence("What moved", " ".join(_moved(figures, numbers)), "movements"),
        Sentence("What the changes did", _changes(figures, numbers), "changes"),
        Sentence("What to do first", _first_gain(figures, numbers), "journey"),
        Sentence("Going on now", _open_incidents(figures, numbers), "incidents"),
        Sentence("Read with care", " ".join(_warnings(figures, numbers)), "method"),
    ]
    return [sentence for sentence in sentences if sentence.text]


def _loss(figures: Figures, flag: Flag | None, numbers: Numbers) -> Sentence:
    if flag is None:
        needed = f"a drop-off and the {figures.shop.small_cell} finished journeys that a ranking needs"
        return Sentence("No stage can be flagged yet.", f"None has both {needed}.")
    stage = flag.stage
    rate = (
        f"{numbers.share(stage.drop_off_rate)} of the finished journeys that reach {stage.label} go no further "
        f"{interval_and_stake(stage, numbers)}."
    )
    if flag.is_tie:
        return Sentence(f"{flag.names} tie for the highest drop-off by {flag.by}.", rate)
    firsts = [
        (name, [row for row in ranked_by(figures, ranking) if row.rank == 1 or row.is_tie_with_first])
        for ranking, (name, _) in RANKINGS.items()
    ]
    others = [
        f"by {name} {listed([row.label for row in tied])} tie" if len(tied) > 1 else f"by {name} it is {tied[0].label}"
        for name, tied in firsts
        if tied and stage.stage not in [row.stage for row in tied]
    ]
    also = f" {capital(listed(others))}." if others else ""
    return Sentence(f"{step_of(stage)} is where the shop loses most.", rate + also)


def _who(figures: Figures, flag: Flag | None, numbers: Numbers) -> str:
    """What goes with dropping where most is lost, else where it is told; empty where nothing was compared."""
    if not figures.drivers:
        return ""
    more = dropping_more(figures)
    at_flag = [row for row in more if flag is not None and row.stage_left == flag.stage.stage]
    told = f"{who_drops_more((at_flag or more)[0], numbers)}." if more else ""
    if at_flag or flag is None:
        return told
    nothing = f"Nothing sets those who end at {flag.stage.label} apart from the others there, beyond chance."
    return f"{nothing} {told}".strip()


def _moved(figures: Figures, numbers: Numbers) -> Iterator[str]:
    """Orders of the last whole month against those of the month before; matured values against the last report's."""
    orders = [row for row in figures.movements if row.measure == "orders"]
    if orders:
        months = f"{numbers.month(orders[0].before_from)} → {numbers.month(orders[0].after_from)}"
        yield f"{months}: {orders_moved(orders, numbers)}."
    before = next(iter(figures.report_before), None)
    if before is not None and before.is_compared:
        yield f"{values_moved(before, figures, numbers)}."


def _changes(figures: Figures, numbers: Numbers) -> str:
    if not figures.changes:
        return ""
    return f"{changes_phrase(figures, lambda change: _short_day(change.changed_on, figures.shop, numbers), numbers)}."


def _first_gain(figures: Figures, numbers: Numbers) -> str:
    """The goal that would bring most, of those that would bring something at 95 %, and then one of another stage."""
    sure = [row for row in figures.gains if row.gained_low > 0]
    by_worth = sorted(sure, key=lambda row: (-(row.gain or 0), -row.gained_count, row.stage, row.goal))
    if not by_worth:
        return ""
    steps = {stage.stage: step_of(stage) for stage in figures.stages}
    best: dict[str, Row] = {}
    for row in by_worth:
        best.setdefault(row.stage, row)
    said = [what_to_do(row, steps[row.stage], numbers) for row in list(best.values())[:GOALS_TOLD]]
    return f"{capital('. Then '.join(said))}."


def _open_incidents(figures: Figures, numbers: Numbers) -> str:
    """The incidents that nobody logged and that are not over, with the alarms that are open."""
    running = [incident for incident in figures.incidents if incident.is_open] + figures.open_alarms
    return " ".join(
        f"{place(one)} has fallen {size(one, numbers)} since {_short_day(one.began_on, figures.shop, numbers)}: "
        f"{cost(one, numbers)}{f' (logged: {one.changes})' if one.changes else ''}."
        for one in running
    )


def _warnings(figures: Figures, numbers: Numbers) -> Iterator[str]:
    """What a reader must know before trusting the figures; nothing where there is nothing."""
    if figures.shop.has_orders_by_events:
        yield "Orders are by purchase events: no export of orders is loaded."
    for outage, consequence in OUTAGES.items():
        days = [row for row in figures.outages if row.outage == outage]
        if days:
            when = some([_short_day(row.on, figures.shop, numbers) for row in days])
            yield f"{len(days)} {outage} outage {plural(len(days), 'day')} ({when}), {consequence}."
    answers = first(figures.csat, stage="all")
    if answers and answers.unattached_count:
        yield (
            f"{numbers.count(answers.unattached_count)} of {numbers.count(answers.answer_count)} answers could not be "
            "attached to an order or touchpoint."
        )
    rows = first(figures.exports, export=None)
    if rows and rows.rows_rejected:
        yield f"{numbers.count(rows.rows_rejected)} of {numbers.count(rows.rows_read)} rows were rejected."
    refused = [row for row in figures.exports if row.export is not None and row.status != "loaded"]
    if refused:
        yield f"Files refused and not loaded: {listed([f'{row.export} ({row.file_count})' for row in refused])}."
    everything = first(figures.coverage, source=None)
    if everything and everything.staged_count < everything.touchpoint_count:
        yield f"Only {numbers.share(everything.staged_share)} of touchpoints have a stage."


def _short_day(on: date, shop: Row, numbers: Numbers) -> str:
    """A day, with its year where the shop's days are of several."""
    return numbers.short_day(on, year=bool(shop.from_on) and shop.from_on.year != shop.until_on.year)

"""The first thing one reads on the journey page: where journeys end, who drops and why, what moved, what the changes
did, what to do first, which incidents go on, what to be careful about; each with the section that says more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from parcours.numbers import Numbers, capital, some
from parcours.report.figures import Figures, Row, first
from parcours.report.incident_words import cost, place, size
from parcours.report.journey.flag import RANKINGS, Flag, flagged, ranked_by, since_when, step_of
from parcours.report.journey.gains import what_to_do, worth_telling
from parcours.report.journey.sections.changes import changes_phrase
from parcours.report.journey.sections.movements import orders_moved
from parcours.report.journey.sections.restated import values_moved
from parcours.report.journey.sections.why import dropping_more, who_drops_more
from parcours.report.section import Sentence
from parcours.words import listed, say, say_number

GOALS_TOLD = 2
"""Told of what to do first."""
OUTAGES = ("tracking", "payment")


def summary(figures: Figures, numbers: Numbers) -> list[Sentence]:
    """The finding first; then what explains it, and what to know before trusting it. Nothing is said of what is not
    known."""
    flag = flagged(figures)
    sentences = [
        _loss(figures, flag, numbers),
        Sentence(say("Who, and why"), _who(figures, flag, numbers), "why"),
        Sentence(say("What moved"), " ".join(_moved(figures, numbers)), "movements"),
        Sentence(say("What the changes did"), _changes(figures, numbers), "changes"),
        Sentence(say("What to do first"), _first_gain(figures, numbers), "journey"),
        Sentence(say("Going on now"), _open_incidents(figures, numbers), "incidents"),
        Sentence(say("Read with care"), " ".join(_warnings(figures, numbers)), "method"),
    ]
    return [sentence for sentence in sentences if sentence.text]


def _loss(figures: Figures, flag: Flag | None, numbers: Numbers) -> Sentence:
    if flag is None:
        needed = say(
            "None has both a drop-off and the {count} finished journeys that a ranking needs.",
            count=figures.shop.small_cell,
        )
        return Sentence(say("No stage can be flagged yet."), needed)
    stage, rate = flag.stage, _rate(flag.stage, numbers)
    if flag.is_tie:
        lead = say("{stages} tie for the highest drop-off by {ranking}.", stages=flag.names, ranking=flag.by)
        return Sentence(lead, f"{rate} {since_when(figures, stage, numbers)}".rstrip())
    firsts = [
        (say(name), [row for row in ranked_by(figures, ranking) if row.rank == 1 or row.is_tie_with_first])
        for ranking, (name, _) in RANKINGS.items()
    ]
    others = [
        say("by {ranking} {stages} tie", ranking=name, stages=listed([row.label for row in tied]))
        if len(tied) > 1
        else say("by {ranking} it is {stage}", ranking=name, stage=tied[0].label)
        for name, tied in firsts
        if tied and stage.stage not in [row.stage for row in tied]
    ]
    lead = say("{step} is where the shop loses most.", step=step_of(stage))
    also = f"{capital(listed(others))}." if others else ""
    return Sentence(lead, " ".join(text for text in (rate, since_when(figures, stage, numbers), also) if text))


def _rate(stage: Row, numbers: Numbers) -> str:
    """The drop-off of a stage, with the revenue at stake where orders value it."""
    figures = {
        "share": numbers.share(stage.drop_off_rate),
        "stage": stage.label,
        "interval": numbers.interval(stage.drop_off_low, stage.drop_off_high),
    }
    if stage.revenue_at_stake is None:
        return say(
            "{share} of the finished journeys that reach {stage} go no further (95\u00a0% interval {interval}).",
            **figures,
        )
    return say(
        "{share} of the finished journeys that reach {stage} go no further (95\u00a0% interval {interval}), {revenue} "
        "of net revenue at stake.",
        revenue=numbers.short_money(stage.revenue_at_stake),
        **figures,
    )


def _who(figures: Figures, flag: Flag | None, numbers: Numbers) -> str:
    """What goes with dropping where most is lost, else where it is told; empty where nothing was compared."""
    if not figures.drivers:
        return ""
    more = dropping_more(figures)
    at_flag = [row for row in more if flag is not None and row.stage_left == flag.stage.stage]
    found = f"{who_drops_more((at_flag or more)[0], numbers)}." if more else ""
    if at_flag or flag is None:
        return found
    nothing = say(
        "Nothing sets those who end at {stage} apart from the others there, beyond chance.", stage=flag.stage.label
    )
    return f"{nothing} {found}".strip()


def _moved(figures: Figures, numbers: Numbers) -> Iterator[str]:
    """Orders of the last whole month against those of the month before; matured values against the last report's."""
    orders = [row for row in figures.movements if row.measure == "orders"]
    if orders:
        yield say(
            "{before} → {after}: {orders_moved}.",
            before=numbers.month(orders[0].before_from),
            after=numbers.month(orders[0].after_from),
            orders_moved=orders_moved(orders, numbers),
        )
    before = next(iter(figures.report_before), None)
    if before is not None and before.is_compared:
        yield f"{values_moved(before, figures, numbers)}."


def _changes(figures: Figures, numbers: Numbers) -> str:
    if not figures.changes:
        return ""
    return f"{changes_phrase(figures, lambda change: _short_day(change.changed_on, figures.shop, numbers), numbers)}."


def _first_gain(figures: Figures, numbers: Numbers) -> str:
    """The goal that would bring most, of those that would bring something at 95 %, and then one of another stage."""
    sure = [row for row in worth_telling(figures.gains) if row.gained_low > 0]
    by_worth = sorted(sure, key=lambda row: (-(row.gain or 0), -row.gained_count, row.stage, row.goal))
    if not by_worth:
        return ""
    steps = {stage.stage: step_of(stage) for stage in figures.stages}
    best: dict[str, Row] = {}
    for row in by_worth:
        best.setdefault(row.stage, row)
    first_to_do, *rest = [what_to_do(row, steps[row.stage], numbers) for row in list(best.values())[:GOALS_TOLD]]
    return " ".join([f"{capital(first_to_do)}.", *(say("Then {to_do}.", to_do=to_do) for to_do in rest)])


def _open_incidents(figures: Figures, numbers: Numbers) -> str:
    """The incidents that nobody logged and that are not over, with the alarms that are open."""
    running = [incident for incident in figures.incidents if incident.is_open] + figures.open_alarms
    return " ".join(_open_incident(one, figures.shop, numbers) for one in running)


def _open_incident(incident: Row, shop: Row, numbers: Numbers) -> str:
    figures = {
        "place": place(incident),
        "size": size(incident, numbers),
        "day": _short_day(incident.began_on, shop, numbers),
        "cost": cost(incident, numbers),
    }
    if incident.changes:
        return say(
            "{place} has fallen {size} since {day}: {cost} (logged: {changes}).", changes=incident.changes, **figures
        )
    return say("{place} has fallen {size} since {day}: {cost}.", **figures)


def _warnings(figures: Figures, numbers: Numbers) -> Iterator[str]:
    """What a reader must know before trusting the figures; nothing where there is nothing."""
    if figures.shop.has_orders_by_events:
        yield say("Orders are by purchase events: no export of orders is loaded.")
    for outage in OUTAGES:
        days = [_short_day(row.on, figures.shop, numbers) for row in figures.outages if row.outage == outage]
        if days:
            yield _outage_days(outage, days, numbers)
    answers = first(figures.csat, stage="all")
    if answers and answers.unattached_count:
        yield _unattached(answers, figures.shop, numbers)
    rows = first(figures.exports, export=None)
    if rows and rows.rows_rejected:
        yield say_number(
            "{count} of {read} rows was rejected.",
            "{count} of {read} rows were rejected.",
            rows.rows_rejected,
            count=numbers.count(rows.rows_rejected),
            read=numbers.count(rows.rows_read),
        )
    refused = [row for row in figures.exports if row.export is not None and row.status != "loaded"]
    if refused:
        exports = listed([f"{row.export} ({row.file_count})" for row in refused])
        yield say("Files refused and not loaded: {exports}.", exports=exports)
    everything = first(figures.coverage, source=None)
    if everything and everything.staged_count < everything.touchpoint_count:
        yield say("Only {share} of touchpoints have a stage.", share=numbers.share(everything.staged_share))


def _unattached(answers: Row, shop: Row, numbers: Numbers) -> str:
    """How many answers stand alone."""
    counts = {
        "unattached": numbers.count(answers.unattached_count),
        "answers": numbers.count(answers.answer_count),
    }
    if shop.sells_by_deals:
        return say("{unattached} of {answers} answers could not be attached to a touchpoint.", **counts)
    return say("{unattached} of {answers} answers could not be attached to an order or touchpoint.", **counts)


def _outage_days(outage: str, days: Sequence[str], numbers: Numbers) -> str:
    """The days of an outage, and what is done with them."""
    figures = {"count": numbers.count(len(days)), "days": some(days)}
    if outage == "tracking":
        return say_number(
            "{count} tracking outage day ({days}), left out of rates.",
            "{count} tracking outage days ({days}), left out of rates.",
            len(days),
            **figures,
        )
    return say_number(
        "{count} payment outage day ({days}), marked, and left out where changes are judged, but for an incident's "
        "own.",
        "{count} payment outage days ({days}), marked, and left out where changes are judged, but for an incident's "
        "own.",
        len(days),
        **figures,
    )


def _short_day(on: date, shop: Row, numbers: Numbers) -> str:
    """A day, with its year where the shop's days are of several."""
    return numbers.short_day(on, year=bool(shop.from_on) and shop.from_on.year != shop.until_on.year)

"""The summary at the top of the journey page: where journeys end, what the changes did, which incidents go on, what to
be careful about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from parcours.numbers import Numbers, capital, listed, plural, some
from parcours.report.figures import Figures, Row, first
from parcours.report.incident_words import cost, place, size
from parcours.report.journey.flag import RANKINGS, flagged, interval_and_stake, ranked_by, step_of
from parcours.report.journey.sections.changes import changes_phrase
from parcours.report.section import Sentence

OUTAGES = {
    "tracking": "left out of rates",
    "payment": "marked, and left out where changes are judged, but for an incident's own",
}


def summary(figures: Figures, numbers: Numbers) -> list[Sentence]:
    """The main findings, and what to know before trusting them."""
    sentences = [_loss(figures, numbers)]
    if figures.changes:
        said = changes_phrase(figures, lambda change: _short_day(change.changed_on, figures.shop, numbers), numbers)
        sentences.append(Sentence("What the changes did.", f"{said}."))
    if going_on := _open_incidents(figures, numbers):
        sentences.append(Sentence("Going on now.", going_on))
    careful = list(_warnings(figures, numbers))
    if careful:
        sentences.append(Sentence("Read with care.", " ".join(careful)))
    return sentences


def _loss(figures: Figures, numbers: Numbers) -> Sentence:
    flag = flagged(figures)
    if flag is None:
        return Sentence("No stage can be flagged yet.", "Too few journeys are over to rank the stages.")
    stage = flag.stage
    rate = (
        f"{numbers.share(stage.drop_off_rate)} of the finished journeys that reach {stage.label} go no further "
        f"{interval_and_stake(stage, numbers)}."
    )
    if flag.is_tie:
        return Sentence(f"{flag.names} tie for the highest drop-off by {flag.by}.", rate)
    firsts = [(name, ranked_by(figures, ranking)[:1]) for ranking, (name, _) in RANKINGS.items()]
    others = [f"by {name} it is {top.label}" for name, ranked in firsts for top in ranked if top.stage != stage.stage]
    also = f" {capital(listed(others))}." if others else ""
    return Sentence(f"{step_of(stage)} is where the shop loses most.", rate + also)


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

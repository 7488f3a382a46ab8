"""The first thing one reads on the journey page: where journeys end, since when, who drops and why, what has fallen and
is not back, what to do first, what moved, what the changes did, what to be careful about; each with the section that
says more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parcours.numbers import Numbers, capital
from parcours.report.figures import Figures, Row, first
from parcours.report.incident_words import cost, place, size
from parcours.report.journey.cautions import cautions, short_day
from parcours.report.journey.flag import RANKINGS, Flag, flagged, ranked_by, since_when, step_of
from parcours.report.journey.gains import what_to_do, worth_telling
from parcours.report.journey.sections.changes import changes_phrase
from parcours.report.journey.sections.movements import orders_moved
from parcours.report.journey.sections.restated import values_moved
from parcours.report.journey.sections.why import elsewhere, first_told, untested_words, who_drops_more
from parcours.report.section import Sentence
from parcours.words import later, listed, say, say_number

GOALS_TOLD = 2
"""Told of what to do first."""
FALLS_TOLD = 2
"""Told of what has fallen and is not back: those that cost most."""
LOSES_MOST = {
    "revenue_at_stake": later("Most revenue is lost at {step}."),
    "drop_off_rate": later("The highest share of journeys is lost at {step}."),
    "units_lost": later("Most journeys are lost at {step}."),
}
LOST_AT = {
    "revenue_at_stake": later("Most revenue is lost at {stages}"),
    "drop_off_rate": later("The highest share of journeys is lost at {stages}"),
    "units_lost": later("Most journeys are lost at {stages}"),
}
"""By the ranking that flags the stage, and by the others where they name another."""


def summary(figures: Figures, numbers: Numbers) -> list[Sentence]:
    """The finding first; then what explains it, and what to know before trusting it. Nothing is said of what is not
    known."""
    flag = flagged(figures)
    since = since_when(figures, flag.stage, numbers) if flag else ""
    sentences = [
        _loss(figures, flag, numbers),
        Sentence(say("Since when"), since, "journey"),
        Sentence(say("Who, and why"), _who(figures, flag, numbers), "why"),
        Sentence(say("Fell, not recovered"), _open_incidents(figures, numbers), "incidents"),
        Sentence(say("What to do first"), _first_gain(figures, numbers), "journey"),
        Sentence(say("What moved"), " ".join(_moved(figures, numbers)), "movements"),
        Sentence(say("What the changes did"), _changes(figures, numbers), "changes"),
        Sentence(say("Read with care"), " ".join(cautions(figures, numbers)), "method"),
    ]
    return [sentence for sentence in sentences if sentence.text]


def _loss(figures: Figures, flag: Flag | None, numbers: Numbers) -> Sentence:
    if flag is None:
        needed = say(
            "None has both a drop-off and the {count} finished journeys that a ranking needs.",
            count=figures.shop.small_cell,
        )
        return Sentence(say("No stage can be flagged yet."), needed)
    stage, rate = flag.stage, _rate(flag.stage, figures.shop, numbers)
    if flag.is_tie:
        lead = say("{stages} tie for the highest drop-off by {ranking}.", stages=flag.names, ranking=flag.by)
        return Sentence(lead, rate)
    firsts = {
        ranking: [row for row in ranked_by(figures, ranking) if row.rank == 1 or row.is_tie_with_first]
        for ranking in RANKINGS
    }
    others = [
        _highest(ranking, tied)
        for ranking, tied in firsts.items()
        if tied and stage.stage not in [row.stage for row in tied]
    ]
    lead = say(LOSES_MOST[flag.ranking], step=step_of(stage))
    return Sentence(lead, " ".join([rate, *(f"{other}." for other in others)]))


def _highest(ranking: str, tied: Sequence[Row]) -> str:
    """The first of another ranking, or those that tie for it."""
    names = listed([row.label for row in tied])
    if len(tied) > 1:
        return say("{finding} (a tie)", finding=say(LOST_AT[ranking], stages=names))
    return say(LOST_AT[ranking], stages=names)


def _rate(stage: Row, shop: Row, numbers: Numbers) -> str:
    """The drop-off of a stage, with the revenue at stake where orders value it, and of how many days."""
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
        "{share} of the finished journeys that reach {stage} go no further (95\u00a0% interval {interval}). At stake: "
        "{revenue} of net revenue in {days}, if all of them went on.",
        days=numbers.days(shop.covered_days),
        revenue=numbers.short_money(stage.revenue_at_stake),
        **figures,
    )


def _who(figures: Figures, flag: Flag | None, numbers: Numbers) -> str:
    """What goes with dropping where most is lost, else where it is told; empty where nothing was compared."""
    if not figures.drivers:
        return ""
    told = first_told(figures, flag)
    if flag is None or (told is not None and told.stage_left == flag.stage.stage):
        return f"{who_drops_more(told, numbers)}." if told else ""
    nothing = say(
        "Nothing that is tested sets those who end at {stage} apart from the others there, beyond chance.",
        stage=flag.stage.label,
    )
    untested = [untested_words(row, numbers) for row in figures.untested_friction if row.stage_left == flag.stage.stage]
    return " ".join([nothing, *untested, *([elsewhere(told, numbers)] if told else [])])


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
    return f"{changes_phrase(figures, lambda change: short_day(change.changed_on, figures.shop, numbers), numbers)}."


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
    first_to_do, *rest = [
        what_to_do(row, steps[row.stage], figures.shop, numbers) for row in list(best.values())[:GOALS_TOLD]
    ]
    then = [say("Then {to_do}.", to_do=to_do) for to_do in rest]
    return " ".join([f"{capital(first_to_do)}.", *_since_less_is_lost(by_worth[0].stage, figures, numbers), *then])


def _since_less_is_lost(stage: str, figures: Figures, numbers: Numbers) -> Iterator[str]:
    """That a goal is of all days, where less is lost at its stage than that by now."""
    whole, since = first(figures.stages, stage=stage), first(figures.stage_since, stage=stage)
    if whole and since and since.other_rate is not None and since.drop_off_rate < whole.drop_off_low:
        yield say(
            "Reckoned over all {days}: since {day}, when less is lost, less of it is left to gain.",
            days=numbers.days(figures.shop.covered_days),
            day=short_day(since.since_on, figures.shop, numbers),
        )


def _open_incidents(figures: Figures, numbers: Numbers) -> str:
    """The incidents that nobody logged and that are not over, with the alarms that are open."""
    falls = [
        *((one, _not_over) for one in figures.incidents if one.is_open),
        *((one, _alarm) for one in figures.open_alarms),
    ]
    falls.sort(key=lambda fall: (-(fall[0].lost_revenue or 0), -fall[0].lost_count))
    rest = len(falls) - FALLS_TOLD
    more = say_number("And {count} more.", "And {count} more.", rest, count=numbers.count(rest))
    told = [words(one, figures.shop, numbers) for one, words in falls[:FALLS_TOLD]]
    return " ".join([*told, *([more] if rest > 0 else [])])


def _not_over(incident: Row, shop: Row, numbers: Numbers) -> str:
    """An incident that runs on the last day on which its attempts are over."""
    words = _words_of(incident, shop, numbers)
    if incident.changes:
        return say(
            "{place} has fallen {size} since {day}, until {last}, the last day that can be judged: {cost} (logged: "
            "{changes}).",
            **words,
        )
    return say("{place} has fallen {size} since {day}, until {last}, the last day that can be judged: {cost}.", **words)


def _alarm(alarm: Row, shop: Row, numbers: Numbers) -> str:
    """An alarm that was not called over, as it was last told."""
    words = _words_of(alarm, shop, numbers)
    if alarm.changes:
        return say(
            "{place} fell {size} from {day} to {last}, and has not been seen to recover since: {cost} "
            "(logged: {changes}).",
            **words,
        )
    return say("{place} fell {size} from {day} to {last}, and has not been seen to recover since: {cost}.", **words)


def _words_of(fall: Row, shop: Row, numbers: Numbers) -> dict[str, str]:
    return {
        "place": place(fall),
        "size": size(fall, numbers),
        "day": short_day(fall.began_on, shop, numbers),
        "last": short_day(fall.ended_on, shop, numbers),
        "cost": cost(fall, numbers),
        "changes": fall.changes or "",
    }

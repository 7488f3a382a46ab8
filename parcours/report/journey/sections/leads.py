"""Leads: how many are won, by the time that it takes; of shops that have deals."""

from __future__ import annotations

from functools import partial

from parcours.numbers import Numbers
from parcours.report.drawing import chart
from parcours.report.figures import Figures, first
from parcours.report.journey.dots import Dot, DotPanel, dots
from parcours.report.section import INTERVAL, Column, Section, table
from parcours.words import joined, later, say, say_number

PLACE = 25
COLUMNS: tuple[Column, ...] = (
    (later("Won within"), "window_days", Numbers.days),
    (later("Share"), "value", Numbers.share),
    INTERVAL,
    (later("Won"), "matured_won_count", Numbers.count),
    (later("Of"), "matured_count", Numbers.count),
    (later("Open"), "open_count", Numbers.count),
    (later("Uncovered"), "uncovered_count", Numbers.count),
    (later("Uncovered, won"), "uncovered_won_count", Numbers.count),
    (later("All leads, won"), "won_count", Numbers.count),
)


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section where leads are known and a rule makes touchpoints of deals; none elsewhere."""
    if not figures.leads or figures.shop.lead_days is None:
        return []
    headline = first(figures.leads, window_days=float(figures.shop.lead_days)) or figures.leads[-1]
    section = partial(Section, "leads", say("Leads"), sources=("metrics.lead_conversion", "metrics.leads"))
    window = numbers.days(headline.window_days)
    if not headline.matured_count:
        empty = say("No lead\u2019s {days} are over, or wins are not known.", days=window)
        return [section(say("Leads: not measured yet"), "", empty=empty)]
    about = say(
        "Leads with a deal won within so many days / leads whose days are over, with Wilson 95\u00a0% intervals."
    )
    leads = say_number("{count} lead", "{count} leads", headline.lead_count, count=numbers.count(headline.lead_count))
    still_open = say_number(
        "{count} is still open after {days} and in no rate.",
        "{count} are still open after {days} and in no rate.",
        headline.open_count,
        count=numbers.count(headline.open_count),
        days=window,
    )
    shown = [
        Dot(
            say("within {days}", days=numbers.days(lead.window_days)),
            say(
                "{numerator} of {denominator} · 95\u00a0% {interval}",
                numerator=numbers.count(lead.matured_won_count),
                denominator=numbers.count(lead.matured_count),
                interval=numbers.interval(lead.low, lead.high),
            ),
            lead.value,
            lead.low,
            lead.high,
            "quiet" if lead.is_small else "plain" if lead is headline else "beside",
            numbers.share(lead.value),
        )
        for lead in figures.leads
        if lead.matured_count
    ]
    notes = [
        say_number(
            "Won at any time at or after the lead: {count} lead.",
            "Won at any time at or after the lead: {count} leads.",
            headline.ever_won_count,
            count=numbers.count(headline.ever_won_count),
        )
    ]
    if headline.uncovered_count:
        notes.append(
            say_number(
                "Uncovered: {count} lead is from before wins are known, and in no rate; {won} of them are known "
                "to be won within {days}.",
                "Uncovered: {count} leads are from before wins are known, and in no rate; {won} of them are known "
                "to be won within {days}.",
                headline.uncovered_count,
                count=numbers.count(headline.uncovered_count),
                won=numbers.count(headline.uncovered_won_count),
                days=window,
            )
        )
    panel = DotPanel(shown, say("share, 95\u00a0% interval"))
    return [
        section(
            say("{share} of leads are won within {days}", share=numbers.share(headline.value), days=window),
            joined([f"{about} {leads}", still_open]),
            charts=[chart("lead-windows", partial(dots, [panel], numbers))],
            notes=notes,
            tables=[table(say("Leads by window"), COLUMNS, figures.leads, numbers)],
        )
    ]

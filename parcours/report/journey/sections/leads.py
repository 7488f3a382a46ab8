"""Leads: how many are won, by the time that it takes; of shops that have deals."""

from __future__ import annotations

from functools import partial

from parcours.numbers import Numbers, plural
from parcours.report.drawing import chart
from parcours.report.figures import Figures, first
from parcours.report.journey.dots import Dot, DotPanel, dots
from parcours.report.section import INTERVAL, Column, Section, table

PLACE = 25
COLUMNS: tuple[Column, ...] = (
    ("Won within", "window_days", Numbers.days),
    ("Share", "value", Numbers.share),
    INTERVAL,
    ("Won", "matured_won_count", Numbers.count),
    ("Of", "matured_count", Numbers.count),
    ("Open", "open_count", Numbers.count),
    ("Uncovered", "uncovered_count", Numbers.count),
    ("Uncovered, won", "uncovered_won_count", Numbers.count),
    ("All leads, won", "won_count", Numbers.count),
)


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section where leads are known and a rule makes touchpoints of deals; none elsewhere."""
    if not figures.leads or figures.shop.lead_days is None:
        return []
    headline = first(figures.leads, window_days=float(figures.shop.lead_days)) or figures.leads[-1]
    section = partial(Section, "leads", "Leads", sources=("metrics.lead_conversion", "metrics.leads"))
    window = numbers.days(headline.window_days)
    if not headline.matured_count:
        return [
            section("Leads: not measured yet", "", empty=f"No lead\u2019s {window} are over, or wins are not known.")
        ]
    subtitle = (
        f"Leads with a deal won within so many days / leads whose days are over, with Wilson 95\u00a0% intervals. "
        f"{numbers.count(headline.lead_count)} leads; {numbers.count(headline.open_count)} "
        f"{plural(headline.open_count, 'is', 'are')} still open after "
        f"{window} and in no rate."
    )
    shown = [
        Dot(
            f"within {numbers.days(lead.window_days)}",
            f"{numbers.count(lead.matured_won_count)} of {numbers.count(lead.matured_count)}"
            f" · 95\u00a0% {numbers.interval(lead.low, lead.high)}",
            lead.value,
            lead.low,
            lead.high,
            "quiet" if lead.is_small else "plain" if lead is headline else "beside",
            numbers.share(lead.value),
        )
        for lead in figures.leads
        if lead.matured_count
    ]
    notes = [f"Won at any time at or after the lead: {numbers.count(headline.ever_won_count)} leads."]
    if headline.uncovered_count:
        notes.append(
            f"Uncovered: {numbers.count(headline.uncovered_count)} leads are from before wins are known, and in no "
            f"rate; {numbers.count(headline.uncovered_won_count)} of them are known to be won within {window}."
        )
    return [
        section(
            f"{numbers.share(headline.value)} of leads are won within {window}",
            subtitle,
            charts=[chart("lead-windows", partial(dots, [DotPanel(shown, "share, 95\u00a0% interval")], numbers))],
            notes=notes,
            tables=[table("Leads by window", COLUMNS, figures.leads, numbers)],
        )
    ]

"""The sections after the journey: funnels, the figure by day, carts, retention, satisfaction.

Each function joins the rows of a section with its words, its chart and its table. Not here: the map of the journey
(`journey_section.py`), the changes (`change_section.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from itertools import groupby

from parcours.report.drawing import BLUE, FAINT, ORANGE, RED, SKY, chart
from parcours.report.figures import Figures, Row, first
from parcours.report.journey.charts import Dot, DotPanel, cohort_chart, dots_chart, funnel_chart
from parcours.report.journey.daily_chart import daily_chart
from parcours.report.journey.kpi_wording import HEADLINES
from parcours.report.numbers import NOTHING, Numbers
from parcours.report.section import Column, Section, keys, table
from parcours.report.wording import (
    cart_title,
    csat_title,
    daily_note,
    daily_title,
    funnel_title,
    outage_note,
    retention_title,
    units_of,
    worst_step,
)

INTERVAL: Column = ("95\u00a0% interval", "low high", Numbers.interval)
COUNTED: tuple[Column, ...] = (
    ("Numerator", "numerator", Numbers.count),
    ("Denominator", "denominator", Numbers.count),
    ("Open", "open_count", Numbers.count),
)


def _lost(numbers: Numbers, dropped: int, previous: int | None) -> str:
    return NOTHING if previous is None else numbers.count(dropped)


STEPS: tuple[Column, ...] = (
    ("Step", "label", Numbers.text),
    ("Reached", "reached_count", Numbers.count),
    ("Of entered", "conversion_rate", Numbers.share),
    ("Of the step before", "step_rate", Numbers.share),
    INTERVAL,
    ("Lost", "dropped_count previous_count", _lost),
    ("Open", "open_count", Numbers.count),
    ("Median time", "median_seconds", Numbers.duration),
    ("At stake", "revenue_at_stake", Numbers.money),
)


def funnel_sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section per funnel."""
    grouped = [list(steps) for _, steps in groupby(figures.funnel_steps, key=lambda step: step.funnel_id)]
    names = ["Funnel" if len(grouped) == 1 else f"Funnel: {steps[0].funnel_name}" for steps in grouped]
    return [
        _funnel_section(key, name, steps, figures.shop.small_cell, numbers)
        for key, name, steps in zip(keys("funnel"), names, grouped, strict=False)
    ]


def _funnel_section(key: str, name: str, steps: Sequence[Row], small_cell: int, numbers: Numbers) -> Section:
    entry, worst = steps[0], worst_step(steps, small_cell)
    unit, title, window = units_of(entry), funnel_title(steps, small_cell, numbers), numbers.days(entry.window_days)
    subtitle = (
        f"{entry.funnel_name}. Unit: {entry.unit}; window: {window} from the first step; "
        f"steps in order, best attempt. {numbers.count(entry.entered_count)} {unit} entered and their window is over; "
        f"{numbers.count(entry.open_count)} attempts are still open and in no rate."
    )
    section = partial(Section, key, name, title, subtitle, ("metrics.funnel_steps",))
    if not entry.entered_count:
        return section(empty=f"No {unit} whose {window} are over have entered this funnel.")
    return section(
        legend=[
            (SKY, "reached the step"),
            (ORANGE, "lost since the step before"),
            *([(RED, "lost, most revenue at stake")] if worst else []),
        ],
        charts=[chart(f"{key}-steps", f"{title}. {subtitle}", funnel_chart(steps, worst, unit, numbers, small_cell))],
        notes=["“Go on”: share of the step before and its Wilson 95\u00a0% interval; median: the time from that step."],
        tables=[table(f"{entry.funnel_name}, step by step", STEPS, steps, numbers)],
    )


OUTAGES: tuple[Column, ...] = (
    ("Day", "on", Numbers.day),
    ("Outage", "outage", Numbers.text),
    ("Orders", "order_count", Numbers.count),
    ("Expected sessions with an order", "expected_order_count", Numbers.decimal),
)


def daily_section(figures: Figures, numbers: Numbers) -> Section:
    """Conversion by shop day, of long periods by week; for shops without sessions, satisfaction."""
    sources = ("metrics.kpi_daily", "metrics.kpi_weekly", "metrics.kpis", "metrics.outage_days")
    section = partial(Section, "daily", "By day", sources=sources)
    kpi = next((kpi for kpi in figures.kpis if HEADLINES[kpi.kpi].by_day and kpi.denominator), None)
    if kpi is None:
        return section("By day: nothing to show", "", empty="Neither sessions nor answers yet.")
    days = [day for day in figures.days if day.kpi == kpi.kpi]
    grain, title = days[0].grain, daily_title(kpi, numbers)
    subtitle = (
        f"A dot per {'shop day' if grain == 'day' else 'week, from its Monday'}: {HEADLINES[kpi.kpi].by_day}. "
        "Lines: the earlier and later half of the period with their 95\u00a0% interval. "
        f"n\u00a0{numbers.count(kpi.denominator)}."
    )
    if kpi.kpi == "satisfaction":
        subtitle += " Shown because this shop has no sessions."
    drawn = partial(daily_chart, days, kpi, figures.changes, figures.outages, numbers)
    inside = [change for change in figures.changes if days[0].on <= change.changed_on <= days[-1].on]
    has_small = any(day.is_small and day.value is not None for day in days)
    columns: list[Column] = [(grain.capitalize(), "on", Numbers.day), (kpi.label, "value", Numbers.share), *COUNTED]
    tables = [table(f"{kpi.label} by {grain}", columns, days, numbers)]
    if figures.outages:
        tables.append(table("Outage days", OUTAGES, figures.outages, numbers))
    return section(
        title,
        subtitle,
        legend=[(BLUE, f"a {grain}"), *([(FAINT, f"a {grain} with few attempts")] if has_small else [])],
        charts=[chart("daily-figure", f"{title}. {subtitle}", drawn(narrow=False), drawn(narrow=True))],
        notes=[text for text in (outage_note(figures, numbers), daily_note(days, kpi, figures)) if text],
        numbered=[f"{change.label} ({numbers.day(change.changed_on)})" for change in inside],
        tables=tables,
    )


WAYS: tuple[Column, ...] = (
    ("Figure", "way", lambda _, way: _capital(way)),
    ("Value", "value", Numbers.share),
    INTERVAL,
    *COUNTED,
)


def cart_section(figures: Figures, numbers: Numbers) -> Section:
    """The headline of abandonment beside the other denominators in use, and recovery."""
    ways, section = figures.cart_ways, partial(Section, "carts", "Carts", sources=("metrics.cart_abandonment",))
    headline = first(ways, way="cart abandonment")
    if headline is None or not headline.denominator:
        return section("Cart abandonment: not measured", "", empty=HEADLINES["cart_abandonment"].missing)
    title = cart_title(figures, numbers)
    subtitle = (
        f"Share of carts (or of what the name says), with Wilson 95\u00a0% intervals; horizon "
        f"{numbers.days(figures.shop.cart_horizon_days)} from the cart's opening. "
        f"{numbers.count(headline.open_count)} carts are still open and in no rate."
    )
    dots, notes = [], []
    for way in [way for way in ways if way.denominator]:
        name, meaning = _name_and_meaning(way.way)
        detail = f"{numbers.count(way.numerator)} of {numbers.count(way.denominator)}"
        detail += f" · 95\u00a0% {numbers.interval(way.low, way.high)}"
        is_small = way.denominator < figures.shop.small_cell
        tone = "quiet" if is_small else "plain" if way is headline else "beside"
        dots.append(Dot(_capital(name), detail, way.value, way.low, way.high, tone, numbers.share(way.value)))
        if meaning:
            notes.append(f"{_capital(name)}: {meaning}.")
    counts = [way for way in ways if way.denominator is None and way.numerator]
    notes += [f"{_capital(way.way)}: {numbers.count(way.numerator)} carts." for way in counts]
    panels = [DotPanel(dots, "share, 95\u00a0% interval")]
    return section(
        title,
        subtitle,
        charts=[dots_chart("cart-ways", f"{title}. {subtitle}", panels, numbers)],
        notes=notes,
        tables=[table("Ways to count", WAYS, ways, numbers)],
    )


def _cohort(numbers: Numbers, on: date | None, interval: int) -> str:
    return f"{numbers.month(on) if on else 'Mean'}, days {numbers.month_of_days(interval)}"


COHORTS: tuple[Column, ...] = (
    ("Cohort, interval", "cohort_on interval_number", _cohort),
    ("Ordered again", "rate", Numbers.share),
    ("Customers back", "returned_count", Numbers.count),
    ("Interval over", "finished_count", Numbers.count),
    ("Customers", "customer_count", Numbers.count),
)


def retention_section(figures: Figures, numbers: Numbers) -> Section:
    """Cohorts by month of the first order × intervals of 30 days."""
    title = retention_title(figures, numbers)
    section = partial(Section, "retention", "Retention", title, sources=("metrics.retention_cohorts",))
    if not figures.cohorts:
        return section("", empty="No first interval of 30 × 24 h is over yet.")
    subtitle = (
        "Cohort: shop month of the first order. A cell: customers with another order in that interval of 30 × 24 h "
        "since their own first order / customers for whom the interval is over. Blank: nobody has finished it. "
        f"Grey counts: fewer than {figures.shop.small_cell}."
    )
    finished = [cell for cell in figures.cohorts if cell.finished_count]
    return section(
        subtitle,
        charts=[cohort_chart("retention-cohorts", f"{title}. {subtitle}", figures.cohorts, numbers)],
        notes=["The mean over cohorts is weighted by their size."],
        tables=[table("Cohorts and intervals", COHORTS, finished, numbers)],
    )


CSAT: tuple[Column, ...] = (
    ("Stage", "name", Numbers.text),
    ("CSAT", "csat", Numbers.share),
    INTERVAL,
    ("Satisfied", "satisfied_count", Numbers.count),
    ("Answers", "answer_count", Numbers.count),
    ("Mean 0–10", "mean_of_10", Numbers.decimal),
    ("Unattached", "unattached_count", Numbers.count),
)


def csat_section(figures: Figures, numbers: Numbers) -> Section:
    """CSAT per stage with its interval, and what could not be attached."""
    section = partial(Section, "csat", "Satisfaction", sources=("metrics.csat_by_stage",))
    everything = first(figures.csat, stage="all")
    if everything is None or not everything.answer_count:
        return section("Satisfaction by stage: not measured", "", empty=HEADLINES["satisfaction"].missing)
    dots = []
    for row in figures.csat:
        detail = f"{numbers.count(row.satisfied_count)} of {numbers.count(row.answer_count)} answers"
        detail += " · too few to compare" if row.is_small else f" · 95\u00a0% {numbers.interval(row.low, row.high)}"
        tone = "quiet" if row.is_small else "plain" if row.label is not None else "beside"
        dots.append(Dot(row.name, detail, row.csat, row.low, row.high, tone, numbers.share(row.csat)))
    title, answers = csat_title(figures, numbers), numbers.count(everything.answer_count)
    subtitle = (
        "CSAT: answers in the top two of the scale / answers about the stage, with Wilson 95\u00a0% intervals. "
        f"n\u00a0{answers}."
    )
    unattached = (
        f"{numbers.count(everything.unattached_count)} of {answers} answers name no known order and follow no "
        f"touchpoint within {numbers.days(figures.shop.survey_lag_days)}: they keep the stage of their survey, if it "
        "has one."
        if everything.unattached_count
        else "Every answer is attached to an order or touchpoint."
    )
    panels = [DotPanel(dots, "CSAT, 95\u00a0% interval")]
    return section(
        title,
        subtitle,
        charts=[dots_chart("csat-stages", f"{title}. {subtitle}", panels, numbers)],
        notes=[unattached],
        tables=[table("CSAT by stage", CSAT, figures.csat, numbers)],
    )


def _name_and_meaning(way: str) -> tuple[str, str]:
    """A way to count as a label and what it means: recovery (ordered within …)."""
    name, _, meaning = way.removesuffix(")").partition(" (") if way.endswith(")") else (way, "", "")
    return (way, "") if "/" in way else (name, meaning)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

"""The sections after the journey: funnels, the figure by day, carts, retention, satisfaction.

Each function joins the rows of a section with its words, its chart and its table. Not here: the map of the journey
(`journey_section.py`), the changes (`change_section.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby

from parcours.report.drawing import BLUE, FAINT, ORANGE, RED, SKY, chart
from parcours.report.figures import Figures, FunnelStep
from parcours.report.journey.charts import Dot, DotPanel, cohort_chart, dots_chart, funnel_chart
from parcours.report.journey.daily_chart import daily_chart
from parcours.report.journey.kpi_wording import MISSING
from parcours.report.numbers import Numbers
from parcours.report.section import Section, Table, keys
from parcours.report.wording import (
    UNITS,
    cart_title,
    csat_title,
    daily_note,
    daily_title,
    funnel_title,
    outage_note,
    retention_title,
    worst_step,
)


def funnel_sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section per funnel."""
    grouped = [list(steps) for _, steps in groupby(figures.funnel_steps, key=lambda step: step.funnel_id)]
    names = ["Funnel" if len(grouped) == 1 else f"Funnel: {steps[0].funnel_name}" for steps in grouped]
    return [
        _funnel_section(key, name, steps, figures.shop.small_cell, numbers)
        for key, name, steps in zip(keys("funnel"), names, grouped, strict=False)
    ]


def _funnel_section(key: str, name: str, steps: Sequence[FunnelStep], small_cell: int, numbers: Numbers) -> Section:
    first, worst = steps[0], worst_step(steps, small_cell)
    unit = UNITS.get(first.unit, f"{first.unit}s")
    title = funnel_title(steps, small_cell, numbers)
    subtitle = (
        f"{first.funnel_name}. Unit: {first.unit}; window: {numbers.days(first.window_days)} from the first step; "
        f"steps in order, best attempt. {numbers.count(first.entered_count)} {unit} entered and their window is over; "
        f"{numbers.count(first.open_count)} attempts are still open and in no rate."
    )
    if not first.entered_count:
        empty = f"No {unit} whose {numbers.days(first.window_days)} are over have entered this funnel."
        return Section(key, name, title, subtitle, ("metrics.funnel_steps",), empty=empty)
    rows = [
        [
            step.label,
            numbers.count(step.reached_count),
            numbers.share(step.conversion_rate),
            numbers.share(step.step_rate),
            numbers.interval(step.low, step.high),
            numbers.count(step.dropped_count) if step.previous_count is not None else "–",
            numbers.count(step.open_count),
            numbers.duration(step.median_seconds),
            numbers.money(step.revenue_at_stake),
        ]
        for step in steps
    ]
    columns = (
        "Step",
        "Reached",
        "Of entered",
        "Of the step before",
        "95\u00a0% interval",
        "Lost",
        "Open",
        "Median time",
        "At stake",
    )
    return Section(
        key,
        name,
        title,
        subtitle,
        ("metrics.funnel_steps",),
        legend=[
            (SKY, "reached the step"),
            (ORANGE, "lost since the step before"),
            *([(RED, "lost, most revenue at stake")] if worst else []),
        ],
        charts=[chart(f"{key}-steps", f"{title}. {subtitle}", funnel_chart(steps, worst, unit, numbers, small_cell))],
        notes=["“Go on”: share of the step before and its Wilson 95\u00a0% interval; median: the time from that step."],
        tables=[Table(f"{first.funnel_name}, step by step", columns, rows)],
    )


def daily_section(figures: Figures, numbers: Numbers) -> Section:
    """Conversion by shop day, of long periods by week; for shops without sessions, satisfaction."""
    kpis = {kpi.kpi: kpi for kpi in figures.kpis if kpi.denominator}
    chosen = next((name for name in ("conversion", "satisfaction") if name in kpis), None)
    sources = ("metrics.kpi_daily", "metrics.kpi_weekly", "metrics.kpis", "metrics.outage_days")
    if chosen is None:
        return Section(
            "daily", "By day", "By day: nothing to show", "", sources, empty="Neither sessions nor answers yet."
        )
    kpi, days = kpis[chosen], [day for day in figures.days if day.kpi == chosen]
    name, unit = {
        "conversion": ("Conversion", "sessions with an order / sessions that began then"),
        "satisfaction": ("Satisfaction (CSAT)", "answers in the top two of the scale / answers given then"),
    }[chosen]
    grain = days[0].grain
    title = daily_title(kpi, name, numbers)
    subtitle = (
        f"A dot per {'shop day' if grain == 'day' else 'week, from its Monday'}: {unit}. "
        "Lines: the earlier and later half of the period with their 95\u00a0% interval. "
        f"n\u00a0{numbers.count(kpi.denominator)}."
    )
    if chosen == "satisfaction":
        subtitle += " Shown because this shop has no sessions."
    drawn = partial(daily_chart, days, kpi, figures.changes, figures.outages, numbers)
    rows = [
        [
            numbers.day(day.on),
            numbers.share(day.value),
            numbers.count(day.numerator),
            numbers.count(day.denominator),
            numbers.count(day.open_count),
        ]
        for day in days
    ]
    inside = [change for change in figures.changes if days[0].on <= change.changed_on <= days[-1].on]
    tables = [
        Table(
            f"{name} by {grain}",
            (grain.capitalize(), name, "Numerator", "Denominator", "Open"),
            rows,
            frozenset(place for place, day in enumerate(days) if day.is_small),
        )
    ]
    if figures.outages:
        outage_rows = [
            [numbers.day(row.on), row.outage, numbers.count(row.order_count), numbers.decimal(row.expected_order_count)]
            for row in figures.outages
        ]
        columns = ("Day", "Outage", "Orders", "Expected sessions with an order")
        tables.append(Table("Outage days", columns, outage_rows))
    outage = outage_note(figures, numbers)
    return Section(
        "daily",
        "By day",
        title,
        subtitle,
        sources,
        legend=[
            (BLUE, f"a {grain}"),
            *(
                [(FAINT, f"a {grain} with few attempts")]
                if any(day.is_small and day.value is not None for day in days)
                else []
            ),
        ],
        charts=[chart("daily-figure", f"{title}. {subtitle}", drawn(narrow=False), drawn(narrow=True))],
        notes=[text for text in (outage, daily_note(days, kpi, figures)) if text],
        numbered=[f"{change.label} ({numbers.day(change.changed_on)})" for change in inside],
        tables=tables,
    )


def cart_section(figures: Figures, numbers: Numbers) -> Section:
    """The headline of abandonment beside the other denominators in use, and recovery."""
    sources = ("metrics.cart_abandonment",)
    headline = next((way for way in figures.cart_ways if way.way == "cart abandonment"), None)
    if headline is None or not headline.denominator:
        return Section(
            "carts", "Carts", "Cart abandonment: not measured", "", sources, empty=MISSING["cart_abandonment"]
        )
    title, small_cell = cart_title(figures, numbers), figures.shop.small_cell
    subtitle = (
        f"Share of carts (or of what the name says), with Wilson 95\u00a0% intervals; horizon "
        f"{numbers.days(figures.shop.cart_horizon_days)} from the cart's opening. "
        f"{numbers.count(headline.open_count)} carts are still open and in no rate."
    )
    dots = []
    for way in figures.cart_ways:
        if way.denominator:
            is_small = way.denominator < small_cell
            name = _name_and_meaning(way.way)[0]
            detail = f"{numbers.count(way.numerator)} of {numbers.count(way.denominator)}"
            detail += f" · 95\u00a0% {numbers.interval(way.low, way.high)}"
            tone = "quiet" if is_small else "plain" if way is headline else "beside"
            dots.append(Dot(_capital(name), detail, way.value, way.low, way.high, tone, numbers.share(way.value)))
    meanings = [_name_and_meaning(way.way) for way in figures.cart_ways if way.denominator]
    counts = [way for way in figures.cart_ways if way.denominator is None and way.numerator]
    panels = [DotPanel(dots, "share, 95\u00a0% interval")]
    rows = [
        [
            _capital(way.way),
            numbers.share(way.value),
            numbers.interval(way.low, way.high),
            numbers.count(way.numerator),
            numbers.count(way.denominator),
            numbers.count(way.open_count),
        ]
        for way in figures.cart_ways
    ]
    return Section(
        "carts",
        "Carts",
        title,
        subtitle,
        sources,
        charts=[dots_chart("cart-ways", f"{title}. {subtitle}", panels, numbers)],
        notes=[
            *(f"{_capital(name)}: {meaning}." for name, meaning in meanings if meaning),
            *(f"{_capital(way.way)}: {numbers.count(way.numerator)} carts." for way in counts),
        ],
        tables=[
            Table("Ways to count", ("Figure", "Value", "95\u00a0% interval", "Numerator", "Denominator", "Open"), rows)
        ],
    )


def retention_section(figures: Figures, numbers: Numbers) -> Section:
    """Cohorts by month of the first order × intervals of 30 days."""
    title, sources = retention_title(figures, numbers), ("metrics.retention_cohorts",)
    if not figures.cohorts:
        return Section(
            "retention", "Retention", title, "", sources, empty="No first interval of 30 × 24 h is over yet."
        )
    subtitle = (
        "Cohort: shop month of the first order. A cell: customers with another order in that interval of 30 × 24 h "
        "since their own first order / customers for whom the interval is over. Blank: nobody has finished it. "
        f"Grey counts: fewer than {figures.shop.small_cell}."
    )
    rows = [
        [
            f"{numbers.month(cell.cohort_on) if cell.cohort_on else 'Mean'}, days "
            + numbers.month_of_days(cell.interval_number),
            numbers.share(cell.rate),
            numbers.count(cell.returned_count),
            numbers.count(cell.finished_count),
            numbers.count(cell.customer_count),
        ]
        for cell in figures.cohorts
        if cell.finished_count
    ]
    small = frozenset(
        place for place, cell in enumerate(cell for cell in figures.cohorts if cell.finished_count) if cell.is_small
    )
    columns = ("Cohort, interval", "Ordered again", "Customers back", "Interval over", "Customers")
    return Section(
        "retention",
        "Retention",
        title,
        subtitle,
        sources,
        charts=[cohort_chart("retention-cohorts", f"{title}. {subtitle}", figures.cohorts, numbers)],
        notes=["The mean over cohorts is weighted by their size."],
        tables=[Table("Cohorts and intervals", columns, rows, small)],
    )


def csat_section(figures: Figures, numbers: Numbers) -> Section:
    """CSAT per stage with its interval, and what could not be attached."""
    sources = ("metrics.csat_by_stage",)
    everything = next((row for row in figures.csat if row.stage == "all"), None)
    if everything is None or not everything.answer_count:
        title = "Satisfaction by stage: not measured"
        return Section("csat", "Satisfaction", title, "", sources, empty=MISSING["satisfaction"])
    names = {"all": "All answers", "none": "Of no stage"}
    dots, rows = [], []
    for row in figures.csat:
        name = row.label or names.get(row.stage, row.stage)
        detail = f"{numbers.count(row.satisfied_count)} of {numbers.count(row.answer_count)} answers"
        detail += " · too few to compare" if row.is_small else f" · 95\u00a0% {numbers.interval(row.low, row.high)}"
        tone = "quiet" if row.is_small else "plain" if row.label is not None else "beside"
        dots.append(Dot(name, detail, row.csat, row.low, row.high, tone, numbers.share(row.csat)))
        rows.append(
            [
                name,
                numbers.share(row.csat),
                numbers.interval(row.low, row.high),
                numbers.count(row.satisfied_count),
                numbers.count(row.answer_count),
                numbers.decimal(row.mean_of_10),
                numbers.count(row.unattached_count),
            ]
        )
    title = csat_title(figures, numbers)
    subtitle = (
        "CSAT: answers in the top two of the scale / answers about the stage, with Wilson 95\u00a0% intervals. "
        f"n\u00a0{numbers.count(everything.answer_count)}."
    )
    lag = numbers.days(figures.shop.survey_lag_days)
    unattached = (
        f"{numbers.count(everything.unattached_count)} of {numbers.count(everything.answer_count)} answers name no "
        f"known order and follow no touchpoint within {lag}: they keep the stage of their survey, if it has one."
        if everything.unattached_count
        else "Every answer is attached to an order or touchpoint."
    )
    columns = ("Stage", "CSAT", "95\u00a0% interval", "Satisfied", "Answers", "Mean 0–10", "Unattached")
    return Section(
        "csat",
        "Satisfaction",
        title,
        subtitle,
        sources,
        charts=[
            dots_chart("csat-stages", f"{title}. {subtitle}", [DotPanel(dots, "CSAT, 95\u00a0% interval")], numbers)
        ],
        notes=[unattached],
        tables=[
            Table("CSAT by stage", columns, rows, frozenset(i for i, row in enumerate(figures.csat) if row.is_small))
        ],
    )


def _name_and_meaning(way: str) -> tuple[str, str]:
    """A way to count as a label and what it means: recovery (ordered within …)."""
    name, _, meaning = way.removesuffix(")").partition(" (") if way.endswith(")") else (way, "", "")
    return (way, "") if "/" in way else (name, meaning)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

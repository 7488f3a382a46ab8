"""The sections after the journey: funnels, the figure by day, carts, retention, satisfaction, changes.

Each function joins the rows of a section with its words, its chart and its table.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from assets.report.charts import Dot, DotPanel, cohort_chart, dot_chart, funnel_chart
from assets.report.daily_chart import daily_chart
from assets.report.drawing import BLUE, FAINT, ORANGE, RED, SKY, Chart, chart
from assets.report.figures import Change, Figures, FunnelStep, Impact
from assets.report.kpi_wording import MISSING, impact_full_name, impact_name, impact_short_name, impact_unit
from assets.report.numbers import Numbers, listed
from assets.report.section import Section, Table, keys
from assets.report.wording import (
    UNITS,
    cart_title,
    change_name,
    change_title,
    csat_title,
    daily_note,
    daily_title,
    funnel_title,
    impact_difference,
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
        f"{first.funnel_name}. Unit: {first.unit}; window: {numbers.days(first.window_days)} from the first step; steps in "
        f"order, best attempt. {numbers.count(first.entered_count)} {unit} entered and their window is over; "
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
        "95 % interval",
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
        notes=[
            "“Go on” is the share of the step before, with its Wilson 95 % interval; the median is the time from that step."
        ],
        tables=[Table(f"{first.funnel_name}, step by step", columns, rows)],
    )


def daily_section(figures: Figures, numbers: Numbers) -> Section:
    """Conversion by shop day; for shops without sessions, satisfaction."""
    kpis = {kpi.kpi: kpi for kpi in figures.kpis if kpi.denominator}
    chosen = next((name for name in ("conversion", "satisfaction") if name in kpis), None)
    sources = ("metrics.kpi_daily", "metrics.kpis", "metrics.outage_days")
    if chosen is None:
        return Section(
            "daily", "By day", "By day: nothing to show", "", sources, empty="Neither sessions nor answers yet."
        )
    kpi, days = kpis[chosen], [day for day in figures.days if day.kpi == chosen]
    name, unit = {
        "conversion": ("Conversion", "sessions that began that day, with an order / all of them"),
        "satisfaction": ("Satisfaction (CSAT)", "answers of that day in the top two / all of them"),
    }[chosen]
    title = daily_title(kpi, name, numbers)
    subtitle = (
        f"A dot a shop day: {unit}. Lines: the earlier and later half of the period with their 95 % interval. "
        f"n {numbers.count(kpi.denominator)}."
    )
    if chosen == "satisfaction":
        subtitle += " Shown because this shop has no sessions."
    drawings = [
        daily_chart(days, kpi, figures.changes, figures.outages, numbers, narrow=narrow) for narrow in (False, True)
    ]
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
            f"{name} by shop day",
            ("Day", name, "Numerator", "Denominator", "Open"),
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
    outage = "Shaded: outage days." if figures.outages else "No outage day was found."
    return Section(
        "daily",
        "By day",
        title,
        subtitle,
        sources,
        legend=[(BLUE, "a day"), *([(FAINT, "a day with few attempts")] if any(day.is_small for day in days) else [])],
        charts=[chart("daily-figure", f"{title}. {subtitle}", *drawings)],
        notes=[text for text in (outage, daily_note(days, figures)) if text],
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
        f"Share of carts (or of what the name says), with Wilson 95 % intervals; horizon "
        f"{numbers.days(figures.shop.cart_horizon_days)} from the cart's opening. "
        f"{numbers.count(headline.open_count)} carts are still open and in no rate."
    )
    dots = []
    for way in figures.cart_ways:
        if way.denominator:
            is_small = way.denominator < small_cell
            detail = f"{numbers.count(way.numerator)} of {numbers.count(way.denominator)}"
            detail += f" · 95 % {numbers.interval(way.low, way.high)}"
            tone = "quiet" if is_small or way is not headline else "plain"
            dots.append(Dot(_capital(way.way), detail, way.value, way.low, way.high, tone, numbers.share(way.value)))
    counts = [way for way in figures.cart_ways if way.denominator is None and way.numerator]
    panels = [DotPanel(dots, "share, 95 % interval")]
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
        charts=[_dots("cart-ways", f"{title}. {subtitle}", panels, numbers)],
        notes=[f"{_capital(way.way)}: {numbers.count(way.numerator)} carts." for way in counts],
        tables=[Table("Ways to count", ("Figure", "Value", "95 % interval", "Numerator", "Denominator", "Open"), rows)],
    )


def retention_section(figures: Figures, numbers: Numbers) -> Section:
    """Cohorts by month of the first order × intervals of 30 days."""
    title, sources = retention_title(figures, numbers), ("metrics.retention_cohorts",)
    if not figures.cohorts:
        return Section(
            "retention", "Retention", title, "", sources, empty="No first interval of 30 × 24 h is over yet."
        )
    subtitle = (
        "Cohort: shop month of the first order. A cell: customers with another order in that interval of 30 × 24 h since "
        "their own first order / customers for whom the interval is over. Blank: nobody has finished it. "
        f"Grey counts: fewer than {figures.shop.small_cell}."
    )
    drawing, width = cohort_chart(figures.cohorts, numbers)
    rows = [
        [
            f"{numbers.month(cell.cohort_on) if cell.cohort_on else 'Mean'}, days {cell.interval_number * 30}–"
            f"{cell.interval_number * 30 + 30}",
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
        charts=[chart("retention-cohorts", f"{title}. {subtitle}", drawing, minimum_width=width)],
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
        detail += " · too few to compare" if row.is_small else f" · 95 % {numbers.interval(row.low, row.high)}"
        tone = "quiet" if row.is_small or row.label is None else "plain"
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
        "CSAT: answers in the top two of the scale / answers about the stage, with Wilson 95 % intervals. "
        f"n {numbers.count(everything.answer_count)}."
    )
    lag = numbers.days(figures.shop.survey_lag_days)
    unattached = (
        f"{numbers.count(everything.unattached_count)} of {numbers.count(everything.answer_count)} answers name no known "
        f"order and follow no touchpoint within {lag}: they keep the stage of their survey."
        if everything.unattached_count
        else "Every answer is attached to an order or touchpoint."
    )
    columns = ("Stage", "CSAT", "95 % interval", "Satisfied", "Answers", "Mean 0–10", "Unattached")
    return Section(
        "csat",
        "Satisfaction",
        title,
        subtitle,
        sources,
        charts=[_dots("csat-stages", f"{title}. {subtitle}", [DotPanel(dots, "CSAT, 95 % interval")], numbers)],
        notes=[unattached],
        tables=[
            Table("CSAT by stage", columns, rows, frozenset(i for i, row in enumerate(figures.csat) if row.is_small))
        ],
    )


def change_sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section per change; one that says so where there is none."""
    sources = ("metrics.change_impact",)
    if not figures.changes:
        empty = "No change is listed in journey.yaml: nothing to compare before and after."
        return [Section("change-1", "Changes", "Changes: none listed", "", sources, empty=empty)]
    sections = []
    for key, change in zip(keys("change"), figures.changes, strict=False):
        impacts = [impact for impact in figures.impacts if impact.change_id == change.change_id]
        sections.append(_change_section(key, change, impacts, figures, numbers))
    return sections


def _change_section(key: str, change: Change, impacts: Sequence[Impact], figures: Figures, numbers: Numbers) -> Section:
    shop = figures.shop
    title = change_title(change, impacts, [impact_short_name(impact, shop) for impact in impacts], numbers)
    days = sorted({impact.days_per_side for impact in impacts if impact.days_per_side})
    span = f"{days[0]}–{days[-1]}" if len(days) > 1 else f"{days[0]}" if days else "0"
    concerned = f" Only: {change.segment}." if change.segment else ""
    funnels = sorted({impact.funnel_name for impact in impacts if impact.funnel_name})
    steps = f" A → B: step of {listed(funnels)}." if funnels else ""
    subtitle = (
        f"Difference after − before: {span} days a side, the same weekdays, {numbers.days(shop.guard_days)} around the change "
        f"left out; matured attempts only; verdicts corrected for {len(impacts)} comparisons.{steps}{concerned}"
    )
    sources = ("metrics.change_impact",)
    if all(impact.difference is None for impact in impacts):
        empty = f"{change_name(change, numbers)}: no figure has matured attempts on both sides yet."
        return Section(key, f"“{change.label}”", title, subtitle, sources, empty=empty)
    shares = [impact for impact in impacts if impact.kpi != "net_order_value"]
    amounts = [impact for impact in impacts if impact.kpi == "net_order_value"]
    panels = []
    if shares:
        dots = [_impact_dot(impact, figures, numbers) for impact in shares]
        panels.append(DotPanel(dots, "difference in points, 95 % interval", is_difference=True))
    if amounts:
        dots = [_impact_dot(impact, figures, numbers) for impact in amounts]
        panels.append(
            DotPanel(
                dots, f"difference in {shop.currency} per order, 95 % interval", is_share=False, is_difference=True
            )
        )
    notes = ["Before and after says what moved at the same time, not what caused it."]
    if change.what:
        notes.insert(0, change.what)
    return Section(
        key,
        f"“{change.label}”",
        title,
        subtitle,
        sources,
        charts=[_dots(f"{key}-impact", f"{title}. {subtitle}", panels, numbers)],
        notes=notes,
        tables=[_impact_table(change, impacts, figures, numbers)],
    )


def _impact_dot(impact: Impact, figures: Figures, numbers: Numbers) -> Dot:
    name = impact_name(impact, figures.shop)
    n = f"n {numbers.count(impact.before_denominator)} / {numbers.count(impact.after_denominator)}"
    if impact.verdict == "too early":
        return Dot(name, f"{n}: fewer than {figures.shop.small_cell} after", None, None, None, "quiet", "too early")
    tone = impact.verdict if impact.verdict in ("improved", "worsened") else "quiet"
    detail = f"{_before_after(impact, numbers)} · {impact_difference(impact, numbers)} · {n}"
    return Dot(name, detail, impact.difference, impact.low, impact.high, tone, impact.verdict)


def _before_after(impact: Impact, numbers: Numbers) -> str:
    if impact.kpi == "net_order_value":
        return f"{numbers.money(impact.before_value, 2)} → {numbers.money(impact.after_value, 2)}"
    return numbers.change_of_share(impact.before_value, impact.after_value)


def _impact_table(change: Change, impacts: Sequence[Impact], figures: Figures, numbers: Numbers) -> Table:
    def amount(impact: Impact, value: float | None, *, is_difference: bool) -> str:
        if impact.kpi == "net_order_value":
            return numbers.money(value, 2, sign=is_difference)
        return numbers.points(value) if is_difference else numbers.share(value)

    rows = [
        [
            impact_full_name(impact, figures.shop),
            amount(impact, impact.before_value, is_difference=False),
            amount(impact, impact.after_value, is_difference=False),
            amount(impact, impact.difference, is_difference=True),
            numbers.relative(impact.relative_difference),
            f"{amount(impact, impact.low, is_difference=True)} to {amount(impact, impact.high, is_difference=True)}",
            f"{numbers.count(impact.before_denominator)} / {numbers.count(impact.after_denominator)} {impact_unit(impact)}",
            numbers.count(impact.days_per_side),
            numbers.decimal(impact.corrected_p_value, 3),
            amount(impact, impact.detectable_difference, is_difference=True).removeprefix("+"),
            impact.verdict,
        ]
        for impact in impacts
    ]
    columns = (
        "Figure",
        "Before",
        "After",
        "Difference",
        "Relative",
        "95 % interval",
        "n before / after",
        "Days a side",
        "Corrected p",
        "Detectable",
        "Verdict",
    )
    small = frozenset(place for place, impact in enumerate(impacts) if impact.verdict == "too early")
    return Table(f"Before and after {change.label}", columns, rows, small)


def _dots(key: str, description: str, panels: Sequence[DotPanel], numbers: Numbers) -> Chart:
    return chart(key, description, dot_chart(panels, numbers, narrow=False), dot_chart(panels, numbers, narrow=True))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

"""A section per change of journey.yaml: every figure before and after it, with what that proves."""

from __future__ import annotations

from collections.abc import Sequence

from parcours.report.figures import Change, Figures, Impact
from parcours.report.journey.charts import Dot, DotPanel, dots_chart
from parcours.report.journey.kpi_wording import impact_full_name, impact_name, impact_short_name, impact_unit
from parcours.report.numbers import Numbers, listed
from parcours.report.section import Section, Table, keys
from parcours.report.wording import change_name, change_title, impact_difference


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
    steps = f" Arrows are steps of {listed([f'“{name}”' for name in funnels])}." if funnels else ""
    subtitle = (
        f"Difference after − before: {span} days a side, the same weekdays, {numbers.days(shop.guard_days)} around the "
        f"change left out; matured attempts only; verdicts corrected for {len(impacts)} comparisons.{steps}{concerned}"
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
        panels.append(DotPanel(dots, "difference in points, 95\u00a0% interval", is_difference=True))
    if amounts:
        dots = [_impact_dot(impact, figures, numbers) for impact in amounts]
        panels.append(
            DotPanel(
                dots, f"difference in {shop.currency} per order, 95\u00a0% interval", is_share=False, is_difference=True
            )
        )
    notes = [
        "Before and after says what moved at the same time, not what caused it. An interval may leave out 0 and still "
        "be no evidence, since with many comparisons a few do so by chance."
    ]
    if change.what:
        notes.insert(0, change.what)
    return Section(
        key,
        f"“{change.label}”",
        title,
        subtitle,
        sources,
        charts=[dots_chart(f"{key}-impact", f"{title}. {subtitle}", panels, numbers)],
        notes=notes,
        tables=[_impact_table(change, impacts, figures, numbers)],
    )


def _impact_dot(impact: Impact, figures: Figures, numbers: Numbers) -> Dot:
    name = impact_name(impact, figures.shop)
    n = f"n\u00a0{numbers.count(impact.before_denominator)} / {numbers.count(impact.after_denominator)}"
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
            f"{numbers.count(impact.before_denominator)} / {numbers.count(impact.after_denominator)} "
            f"{impact_unit(impact)}",
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
        "95\u00a0% interval",
        "n before / after",
        "Days a side",
        "Corrected p",
        "Detectable",
        "Verdict",
    )
    small = frozenset(place for place, impact in enumerate(impacts) if impact.verdict == "too early")
    return Table(f"Before and after {change.label}", columns, rows, small)

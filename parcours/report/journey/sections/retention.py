"""Retention: cohorts by month of the first order × intervals of 30 days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial

from parcours.numbers import Numbers
from parcours.report.drawing import BLUE, FAINT, GREY, INK, LINE, SKY, Chart, axis, chart, layout, note, shape
from parcours.report.figures import Figures, Row
from parcours.report.section import Column, Section, table
from parcours.words import later, say

PLACE = 50


def _cohort(numbers: Numbers, on: date | None, interval: int) -> str:
    cohort = numbers.month(on) if on else say("Mean")
    return say("{cohort}, days {days}", cohort=cohort, days=numbers.month_of_days(interval))


COHORTS: tuple[Column, ...] = (
    (later("Cohort, interval"), "cohort_on interval_number", _cohort),
    (later("Ordered again"), "rate", Numbers.share),
    (later("Customers back"), "returned_count", Numbers.count),
    (later("Interval over"), "finished_count", Numbers.count),
    (later("Customers"), "customer_count", Numbers.count),
)


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section: the mean over cohorts in its title. None of a shop that sells by deals."""
    if figures.shop.sells_by_deals:
        return []
    title = _title(figures, numbers)
    section = partial(Section, "retention", say("Retention"), title, sources=("metrics.retention_cohorts",))
    if not figures.cohorts:
        return [section("", empty=say("No first interval of 30 × 24 h is over yet."))]
    subtitle = say(
        "Cohort: shop month of the first order. A cell: customers with another order in that interval of 30 × 24 h "
        "since their own first order / customers for whom the interval is over. Blank: nobody has finished it. "
        "Grey counts: fewer than {small_cell}.",
        small_cell=figures.shop.small_cell,
    )
    finished = [cell for cell in figures.cohorts if cell.finished_count]
    return [
        section(
            subtitle,
            charts=[_cohort_chart(figures.cohorts, numbers)],
            notes=[say("The mean over cohorts is weighted by their size.")],
            tables=[table(say("Cohorts and intervals"), COHORTS, finished, numbers)],
        )
    ]


def _title(figures: Figures, numbers: Numbers) -> str:
    """The share of customers who order again, mean over the cohorts."""
    mean = [cell for cell in figures.cohorts if cell.cohort_on is None and cell.rate is not None]
    if not mean:
        return say("Retention: no customer has finished a first interval of 30 days yet")
    start, end = mean[0], mean[-1]
    share = numbers.share(start.rate)
    if end is start:
        return say("{share} of customers order again within 30 days of their first order", share=share)
    return say(
        "{share} of customers order again within 30 days of their first order, {last_share} in days {days}",
        share=share,
        last_share=numbers.share(end.rate),
        days=numbers.month_of_days(end.interval_number),
    )


def _cohort_chart(cells: Sequence[Row], numbers: Numbers) -> Chart:
    """Cohorts × intervals, the mean over cohorts below; unfinished intervals are blank, small cells grey."""
    cohorts = sorted({cell.cohort_on for cell in cells if cell.cohort_on is not None})
    intervals = sorted({cell.interval_number for cell in cells})
    places: dict[date | None, float] = {on: float(row) for row, on in enumerate(cohorts)} | {None: len(cohorts) + 0.25}
    notes, shares, texts = [], {}, {}
    for cell in [cell for cell in cells if cell.rate is not None]:
        counts = say(
            "{numerator} of {denominator}",
            numerator=numbers.count(cell.returned_count),
            denominator=numbers.count(cell.finished_count),
        )
        if cell.is_small:
            x = cell.interval_number - intervals[0]
            notes.append(note(counts, x, places[cell.cohort_on], size=10.5, color=FAINT))
        else:
            shares[cell.cohort_on, cell.interval_number] = (cell.rate or 0) * 100
            texts[cell.cohort_on, cell.interval_number] = f"{numbers.share(cell.rate)}<br>{counts}"
    traces = [
        {
            "type": "heatmap",
            "x": list(range(len(intervals))),
            "y": [places[on] for on in group],
            "z": [[shares.get((on, number)) for number in intervals] for on in group],
            "text": [[texts.get((on, number), "") for number in intervals] for on in group],
            "zmin": 0,
            "zmax": max(shares.values(), default=1.0) or 1.0,
            "colorscale": [[0, "#eef4f8"], [0.5, SKY], [1, BLUE]],
            "showscale": False,
            "xgap": 3,
            "ygap": 3,
            "texttemplate": "%{text}",
            "textfont": {"size": 10.5},
            "hoverinfo": "skip",
        }
        for group in (cohorts, [None])
    ]
    sizes = {cell.cohort_on: say("n\u00a0{count}", count=numbers.count(cell.customer_count)) for cell in cells}
    labels = {on: numbers.month(on) for on in cohorts} | {None: f"<b>{say('Mean')}</b>"}
    first, *others = (numbers.month_of_days(number) for number in intervals)
    bottom, width = places[None], len(intervals)
    frame = layout(
        numbers,
        int((bottom + 1) * 38) + 36,
        (30, 8, 6, 122),
        annotations=notes,
        xaxis=axis(
            side="top",
            showgrid=False,
            tickvals=list(range(width)),
            ticktext=[say("days {days}", days=first), *others],
            range=[-0.5, width - 0.5],
        ),
        yaxis=axis(
            showgrid=False,
            tickvals=list(places.values()),
            ticktext=[f"{labels[on]}  <span style='color:{GREY}'>{sizes[on]}</span>" for on in places],
            range=[bottom + 0.55, -0.55],
            tickfont={"color": INK, "size": 11.5},
        ),
        shapes=[shape("line", [0, 1], [bottom - 0.625], {"color": LINE, "width": 1}, xref="paper", yref="y")],
    )
    widths = {"minimum_width": 130 + 66 * width, "maximum_width": 130 + 180 * width}
    return chart("retention-cohorts", lambda _: {"data": traces, "layout": frame}, **widths)

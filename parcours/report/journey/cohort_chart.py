"""Cohorts × intervals as a table of shades, the mean over the cohorts below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from parcours.numbers import Numbers
from parcours.report.drawing import FAINT, GREY, INK, LINE, SKY, Chart, Drawing, axis, chart, layout, note, shape
from parcours.report.figures import Row
from parcours.words import say

NARROW_INTERVALS = 6
"""As many fit on paper."""
SHADES = ("#eef4f8", SKY)
"""Of nobody, and of the highest share: words stand out from both, on light and dark screens."""


def cohort_chart(
    key: str,
    cells: Sequence[Row],
    cohort_name: Callable[[date], str],
    interval_names: Callable[[Sequence[int]], list[str]],
    numbers: Numbers,
) -> Chart:
    """A cell per cohort (`cohort_on`, null: the mean over them) and `interval_number`; intervals that are over for
    nobody are blank, small cells grey counts. Narrow, the first intervals alone (`narrow_note` says so)."""

    def draw(narrow: bool) -> Drawing:
        shown = _intervals(cells)[: NARROW_INTERVALS if narrow else None]
        return _drawing(
            [cell for cell in cells if cell.interval_number in shown], cohort_name, interval_names(shown), numbers
        )

    count = len(_intervals(cells))
    # Wide, there is room for all of them.
    widths = {"minimum_width": 130 + 78 * min(count, NARROW_INTERVALS), "maximum_width": 130 + 180 * count}
    return chart(key, draw, **widths)


def narrow_note(cells: Sequence[Row], numbers: Numbers) -> list[str]:
    """That a narrow drawing has not all intervals, where it has not."""
    if len(_intervals(cells)) <= NARROW_INTERVALS:
        return []
    return [
        say(
            "On paper and on narrow screens the first {count} are drawn; the table has all.",
            count=numbers.count(NARROW_INTERVALS),
        )
    ]


def _intervals(cells: Sequence[Row]) -> list[int]:
    return sorted({cell.interval_number for cell in cells})


def _drawing(
    cells: Sequence[Row], cohort_name: Callable[[date], str], interval_names: Sequence[str], numbers: Numbers
) -> Drawing:
    cohorts = sorted({cell.cohort_on for cell in cells if cell.cohort_on is not None})
    intervals = _intervals(cells)
    places: dict[date | None, float] = {on: float(row) for row, on in enumerate(cohorts)} | {None: len(cohorts) + 0.25}
    notes, shares, texts = [], {}, {}
    for cell in [cell for cell in cells if cell.rate is not None]:
        counts = say(
            "{numerator} of {denominator}",
            numerator=numbers.count(cell.returned_count),
            denominator=numbers.count(cell.finished_count),
        )
        if cell.is_small:
            x = intervals.index(cell.interval_number)
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
            "colorscale": [[place, shade] for place, shade in enumerate(SHADES)],
            "showscale": False,
            "xgap": 3,
            "ygap": 3,
            "texttemplate": "%{text}",
            "textfont": {"size": 10.5, "color": INK},
            "hoverinfo": "skip",
        }
        for group in (cohorts, [None])
    ]
    sizes = {cell.cohort_on: say("n\u00a0{count}", count=numbers.count(cell.customer_count)) for cell in cells}
    labels = {on: cohort_name(on) for on in cohorts} | {None: f"<b>{say('Mean')}</b>"}
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
            ticktext=list(interval_names),
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
    return {"data": traces, "layout": frame}

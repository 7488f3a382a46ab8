"""Satisfaction by what happened: delivery, help, friction, returns, customers and orders, and what tells them apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from parcours.numbers import Numbers, capital
from parcours.report.drawing import chart
from parcours.report.figures import Figures, Row, first
from parcours.report.journey.compared import UNKNOWN, Compared
from parcours.report.journey.dots import Dot, DotPanel, dots
from parcours.report.section import INTERVAL, Column, Section, View, table
from parcours.words import later, listed, say, told

PLACE = 62
HAPPENED = {
    "delivery": later("delivery"),
    "support": later("help asked for"),
    "friction": later("friction"),
    "order_return": later("return"),
    "customer": later("first or later order"),
    "order_value": later("order value"),
}
"""In the order of the switch."""
DRIVERS = HAPPENED | {
    "device": later("device"),
    "channel": later("channel"),
    "payment_method": later("payment method"),
}
SHOWN = 8
"""Drivers that are drawn; the table has all."""
KINDS = ("csat", "nps", "ces")
"""The first of these that has answers is shown."""
VALUES: tuple[Column, ...] = (
    (later("What happened"), "value", lambda _, value: capital(told(value))),
    (later("Satisfied"), "csat", Numbers.share),
    (INTERVAL[0], "csat_low csat_high", Numbers.interval),
    (later("Satisfied answers"), "satisfied_count", Numbers.count),
    (later("Answers"), "answer_count", Numbers.count),
    (later("Mean 0–10"), "mean_of_10", Numbers.decimal),
    (later("Beside the rest"), "csat_difference", Numbers.points),
    (
        INTERVAL[0],
        "csat_difference_low csat_difference_high",
        lambda numbers, low, high: numbers.text(None) if low is None else numbers.differences(low, high, "share"),
    ),
    (later("Asked"), "asked_count", Numbers.count),
    (later("Response rate"), "response_rate", Numbers.share),
)
EXPLAINED: tuple[Column, ...] = (
    (
        later("Survey, what happened"),
        "survey driver",
        lambda _, survey, driver: say("{survey}, {driver}", survey=survey, driver=say(DRIVERS[driver])),
    ),
    (later("Share of the differences"), "explained", Numbers.share),
    (INTERVAL[0], "explained_low explained_high", Numbers.interval),
    (later("Answers"), "answer_count", Numbers.count),
    (later("Tells something"), "is_told", lambda _, is_told: _yes_or_no(is_told)),
    (later("Worst"), "worst_value", lambda numbers, value: numbers.text(value and told(value))),
    (later("Best"), "best_value", lambda numbers, value: numbers.text(value and told(value))),
    (later("Left out"), "left_out", lambda numbers, reason: numbers.text(reason and told(reason))),
)


def _yes_or_no(is_told: bool | None) -> str:
    return "–" if is_told is None else say("yes") if is_told else say("no")


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section where it is known of any answers what happened before; none elsewhere."""
    kind = next((kind for kind in KINDS if first(figures.satisfaction, kind=kind, dimension="all")), None)
    rows = [row for row in figures.satisfaction if row.kind == kind]
    happened = {
        dimension: of_it
        for dimension in HAPPENED
        if len(_known(of_it := [row for row in rows if row.dimension == dimension])) > 1
    }
    if not happened:
        return []
    everything = next(row for row in rows if row.dimension == "all")
    most = max(
        (dimension for dimension, of_it in happened.items() if _compared(of_it).is_apart),
        key=lambda dimension: _compared(happened[dimension]).spread,
        default=None,
    )
    title = _title(happened, most, everything.answer_count, numbers)
    subtitle = say(
        "Satisfied answers / answers ({kind}, n\u00a0{count}), with Wilson 95\u00a0% intervals, by what had happened "
        "to the person or became of the order. Grey: fewer than {small} answers. What goes together, not what causes "
        "what; answers of which it is not known are in the table.",
        kind=kind.upper() if kind else "",
        count=numbers.count(everything.answer_count),
        small=numbers.count(figures.shop.small_cell),
    )
    in_order = sorted(happened, key=lambda dimension: dimension != most)
    drivers = [row for row in figures.satisfaction_drivers if row.kind == kind]
    return [
        Section(
            "satisfaction",
            say("Satisfaction by what happened"),
            title,
            subtitle,
            ("metrics.satisfaction", "metrics.satisfaction_drivers", "metrics.survey_requests"),
            views=[
                *(_view(dimension, happened, numbers) for dimension in in_order),
                *_against_one_another(drivers, figures.shop.small_cell, numbers),
            ],
        )
    ]


def _title(happened: Mapping[str, Sequence[Row]], most: str | None, answer_count: int, numbers: Numbers) -> str:
    """By what answers differ most for certain."""
    if most is not None:
        ends = _ends(_compared(happened[most]), numbers)
        return say("Satisfaction differs most by {dimension}: {ends}", dimension=say(HAPPENED[most]), ends=ends)
    count = numbers.count(answer_count)
    if all(len(_compared(rows).ranked) < 2 for rows in happened.values()):
        return say("{count} answers are too few to say what goes with lower satisfaction", count=count)
    return say("Among {count} answers nothing that happened goes with lower satisfaction for certain", count=count)


def _known(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.value != UNKNOWN]


def _compared(rows: Sequence[Row]) -> Compared:
    return Compared(rows, "csat", "csat_low", "csat_high", "value")


def _ends(compared: Compared, numbers: Numbers) -> str:
    low, high = compared.ends(lambda row: told(row.value), numbers)
    return say("from {low} to {high} satisfied", low=low, high=high)


def _view(dimension: str, happened: Mapping[str, Sequence[Row]], numbers: Numbers) -> View:
    rows, name = happened[dimension], say(HAPPENED[dimension])
    compared = _compared(rows)
    if len(compared.ranked) < 2:
        title = say("By {dimension}: too few answers to compare", dimension=name)
    else:
        title = compared.title(name, _ends(compared, numbers))
    shown = []
    for row in _known(rows):
        detail = say(
            "{satisfied} of {answers} answers · 95\u00a0% {interval}",
            satisfied=numbers.count(row.satisfied_count),
            answers=numbers.count(row.answer_count),
            interval=numbers.interval(row.csat_low, row.csat_high),
        )
        tone, share = "quiet" if row.is_small else "plain", numbers.share(row.csat)
        shown.append(Dot(capital(told(row.value)), detail, row.csat, row.csat_low, row.csat_high, tone, share))
    return View(
        capital(name),
        title,
        chart(
            f"satisfaction-{dimension}",
            partial(dots, [DotPanel(shown, say("satisfied answers, 95\u00a0% interval"))], numbers),
            description=say("{title}. Figures in the table.", title=title),
        ),
        table(say("Satisfaction by {dimension}", dimension=name), VALUES, rows, numbers),
    )


def _against_one_another(drivers: Sequence[Row], small_cell: int, numbers: Numbers) -> list[View]:
    """All that happened in one model: what of it tells how satisfied people are, beside all the rest."""
    explained = [row for row in drivers if row.explained is not None]
    if not explained:
        return []
    tellers = [row for row in explained if row.is_told]
    names = [
        say(
            "{driver} ({share} of what sets answers apart)",
            driver=say(DRIVERS[row.driver]),
            share=numbers.share(row.explained, 0),
        )
        for row in tellers
    ]
    title = (
        say("Beside all the others, this tells how satisfied people are: {drivers}", drivers=listed(names))
        if names
        else say("Beside all the others, none of these tells how satisfied people are")
    )
    shown = []
    for row in explained[:SHOWN]:
        detail = say("{survey} · n\u00a0{count}", survey=row.survey, count=numbers.count(row.answer_count))
        tone = "quiet" if row.answer_count < small_cell else "plain" if row.is_told else "beside"
        share = numbers.share(row.explained)
        label = capital(say(DRIVERS[row.driver]))
        shown.append(Dot(label, detail, row.explained, row.explained_low, row.explained_high, tone, share))
    return [
        View(
            say("All at once"),
            title,
            chart(
                "satisfaction-all",
                partial(dots, [DotPanel(shown, say("of what sets answers apart, 95\u00a0% interval"))], numbers),
                description=say("{title}. Figures in the table.", title=title),
            ),
            table(say("What sets answers of a survey apart"), EXPLAINED, drivers, numbers),
        )
    ]

"""Dated reports: a copy of the journey page for each day that its data reached to, and `index.html`, which lists them
with what each said and how its figures differ from those of the one before.

What the list says of a report is remembered in `dated.json` beside them: pages are not read again. Kept are the newest
(`nights.reports_kept`). A copy holds no row of a person; forgetting removes one that names somebody all the same.
Not here: why a figure of the same days changed, which the page itself says (section “Since the last report”).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from parcours.numbers import NOTHING, Numbers
from parcours.report.figures import Figures, Row, the_shop
from parcours.report.journey.headlines import name_of
from parcours.report.journey.summary import summary
from parcours.report.page import DATED_PAGE, INDEX_PAGE, JOURNEY_PAGE, render, with_last_run
from parcours.whole_file import write_whole
from parcours.words import say, speaking

REMEMBERED = "dated.json"
TOLD = ("movements", "changes", "incidents")
"""Of a summary, besides its finding, the sentences that the list repeats: those on these sections."""


@dataclass(frozen=True)
class Headline:
    """A headline figure as a report had it, over its whole period."""

    kpi: str
    label: str
    value: float | None
    low: float | None
    high: float | None
    denominator: int | None


@dataclass(frozen=True)
class Dated:
    """What is remembered of a report: the shop day that its data reached to, the day they began, what it said."""

    until: date
    since: date | None
    finding: str
    told: list[tuple[str, str]]
    headlines: list[Headline]

    @property
    def page(self) -> str:
        """The name of its copy."""
        return DATED_PAGE.format(self.until)


@dataclass(frozen=True)
class Beside:
    """The headline figures of all reports as text, so that any two can be compared: a row per report, newest first."""

    labels: list[str]
    rows: list[tuple[str, list[str]]]


@dataclass(frozen=True)
class Line:
    """A headline figure in the list, as text; `change` is the difference from the report before."""

    label: str
    value: str
    interval: str
    counted: str
    change: str


def keep_dated(figures: Figures, page: Path, most: int) -> None:
    """Keep a copy of the page that was just written of these figures, no more than so many, and list them.

    A later page of the same day takes the place of the earlier. None is kept where no data are loaded, or `most` is 0.
    """
    with speaking(figures.shop.language):
        report = _of(figures)
        if report is not None and most:
            write_whole(page.with_name(report.page), _copy(page.read_text(encoding="utf-8"), figures, report))
        known = {one.until: one for one in remembered(page.parent)} | ({report.until: report} if report else {})
        kept = sorted(known.values(), key=lambda one: one.until)[-most:] if most else []
        _write_list(page.parent, kept, figures.shop)


def leave_dated(published: Path, folder: Path, names: Callable[[str], bool]) -> None:
    """Remove the copies that name somebody, and what is remembered of them; without a published file, the list too."""
    kept = [one for one in remembered(folder) if not names(_text_of(folder / one.page)) and not names(_json([one]))]
    if not published.exists():
        _forget_others(folder, kept)
        (folder / INDEX_PAGE).unlink(missing_ok=True)
        return
    with duckdb.connect(str(published), read_only=True) as connection:
        shop = the_shop(connection)
    with speaking(shop.language):
        _write_list(folder, kept, shop)


def remembered(folder: Path) -> list[Dated]:
    """The reports of a folder whose copies are there, by their days."""
    file = folder / REMEMBERED
    found = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    reports = [_dated(one) for one in found]
    return sorted((one for one in reports if (folder / one.page).exists()), key=lambda one: one.until)


def _of(figures: Figures) -> Dated | None:
    if figures.shop.known_until is None:
        return None
    numbers = Numbers(figures.shop.language, figures.shop.currency)
    finding, *rest = summary(figures, numbers)
    return Dated(
        figures.shop.known_until.date(),
        figures.shop.from_on,
        f"{finding.lead} {finding.text}",
        [(one.lead, one.text) for one in rest if one.to in TOLD],
        [Headline(kpi.kpi, name_of(kpi), kpi.value, kpi.low, kpi.high, kpi.denominator) for kpi in figures.kpis],
    )


def _copy(text: str, figures: Figures, report: Dated) -> str:
    """A page that says, where it said what became of the last run, that it is of then."""
    from markupsafe import Markup

    numbers = Numbers(figures.shop.language, figures.shop.currency)
    said = say(
        "The report of data until {day}, kept as it was; its link to the other page leads to that of now.",
        day=numbers.day(report.until),
    )
    links = Markup(' <a href="{}">{}</a> · <a href="{}">{}</a>').format(
        JOURNEY_PAGE, say("The newest report"), INDEX_PAGE, say("All reports")
    )
    return with_last_run(text, str(Markup('<p class="last-run">{}{}</p>').format(said, links)))


def _write_list(folder: Path, kept: list[Dated], shop: Row) -> None:
    """Write the list and what is remembered, and remove the copies that are not in it."""
    _forget_others(folder, kept)
    if not kept:
        (folder / INDEX_PAGE).unlink(missing_ok=True)
        return
    numbers = Numbers(shop.language, shop.currency)
    before = [None, *kept]
    listed = [(one, _lines(one, earlier, numbers)) for one, earlier in zip(kept, before, strict=False)]
    page = render(
        INDEX_PAGE,
        [],
        title=say("Reports"),
        shop=shop,
        numbers=numbers,
        reports=listed[::-1],
        beside=_beside(kept[::-1], numbers),
        newest=JOURNEY_PAGE,
    )
    write_whole(folder / INDEX_PAGE, page)


def _forget_others(folder: Path, kept: list[Dated]) -> None:
    for copy in folder.glob(DATED_PAGE.format("*")):
        if copy.name not in {one.page for one in kept}:
            copy.unlink()
    if kept:
        write_whole(folder / REMEMBERED, _json(kept))
    else:
        (folder / REMEMBERED).unlink(missing_ok=True)


def _beside(reports: list[Dated], numbers: Numbers) -> Beside:
    """A figure has its newest name; a report without it has none of its value."""
    labels = {one.kpi: one.label for report in reports[::-1] for one in report.headlines}
    rows = []
    for report in reports:
        values = {one.kpi: one.value for one in report.headlines}
        rows.append((numbers.day(report.until), [numbers.share(values.get(kpi)) for kpi in labels]))
    return Beside([*labels.values()], rows)


def _lines(report: Dated, before: Dated | None, numbers: Numbers) -> list[Line]:
    """The headline figures of a report that have a value, each beside the same figure of the one before."""
    earlier = {one.kpi: one.value for one in before.headlines if one.value is not None} if before else {}
    return [
        Line(
            one.label,
            numbers.share(one.value),
            numbers.interval(one.low, one.high),
            numbers.count(one.denominator),
            numbers.points(one.value - earlier[one.kpi]) if one.kpi in earlier else NOTHING,
        )
        for one in report.headlines
        if one.value is not None
    ]


def _text_of(page: Path) -> str:
    """What a page says and draws, without the scripts."""
    return page.read_text(encoding="utf-8").partition("<script>")[0]


def _json(reports: list[Dated]) -> str:
    return json.dumps([asdict(one) for one in reports], ensure_ascii=False, default=str, indent=1)


def _dated(found: dict[str, Any]) -> Dated:
    return Dated(
        date.fromisoformat(found["until"]),
        found["since"] and date.fromisoformat(found["since"]),
        found["finding"],
        [(lead, text) for lead, text in found["told"]],
        [Headline(**one) for one in found["headlines"]],
    )

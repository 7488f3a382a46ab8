"""The same number everywhere: each figure of the journey page is that of its table and of the notebook's function."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from other_language import in_language
from report_shop import figures_of

import parcours
from parcours.numbers import Numbers
from parcours.questions.shop import Shop
from parcours.report.figures import Figures, Row
from parcours.report.journey.page import page_sections
from parcours.report.section import Table
from parcours.report.write import write_report
from parcours.words import speaking


@dataclass(frozen=True)
class Asked:
    """How a notebook asks for the figures of a query of the page.

    `by`: columns of the page that name a row, and those of the answer. `names`: columns with another name there.
    `made`: columns that the query makes itself of its rows, or that are compared with another answer; *: many.
    """

    ask: Callable[[Shop, Row], pd.DataFrame]
    by: Mapping[str, str]
    names: Mapping[str, str] = field(default_factory=dict)
    made: Sequence[str] = ()


def whole(table: str) -> Callable[[Shop, Row], pd.DataFrame]:
    return lambda shop, row: shop.table(table)


def _returns(shop: Shop, row: Row) -> pd.DataFrame:
    """The cells of a calendar retention; their mean, of the newest dozen of cohorts, made by pandas."""
    where = f"retention_id = '{row.retention_id}' and interval_number > 0"
    cells = shop.table("metrics.retention_calendar", where=where)
    if row.cohort_on is not None:
        return cells
    newest = cells[cells["cohort_at"].isin(sorted(cells["cohort_at"].unique())[-12:])]
    sums = newest.groupby("interval_number", as_index=False)[["cohort_size", "returned_count"]].sum()
    return sums.assign(cohort_at=None, retention_rate=sums["returned_count"] / sums["cohort_size"])


MOVES = ("transition_count", "journey_count", "person_count", "median_seconds")
INTERVAL = {"low": "step_rate_low", "high": "step_rate_high"}
PAGE: dict[str, Sequence[Asked]] = {
    "kpis": [
        Asked(lambda shop, row: shop.kpis(), {"kpi": "kpi"}, made=["*"]),
        Asked(whole("metrics.kpi_trend"), {"kpi": "kpi"}, made=["*"]),
    ],
    "days": [Asked(lambda shop, row: shop.trend(row.kpi, by=row.grain), {"on": "happened_on week_on"})],
    "stages": [
        Asked(whole("metrics.journey_map"), {"stage": "stage"}),
        Asked(lambda shop, row: shop.drop_off(), {"stage": "stage"}, made=["*"]),
    ],
    "stages_by_type": [
        Asked(whole("metrics.stages_by_journey_type"), {"journey_type": "journey_type", "stage": "stage"})
    ],
    "segments": [
        Asked(
            lambda shop, row: shop.table("metrics.stage_drop_off_by_segment", where=f"dimension = '{row.dimension}'"),
            {"value": "value", "stage": "stage"},
        ),
        Asked(
            lambda shop, row: shop.drop_off(by=row.dimension).rename(columns={row.dimension: "value"}),
            {"value": "value", "stage": "stage"},
        ),
    ],
    "variants": [
        Asked(
            lambda shop, row: shop.variants(),
            {"variant_number": "variant_number"},
            made=["path_count", "covering_count"],
        )
    ],
    "products": [
        Asked(lambda shop, row: shop.products(), {"product_id": "product_id"}, made=["product_count"]),
    ],
    "ranking": [Asked(whole("metrics.drop_off_ranking"), {"ranking": "ranking", "stage": "stage"})],
    "stage_touchpoints": [
        Asked(whole("metrics.stage_touchpoints"), {"stage": "stage", "touchpoint": "touchpoint"}, made=["ended_count"])
    ],
    "stage_channels": [Asked(whole("metrics.stage_channels"), {"stage": "stage", "channel": "channel"})],
    "stage_triggers": [Asked(whole("metrics.stage_triggers"), {"stage": "stage", "triggered_by": "triggered_by"})],
    "stage_since": [Asked(whole("metrics.stage_drop_off_since"), {"stage": "stage"})],
    "stage_words": [Asked(whole("metrics.stage_words"), {"position": "position"})],
    "verbatims": [
        Asked(
            lambda shop, row: shop.table("metrics.stage_verbatims", where="newest = 1"),
            {"stage": "stage", "is_satisfied": "is_satisfied"},
        )
    ],
    "opportunities": [
        Asked(whole("settings.opportunities"), {"opportunity_id": "opportunity_id"}, made=["changed_on"])
    ],
    "gains": [
        Asked(
            lambda shop, row: shop.gains(where="funnel_id = 'map:stages'"),
            {"step_number": "step_number", "goal": "goal"},
        )
    ],
    "drivers": [
        Asked(
            lambda shop, row: shop.ask(
                "select * replace (replace(level, '_', ' ') as level) from metrics.drop_off_drivers"
            ),
            {"funnel_id": "funnel_id", "step_number": "step_number", "factor": "factor", "level": "level"},
        )
    ],
    "untested_friction": [
        Asked(
            lambda shop, row: shop.ask(
                "select * replace (replace(level, '_', ' ') as level) from metrics.drop_off_drivers "
                "where funnel_id = 'map:stages' and factor = 'friction'"
            ),
            {"step_number": "step_number", "level": "level"},
        )
    ],
    "next_after": [
        Asked(
            lambda shop, row: shop.table("metrics.drop_off_next", where="place_type = 'stage'"),
            {"place_number": "place_number", "outcome": "outcome"},
        )
    ],
    "funnel_steps": [
        Asked(
            lambda shop, row: shop.funnel(row.funnel_id),
            {"step_number": "step_number"},
            INTERVAL | {"median_seconds": "median_seconds_from_previous"},
            made=["window_days", "previous_count", "uncovered_count", "revenue_at_stake", "within_seconds"],
        ),
        Asked(
            whole("metrics.funnel_steps"),
            {"funnel_id": "funnel_id", "step_number": "step_number"},
            INTERVAL | {"median_seconds": "median_seconds_from_previous"},
            made=["previous_count", "within_seconds"],
        ),
    ],
    "cart_ways": [Asked(lambda shop, row: shop.carts(), {"way": "way"})],
    "cart_recovery": [
        Asked(whole("metrics.cart_recovery"), {"split_by": "split_by", "name": "name"}, made=["silence_days"])
    ],
    "cart_splits": [
        Asked(
            lambda shop, row: shop.table("metrics.cart_abandonment_splits", where="way = 'cart abandonment'"),
            {"split_by": "split_by", "name": "name"},
        ),
        Asked(
            lambda shop, row: (
                shop.carts(by=row.split_by).query("way == 'cart abandonment'").rename(columns={row.split_by: "name"})
            ),
            {"name": "name"},
            made=["*"],
        ),
    ],
    "conversion_ways": [Asked(whole("metrics.conversion"), {"way": "way"})],
    "cohorts": [
        Asked(
            lambda shop, row: shop.retention(by="cohort_at" if row.cohort_on else ()),
            {"interval_number": "interval_number", "cohort_on": "cohort_at"},
            {"customer_count": "entered_count", "rate": "retention_rate"},
        )
    ],
    "returns": [
        Asked(
            _returns,
            {"cohort_on": "cohort_at", "interval_number": "interval_number"},
            {"finished_count": "cohort_size", "rate": "retention_rate"},
            made=["customer_count", "at_least"],
        )
    ],
    "csat": [Asked(whole("metrics.csat_by_stage"), {"stage": "stage"}, {"low": "csat_low", "high": "csat_high"})],
    "satisfaction": [
        Asked(
            whole("metrics.satisfaction"),
            {"kind": "kind", "dimension": "dimension", "value": "value"},
        ),
        Asked(lambda shop, row: shop.satisfaction(row.dimension, kind=row.kind), {"value": "value"}, made=["*"]),
    ],
    "satisfaction_drivers": [
        Asked(
            lambda shop, row: shop.satisfaction_drivers(),
            {"survey": "survey", "kind": "kind", "driver": "driver"},
        )
    ],
    "second_orders": [Asked(lambda shop, row: shop.survival(), {"day_number": "day_number"})],
    "expected_orders": [
        Asked(
            lambda shop, row: shop.expected_retention(),
            {"cohort_on": "cohort_at", "interval_number": "interval_number"},
        )
    ],
    "conformance": [
        Asked(
            lambda shop, row: shop.ask(
                "select paths.* replace (coalesce(stages.stage_label, paths.place) as place, "
                "coalesce(since.stage_label, paths.from_place) as from_place) from metrics.path_conformance as paths "
                "left join settings.stages as stages on paths.place_type = 'stage' and paths.place = stages.stage "
                "left join settings.stages as since on paths.place_type = 'stage' and paths.from_place = since.stage "
                "where paths.journey_type = 'all'"
            ),
            {"kind": "kind", "place_type": "place_type", "place": "place", "from_place": "from_place"},
        )
    ],
    "deviation_costs": [
        Asked(
            lambda shop, row: shop.ask(
                "select costs.* replace (stages.stage_label as place, since.stage_label as from_place) "
                "from metrics.deviation_cost as costs "
                "left join settings.stages as stages on costs.place = stages.stage "
                "left join settings.stages as since on costs.from_place = since.stage"
            ),
            {"kind": "kind", "place": "place", "from_place": "from_place"},
        )
    ],
    "back_and_forth": [
        Asked(
            lambda shop, row: shop.transitions(where=f"kind = '{row.kind}' and journey_type = 'all'"),
            {"from_place": ours, "to_place": theirs},
            {f"{way}_{name}": name for name in MOVES},
            made=[f"{other}_{name}" for name in MOVES],
        )
        for ours, theirs, way, other in (
            ("from_place", "to_place", "there", "back"),
            ("to_place", "from_place", "back", "there"),
        )
    ],
    "next_channels": [Asked(whole("metrics.next_channels"), {"channel": "channel", "next_channel": "next_channel"})],
    "impacts": [
        Asked(lambda shop, row: shop.changes(), {"change_id": "change_id", "kpi": "kpi"}),
    ],
    "change_weeks": [
        Asked(whole("metrics.change_weeks"), {"change_id": "change_id", "kpi": "kpi", "week_number": "week_number"})
    ],
    "incidents": [
        Asked(
            lambda shop, row: shop.incidents(),
            {"step_label": "step_label", "dimension": "dimension", "value": "value", "began_on": "began_on"},
        )
    ],
    "movements": [Asked(lambda shop, row: shop.movements(), {"measure": "measure", "part": "part"})],
    "movement_segments": [
        Asked(
            lambda shop, row: shop.table("metrics.movement_segments", where="measure = 'orders'"),
            {"part": "part", "dimension": "dimension", "value": "value"},
        )
    ],
    "leads": [
        Asked(
            whole("metrics.lead_conversion"),
            {"window_days": "window_days"},
            {"value": "conversion_rate", "low": "conversion_low", "high": "conversion_high"},
        )
    ],
    "order_states": [
        Asked(
            lambda shop, row: shop.ask(
                "select * replace (replace(state, '_', ' ') as state) from metrics.order_states"
            ),
            {"state": "state"},
        )
    ],
    "other_channels": [Asked(whole("metrics.sales_channels"), {"sales_channel": "sales_channel"})],
    "coverage": [Asked(whole("metrics.stage_coverage_by_source"), {"source": "source"})],
    "currencies": [Asked(whole("metrics.currencies"), {"kind": "kind", "currency": "currency"})],
    "exports": [Asked(whole("metrics.export_rows"), {"export": "export", "format": "format", "status": "status"})],
    "outages": [Asked(whole("metrics.outage_days"), {"outage": "outage", "on": "outage_on"})],
    "restatements": [
        Asked(whole("metrics.restatements"), {"kpi": "kpi", "happened_on": "happened_on", "cause": "cause"})
    ],
    "report_before": [Asked(whole("metrics.report_before"), {})],
}
NO_FIGURES = {"changes", "sources", "table_comments", "shop", "open_alarms", "restated_causes"}
"""Words and dates of settings; the causes are counts of the rows of restatements, in tests/test_restatements.py."""


@pytest.fixture(scope="module")
def shop(published_sample: Path) -> Shop:
    opened: Shop = parcours.open(published_sample)
    return opened


@pytest.fixture(scope="module")
def figures(published_sample: Path) -> Figures:
    return figures_of(published_sample)


def test_each_figure_of_the_page_is_that_of_its_function(figures: Figures, shop: Shop) -> None:
    assert set(vars(figures)) == {*PAGE} | NO_FIGURES
    compared: dict[str, set[str]] = {}
    for query, ways in PAGE.items():
        for way in ways:
            answers: dict[Any, pd.DataFrame] = {}
            for row in getattr(figures, query):
                whose = (
                    getattr(row, name, None)
                    for name in ("kpi", "grain", "funnel_id", "dimension", "split_by", "kind", "retention_id")
                )
                asked = (*whose, getattr(row, "cohort_on", 0) is None)
                if asked not in answers:
                    answers[asked] = pd.DataFrame(way.ask(shop, row))
                found = _found(answers[asked], way, row)
                numbers = {name: value for name, value in vars(row).items() if _is_number(value)}
                for name, value in numbers.items():
                    column = way.names.get(name, name)
                    if column not in found:
                        assert name in way.made or "*" in way.made, f"{query}: {name} is in no answer"
                        continue
                    assert float(found[column]) == pytest.approx(float(value), rel=1e-12), f"{query}: {name} of {row}"
                    compared.setdefault(query, set()).add(name)
    shown = {
        "kpis",
        "cart_recovery",
        "cart_splits",
        "satisfaction",
        "satisfaction_drivers",
        "second_orders",
        "expected_orders",
        "conformance",
        "deviation_costs",
        "back_and_forth",
        "next_channels",
        "stages",
        "stages_by_type",
        "funnel_steps",
        "cart_ways",
        "cohorts",
        "csat",
        "impacts",
        "movements",
        "ranking",
        "days",
    }
    assert shown <= {*compared}  # nothing fell unnoticed in the sample, and it has no leads
    assert {"value", "numerator", "denominator", "low", "high"} <= compared["kpis"]


def test_satisfaction_by_stage_is_the_pages(figures: Figures, shop: Shop) -> None:
    asked = shop.satisfaction("stage", kind="csat")
    answered = {row.stage: row for row in figures.csat if row.answer_count and row.stage not in ("all", "none")}
    assert answered
    for stage, row in answered.items():
        found = asked[asked["value"] == stage].iloc[0]
        assert (found["answer_count"], found["csat"]) == (row.answer_count, pytest.approx(row.csat)), stage


def _found(answer: pd.DataFrame, way: Asked, row: Row) -> pd.Series[Any]:
    """The row of the answer that a row of the page is."""
    for ours, theirs in way.by.items():
        column = next((name for name in theirs.split() if name in answer), None)
        if column is None:
            assert getattr(row, ours) is None, f"{theirs} is not in the answer"
            continue
        answer = answer[[_same(one, getattr(row, ours)) for one in answer[column]]]
    assert len(answer) == 1, f"{len(answer)} rows for {row}"
    return answer.iloc[0]


def _same(one: Any, other: Any) -> bool:
    if isinstance(other, date):
        return pd.Timestamp(one).date() == (other.date() if isinstance(other, datetime) else other)
    return bool(pd.isna(one)) if other is None else bool(one == other)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


class _Cells(HTMLParser):
    """The rows of a page's tables, as text."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.is_in = False

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
            self.is_in = True

    def handle_endtag(self, tag: str) -> None:
        self.is_in = self.is_in and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self.is_in:
            self.rows[-1][-1] += data


def tables_of(figures: Figures, numbers: Numbers) -> list[Table]:
    with speaking(numbers.language):
        sections = page_sections(figures, numbers)
    return [
        table
        for section in sections
        for table in (*section.shown, *section.tables, *(view.table for view in section.views))
    ]


@pytest.fixture(scope="module")
def french(published_sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return in_language(published_sample, tmp_path_factory.mktemp("french") / "published.duckdb", "fr")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_page_shows_these_figures(published_sample: Path, french: Path, tmp_path: Path, language: str) -> None:
    published = french if language == "fr" else published_sample
    write_report(published, tmp_path / "journey.html")
    cells = _Cells()
    cells.feed((tmp_path / "journey.html").read_text(encoding="utf-8"))
    shown = {tuple(map(str.strip, row)) for row in cells.rows}
    figures = figures_of(published)
    tables = tables_of(figures, Numbers(language, figures.shop.currency))
    assert len(tables) > 8
    for table in tables:
        for row in table.rows:
            assert tuple(map(str.strip, row)) in shown, f"{table.caption}: {row}"


def test_both_languages_show_the_same_numbers_of_every_cell(figures: Figures, french: Path) -> None:
    in_french = figures_of(french)
    assert in_french.shop.language == "fr"
    english_tables = tables_of(figures, Numbers("en", "EUR"))
    french_tables = tables_of(in_french, Numbers("fr", "EUR"))
    compared = 0
    for one, other in zip(english_tables, french_tables, strict=True):
        for row, its in zip(one.rows, other.rows, strict=True):
            for cell, same in zip(row, its, strict=True):
                assert _numbers(cell, ",", ".") == _numbers(same, "\u202f", ","), f"{one.caption}: {cell} / {same}"
                compared += len(_numbers(cell, ",", "."))
    assert compared > 2000


def _numbers(text: str, thousands: str, mark: str) -> list[str]:
    """The numbers of a text in a language, each as Python writes it."""
    found = re.findall(rf"\d{{1,3}}(?:{thousands}\d{{3}})+(?:{re.escape(mark)}\d+)?|\d+(?:{re.escape(mark)}\d+)?", text)
    return [one.replace(thousands, "").replace(mark, ".") for one in found]

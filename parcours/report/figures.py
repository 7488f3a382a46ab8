"""The figures behind each section of the report: one query and one row type each, with nothing drawn.

Read from the published tables; what a figure means is in `sql/metrics/`. The selects in `queries/` only join labels,
order rows and turn instants into shop time. Not here: words (`wording.py`), charts (`charts.py`, `journey_map.py`),
the page (`page.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar

import duckdb

Row = TypeVar("Row")
QUERIES = Path(__file__).parent / "queries"


@dataclass(frozen=True)
class Shop:
    """Whose report it is, what it covers, and the knobs that its definitions name."""

    name: str
    time_zone: str
    currency: str
    language: str
    small_cell: int
    retention_days: int
    cart_horizon_days: float
    inactivity_days: float
    session_timeout_minutes: float
    attribution_hours: float
    survey_lag_days: float
    comparison_window_days: int
    guard_days: int
    from_on: date | None
    until_on: date | None
    events_until: datetime | None
    orders_until: datetime | None
    feedback_until: datetime | None
    journey_count: int


@dataclass(frozen=True)
class Kpi:
    """A headline figure over the whole period, and over its earlier and later halves."""

    kpi: str
    numerator: int
    denominator: int
    open_count: int
    value: float | None
    low: float | None
    high: float | None
    target: float | None
    earlier_from: date | None
    earlier_until: date | None
    earlier_value: float | None
    earlier_low: float | None
    earlier_high: float | None
    later_from: date | None
    later_until: date | None
    later_value: float | None
    later_low: float | None
    later_high: float | None
    difference: float | None


@dataclass(frozen=True)
class Way:
    """Another way to count a headline figure."""

    way: str
    numerator: int
    denominator: int | None
    open_count: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Stage:
    """A stage of the map with all that its column shows."""

    stage: str
    label: str
    next_label: str | None
    is_required: bool
    reached_count: int
    matured_count: int
    went_on_count: int
    dropped_count: int | None
    open_count: int
    skipped_count: int
    skipped_share: float | None
    back_step_count: int
    median_seconds: float | None
    drop_off_rate: float | None
    drop_off_low: float | None
    drop_off_high: float | None
    went_on_rate: float | None
    to_be_rate: float | None
    revenue_at_stake: float | None
    satisfaction_mean: float | None
    satisfaction_low: float | None
    satisfaction_high: float | None
    answer_count: int
    is_small: bool


@dataclass(frozen=True)
class Ranked:
    """A stage's place in one of the three rankings of the drop-off."""

    ranking: str
    stage: str
    label: str
    value: float
    rank: int
    is_tie_with_first: bool


@dataclass(frozen=True)
class StageTouchpoint:
    """What journeys touched in a stage; ended_count is null where a journey can't end."""

    stage: str
    touchpoint: str
    is_error: bool
    journey_count: int
    journey_share: float
    ended_count: int | None


@dataclass(frozen=True)
class FunnelStep:
    """A step of a funnel, over matured attempts."""

    funnel_id: str
    funnel_name: str
    unit: str
    window_days: float
    step_number: int
    label: str
    previous_label: str | None
    entered_count: int
    previous_count: int | None
    reached_count: int
    dropped_count: int
    open_count: int
    conversion_rate: float | None
    step_rate: float | None
    drop_off_rate: float | None
    low: float | None
    high: float | None
    median_seconds: float | None
    revenue_at_stake: float | None


@dataclass(frozen=True)
class Day:
    """A figure on one shop day, or in the week from it; null where nothing that began then is over yet."""

    kpi: str
    grain: str
    on: date
    numerator: float
    denominator: int
    open_count: int
    value: float | None
    is_small: bool


@dataclass(frozen=True)
class Outage:
    """A shop day on which something was down."""

    on: date
    outage: str
    touchpoint_count: int
    order_count: int
    checkout_count: int
    ordered_count: int
    failed_count: int
    expected_order_count: float | None


@dataclass(frozen=True)
class Cohort:
    """A cell of the retention map; cohort_on is null in the row of the mean over cohorts, weighted by size."""

    cohort_on: date | None
    interval_number: int
    customer_count: int
    finished_count: int
    returned_count: int
    rate: float | None
    is_small: bool


@dataclass(frozen=True)
class Csat:
    """Satisfaction at a stage (its label), in all answers ('all') or in those of no stage ('none')."""

    stage: str
    label: str | None
    answer_count: int
    satisfied_count: int
    csat: float | None
    low: float | None
    high: float | None
    mean_of_10: float | None
    unattached_count: int
    asked_count: int | None
    response_rate: float | None
    is_small: bool


@dataclass(frozen=True)
class Change:
    """Something that the shop changed on a day."""

    change_id: str
    label: str
    changed_on: date
    stage_label: str | None
    what: str
    segment: str | None


@dataclass(frozen=True)
class Impact:
    """A figure before and after a change. Step labels are those of a step conversion."""

    change_id: str
    kpi: str
    from_step: str | None
    to_step: str | None
    funnel_name: str | None
    days_per_side: int
    before_denominator: int
    before_value: float | None
    after_denominator: int
    after_value: float | None
    difference: float | None
    relative_difference: float | None
    low: float | None
    high: float | None
    detectable_difference: float | None
    corrected_p_value: float | None
    verdict: str


@dataclass(frozen=True)
class Export:
    """The files of one export and what became of their rows; of all exports where export is null."""

    export: str | None
    format: str | None
    status: str | None
    file_count: int
    rows_read: int
    rows_loaded: int
    rows_duplicate: int
    rows_rejected: int
    rejected_share: float | None
    covers_until: datetime | None
    adds_up: bool


@dataclass(frozen=True)
class Coverage:
    """How many touchpoints of a source a rule places in a stage."""

    source: str
    touchpoint_count: int
    staged_count: int
    staged_share: float | None


@dataclass(frozen=True)
class TableComment:
    """A published table, and what its rows are."""

    name: str
    comment: str


@dataclass(frozen=True)
class Figures:
    """All that the report shows, of one published database."""

    shop: Shop
    kpis: list[Kpi]
    conversion_ways: list[Way]
    cart_ways: list[Way]
    stages: list[Stage]
    ranking: list[Ranked]
    touchpoints: list[StageTouchpoint]
    funnel_steps: list[FunnelStep]
    days: list[Day]
    outages: list[Outage]
    cohorts: list[Cohort]
    csat: list[Csat]
    changes: list[Change]
    impacts: list[Impact]
    exports: list[Export]
    coverage: list[Coverage]
    tables: list[TableComment]


def read_figures(connection: duckdb.DuckDBPyConnection) -> Figures:
    """Every section's rows."""
    return Figures(
        shop=the_shop(connection),
        kpis=rows(connection, Kpi, "kpis"),
        conversion_ways=rows(connection, Way, "conversion_ways"),
        cart_ways=rows(connection, Way, "cart_ways"),
        stages=rows(connection, Stage, "stages"),
        ranking=rows(connection, Ranked, "ranking"),
        touchpoints=rows(connection, StageTouchpoint, "stage_touchpoints"),
        funnel_steps=rows(connection, FunnelStep, "funnel_steps"),
        days=rows(connection, Day, "days"),
        outages=rows(connection, Outage, "outages"),
        cohorts=rows(connection, Cohort, "cohorts"),
        csat=rows(connection, Csat, "csat"),
        changes=rows(connection, Change, "changes"),
        impacts=rows(connection, Impact, "impacts"),
        exports=rows(connection, Export, "exports"),
        coverage=rows(connection, Coverage, "coverage"),
        tables=rows(connection, TableComment, "table_comments"),
    )


def the_shop(connection: duckdb.DuckDBPyConnection) -> Shop:
    """The shop that the database is of.

    Raises:
        ValueError: settings.shop is empty, so there is no shop to report on.
    """
    shops = rows(connection, Shop, "shop")
    if len(shops) != 1:
        raise ValueError(
            f"settings.shop joined to metrics.cut_off has {len(shops)} rows, expected one. "
            "Publish the database again: parcours run."
        )
    return shops[0]


def rows(connection: duckdb.DuckDBPyConnection, row_type: type[Row], query: str) -> list[Row]:
    """The rows of queries/<query>.sql as dataclasses; its columns must be the dataclass's fields, by name."""
    result = connection.cursor().execute((QUERIES / f"{query}.sql").read_text(encoding="utf-8"))
    names = [column[0] for column in result.description]
    return [row_type(**dict(zip(names, row, strict=True))) for row in result.fetchall()]

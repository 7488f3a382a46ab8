"""The rows behind each section of the quality page: one query and one row type each, with nothing drawn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb

from parcours.report.figures import Row, rows, the_shop


@dataclass(frozen=True)
class Reason:
    """Why rows of an export were rejected, without the values in them."""

    export: str
    reason: str
    row_count: int


@dataclass(frozen=True)
class Refused:
    """A file of which nothing was loaded, and why."""

    path: str
    export: str
    reason: str


@dataclass(frozen=True)
class RejectedFile:
    """A loaded file some of whose rows were rejected."""

    path: str
    export: str
    rows_read: int
    rows_rejected: int


@dataclass(frozen=True)
class Reconciled:
    """Orders against purchase events: of a day, a channel, a payment method (name null: not known) or of all."""

    split_by: str
    on: date | None
    name: str | None
    order_count: int
    matched_order_count: int
    orders_without_event_count: int
    events_without_order_count: int
    duplicate_event_count: int
    amount_difference_count: int
    amount_difference: float | None


@dataclass(frozen=True)
class SourceCoverage:
    """Touchpoints and revenue of a source (null: all) that have a stage."""

    source: str | None
    touchpoint_count: int
    staged_count: int
    staged_share: float | None
    net_revenue: float | None
    staged_revenue: float | None
    revenue_share: float | None


@dataclass(frozen=True)
class Unmapped:
    """A name with touchpoints without a stage, and how many of these a rule names (and gives no stage)."""

    source: str
    name: str
    touchpoint_count: int
    named_count: int
    net_revenue: float | None


@dataclass(frozen=True)
class Late:
    """Rows that came late: of a day, of an export or of all. Seconds: the median day's median, and the ends."""

    split_by: str
    on: date | None
    export: str | None
    row_count: int
    late_count: int
    late_share: float | None
    median_seconds: float | None
    lowest_seconds: float | None
    highest_seconds: float | None


@dataclass(frozen=True)
class Drifted:
    """A name of a column or event that is new or gone since the load before."""

    export: str
    what: str
    name: str
    first_load: int
    last_load: int
    row_count: int
    verdict: str


@dataclass(frozen=True)
class Loads:
    """How many loads the most loaded export has, and the names that all of them saw."""

    load_count: int
    column_count: int
    event_count: int


@dataclass(frozen=True)
class Screening:
    """A figure without the screened people, with all, and of each kind of them."""

    figure: str
    value_without: float | None
    value_with: float | None
    bot_value: float | None
    staff_value: float | None


@dataclass(frozen=True)
class Screened:
    """How many people are screened for a reason, by the evidence."""

    reason: str
    evidence: str
    person_count: int


@dataclass(frozen=True)
class Shared:
    """Identifiers of a kind that meet too many others, and the logins they meet."""

    kind: str
    identifier_count: int
    login_count: int
    most_logins: int


@dataclass(frozen=True)
class Identity:
    """How many identifiers there are, how many others one may meet, and whether bots and staff are left out."""

    link_limit: int
    identifier_count: int
    leaves_out_screened: bool


@dataclass(frozen=True)
class QualityFigures:
    """All that the quality page shows, of one published database."""

    shop: Row
    exports: list[Row]
    reasons: list[Reason]
    refused: list[Refused]
    files: list[RejectedFile]
    reconciliation: list[Reconciled]
    outages: list[Row]
    coverage: list[SourceCoverage]
    unmapped: list[Unmapped]
    late: list[Late]
    drift: list[Drifted]
    loads: Loads
    screening: list[Screening]
    screened: list[Screened]
    shared: list[Shared]
    identity: Identity
    tables: list[Row]


def read_quality(connection: duckdb.DuckDBPyConnection) -> QualityFigures:
    """Every section's rows."""
    return QualityFigures(
        shop=the_shop(connection),
        exports=rows(connection, Row, "exports"),
        reasons=rows(connection, Reason, "quality_reasons"),
        refused=rows(connection, Refused, "quality_refused"),
        files=rows(connection, RejectedFile, "quality_files"),
        reconciliation=rows(connection, Reconciled, "quality_reconciliation"),
        outages=rows(connection, Row, "outages"),
        coverage=rows(connection, SourceCoverage, "quality_coverage"),
        unmapped=rows(connection, Unmapped, "quality_unmapped"),
        late=rows(connection, Late, "quality_late"),
        drift=rows(connection, Drifted, "quality_drift"),
        loads=rows(connection, Loads, "quality_loads")[0],
        screening=rows(connection, Screening, "quality_screening"),
        screened=rows(connection, Screened, "quality_screened"),
        shared=rows(connection, Shared, "quality_shared"),
        identity=rows(connection, Identity, "quality_identity")[0],
        tables=rows(connection, Row, "quality_tables"),
    )

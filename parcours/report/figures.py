"""The figures behind each section of the report: the rows of one query each, with nothing drawn.

Read from the published tables; what a figure means is in `sql/metrics/`. The selects in `queries/` only join labels,
order rows and turn instants into shop time. Not here: words (`wording.py`), charts (`journey/`), the page (`page.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from types import SimpleNamespace
from typing import TypeVar

import duckdb

AnyRow = TypeVar("AnyRow")
QUERIES = Path(__file__).parent / "queries"


class Row(SimpleNamespace):
    """A row of a query: its columns, by their names there. A name that the query lacks is an AttributeError."""


@dataclass(frozen=True)
class Figures:
    """All that the report shows, of one published database: `shop`, and the rows of each query by its name."""

    shop: Row
    kpis: list[Row]
    conversion_ways: list[Row]
    cart_ways: list[Row]
    stages: list[Row]
    ranking: list[Row]
    stage_touchpoints: list[Row]
    funnel_steps: list[Row]
    days: list[Row]
    outages: list[Row]
    cohorts: list[Row]
    csat: list[Row]
    changes: list[Row]
    impacts: list[Row]
    exports: list[Row]
    coverage: list[Row]
    table_comments: list[Row]


def read_figures(connection: duckdb.DuckDBPyConnection) -> Figures:
    """Every section's rows."""
    names = [field.name for field in fields(Figures) if field.name != "shop"]
    return Figures(the_shop(connection), **{name: rows(connection, Row, name) for name in names})


def the_shop(connection: duckdb.DuckDBPyConnection) -> Row:
    """The shop that the database is of.

    Raises:
        ValueError: settings.shop is empty, so there is no shop to report on.
    """
    shops = rows(connection, Row, "shop")
    if len(shops) != 1:
        raise ValueError(
            f"settings.shop joined to metrics.cut_off has {len(shops)} rows, expected one. "
            "Publish the database again: parcours run."
        )
    return shops[0]


def rows(connection: duckdb.DuckDBPyConnection, row_type: Callable[..., AnyRow], query: str) -> list[AnyRow]:
    """The rows of queries/<query>.sql; each column is given to the row type by its name."""
    result = connection.cursor().execute((QUERIES / f"{query}.sql").read_text(encoding="utf-8"))
    names = [column[0] for column in result.description]
    return [row_type(**dict(zip(names, row, strict=True))) for row in result.fetchall()]


def first(rows: Sequence[Row], **columns: object) -> Row | None:
    """The first row with these values; None where there is none."""
    return next((row for row in rows if all(getattr(row, name) == value for name, value in columns.items())), None)

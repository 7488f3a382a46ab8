"""The figures of a page: the rows of its queries, with nothing drawn.

Read from the published tables; what a figure means is in `sql/metrics/`. The selects in `queries/` (of both pages) and
in each page's own only join labels, order rows and turn instants into shop time. Not here: words, charts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TypeVar

import duckdb

AnyRow = TypeVar("AnyRow")
QUERIES = Path(__file__).parent / "queries"
"""Those of both pages."""


class Row(SimpleNamespace):
    """A row of a query: its columns, by their names there. A name that the query lacks is an AttributeError."""


class Figures(SimpleNamespace):
    """All that a page shows of one published database: `shop`, and the rows of each query by the name of its file."""

    shop: Row


def read_figures(connection: duckdb.DuckDBPyConnection, queries: Path) -> Figures:
    """The rows of every query of a page's folder, and of those of both pages."""
    files = [file for folder in (QUERIES, queries) for file in folder.glob("*.sql")]
    return Figures(**{file.stem: rows(connection, file, Row) for file in files} | {"shop": the_shop(connection)})


def the_shop(connection: duckdb.DuckDBPyConnection) -> Row:
    """The shop that the database is of.

    Raises:
        ValueError: settings.shop is empty, so there is no shop to report on.
    """
    shops = rows(connection, QUERIES / "shop.sql", Row)
    if len(shops) != 1:
        raise ValueError(
            f"settings.shop joined to metrics.cut_off has {len(shops)} rows, expected one. "
            "Publish the database again: parcours run."
        )
    return shops[0]


def rows(connection: duckdb.DuckDBPyConnection, query: Path, row_type: Callable[..., AnyRow]) -> list[AnyRow]:
    """The rows of a query's file; each column is given to the row type by its name."""
    result = connection.cursor().execute(query.read_text(encoding="utf-8"))
    names = [column[0] for column in result.description]
    return [row_type(**dict(zip(names, row, strict=True))) for row in result.fetchall()]


def first(rows: Sequence[Row], **columns: object) -> Row | None:
    """The first row with these values; None where there is none."""
    return next((row for row in rows if all(getattr(row, name) == value for name, value in columns.items())), None)

"""Of several versions of a thing the newest by the source's own time stands, in every staging table."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from given import answer, at, order, rows, warehouse

DAY = 86400.0

CASES = {
    "staging.contacts": ("contacts", "contact_id", "city"),
    "staging.deals": ("deals", "deal_id", "pipeline"),
    "staging.tickets": ("tickets", "ticket_id", "category"),
    "staging.feedback": ("feedback", "answer_id", "comment"),
    "staging.orders": ("order_rows", "order_id", "order_reference"),
    "staging.order_lines": ("order_rows", "order_id", "product_name"),
}
"""Of each table the rows that it is made of, their key, and a column that each version says another way."""

OTHERWISE: dict[str, dict[str, Any]] = {
    "tickets": {"created_at": at(0)},
    "feedback": dict(answer("", 0, 5)),
    "order_rows": dict(order("", 0)),
}


@pytest.fixture(scope="module")
def built() -> duckdb.DuckDBPyConnection:
    """Of each kind four things in four versions each: the first version of thing 0 is its newest, and so on."""
    given: dict[str, list[dict[str, Any]]] = {}
    for kind, key, _ in CASES.values():
        said = [column for other, _, column in CASES.values() if other == kind]
        given[kind] = [
            OTHERWISE.get(kind, {})
            | {key: f"#{newest}", "source_updated_at": at(DAY * (i == newest))}
            | dict.fromkeys(said, f"v{i}")
            for newest in range(4)
            for i in range(4)
        ]
    return warehouse(**given, build=[*CASES])  # type: ignore[arg-type]


@pytest.mark.parametrize("table", CASES)
@pytest.mark.parametrize("newest", range(4))
def test_the_newest_by_the_sources_own_time_stands_whatever_else_differs(
    built: duckdb.DuckDBPyConnection, table: str, newest: int
) -> None:
    _, key, column = CASES[table]
    assert rows(built, f"select {column} from {table} where {key} = '#{newest}'") == [(f"v{newest}",)]

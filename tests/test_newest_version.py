"""Of several versions of a thing the newest by the source's own time stands, in every staging table."""

from __future__ import annotations

from typing import Any

import pytest
from given import answer, at, order, rows, warehouse

DAY = 86400.0

CASES = {
    "staging.contacts": ("contacts", {"contact_id": "k"}, "city"),
    "staging.deals": ("deals", {"deal_id": "d"}, "pipeline"),
    "staging.tickets": ("tickets", {"ticket_id": "t", "created_at": at(0)}, "category"),
    "staging.feedback": ("feedback", answer("a", 0, 5), "comment"),
    "staging.orders": ("order_rows", order("#1", 0), "order_reference"),
    "staging.order_lines": ("order_rows", order("#1", 0), "product_name"),
}


@pytest.mark.parametrize("table", CASES)
@pytest.mark.parametrize("newest", range(4))
def test_the_newest_by_the_sources_own_time_stands_whatever_else_differs(table: str, newest: int) -> None:
    kind, row, column = CASES[table]
    given: dict[str, Any] = {
        kind: [{**row, column: f"v{i}", "source_updated_at": at(DAY * (i == newest))} for i in range(4)]
    }
    built = warehouse(**given, build=[table])
    assert rows(built, f"select {column} from {table}") == [(f"v{newest}",)]

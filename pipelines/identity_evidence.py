"""Bringing journeys.identity_evidence up to date at the cost of what changed, and equal to building it whole.

Here: of which identifiers the evidence may be other now, and what has to be read to know. The evidence itself is the
very same select (`sql/journeys/identity_evidence.sql`), with its upstreams narrowed.

Whether a pair is used depends on how many others its ends meet, directly or behind an order or a contact. So, beginning
with the identifiers that a changed row names, or has named:

1. a pair that comes or goes has both ends among these *named* and their neighbours;
2. whoever is not among these, nor a neighbour of an order or a contact among them, meets whom they have met;
3. the pairs with an end among those (*affected*) are made again: each needs all pairs of both ends, and of the orders
   and contacts beside these ends (*wanted*).
"""

from __future__ import annotations

import duckdb

from pipelines.refresh import copy_rows, find_changed, narrowed_sql

EVIDENCE = "journeys.identity_evidence"
TRACES = "journeys.traces"
RECORDS = "journeys.record_evidence"

BEHIND = "regexp_matches(identifier, '^(order|contact):')"
"""In SQL: an identifier behind which its neighbours meet."""

NAMES = {"anonymous_id": "anonymous", "customer_id": "customer", "email_hash": "email", "order_id": "order"}
"""The columns of journeys.traces that hold identifiers, and their kinds."""

OF_AFFECTED = (
    "where identifier in (select identifier from affected) or other_identifier in (select identifier from affected)"
)


def write_changed_evidence(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Make `next_rows`, the evidence of the identifiers whose evidence is another now; `touched_keys` are these.

    Args:
        connection: the warehouse, with the identifiers that changed rows name first in `touched_keys`.
        sql: the select of the evidence.
    """
    _find_affected(connection)
    instead = {
        TRACES: copy_rows(
            connection,
            TRACES,
            *(f"{column} in (select value from wanted where kind = '{kind}')" for column, kind in NAMES.items()),
        ),
        RECORDS: copy_rows(
            connection,
            RECORDS,
            "identifier in (select identifier from wanted)",
            "other_identifier in (select identifier from wanted)",
        ),
    }
    connection.execute(
        f"create or replace temp table evidence_now as from ({narrowed_sql(sql, instead)}) {OF_AFFECTED}"
    )
    connection.execute(f"create or replace temp table evidence_before as from {EVIDENCE} {OF_AFFECTED}")
    find_changed(connection, "select *, rowid as place from evidence_before", "evidence_now")
    connection.execute(
        "create or replace temp table touched_keys as select distinct identifier as key from changed_rows"
    )
    connection.execute(
        "create or replace temp table next_rows as "
        "from evidence_now where identifier in (select key from touched_keys) "
        f"union all (from {EVIDENCE} where identifier in (select key from touched_keys) "
        f"except all from evidence_before where identifier in (select key from touched_keys))"
    )
    for table in ("wanted", "affected", "evidence_now", "evidence_before", "changed_rows", *instead.values()):
        connection.execute(f"drop table {table}")


def _find_affected(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `affected` and `wanted`, as the head of this file says."""
    names = " union ".join(
        f"select '{kind}:' || {column} from changed_traces where {column} is not null" for column, kind in NAMES.items()
    )
    touched = "(select key from touched_keys)"
    connection.execute(
        "create or replace temp table named as "
        f"with changed_traces as (select {', '.join(NAMES)} from {TRACES} where identifier in {touched} "
        f"union all select {', '.join(NAMES)} from {TRACES} where order_id in "
        "(select substr(key, 7) from touched_keys where starts_with(key, 'order:'))) "
        f"select key as identifier from touched_keys union {names} "
        f"union select other_identifier from {RECORDS} where identifier in {touched} and other_identifier is not null"
    )
    connection.execute(f"create or replace temp table near as from named union {_neighbours('named')}")
    connection.execute(
        f"create or replace temp table affected as from near union {_neighbours(f'(from near where {BEHIND})')}"
    )
    connection.execute(f"create or replace temp table near as from affected union {_neighbours('affected')}")
    connection.execute(
        "create or replace temp table wanted as "
        "select identifier, split_part(identifier, ':', 1) as kind, "
        "substr(identifier, strpos(identifier, ':') + 1) as value "
        f"from (from near union (from ({_neighbours('near')}) where {BEHIND}))"
    )
    connection.execute("drop table named")
    connection.execute("drop table near")


def _neighbours(of: str) -> str:
    """A select of the identifiers that the evidence, as it was, pairs with some, used or not."""
    return (
        f"select other_identifier as identifier from {EVIDENCE} "
        f"where identifier in (select identifier from {of}) and other_identifier is not null "
        f"union select identifier from {EVIDENCE} where other_identifier in (select identifier from {of})"
    )

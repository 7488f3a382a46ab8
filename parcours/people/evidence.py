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

from parcours.engine.model import narrowed_sql
from parcours.engine.refresh import copy_rows, find_changed, write_rows

EVIDENCE = "journeys.identity_evidence"
TRACES = "journeys.identifier_activity"
RECORDS = "journeys.record_evidence"

BEHIND = "(starts_with({0}, 'order:') or starts_with({0}, 'contact:'))"
"""In SQL: an identifier behind which its neighbours meet."""

NAMES = {"anonymous_id": "anonymous", "customer_id": "customer", "email_hash": "email", "order_id": "order"}
"""The columns of journeys.identifier_activity that hold identifiers, and their kinds."""

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
    connection.execute(f"create or replace temp table evidence_before as from near_evidence {OF_AFFECTED}")
    find_changed(connection, "select *, rowid as place from evidence_before", "evidence_now")
    connection.execute(
        "create or replace temp table touched_keys as select distinct identifier as key from changed_rows"
    )
    of_touched = "where identifier in (select key from touched_keys)"
    connection.execute(
        f"create or replace temp table next_rows as from evidence_now {of_touched} "
        f"union all (from near_evidence {of_touched} except all from evidence_before {of_touched})"
    )
    for table in (
        "wanted", "affected", "near_evidence", "evidence_now", "evidence_before", "changed_rows", *instead.values()
    ):  # fmt: skip
        connection.execute(f"drop table {table}")


def _find_affected(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `affected` and `wanted`, as the head of this file says, and `near_evidence`, that of the wanted ones.

    The way goes over hashes of the identifiers: comparing the texts at every step takes six times as long. Two that
    have one hash would only make more be done again.
    """
    _find_named(connection)
    connection.execute(
        "create or replace temp table pairs as select hash(identifier) as one, "
        "case when other_identifier is not null then hash(other_identifier) end as other, "
        f"{BEHIND.format('identifier')} as is_one_behind, {BEHIND.format('other_identifier')} as is_other_behind, "
        f"rowid as place from {EVIDENCE}"
    )
    steps = {
        "near": f"select hash(identifier) as hash, {BEHIND.format('identifier')} as is_behind from named",
        "reached": f"from near union {_neighbours('near')}",
        "affected_hashes": f"from reached union {_neighbours('(from reached where is_behind)')}",
        "beside": f"from affected_hashes union {_neighbours('affected_hashes')}",
        "wanted_hashes": f"from beside union (from ({_neighbours('beside')}) where is_behind)",
    }
    for step, select in steps.items():
        connection.execute(f"create or replace temp table {step} as {select}")
    connection.execute(
        "create or replace temp table near_places as "
        "select place from pairs where one in (select hash from wanted_hashes) "
        "union select place from pairs where other in (select hash from wanted_hashes)"
    )
    near = "rowid in (select place from near_places)"
    write_rows(connection, "temp table near_evidence", "* exclude (rowid)", EVIDENCE, near)
    connection.execute(
        "create or replace temp table ends as from named union select identifier from near_evidence "
        "union select other_identifier from near_evidence where other_identifier is not null"
    )
    connection.execute(
        "create or replace temp table affected as "
        "from ends where hash(identifier) in (select hash from affected_hashes)"
    )
    connection.execute(
        "create or replace temp table wanted as select identifier, split_part(identifier, ':', 1) as kind, "
        "substr(identifier, strpos(identifier, ':') + 1) as value "
        "from ends where hash(identifier) in (select hash from wanted_hashes)"
    )
    for table in ("named", "pairs", "near_places", "ends", *steps):
        connection.execute(f"drop table {table}")


def _find_named(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `named`: the identifiers that the changed traces and records name."""
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


def _neighbours(of: str) -> str:
    """A select of the hashes of identifiers that the evidence, as it was, pairs with some, used or not."""
    return (
        f"select other as hash, is_other_behind as is_behind from pairs "
        f"where one in (select hash from {of}) and other is not null "
        f"union select one, is_one_behind from pairs where other in (select hash from {of})"
    )

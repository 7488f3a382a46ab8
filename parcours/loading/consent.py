"""Rows of a click-stream that measures without consent: what they name is dropped before they are stored.

A device is known for one day of the shop, by a pseudonym that nothing joins to another day or another export: so visits
can be counted, and nobody is followed. Not here: counting them (`sql/metrics/exempt_visits.sql`).
"""

from __future__ import annotations

import duckdb

NAMES = ("customer_id", "email_hash", "order_id", "cart_id", "tracker_session_id", "attributes")
"""What says whose an event is, or joins it to what does; attributes may."""


def drop_ids(connection: duckdb.DuckDBPyConnection, given: set[str], *, of_all: bool) -> None:
    """Drop the ids of the exempt rows in `checked`.

    From when until when these rows reach says nothing of the click-stream with consent.

    Args:
        connection: the warehouse.
        given: the columns that the source gives; gets `is_exempt`.
        of_all: whether all rows are exempt, whatever the source says of each.
    """
    if "is_exempt" not in given:
        connection.execute("alter table checked add column is_exempt boolean")
        given.add("is_exempt")
    if of_all:
        connection.execute("update checked set is_exempt = true")
    dropped = [f"{name} = null" for name in NAMES if name in given]
    if "anonymous_id" in given:
        day = "shop_day(occurred_at, (select time_zone from settings.shop))"
        dropped.append(f"anonymous_id = pseudonym('exempt ' || anonymous_id || ' ' || {day})")
    connection.execute(
        f"update checked set {', '.join([*dropped, 'covers_from = null', 'covers_until = null'])} where is_exempt"
    )

"""Stitching people together: the connected components of the identity evidence.

Here: evidence in, one person id per identifier out, for all identifiers or for those that changed. Which evidence
counts is SQL (`sql/journeys/identity_evidence.sql`). A person's id is made from the smallest identifier of the
component, so it does not depend on the order in which rows arrive; an identifier without evidence is a person by
itself. Set-based: identifiers are numbered in SQL, components found by scipy on the number columns.
"""

from __future__ import annotations

import duckdb

from parcours.engine.refresh import Narrow
from parcours.people.evidence import EVIDENCE
from parcours.warehouse.connection import count_rows

IDENTITIES = "journeys.identities"

PERSON = "'p' || left(md5({}), 15)"
"""In SQL: the id of a person, from the smallest identifier."""

ALONE = (
    f"select distinct identifier, {PERSON.format('identifier')} as person_id, false as has_evidence "
    "from journeys.identifier_activity where identifier not in (select identifier from named_people)"
)
"""Identifiers that only the click-stream names, and never together with another one."""


def write_identities(connection: duckdb.DuckDBPyConnection) -> None:
    """Make journeys.identities anew: one row per identifier, with the person it belongs to."""
    _name_people(connection, EVIDENCE)
    connection.execute(f"create or replace table {IDENTITIES} as from named_people union all {ALONE}")
    connection.execute("drop table named_people")


def write_changed_identities(connection: duckdb.DuckDBPyConnection, _: Narrow) -> None:
    """Make `next_rows`: the identities of the touched identifiers, and of all whose person is another now.

    `touched_keys` gets the identifiers of the latter too, so that their rows are replaced and the people before and
    after are touched. A used pair that is new, or no longer there, is one of a touched identifier: so components are
    other ones only among the people of the touched identifiers and of those they are paired with.
    """
    connection.execute(
        "create or replace temp table paired as select key as identifier from touched_keys "
        f"union select other_identifier from {EVIDENCE} where is_used and identifier in (select key from touched_keys)"
    )
    connection.execute(
        "create or replace temp table near as from paired "
        f"union select identifier from {IDENTITIES} where person_id in "
        f"(select person_id from {IDENTITIES} where identifier in (select identifier from paired))"
    )
    connection.execute(
        "create or replace temp table near_evidence as "
        f"from {EVIDENCE} where identifier in (select identifier from near)"
    )
    _name_people(connection, "near_evidence")
    connection.execute(
        "insert into touched_keys "
        "select coalesce(known.identifier, named.identifier) as moved "
        f"from (select identifier, person_id from {IDENTITIES} "
        "where has_evidence and identifier in (select identifier from near)) as known "
        "full join named_people as named on known.identifier = named.identifier "
        "where known.person_id is distinct from named.person_id "
        "and moved not in (select key from touched_keys)"
    )
    connection.execute(
        "create or replace temp table next_rows as "
        "from named_people where identifier in (select key from touched_keys) "
        f"union all {ALONE} and identifier in (select key from touched_keys)"
    )
    for table in ("paired", "near", "near_evidence", "named_people"):
        connection.execute(f"drop table {table}")


def number_linked(connection: duckdb.DuckDBPyConnection, evidence: str) -> None:
    """Make `linked`: every identifier at an end of a used pair, numbered in the order of the text."""
    connection.execute(
        "create or replace temp table linked as "
        "select identifier, row_number() over (order by identifier) - 1 as number "
        f"from (select identifier from {evidence} where is_used "
        f"union select other_identifier from {evidence} where is_used)"
    )


def _name_people(connection: duckdb.DuckDBPyConnection, evidence: str) -> None:
    """Make `named_people`: every identifier that the evidence names, with its person."""
    _find_components(connection, evidence)
    connection.execute(
        "create or replace temp table named_people as "
        f"select named.identifier, {PERSON.format('coalesce(components.smallest, named.identifier)')} as person_id, "
        "true as has_evidence from (select identifier from components "
        f"union select identifier from {evidence} where other_identifier is null) as named "
        "left join components on named.identifier = components.identifier"
    )
    connection.execute("drop table components")


def _find_components(connection: duckdb.DuckDBPyConnection, evidence: str) -> None:
    """Make `components`: every identifier at an end of a used pair, with the smallest one of its component."""
    import numpy as np
    import pyarrow as pa
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    number_linked(connection, evidence)
    pairs = connection.execute(
        f"select a.number as a, b.number as b from {evidence} as e "
        "join linked as a on e.identifier = a.identifier "
        "join linked as b on e.other_identifier = b.identifier where e.is_used"
    ).fetchnumpy()
    count = count_rows(connection, "linked")
    graph = coo_array((np.ones(len(pairs["a"]), dtype=np.int8), (pairs["a"], pairs["b"])), shape=(count, count))
    labels = connected_components(graph, directed=False)[1]
    smallest = np.full(int(labels.max()) + 1 if count else 0, count, dtype=np.int64)
    np.minimum.at(smallest, labels, np.arange(count))
    connection.register(
        "numbered_components",
        pa.table({"number": np.arange(count), "smallest": smallest[labels] if count else smallest}),
    )
    connection.execute(
        "create or replace temp table components as select linked.identifier, least_one.identifier as smallest "
        "from numbered_components join linked using (number) "
        "join linked as least_one on numbered_components.smallest = least_one.number"
    )
    connection.unregister("numbered_components")
    connection.execute("drop table linked")

"""Stitching people together: the connected components of the identity evidence.

Here: evidence in, one person id per identifier out. Which evidence counts is SQL
(`sql/journeys/identity_evidence.sql`).
"""

from __future__ import annotations

import duckdb

from pipelines.warehouse import count_rows


def write_identities(connection: duckdb.DuckDBPyConnection) -> None:
    """Replace journeys.identities: one row per identifier, with the person it belongs to.

    A person's id is made from the smallest identifier of the component, so it does not depend on the order in
    which rows arrive. Set-based: identifiers are numbered in SQL, components found by scipy on the number columns.
    """
    import numpy as np
    import pyarrow as pa
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    connection.execute(
        "create or replace temp table identifiers as "
        "select identifier, row_number() over (order by identifier) - 1 as number "
        "from (select distinct identifier from journeys.identity_evidence where other_identifier is null)"
    )
    pairs = connection.execute(
        "select a.number as a, b.number as b from journeys.identity_evidence as e "
        "join identifiers as a on e.identifier = a.identifier "
        "join identifiers as b on e.other_identifier = b.identifier where e.is_used"
    ).fetchnumpy()
    count = count_rows(connection, "identifiers")
    graph = coo_array((np.ones(len(pairs["a"]), dtype=np.int8), (pairs["a"], pairs["b"])), shape=(count, count))
    labels = connected_components(graph, directed=False)[1]
    smallest = np.full(int(labels.max()) + 1 if count else 0, count, dtype=np.int64)
    np.minimum.at(smallest, labels, np.arange(count))
    people = pa.table({"number": np.arange(count), "smallest": smallest[labels] if count else smallest})
    connection.register("people_by_number", people)
    connection.execute(
        "create or replace table journeys.identities as "
        "select i.identifier, 'p' || left(md5(s.identifier), 15) as person_id "
        "from people_by_number as p join identifiers as i using (number) "
        "join identifiers as s on p.smallest = s.number order by person_id, identifier"
    )
    connection.unregister("people_by_number")

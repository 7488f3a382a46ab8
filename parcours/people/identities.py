"""Stitching people together: what the identity evidence connects, and where devices connect too much.

Here: evidence in, one person id per identifier out, for all identifiers or for those that changed. Which evidence
counts is SQL (`sql/journeys/identity_evidence.sql`). A person's id is made from the smallest identifier of the
person, so it does not depend on the order in which rows arrive; an identifier without evidence is a person by
itself. Set-based: identifiers are numbered in SQL, components found by scipy on the number columns.

How: an *account* is what customer ids, e-mails, contacts and orders tie among themselves, without devices. A device is
not its user's own: it belongs to the account it meets, and makes no one of two. So, within all that is connected:

1. with one account, or with two of which one has no e-mail and the other no customer id: one person;
2. else each account is a person, and a *connector* (a device; an order that names nobody) belongs to the one account
   that it, or what it is connected to without an account between, meets. If these are several: to the one that it
   meets itself.
3. A device that meets several itself is split: a person of its own, whose visits are shared out by time
   (`sql/journeys/device_spells.sql`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb

from parcours.engine.refresh import Narrow
from parcours.people.evidence import EVIDENCE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Labels = NDArray[np.int64]

IDENTITIES = "journeys.identities"

PERSON = "'p' || left(md5({}), 15)"
"""In SQL: the id of a person, from the smallest identifier."""

NAMES = "^(customer|email|contact):"
"""A pattern of the identifiers that say who somebody is; a device's or an order's does not."""

ALONE = (
    f"select distinct identifier, {PERSON.format('identifier')} as person_id, false as has_evidence, "
    f"not starts_with(identifier, 'anonymous:') as is_identified, false as is_split, "
    f"{PERSON.format('identifier')} as connected_id "
    "from journeys.identifier_activity where identifier not in (select identifier from named_people)"
)
"""Identifiers that only the click-stream names, and never together with another one."""


def write_identities(connection: duckdb.DuckDBPyConnection) -> None:
    """Make journeys.identities anew: one row per identifier, with the person it belongs to."""
    _name_people(connection, EVIDENCE)
    connection.execute(f"create or replace table {IDENTITIES} as from named_people union all {ALONE}")
    connection.execute("drop table named_people")


def write_changed_identities(connection: duckdb.DuckDBPyConnection, _: Narrow) -> None:
    """Make `next_rows`: the identities of the touched identifiers, and of all of whom something else is said now.

    `touched_keys` gets the identifiers of the latter too, so that their rows are replaced and the people before and
    after are touched; and the split devices that meet any of these, for whose their visits are depends on them.
    A used pair that is new, or no longer there, is one of a touched identifier: so what is connected is other only
    among what was connected with the touched identifiers and with those they are paired with.
    """
    connection.execute(
        "create or replace temp table paired as select key as identifier from touched_keys "
        f"union select other_identifier from {EVIDENCE} where is_used and identifier in (select key from touched_keys)"
    )
    connection.execute(
        "create or replace temp table near as from paired "
        f"union select identifier from {IDENTITIES} where connected_id in "
        f"(select connected_id from {IDENTITIES} where identifier in (select identifier from paired))"
    )
    connection.execute(
        "create or replace temp table near_evidence as "
        f"from {EVIDENCE} where identifier in (select identifier from near)"
    )
    _name_people(connection, "near_evidence")
    said = "person_id, is_identified, is_split, connected_id"
    connection.execute(
        "insert into touched_keys "
        "select coalesce(known.identifier, named.identifier) as moved "
        f"from (select identifier, row({said}) as said from {IDENTITIES} "
        "where has_evidence and identifier in (select identifier from near)) as known "
        f"full join (select identifier, row({said}) as said from named_people) as named "
        "on known.identifier = named.identifier where known.said is distinct from named.said "
        "and moved not in (select key from touched_keys)"
    )
    connection.execute(
        "insert into touched_keys "
        f"select distinct identifier from {EVIDENCE} where other_identifier in (select key from touched_keys) "
        f"and (identifier in (select identifier from {IDENTITIES} where is_split) "
        "or identifier in (select identifier from named_people where is_split)) "
        "and identifier not in (select key from touched_keys)"
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
    _find_people(connection, evidence)
    connection.execute(
        "create or replace temp table named_people as "
        f"select named.identifier, {PERSON.format('coalesce(found.smallest, named.identifier)')} as person_id, "
        "true as has_evidence, "
        f"coalesce(found.is_identified, regexp_matches(named.identifier, '{NAMES}')) as is_identified, "
        "coalesce(found.is_split, false) as is_split, "
        f"{PERSON.format('coalesce(found.smallest_connected, named.identifier)')} as connected_id "
        "from (select identifier from found_people "
        f"union select identifier from {evidence} where other_identifier is null) as named "
        "left join found_people as found on named.identifier = found.identifier"
    )
    connection.execute("drop table found_people")


def _find_people(connection: duckdb.DuckDBPyConnection, evidence: str) -> None:
    """Make `found_people`: every identifier at an end of a used pair, with the smallest one of its person."""
    import numpy as np
    import pyarrow as pa

    number_linked(connection, evidence)
    pairs: dict[str, Any] = connection.execute(
        f"select a.number as a, b.number as b from {evidence} as e "
        "join linked as a on e.identifier = a.identifier "
        "join linked as b on e.other_identifier = b.identifier where e.is_used"
    ).fetchnumpy()
    kinds: dict[str, Any] = connection.execute(
        "select starts_with(identifier, 'anonymous:') as device, starts_with(identifier, 'customer:') as customer, "
        "starts_with(identifier, 'email:') as email, starts_with(identifier, 'contact:') as contact "
        "from linked order by number"
    ).fetchnumpy()
    people, connected, is_split = _share_out(pairs["a"], pairs["b"], kinds)
    is_named = kinds["customer"] | kinds["email"] | kinds["contact"]
    columns = {
        "number": np.arange(len(people)),
        "smallest": _smallest(people),
        "smallest_connected": _smallest(connected),
        "is_split": is_split,
        "is_identified": _any(is_named, people)[people] if len(people) else is_named,
    }
    connection.register("numbered_people", pa.table(columns))
    connection.execute(
        "create or replace temp table found_people as select linked.identifier, "
        "least_one.identifier as smallest, least_connected.identifier as smallest_connected, "
        "numbered_people.is_split, numbered_people.is_identified "
        "from numbered_people join linked using (number) "
        "join linked as least_one on numbered_people.smallest = least_one.number "
        "join linked as least_connected on numbered_people.smallest_connected = least_connected.number"
    )
    connection.unregister("numbered_people")
    connection.execute("drop table linked")


def _share_out(a: Labels, b: Labels, kinds: dict[str, Any]) -> tuple[Labels, Labels, Any]:
    """Of each number a label of its person, one of all that is connected with it, and whether it is a split device.

    Args:
        a: one end of the pairs.
        b: the other end.
        kinds: whether a number is a device, a customer, an e-mail or a contact, by kind.
    """
    import numpy as np

    count, is_device = len(kinds["device"]), kinds["device"]
    connected = _components(a, b, count)
    of_devices = is_device[a] | is_device[b]
    own = _components(a[~of_devices], b[~of_devices], count)
    has = {kind: _any(kinds[kind], own) for kind in ("customer", "email", "contact")}
    is_account = has["customer"] | has["email"] | has["contact"]
    connected_with = np.zeros(len(is_account), np.int64)
    connected_with[own] = connected
    counts = {
        kind: np.bincount(connected_with[wanted], minlength=count)
        for kind, wanted in {"account": is_account, **has}.items()
    }
    is_whole = (counts["account"] <= 1) | (
        (counts["account"] == 2) & (counts["customer"] == 1) & (counts["email"] == 1)
    )
    is_connector = ~is_account[own]
    meets = is_connector[a] != is_connector[b]
    connector, account = np.where(is_connector[a], (a, b), (b, a))[:, meets]
    beside = is_connector[a] & is_connector[b]
    joined = _components(a[beside], b[beside], count)
    directly, met = _met(own[connector], own[account], len(is_account))
    by_any, met_by_any = _met(joined[connector], own[account], count)
    people = np.where(is_whole[connected], len(is_account) + connected, own)
    is_apart = is_connector & ~is_whole[connected]
    for belongs, to in (
        (by_any[joined] == 1, met_by_any[joined]),
        ((by_any[joined] > 1) & (directly[own] == 1), met[own]),
    ):
        people = np.where(is_apart & belongs, to, people)
    return people, connected, is_apart & is_device & (directly[own] > 1)


def _components(a: Labels, b: Labels, count: int) -> Labels:
    """A label for each number, the same for those that the pairs connect."""
    import numpy as np
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(count, count))
    return connected_components(graph, directed=False)[1].astype(np.int64)  # type: ignore[no-any-return]


def _met(who: Labels, whom: Labels, count: int) -> tuple[Labels, Labels]:
    """How many others each label meets, and the last of them."""
    import numpy as np

    pairs = np.unique(np.stack([who, whom]), axis=1) if len(who) else np.zeros((2, 0), np.int64)
    one = np.zeros(count, np.int64)
    one[pairs[0]] = pairs[1]
    return np.bincount(pairs[0], minlength=count), one


def _any(is_so: Any, labels: Labels) -> Any:
    """Of each label, whether it is so of any number that has it."""
    import numpy as np

    found = np.zeros(int(labels.max()) + 1 if len(labels) else 0, dtype=bool)
    found[labels[is_so]] = True
    return found


def _smallest(labels: Labels) -> Labels:
    """Of each number the smallest one with its label."""
    import numpy as np

    smallest = np.full(int(labels.max()) + 1 if len(labels) else 0, len(labels), dtype=np.int64)
    np.minimum.at(smallest, labels, np.arange(len(labels)))
    return smallest[labels]

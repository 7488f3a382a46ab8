"""Stitching as it was known at the time: whose an identifier was before later evidence said more.

Here: the used pairs of the identity evidence whose ends are one person today, replayed in the order of their first
instant. Whose an identifier is by all the evidence is `identities.py`; which evidence counts is SQL
(`sql/journeys/identity_evidence.sql`).

How: identifiers are numbered in their order, and a merge hangs the component with the larger smallest number below the
other one. So a component's root is its smallest identifier, which names the person; an identifier's way up to its root
is its history: it belonged to each of them from the instant at which the one before was hung there. Merges of one
instant are one step: what lasted no time is left out. So the rows depend on the evidence only, not on its order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import duckdb

from parcours.engine.refresh import Narrow
from parcours.people.evidence import EVIDENCE
from parcours.people.identities import IDENTITIES, NAMES, PERSON, number_linked

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

HISTORY = "journeys.identity_history"

BEGINNING, NEVER = -(2**62), 2**62
"""Instants before and after all others, in microseconds."""


def write_identity_history(connection: duckdb.DuckDBPyConnection) -> None:
    """Make journeys.identity_history anew."""
    _write(connection, f"table {HISTORY}", EVIDENCE, IDENTITIES)


def write_touched_history(connection: duckdb.DuckDBPyConnection, narrow: Narrow) -> None:
    """Make `next_rows`: the history of the touched people's identifiers, from the evidence that names them.

    Only pairs of two identifiers of one person count, so the rest of the evidence says nothing of these.
    """
    _write(connection, "temp table next_rows", narrow(EVIDENCE), narrow(IDENTITIES))


def _write(connection: duckdb.DuckDBPyConnection, table: str, evidence: str, identities: str) -> None:
    import pyarrow as pa

    connection.execute(
        "create or replace temp table kept_evidence as "
        f"select e.identifier, e.other_identifier, e.first_seen_at, e.is_used from {evidence} as e "
        f"join {identities} as one on e.identifier = one.identifier "
        f"join {identities} as other on e.other_identifier = other.identifier "
        "where e.is_used and one.person_id = other.person_id"
    )
    number_linked(connection, "kept_evidence")
    is_named = connection.execute(
        f"select regexp_matches(identifier, '{NAMES}') as is_named from linked order by number"
    ).fetchnumpy()["is_named"]
    pairs = connection.execute(
        "select least(a.number, b.number) as a, greatest(a.number, b.number) as b, "
        f"case when count(*) > count(e.first_seen_at) then {BEGINNING} "
        "else min(epoch_us(e.first_seen_at)) end as instant "
        "from kept_evidence as e join linked as a on e.identifier = a.identifier "
        "join linked as b on e.other_identifier = b.identifier group by all"
    ).fetchnumpy()
    connection.register("spells", pa.table(_spells(pairs, is_named)))
    connection.execute(
        f"create or replace {table} as "
        f"select linked.identifier, {PERSON.format('root.identifier')} as person_then, spells.is_identified, "
        f"make_timestamp(nullif(spells.known_from, {BEGINNING})) as known_from, "
        f"make_timestamp(nullif(spells.known_until, {NEVER})) as known_until, identities.person_id "
        "from spells join linked on spells.number = linked.number join linked as root on spells.root = root.number "
        f"join {identities} as identities on linked.identifier = identities.identifier"
    )
    connection.unregister("spells")
    connection.execute("drop table linked")
    connection.execute("drop table kept_evidence")


def _spells(pairs: dict[str, Any], is_named: Any) -> dict[str, NDArray[Any]]:
    """The history of all identifiers, by their numbers, as columns."""
    import numpy as np

    empty = np.zeros(0, np.int64)
    columns = list(zip(*_all_spells(*_replay(pairs, is_named)), strict=True)) or [(empty,)] * 5
    names = ("number", "root", "is_identified", "known_from", "known_until")
    found = {name: np.concatenate(parts) for name, parts in zip(names, columns, strict=True)}
    return found | {"is_identified": found["is_identified"].astype(bool)}


def _replay(pairs: dict[str, Any], is_named: Any) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Merge in the order of time: below which smaller root each number was hung, when, and when it was identified.

    The last is that of the component of which it was the root, and only counts while it was.
    """
    import numpy as np

    order = np.lexsort((pairs["b"], pairs["a"], pairs["instant"]))
    count = len(is_named)
    nearest = list(range(count))  # towards the root, short cuts allowed
    parents = list(range(count))
    hung_at = [NEVER] * count
    named_at = np.where(is_named, BEGINNING, NEVER).tolist()
    for one, other, when in zip(*(pairs[name][order].tolist() for name in ("a", "b", "instant")), strict=True):
        root, lower = one, other
        while nearest[root] != root:
            nearest[root] = root = nearest[nearest[root]]
        while nearest[lower] != lower:
            nearest[lower] = lower = nearest[nearest[lower]]
        if root == lower:
            continue
        if lower < root:
            root, lower = lower, root
        nearest[lower] = parents[lower] = root
        hung_at[lower] = when
        if named_at[root] == NEVER and named_at[lower] != NEVER:
            named_at[root] = when
    return np.array(parents, np.int64), np.array(hung_at, np.int64), np.array(named_at, np.int64)


def _all_spells(
    parents: NDArray[np.int64], hung_at: NDArray[np.int64], named_at: NDArray[np.int64]
) -> Iterator[tuple[NDArray[Any], ...]]:
    """Everybody's first root, then the next of those who have one, and so on: number, root, identified, from, until.

    A root that was identified meanwhile gives two spells.
    """
    import numpy as np

    numbers = np.arange(len(parents))
    roots, since = numbers, np.full(len(parents), BEGINNING)
    while len(numbers):
        until = hung_at[roots]
        identified_at = np.clip(named_at[roots], since, until)
        for is_identified, start, end in ((False, since, identified_at), (True, identified_at, until)):
            lasts = start < end
            told = np.full(int(lasts.sum()), is_identified)
            yield numbers[lasts], roots[lasts], told, start[lasts], end[lasts]
        goes_on = until != NEVER
        numbers, roots, since = numbers[goes_on], parents[roots[goes_on]], until[goes_on]

"""Which tables are computed together, and how rows come to their bucket: derived from what each table says of itself.

A table with `-- keyed by:` says the same for a key whatever other keys there are: so it can be computed for the keys
of a bucket, from the rows of these keys alone. Tables that read each other by the same key need one shuffle. What can't
be derived is given: tables that are keyed, but need all rows where they are built whole (`together`); and by which
table a key is found in rows that lack it (`routes`).

Not here: what a task does (`bucket.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from parcours.engine.engine import Sent, Step
from parcours.engine.refresh import Table, Through

WHOLE = ""
"""Instead of a key: every bucket reads all rows."""


def steps_of(
    tables: Sequence[Table],
    columns: Mapping[str, Collection[str]],
    together: Collection[str],
    routes: Sequence[Through],
) -> list[Step]:
    """All tables in steps.

    Args:
        tables: upstreams first.
        columns: of every table, of loaded ones too.
        together: the keyed tables that are computed at once all the same.
        routes: by which table a key is found.
    """
    waiting, found = list(tables), list[Step]()
    built = columns.keys() - {table.name for table in tables}
    while waiting:
        # Tables that need all rows are built before a shuffle, but for those that no keyed one is made of: last.
        ready = _whole_ones(waiting, built, together)
        step = Step(tuple(ready)) if ready else _by_key(waiting, built, columns, together, routes)
        found.append(step)
        built = built | {table.name for table in step.tables}
        waiting = [table for table in waiting if table.name not in built]
    return found


def _whole_ones(waiting: Sequence[Table], built: Collection[str], together: Collection[str]) -> list[Table]:
    """Those that can be computed at once now, and that a keyed table is made of; all, where none of these is left."""
    needed = set[str]()
    for table in reversed(waiting):
        if table.name in needed or _is_by_key(table, together):
            needed |= {*table.upstreams}
    taken: list[Table] = []
    for table in waiting:
        names = {other.name for other in taken}
        if (
            not _is_by_key(table, together)
            and (table.name in needed or not needed)
            and all(upstream in built or upstream in names for upstream in table.upstreams)
        ):
            taken.append(table)
    return taken


def _by_key(
    waiting: Sequence[Table],
    built: Collection[str],
    columns: Mapping[str, Collection[str]],
    together: Collection[str],
    routes: Sequence[Through],
) -> Step:
    """The keyed tables that one shuffle serves: an upstream goes to the buckets of one key, or is read whole."""
    taken: dict[str, Table] = {}
    sent: dict[str, Sent] = {}
    for table in waiting:
        if not _is_by_key(table, together) or not all(u in built or u in taken for u in table.upstreams):
            continue
        key = str(table.keyed_by)
        wanted = {u: _way_of(u, key, columns[u], routes, built) for u in table.upstreams if u not in taken}
        fits = all(u not in sent or sent[u] == way for u, way in wanted.items())
        if fits and all(taken[u].keyed_by == key for u in table.upstreams if u in taken):
            taken[table.name] = table
            sent |= wanted
    assert taken, f"nothing can be built of {', '.join(table.name for table in waiting)}"
    return Step(
        tuple(taken.values()),
        is_by_key=True,
        sends=tuple(way for way in sent.values() if way.key != WHOLE),
        read_whole=tuple(name for name, way in sent.items() if way.key == WHOLE),
    )


def _is_by_key(table: Table, together: Collection[str]) -> bool:
    return table.keyed_by is not None and table.name not in together


def _way_of(
    upstream: str, key: str, columns: Collection[str], routes: Sequence[Through], built: Collection[str]
) -> Sent:
    """How the rows of an upstream come to the buckets of a key."""
    if key in columns:
        return Sent(upstream, key, key)
    for column in dict.fromkeys(route.column for route in routes if route.key == key and route.column in columns):
        tables = tuple(r.table for r in routes if r.key == key and r.column == column and r.table in built)
        if tables:
            return Sent(upstream, key, column, tables)
    return Sent(upstream, WHOLE, WHOLE)

"""Bringing a table up to date at the cost of what changed, and equal to building it whole.

A table whose file says `-- keyed by: person_id` is computed person by person. Its refresh takes the *touched* people
(of whom an upstream table has changed), runs the very same select with its upstreams narrowed to them, and replaces
their rows. Tables keyed by another column (an event's id, an identifier) work alike. All others are built whole.

`refresh_log.py` keeps what is needed to know who is touched. A table is behind if an upstream's number is higher than
its own; what it missed is in `refresh_log.touched`, however many refreshes ago. Each table is refreshed in one
transaction together with its numbers. So a run that stops between two tables leaves each of them whole, and the next
run goes on where it stopped.

What a table may rely on: an upstream that has the key's column says itself which keys changed. An upstream without it
either is read through one that has it and changes with it (`staging.orders` through `journeys.record_owners`), or has
another column of which the file says `-- linked by: identifier`: then the keys that the table or an upstream has beside
the changed values of that column are touched too.

Not here: what a select means (`sql/`), the order of tables (`catalogue.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import duckdb

from parcours.warehouse.connection import count_rows, table_columns
from parcours.warehouse.refresh_log import State, narrowed_name, next_number, note_keys, note_refresh, table_states

ROW_GROUP = 122_880
RANGES = 24
"""DuckDB skips whole row groups by row id: touched rows are fetched by at most so many ranges of groups."""


Narrow = Callable[[str], str]
"""What to read instead of an upstream: its name, if it is read whole."""

WriteNext = Callable[[duckdb.DuckDBPyConnection, Narrow], None]


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did. `touched`: the keys whose rows were replaced; None: the table was built whole."""

    table: str
    touched: int | None
    is_changed: bool = True


@dataclass(frozen=True)
class Through:
    """How what lacks the column `key` is narrowed all the same, where it has `column`: by a table that has both."""

    table: str
    key: str
    column: str


@dataclass(frozen=True)
class Table:
    """What a refresh needs to know of a table.

    Attributes:
        name: `schema.table`.
        upstreams: the tables it reads.
        version: changes whenever the table means something else.
        keyed_by: the column by which it is computed; None: as a whole.
        logged: the columns that tables reading it are keyed by, or linked by.
        write_whole: makes the table anew.
        write_next: makes `next_rows`, the rows that the table should have for the keys in `touched_keys` (all rows,
            if it is not keyed); it is given a function that says what to read instead of an upstream.
        linked_by: a column by which upstreams without the key say whose rows changed.
        through: how upstreams without the key are narrowed; without one that fits they are read whole.
        names: every name that stands in its select, those of the columns that it reads among them; None: it has none.
    """

    name: str
    upstreams: tuple[str, ...]
    version: str
    keyed_by: str | None
    logged: tuple[str, ...]
    write_whole: Callable[[duckdb.DuckDBPyConnection], None]
    write_next: WriteNext
    linked_by: str | None = None
    through: tuple[Through, ...] = ()
    names: frozenset[str] | None = None


def refresh(connection: duckdb.DuckDBPyConnection, table: Table, states: dict[str, State] | None = None) -> Refreshed:
    """Bring a table up to date, whole or for the touched keys only. Runs inside the caller's transaction.

    Args:
        connection: the warehouse.
        table: what is to be refreshed.
        states: what is known of every table, which this keeps up to date; None: asked of the warehouse.
    """
    states = table_states(connection) if states is None else states
    number, own = next_number(states), states.get(table.name)
    if own is None or is_anew(table, states):
        return refresh_anew(connection, table, states)
    touched = None
    if table.keyed_by is not None:
        touched = _find_touched(connection, table, own.built_at)
        if touched:
            touched = _replace_touched(connection, table, number)
        is_changed = touched > 0
    elif all(u in states and states[u].changed_at <= own.built_at for u in table.upstreams):
        is_changed = False
    elif table.logged:
        is_changed = _replace_changed(connection, table, number)
    else:
        is_changed = True
        table.write_whole(connection)
    changed_at = number if is_changed else own.changed_at
    note_refresh(connection, table.name, State(table.version, number, changed_at, own.reset_at), states)
    return Refreshed(table.name, touched, is_changed)


def refresh_anew(connection: duckdb.DuckDBPyConnection, table: Table, states: dict[str, State]) -> Refreshed:
    """Build a table whole, whatever is known of it. Runs inside the caller's transaction."""
    number = next_number(states)
    if table.name in states:
        connection.execute("delete from refresh_log.touched where table_name = ?", [table.name])
    table.write_whole(connection)
    note_refresh(connection, table.name, State(table.version, number, number, number), states)
    return Refreshed(table.name, None)


def is_behind(table: Table, states: Mapping[str, State]) -> bool:
    """Whether a refresh has something to do: a table means something else than when it was built, or reads what changed
    since."""
    own = states.get(table.name)
    if own is None or own.version != table.version:
        return True
    return any(is_newer(states[upstream], own) for upstream in table.upstreams if upstream in states)


def is_newer(upstream: State, own: State) -> bool:
    """Whether an upstream changed, or was made anew, since a table was built."""
    return max(upstream.changed_at, upstream.reset_at) > own.built_at


def is_anew(table: Table, states: Mapping[str, State]) -> bool:
    """Whether a refresh computes all rows: a table is not built, means something else than when it was built, or an
    upstream was made anew since.
    """
    own = states.get(table.name)
    return (
        own is None
        or own.version != table.version
        or any(states[u].reset_at > own.built_at for u in table.upstreams if u in states)
    )


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    return {name for name, _ in table_columns(connection, table)}


def _replace_changed(connection: duckdb.DuckDBPyConnection, table: Table, number: int) -> bool:
    """Build a table whole, note the keys of the rows that are new, gone or other, and replace these; if there are any.

    All rows are written only where equal ones come in another number.
    """
    table.write_next(connection, lambda upstream: upstream)
    find_changed(connection, f"select *, rowid as place from {table.name}", "next_rows")
    [(changed, most)] = connection.execute("select count(*), coalesce(max(abs(sides)), 0) from changed_rows").fetchall()
    for key in set(table.logged) & _columns(connection, table.name) if changed else ():
        note_keys(connection, table.name, key, number, f"select {key} from changed_rows")
    if most > 1:
        connection.execute(f"delete from {table.name}")
        connection.execute(f"insert into {table.name} from next_rows")
    elif changed:
        connection.execute(f"delete from {table.name} where rowid in (select place from changed_rows where sides = 1)")
        connection.execute(
            f"insert into {table.name} select * exclude (sides, place) from changed_rows where sides = -1"
        )
    connection.execute("drop table next_rows")
    connection.execute("drop table changed_rows")
    return bool(changed)


def find_changed(connection: duckdb.DuckDBPyConnection, before: str, after: str) -> None:
    """Make `changed_rows`: the rows of which one side has more than the other.

    Args:
        connection: the warehouse.
        before: a select with a column `place` beside the table's.
        after: a table. In `changed_rows`, `sides` is how many more rows `before` has (fewer: below zero), and `place`
            that of one of them.
    """
    connection.execute(
        "create or replace temp table changed_rows as "
        "select * exclude (side, place), sum(side) as sides, max(place) as place "
        f"from (select *, 1 as side from ({before}) union all select *, null, -1 from {after}) "
        "group by all having sides <> 0"
    )


def _find_touched(connection: duckdb.DuckDBPyConnection, table: Table, since: int) -> int:
    """Make `touched_keys`: the keys of which an upstream has noted a change since the table was refreshed; how many.

    One statement makes it, as in `write_rows`.
    """
    key, link = table.keyed_by, table.linked_by
    assert key is not None
    noted = (
        "select key from refresh_log.touched "
        "where key_name = $name and number > $since and list_contains($tables, table_name)"
    )
    touched = noted
    if link is not None:
        columns = {name: _columns(connection, name) for name in (table.name, *table.upstreams)}
        without = [upstream for upstream in table.upstreams if key not in columns[upstream]]
        connection.execute(
            f"create or replace temp table changed_links as {noted}", {"name": link, "since": since, "tables": without}
        )
        for linking in [name for name, has in columns.items() if key in has and link in has]:
            touched += (
                f" union all select {key} from {linking} "
                f"where {link} in (select key from changed_links) and {key} is not null"
            )
    connection.execute(
        f"create or replace temp table touched_keys as select distinct key from ({touched})",
        {"name": key, "since": since, "tables": [*table.upstreams]},
    )
    if link is not None:
        connection.execute("drop table changed_links")
    return count_rows(connection, "touched_keys")


def _leave_equal(connection: duckdb.DuckDBPyConnection, key: str) -> None:
    """Leave out the keys whose rows in `next_rows` are those of `replaced`: loaded again, they say the same."""
    find_changed(connection, "from replaced", "next_rows")
    connection.execute(f"delete from touched_keys where key not in (select {key} from changed_rows)")
    for rows in ("next_rows", "replaced"):
        connection.execute(f"delete from {rows} where {key} not in (select key from touched_keys)")
    connection.execute("drop table changed_rows")


def _replace_touched(connection: duckdb.DuckDBPyConnection, table: Table, number: int) -> int:
    """Replace the rows of the touched keys, and of those that belong to nobody, by the narrowed select's.

    A table may find that other keys are touched, or fewer; how many is returned.
    """
    key = table.keyed_by
    assert key is not None
    table.write_next(connection, _TouchedRows(connection, key, table.through).instead_of)
    others = set(table.logged) & _columns(connection, table.name) - {key}
    is_of_loaded = any(upstream.startswith("raw.") for upstream in table.upstreams)
    columns = "* exclude (rowid)" if is_of_loaded else ", ".join([key, *sorted(others)])
    write_rows(
        connection,
        "temp table replaced",
        f"{columns}, rowid as place",
        table.name,
        f"{key} in (select key from touched_keys)",
        f"{key} is null",
    )
    has_rows = count_rows(connection, "replaced") > 0
    if has_rows and is_of_loaded:
        _leave_equal(connection, key)
    for other in others:
        before_and_after = f"select {other} from replaced union select {other} from next_rows"
        note_keys(connection, table.name, other, number, before_and_after)
    note_keys(connection, table.name, key, number, "select key from touched_keys")
    if has_rows:
        connection.execute(f"delete from {table.name} where rowid in (select place from replaced)")
    connection.execute(f"insert into {table.name} from next_rows")
    if key in table.logged:
        # What reads the table next mostly wants the rows of the same keys: here they are.
        connection.execute(f"create or replace table {_place_copy(connection, table.name)} as from next_rows")
        _note_copy(connection, (table.name, number, f"{key} {_hash(connection, 'touched_keys')}"))
    connection.execute("drop table next_rows")
    connection.execute("drop table replaced")
    return count_rows(connection, "touched_keys")


class _TouchedRows:
    """What to read instead of the upstreams of a table that is computed by `key`: copies with the touched keys' rows.

    A copy is kept until other keys are wanted or the table changes: the tables of a run mostly read the same people's
    rows.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, key: str, through: tuple[Through, ...]) -> None:
        self.connection, self.key, self.states = connection, key, table_states(connection)
        self.through = [other for other in through if other.key == key]
        self.hashes: dict[str, str] = {}

    def instead_of(self, upstream: str) -> str:
        """Its rows of the touched keys, or of what another table has beside these; itself, if it has no such column."""
        columns = _columns(self.connection, upstream)
        if self.key in columns:
            return self._copy(upstream, self.key, "touched_keys")
        for column in {other.column for other in self.through} & columns:
            beside = [
                f"select {column} as key from {self._copy(other.table, self.key, 'touched_keys')}"
                for other in self.through
                if other.column == column
            ]
            return self._copy(upstream, column, f"({' union '.join(beside)})")
        return upstream

    def _copy(self, table: str, key: str, keys: str) -> str:
        if keys not in self.hashes:
            self.hashes[keys] = _hash(self.connection, keys)
        state = self.states.get(table)
        wanted = (table, state.built_at if state else 0, f"{key} {self.hashes[keys]}")
        kept = "select table_name, built_at, keys from refresh_log.narrowed where table_name = ?"
        if not state or self.connection.execute(kept, [table]).fetchall() != [wanted]:
            copy_rows(self.connection, table, f"{key} in (select key from {keys})", f"{key} is null")
            _note_copy(self.connection, wanted)
        return narrowed_name(table)


def _hash(connection: duckdb.DuckDBPyConnection, keys: str) -> str:
    """What tells a set of keys from another."""
    said = f"select count(*) || ' ' || coalesce(bit_xor(md5_number(key)), 0) from {keys}"
    return str(connection.execute(said).fetchall()[0][0])


def copy_rows(connection: duckdb.DuckDBPyConnection, table: str, *conditions: str) -> str:
    """Make the narrowed copy of a table, with the rows that fulfil one of the conditions, and return its name."""
    name = _place_copy(connection, table)
    write_rows(connection, f"table {name}", "* exclude (rowid)", table, *conditions)
    return name


def _place_copy(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """The name of a table's narrowed copy, which is about to be another one."""
    name = narrowed_name(table)
    connection.execute(f"create schema if not exists {name.split('.')[0]}")
    connection.execute("delete from refresh_log.narrowed where table_name = ?", [table])
    return name


def _note_copy(connection: duckdb.DuckDBPyConnection, said: tuple[str, int, str]) -> None:
    """Note which copy there is: of which table, after which refresh of it, of which keys."""
    connection.execute("insert into refresh_log.narrowed values (?, ?, ?)", said)


def write_rows(connection: duckdb.DuckDBPyConnection, target: str, columns: str, table: str, *conditions: str) -> None:
    """Make a table (`target`) of the rows of another that fulfil one of the conditions; `columns` may name `rowid`.

    Row ids are found by the conditions' columns alone and rows fetched by ranges of them, since DuckDB reads every
    column of a table that a join filters (50 M events, 44,000 identifiers of one day: 1.4 s instead of 7 s).
    One statement: rows inserted into a table that the same transaction made empty are not seen from 122,880 rows on
    (DuckDB 2.0.0).
    """
    found = " union all ".join(f"select rowid as number from {table} where {condition}" for condition in conditions)
    connection.execute(f"create or replace temp table found_rows as {found}")
    parts = [
        f"select *, rowid from {table} where rowid between {first} and {last} "
        f"and rowid in (select number from found_rows where number between {first} and {last})"
        for first, last in _ranges(connection)
    ]
    rows = " union all ".join(parts) or f"select *, rowid from {table} limit 0"
    connection.execute(f"create or replace {target} as select {columns} from ({rows})")
    connection.execute("drop table found_rows")


def _ranges(connection: duckdb.DuckDBPyConnection) -> list[tuple[int, int]]:
    """Ranges of row ids around those in `found_rows`, at most RANGES, leaving out the widest gaps."""
    groups = [
        row[0]
        for row in connection.execute(f"select distinct number // {ROW_GROUP} from found_rows order by 1").fetchall()
    ]
    if not groups:
        return []
    gaps = sorted((b - a, a) for a, b in pairwise(groups) if b - a > 1)[-(RANGES - 1) :]
    ends = [*sorted(a for _, a in gaps), groups[-1]]
    starts = [groups[0], *(groups[groups.index(end) + 1] for end in ends[:-1])]
    return [(start * ROW_GROUP, (end + 1) * ROW_GROUP - 1) for start, end in zip(starts, ends, strict=True)]

"""Whose ids an export holds: two trackers, help desks or shops may both have a 1001.

Ids belong to a namespace: what the export declares, else what its format's header says, else the export's own name.
Where the exports of a kind lie in several namespaces, every id of that kind is written `<namespace>:<id>`, in its own
rows and where others refer to it: by the namespace of the row's export, so that a reference never meets another shop's
order by chance. Where they lie in one, ids are written as they are. Customer and cart ids are written so only where
exports of orders declare several namespaces, by the exports of these: they are shops with customers of their own.

Not here: writing them (`row_checks.py`), nor whose row an identifier makes it (`sql/journeys/`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from parcours.loading.sources import Source
from parcours.settings.schema import ExportFile
from parcours.warehouse.connection import count_rows
from parcours.warehouse.rows import insert_rows

SHOP = "shop"
"""What customer and cart ids belong to."""

BELONGS_TO = {
    "event_id": "events",
    "tracker_session_id": "events",
    "order_id": "order_rows",
    "order_reference": "order_rows",
    "contact_id": "contacts",
    "merged_contact_ids": "contacts",
    "deal_id": "deals",
    "ticket_id": "tickets",
    "answer_id": "feedback",
    "customer_id": SHOP,
    "cart_id": SHOP,
}
"""The columns that hold ids, and the kind (or SHOP) whose ids they are."""

LISTS = ("merged_contact_ids",)
"""Of these, the columns that hold several ids, as `100;101`."""

OWNERS = {
    "order_rows": ("order_rows", ("order_id", "order_reference")),
    "contacts": ("contacts", ("contact_id",)),
    SHOP: ("order_rows", ("customer_id",)),
}
"""Of what others refer to, the raw table and the columns that have the ids."""


@dataclass(frozen=True)
class Namespace:
    """Whose ids an export holds.

    Attributes:
        name: of the namespace.
        is_declared: whether journey.yaml says so.
        written: the columns whose ids are written with the name.
        astray: the columns whose ids refer to a kind of which all ids are of other namespaces.
    """

    name: str
    is_declared: bool
    written: frozenset[str]
    astray: frozenset[str]

    def of(self, columns: Sequence[str]) -> dict[str, str]:
        """By column the name with which its ids are written."""
        return {column: self.name for column in columns if column in self.written}


def find_namespaces(exports: Sequence[tuple[ExportFile, Source]]) -> list[Namespace]:
    """The namespace of each export of journey.yaml."""
    names = _names(exports)
    kinds: dict[str, set[str]] = {}
    for (_, source), name in zip(exports, names, strict=True):
        kinds.setdefault(source.kind.name, set()).add(name)
    orders = kinds.get("order_rows", set())
    is_shop = any(export.namespace and source.kind.name == "order_rows" for export, source in exports)
    found = []
    for (export, source), name in zip(exports, names, strict=True):
        written, astray = set(), set()
        for column in source.kind.columns:
            of = BELONGS_TO.get(column.name)
            among = (orders if is_shop else set()) if of == SHOP else kinds.get(of or "", set())
            if len(among) > 1:
                if of != SHOP or name in among:
                    written.add(column.name)
                if name not in among and column.name != "cart_id":
                    astray.add(column.name)
        found.append(Namespace(name, export.namespace is not None, frozenset(written), frozenset(astray)))
    return found


def _names(exports: Sequence[tuple[ExportFile, Source]]) -> list[str]:
    """What each export declares, else its format's header as long as no other export has that format, else its name.

    Lines or payments without their orders' times are no orders by themselves: they are of the one namespace of orders.
    """
    of_format = Counter(source.format for export, source in exports if export.namespace is None)
    names = [
        export.namespace
        or (source.namespace if source.namespace and of_format[source.format] == 1 else None)
        or export.name
        for export, source in exports
    ]
    is_part = [
        source.kind.name == "order_rows" and bool(source.given) and "ordered_at" not in source.given
        for _, source in exports
    ]
    whole = {
        name
        for (_, source), name, part in zip(exports, names, is_part, strict=True)
        if source.kind.name == "order_rows" and not part
    }
    if len(whole) == 1:
        [orders] = whole
        return [
            orders if part and export.namespace is None else name
            for (export, _), name, part in zip(exports, names, is_part, strict=True)
        ]
    return names


def note_namespaces(
    connection: duckdb.DuckDBPyConnection, exports: Sequence[tuple[ExportFile, Source, Namespace]]
) -> None:
    """Write `raw.namespaces`."""
    connection.execute("delete from raw.namespaces")
    noted: list[tuple[object, ...]] = []
    for export, source, namespace in exports:
        kind = source.kind
        for column in kind.columns:
            if column.name not in BELONGS_TO:
                continue
            astray = _count_astray(connection, kind.name, column.name, export.name, namespace)
            of_export = (export.name, source.format, kind.name, namespace.name, namespace.is_declared)
            of_column = (column.name, BELONGS_TO[column.name], column.name in namespace.written, astray)
            noted.append((*of_export, *of_column))
    insert_rows(connection, "raw.namespaces", noted)


def _count_astray(
    connection: duckdb.DuckDBPyConnection, kind: str, column: str, export: str, namespace: Namespace
) -> int:
    """The rows of an export with an id that one of the namespaces has, which are all others than the export's."""
    if column not in namespace.astray:
        return 0
    owner, names = OWNERS[BELONGS_TO[column]]
    ids = " union all ".join(f"select substr({name}, strpos({name}, ':') + 1) from raw.{owner}" for name in names)
    bare = f"substr({column}, {len(namespace.name) + 2})" if column in namespace.written else column
    return count_rows(connection, f"raw.{kind} where export = '{export}' and {bare} in ({ids})")


def rewrite_ids(
    connection: duckdb.DuckDBPyConnection,
    kind: str,
    before: Mapping[str, str],
    now: Mapping[str, str],
    files: Mapping[str, list[str]],
) -> None:
    """Write the ids of stored rows as they are written now, where the files that they are from can't be read again.

    Args:
        connection: the warehouse.
        kind: the raw table.
        before: by column the namespace that its ids are written with.
        now: the same, as it should be.
        files: `ids`, of raw.loads.
    """
    written = []
    for column in dict.fromkeys([*before, *now]):
        bare = _without_namespace(column, before[column]) if column in before else column
        written.append(f"{column} = {with_namespace(column, bare, now[column]) if column in now else bare}")
    connection.execute(f"update raw.{kind} set {', '.join(written)} where list_contains($ids, file_id)", files)


def with_namespace(column: str, value: str, namespace: str) -> str:
    """SQL of a column's id, or ids, with their namespace; null stays null."""
    every = f"replace({value}, ';', ';{namespace}:')" if column in LISTS else value
    return f"'{namespace}:' || {every}"


def _without_namespace(column: str, namespace: str) -> str:
    every = f"replace({column}, ';{namespace}:', ';')" if column in LISTS else column
    return f"substr({every}, {len(namespace) + 2})"

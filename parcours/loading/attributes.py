"""Columns and properties of an export that journey.yaml names (`attributes:`), read beside what the format reads.

`with_attributes` makes of a source one that also gives the canonical column `attributes`: a list of names with what the
export says, each in its declared type; a text that is none of that type is a reason to reject the row. Not here: what
an attribute means for a touchpoint, a person or an order (`sql/`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlglot import parse_one
from sqlglot.errors import SqlglotError
from sqlglot.expressions import Query

from parcours.loading.sources import Source, SourceError
from parcours.settings.schema import Attribute, ExportFile, JourneySettings
from parcours.warehouse.connection import quoted, text_literal

KINDS_OF = {"event": ("events",), "session": ("events",), "person": ("events", "contacts"), "order": ("order_rows",)}
"""By what an attribute is of, the shapes whose exports may have it."""

_READ = {
    "text": "nullif(trim({}), '')",
    "number": "cast(read_number({}) as text)",
    "boolean": "cast(read_flag({}) as text)",
    "date": "cast(read_date({}) as text)",
}
_UNREAD = {"number": "number", "boolean": "flag", "date": "date"}

OF_ANY_TYPE = ("string_value", "int_value", "double_value", "float_value")
"""Where GA4's parameters and properties keep a value."""


def attributes_of(settings: JourneySettings, export: ExportFile, source: Source) -> list[Attribute]:
    """The attributes that the files of an export may have."""
    return [
        attribute
        for attribute in settings.attributes
        if source.kind.name in KINDS_OF[attribute.scope] and (not attribute.exports or export.name in attribute.exports)
    ]


def with_attributes(source: Source, attributes: Sequence[Attribute]) -> Source:
    """A source that gives attributes too; without any, as it is.

    Raises:
        SourceError: its select does not name its columns.
    """
    if not attributes:
        return source
    try:
        query = parse_one(source.sql, dialect="duckdb")
        given = query.named_selects if isinstance(query, Query) else []
    except SqlglotError:
        given = []
    if not given or "*" in given:
        raise SourceError(
            f"sources/{source.format}.sql: its columns can't be told, which attributes of journey.yaml need. "
            "Name each column in its last select."
        )
    shape = json.loads(source.shape) if source.shape else None
    values = {}
    for attribute in attributes:
        parts = attribute.from_.split(".")
        if shape is not None:
            values[attribute.id] = _in_shape("r", shape, parts)
        elif {"csv", "tsv"} & {*source.reads}:
            values[attribute.id] = quoted(attribute.from_)
        else:
            values[attribute.id] = _in_json("record", parts)
    read = ", ".join(f"{value} as {quoted(name)}" for name, value in values.items())
    said = [
        f"struct_pack(attribute := {text_literal(a.id)}, said := {_READ[a.type].format(f'declared.{quoted(a.id)}')})"
        for a in attributes
    ]
    unread = [
        f"unread_{_UNREAD[a.type]}({text_literal(a.from_)}, declared.{quoted(a.id)})"
        for a in attributes
        if a.type in _UNREAD
    ]
    reasons = [*(["given_rows.reject_reason"] if "reject_reason" in given else []), *unread, "null"]
    columns = "".join(f"given_rows.{name}, " for name in given if name != "reject_reason")
    sql = (
        f"select {columns}list_filter([{', '.join(said)}], lambda one: one.said is not null) as attributes, "
        f"coalesce({', '.join(reasons)}) as reject_reason from (\n{source.sql}\n) as given_rows "
        f"inner join (select line, {read} from file_rows) as declared on given_rows.line = declared.line"
    )
    return replace(source, sql=sql, shape=json.dumps(shape) if shape is not None else None)


def _in_shape(value: str, shape: Any, parts: Sequence[str]) -> str:
    """SQL of what is at a path within a value of a shape, as text; where the shape lacks it, it is added."""
    if shape == "JSON":
        return _in_json(value, parts)
    if not parts:
        return f"cast({value} as text)"
    if isinstance(shape, dict):
        shape.setdefault(parts[0], "JSON" if parts[1:] else "VARCHAR")
        return _in_shape(f"{value}.{quoted(parts[0])}", shape[parts[0]], parts[1:])
    if isinstance(shape, list) and isinstance(shape[0], dict) and {"key", "value"} <= {*shape[0]}:
        found = f"list_filter({value}, lambda one: one.key = {text_literal('.'.join(parts))})[1].value"
        kept = shape[0]["value"]
        return f"coalesce({', '.join(f'{found}.{name}' for name in kept)})" if isinstance(kept, dict) else found
    return f"case when json_valid({value}) then {_in_json(f'cast({value} as json)', parts)} end"


def _in_json(value: str, parts: Sequence[str]) -> str:
    """SQL of what is at a path within JSON, as text; of a list of keys with values, the value of a key."""
    whole = f"{value} ->> {text_literal('$' + ''.join(f'.{json.dumps(part)}' for part in parts))}"
    if not parts:
        return f"({whole})"
    key = text_literal(".".join(parts))
    found = f"list_filter(try_cast({value} as json[]), lambda one: (one ->> '$.key') = {key})[1]"
    places = ", ".join(f"{found} ->> '$.value.{name}'" for name in OF_ANY_TYPE)
    return f"coalesce({whole}, {places}, {found} ->> '$.value')"

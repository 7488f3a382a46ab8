"""What the SQL of a source may be: one select over `file_rows`, which reads no file and writes nothing.

A `sources/<format>.sql` is copied from colleagues and web pages. DuckDB parses it, before it is run, and only what is
named here may stand in its FROM. Not here: its header (`sources.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import duckdb

TABLES = "file_rows and settings.*"
"""What a source reads, as its author is told."""

TABLE_FUNCTIONS = frozenset({"generate_series", "json_each", "json_tree", "range", "unnest"})
"""Functions in FROM that make rows of values: all others may read files, other databases or settings."""


@cache
def wrong_with(sql: str) -> str | None:
    """What a source's SQL has that none may have, with its line; None: nothing."""
    with duckdb.connect(config={"enable_external_access": False}) as connection:
        [(serialized,)] = connection.execute("select json_serialize_sql($sql)", {"sql": sql}).fetchall()
    parsed = json.loads(serialized)
    if parsed["error"]:
        if parsed["error_type"] == "not implemented":
            return "expected one select, found another statement"
        return f"{_line(sql, parsed.get('position'))}is no SQL that DuckDB can read: {parsed['error_message']}"
    if len(parsed["statements"]) != 1:
        return f"expected one select, found {len(parsed['statements'])} statements"
    nodes = [*_nodes(parsed)]
    named = {entry["key"].lower() for node in nodes for entry in node.get("cte_map", {}).get("map", [])}
    for node in nodes:
        if found := _forbidden(node, named):
            return f"{_line(sql, node.get('query_location'))}reads {found}; a source reads {TABLES} alone"
    return None


def _forbidden(node: dict[str, Any], named: set[str]) -> str | None:
    """What a node of FROM reads that no source may."""
    match node.get("type"):
        case "BASE_TABLE":
            schema, table = node["schema_name"].lower(), node["table_name"].lower()
            if node["catalog_name"] or (schema != "settings" and (schema or table not in named | {"file_rows"})):
                return ".".join(filter(None, (node["catalog_name"], schema, node["table_name"])))
        case "TABLE_FUNCTION":
            name = node["function"]["function_name"].lower()
            if name not in TABLE_FUNCTIONS:
                return f"{name}(…)"
        case "SHOW_REF":
            return "the description of a table"
    return None


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _nodes(part)


def _line(sql: str, position: object) -> str:
    """`line 7: ` of a place in the SQL; nothing where there is none."""
    try:
        place = int(str(position))
    except ValueError:
        return ""
    before = sql.encode()[:place]
    return f"line {before.count(10) + 1} " if 0 <= place <= len(sql.encode()) else ""

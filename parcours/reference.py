"""The reference pages that are made from the code, so that they never say something else.

`write_reference(docs)` writes the JSON Schema of journey.yaml, its page, the canonical columns and the list of tables.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from parcours.loading.settings_tables import SETTINGS_TABLES
from parcours.loading.sources import read_source
from parcours.project import ROOT, load_project
from parcours.settings.schema import MOST_MONEY, MOST_PIECES, json_schema
from parcours.tables.catalogue import WRITTEN_AFTERWARDS, declared_tables
from parcours.warehouse.canonical import KINDS
from parcours.warehouse.connection import SCHEMAS
from parcours.warehouse.functions import read_functions
from parcours.warehouse.published import PUBLISHED_RAW_TABLES
from parcours.warehouse.raw_tables import RAW_TABLES

MADE_FROM_CODE = "*Made from the code by `make reference`.*"


def reference_pages() -> dict[str, str]:
    """The text of each page, by file name."""
    return {
        "journey.schema.json": json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n",
        "journey-yaml.md": _journey_page(json_schema()),
        "canonical.md": _canonical_page(),
        "tables.md": _tables_page(),
        "formats/README.md": _formats_page(),
    }


def write_reference(docs: Path) -> None:
    """Write the pages into a folder."""
    for name, text in reference_pages().items():
        (docs / name).write_text(text, encoding="utf-8")


def _journey_page(schema: dict[str, Any]) -> str:
    lines = [
        "# journey.yaml",
        "",
        MADE_FROM_CODE,
        "",
        "What each key means, its type and its default. A wrong file gives",
    ]
    lines += ["one message with every problem in it; editors complete it with `journey.schema.json`.", ""]
    for key, value in schema["properties"].items():
        definition = _definition(schema, value)
        about = definition.get("description", value.get("description", "")).replace("\n", " ")
        lines += [f"## {key}", "", about, ""]
        if "properties" in definition:
            lines += _keys(definition)
            for name, field in definition["properties"].items():
                inner = _definition(schema, field)
                if "properties" in inner:
                    lines += [
                        f"### {key}.{name}",
                        "",
                        inner.get("description", "").replace("\n", " "),
                        "",
                        *_keys(inner),
                    ]
        else:
            lines += [f"{_type(value)}.", ""]
    return "\n".join(lines)


def _keys(definition: dict[str, Any]) -> list[str]:
    """The table of a section's keys."""
    lines = ["| key | type | default | meaning |", "|---|---|---|---|"]
    for name, field in definition["properties"].items():
        default = "required" if name in definition.get("required", []) else f"`{json.dumps(field.get('default'))}`"
        meaning = field.get("description", "").replace("|", "\\|")
        lines.append(f"| `{name}` | {_type(field)} | {default} | {meaning} |")
    return [*lines, ""]


def _definition(schema: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    """The section that a key holds, one or a list of it."""
    one = next((option for option in value.get("anyOf", []) if "$ref" in option), value)
    reference = one.get("$ref") or one.get("items", {}).get("$ref")
    found = schema["$defs"][reference.rsplit("/", 1)[1]] if reference else value
    if "files" in found.get("properties", {}):  # exports: its files are what needs a table
        inner = schema["$defs"]["ExportFile"]
        outer = {name: field for name, field in found["properties"].items() if name != "files"}
        return {**inner, "properties": {**outer, **inner["properties"]}, "required": [*inner["required"], "folder"]}
    return dict(found)


def _type(field: dict[str, Any]) -> str:
    if "enum" in field:
        return " \\| ".join(f"`{choice}`" for choice in field["enum"])
    if "anyOf" in field:
        return " or ".join(_type(option) for option in field["anyOf"] if option.get("type") != "null")
    if "$ref" in field:
        return str(field["$ref"].rsplit("/", 1)[1]).lower()
    if "prefixItems" in field:
        return f"[{', '.join(map(_type, field['prefixItems']))}]"
    if field.get("type") == "array":
        return f"list of {_type(field['items'])}"
    if field.get("type") == "object":
        return "keys with values"
    return {"string": "text", "number": "number", "integer": "whole number", "boolean": "true or false"}.get(
        field.get("type", ""), "value"
    )


def _canonical_page() -> str:
    lines = ["# Canonical columns", "", MADE_FROM_CODE, ""]
    lines += [
        "What a source (`sql/sources/<format>.sql`, or a `sources/<format>.sql` of one's own) gives, by these names."
    ]
    lines += [
        "What it leaves out is null; all times are UTC. See [own exports](own-exports.md) for how to write one.",
        f"An amount (decimal) is at most {MOST_MONEY:,}, a double at most {MOST_PIECES:,}, of either sign, or less by",
        "exports.largest_amount and largest_number: a row with a greater one, with NaN or an infinity is rejected.",
        "",
    ]
    for kind in KINDS.values():
        lines += [f"## {kind.name}", "", kind.about, "", "| column | type | | meaning |", "|---|---|---|---|"]
        for column in kind.columns:
            asked = ", ".join(filter(None, ["required" if column.required else None, column.check]))
            lines.append(f"| `{column.name}` | {column.type} | {asked} | {column.about} |")
        lines.append("")
    return "\n".join(lines)


def _formats_page() -> str:
    sources = [read_source(path) for path in sorted((ROOT / "sql" / "sources").glob("*.sql"))]
    lines = ["# Formats", "", MADE_FROM_CODE, ""]
    lines += ["The canonical columns that each format gives; the others are null.", ""]
    for kind in KINDS.values():
        formats = [source for source in sources if source.kind is kind]
        given = {source.format: source.given for source in formats}
        lines += [f"## {kind.name}", ""]
        lines += [f"| column | {' | '.join(f'[{name}]({name}.md)' for name in given)} |", f"|---{'|---' * len(given)}|"]
        for column in kind.columns:
            marks = " | ".join("●" if column.name in columns else "" for columns in given.values())
            lines.append(f"| `{column.name}` | {marks} |")
        lines.append("")
    return "\n".join(lines)


def _tables_page() -> str:
    lines = ["# Tables", "", MADE_FROM_CODE, "", "Every table of `published.duckdb`, with its columns,"]
    lines += ["and the [functions](#functions) that a query there can call.", ""]
    published_raw = [RAW_TABLES[f"raw.{name}"] for name in PUBLISHED_RAW_TABLES]
    tables = sorted(
        [*SETTINGS_TABLES, *published_raw, *WRITTEN_AFTERWARDS, *declared_tables(load_project())],
        key=lambda table: table.table,
    )
    for schema in SCHEMAS:
        lines += [f"# {schema}", ""]
        for table in (table for table in tables if table.table.startswith(f"{schema}.")):
            lines += [f"## {table.table}", "", table.description, "", "| column | meaning |", "|---|---|"]
            lines += [f"| `{name}` | {about.replace('|', chr(92) + '|')} |" for name, about in table.columns.items()]
            lines.append("")
    lines += ["# Functions", "", "| function | what it computes | arguments | source |", "|---|---|---|---|"]
    for function in sorted(read_functions().values(), key=lambda one: one.name):
        lines.append(f"| `{function.signature}` | {function.description} | {function.takes} | {function.source} |")
    return "\n".join([*lines, ""])

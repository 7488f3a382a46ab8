"""What a file is read with beside its own content: the source's SQL, and the settings that loading uses.

It is kept in `raw.loads` with each file, part by part, so that it can be said what has changed since. Not here: which
files are read again for it (`read_again.py`).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from datetime import date, datetime

from parcours.engine.model import ModelError, code_version, parse_select
from parcours.loading.namespaces import Namespace
from parcours.loading.row_checks import Limits, checked_select
from parcours.loading.settings_tables import ROWS, SETTINGS_TABLES
from parcours.loading.sources import Source
from parcours.loading.written_values import what_is_read
from parcours.settings.schema import Attribute, ExportFile, JourneySettings

IDS = "namespaces"
"""The part that says by column with which namespace its ids are written."""


def read_with(
    export: ExportFile,
    source: Source,
    settings: JourneySettings,
    namespace: Namespace,
    attributes: Sequence[Attribute] = (),
) -> str:
    """All that decides what the rows of an export's files become, as JSON: the hash of each part by its name, and how
    ids are written."""
    parts = {
        "format": source.format,
        "the format's SQL": _code(source),
        "what is checked of a row": checked_select(
            source.kind,
            source.given,
            "",
            Limits(date.min, datetime.min, has_forgotten=False),
            texts=source.given,
            labels=source.labels,
        ),
        "how values are read": what_is_read(),
        "columns": json.dumps(export.columns, sort_keys=True),
        "decimal": str(export.decimal),
        "dates": str(export.dates),
        **({"encoding": export.encoding} if export.encoding else {}),
        "consent": str(export.consent),
        "shop.opened_on": str(settings.shop.opened_on),
        "exports.largest_amount": str(settings.exports.largest_amount),
        "exports.largest_number": str(settings.exports.largest_number),
        **({"attributes": repr([(a.id, a.from_, a.type) for a in attributes])} if attributes else {}),
        **_settings_read(source.sql, settings),
    }
    hashes = {name: hashlib.sha256(said.encode()).hexdigest()[:12] for name, said in parts.items()}
    return json.dumps(hashes | {IDS: namespace.of([column.name for column in source.kind.columns])})


def changed_parts(before: str | None, now: str) -> list[str]:
    """The names of the parts that are others now; of a file that was loaded before they were noted, that."""
    was, is_now = json.loads(before or "{}"), json.loads(now)
    if "format" not in was:
        return ["what is not known, for an earlier version of Parcours did not note it"]
    return [name for name in dict.fromkeys([*is_now, *was]) if was.get(name) != is_now.get(name)]


def ids_written(said: str | None) -> dict[str, str]:
    """By column the namespace with which a file's ids are written."""
    written: dict[str, str] = json.loads(said or "{}").get(IDS, {})
    return written


def with_ids(said: str | None, now: str) -> str:
    """What a file was read with, once its ids are written as they are now."""
    return json.dumps(json.loads(said or "{}") | {IDS: ids_written(now)})


def _code(source: Source) -> str:
    """What a source computes and reads: another comment in it is no other source."""
    try:
        computed = code_version(parse_select(source.sql, source.format))
    except ModelError:
        computed = source.sql  # DuckDB reads more than is read here
    return repr((computed, source.kind.name, source.reads, source.needs, source.columns, source.shape, source.each))


def _settings_read(sql: str, settings: JourneySettings) -> dict[str, str]:
    """The settings that a source's SQL names."""
    words = {*re.findall(r"\w+", sql)}
    return {
        f"{table.name}.{column}": repr([row[place] for row in ROWS[table.name](settings)])
        for table in SETTINGS_TABLES
        if re.search(rf"\b{re.escape(table.table)}\b", sql)
        for place, column in enumerate(table.columns)
        if column in words
    }

"""No value is lost without a word: in every field of every format, a text that is no value of it gives a rejected row
that names the field, or the row is what it was without it; a sum never changes."""

from __future__ import annotations

import json
import random
import string
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from extreme_values import SOUND, Place, Row, changed, fields, sound_row, source_of, written
from format_shops import shop_reading
from shops import load, query

from parcours.project import Project
from parcours.warehouse.canonical import Column

JUNK = ("abc{n}", "12.5.{n}", "7/3/2026 9:00", "1,35,0", "NaN")
"""No amount, number, time or flag. As the id of something, any text will do."""

FORMATS = sorted(SOUND)

SAYS_WHAT_IT_IS = {
    "segment": {"channel", "type", "event", "name", "userAgent"},
    "ga4_bigquery": {"key"},
    "posthog_events": {"event", "$lib"},
    "matomo_visits": {"type"},
    "snowplow_enriched": {"platform", "br_type", "schema"},
    "hubspot_deals": {"dealstage"},
    "shopify_orders": {"Note Attributes"},
    "questionpro_responses": {"Timestamp (mm/dd/yyyy)"},
    "sendpulse_contacts": {"email"},
    "zendesk_tickets": {"status"},
    "zendesk_ratings": {"score"},
}
"""Texts by which a row is another one: what kind of event it is, whether it is over, what a parameter is called; an
address that is somebody's key; a date whose order its label says."""


def typed_rows(project: Project, format_name: str) -> dict[int, tuple[Any, ...]]:
    """What the loaded rows hold beside texts, by line."""
    kind = source_of(format_name).kind
    typed = ", ".join(_beside_texts(column) for column in kind.columns if column.type != "text")
    return {line: tuple(rest) for line, *rest in query(project, f"select line, {typed} from raw.{kind.name}")}


def _beside_texts(column: Column) -> str:
    """SQL of a column's value; of a list, of what its elements hold beside texts."""
    if not column.fields:
        return column.name
    fields = ", ".join(f"{field.name} := i.{field.name}" for field in column.fields if field.type != "text")
    return f"list_transform({column.name}, lambda i: struct_pack({fields}))"


def cells(row: Row) -> list[Place]:
    """The paths of the fields that hold a value, no other fields."""
    paths = [*fields(row)]
    return [path for path in paths if not any(other[: len(path)] == path for other in paths if len(other) > len(path))]


def groups(row: Row) -> list[Place]:
    """The paths of the objects and lists of a row that hold something, those within others too."""
    within = {path[:length] for path in fields(row) for length in range(1, len(path))}
    return sorted(within, key=str)


def is_json(format_name: str) -> bool:
    """Whether a format's rows are JSON, or fields of theirs."""
    return bool(source_of(format_name).shape) or format_name == "snowplow_enriched"


def assert_nothing_is_lost(folder: Path, format_name: str, junk: Sequence[str]) -> None:
    """Load a file with a sound row, and one for each field and text that stands there instead."""
    project = shop_reading(folder, format_name, refuse_above=1.0)
    places = [*cells(SOUND[format_name]), *(groups(SOUND[format_name]) if is_json(format_name) else [])]
    cases: list[tuple[Place, str]] = [(path, text) for path in places for text in junk]
    rows = [sound_row(format_name, 0)]
    for number, (path, text) in enumerate(cases, 1):
        rows.append(changed(sound_row(format_name, number), path, text.replace("{n}", str(number))))
    ending, content = written(format_name, rows)
    (project.exports_folder / f"x.{ending}").write_bytes(content)
    (found,) = load(project)
    assert found.status == "loaded" and found.rows_read == len(rows)
    loaded = typed_rows(project, format_name)
    reasons = dict(query(project, "select line, reason from raw.rejected_rows"))
    first = 2 if ending == "csv" else 1
    sound, lost = loaded[first], []
    for line, (path, text) in enumerate(cases, first + 1):
        names = {str(key) for key in path}
        if names & SAYS_WHAT_IT_IS.get(format_name, set()):
            is_told = True
        elif line in reasons:
            names |= {"currency" for name in names if "curr" in name.lower()}
            is_told = any(name in reasons[line] for name in names if not name.isdigit())
        else:
            is_told = loaded.get(line) == sound
        if not is_told:
            lost.append((path, text, reasons.get(line, loaded.get(line))))
    assert lost == []


@pytest.mark.parametrize("name", FORMATS)
def test_a_text_that_is_no_value_of_its_field_is_rejected_by_its_name_and_changes_no_sum(
    tmp_path: Path, name: str
) -> None:
    assert_nothing_is_lost(tmp_path, name, JUNK)


@pytest.mark.parametrize("name", [name for name in FORMATS if is_json(name)])
def test_what_is_no_object_or_list_where_one_is_expected_is_rejected_by_its_name_unless_it_says_nothing(
    tmp_path: Path, name: str
) -> None:
    project = shop_reading(tmp_path, name, refuse_above=1.0)
    wrong: list[Any] = [5, True, "x", [1], {"0": "x"}]
    nothing: list[Any] = ["", " ", [], {}, False, None]
    members = json.loads(source_of(name).shape or "{}")
    read = [place for place in groups(SOUND[name]) if not members or place[0] in members]
    cases = [(place, value) for place in read for value in [*wrong, *nothing]]
    rows = [changed(sound_row(name, number), place, value) for number, (place, value) in enumerate(cases, 1)]
    ending, content = written(name, rows)
    (project.exports_folder / f"x.{ending}").write_bytes(content)
    load(project)
    reasons = dict(query(project, "select line, reason from raw.rejected_rows"))
    for line, (place, value) in enumerate(cases, 1):
        *_, named = [part for part in place if isinstance(part, str)]
        found = reasons.get(line, "")
        if any(value is one for one in nothing):
            assert not found.startswith(".".join(part for part in place if isinstance(part, str)) + " is not a"), found
        elif not isinstance(value, type(_at(SOUND[name], place))):
            assert named in found and " is not " in found, (place, value, found)


def _at(row: Any, place: Place) -> Any:
    for part in place:
        row = row[part]
    return row


@pytest.mark.fuzz
@pytest.mark.parametrize("name", FORMATS)
def test_any_text_in_any_field_is_rejected_by_its_name_or_changes_no_sum(tmp_path: Path, name: str) -> None:
    chance = random.Random(name)
    signs = string.ascii_letters + string.digits + " .,:;-+/'_%$€"
    junk = ["x" + "".join(chance.choices(signs, k=chance.randint(1, 20))) for _ in range(60)]
    assert_nothing_is_lost(tmp_path, name, [*JUNK, *junk])

"""No value is lost without a word: in every field of every format, a text that is no value of it gives a rejected row
that names the field, or the row is what it was without it; a sum never changes."""

from __future__ import annotations

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


def assert_nothing_is_lost(folder: Path, format_name: str, junk: Sequence[str]) -> None:
    """Load a file with a sound row, and one for each field and text that stands there instead."""
    project = shop_reading(folder, format_name, refuse_above=1.0)
    cases: list[tuple[Place, str]] = [(path, text) for path in cells(SOUND[format_name]) for text in junk]
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


@pytest.mark.fuzz
@pytest.mark.parametrize("name", FORMATS)
def test_any_text_in_any_field_is_rejected_by_its_name_or_changes_no_sum(tmp_path: Path, name: str) -> None:
    chance = random.Random(name)
    signs = string.ascii_letters + string.digits + " .,:;-+/'_%$€"
    junk = ["x" + "".join(chance.choices(signs, k=chance.randint(1, 20))) for _ in range(60)]
    assert_nothing_is_lost(tmp_path, name, [*JUNK, *junk])

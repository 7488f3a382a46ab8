"""What may be wrong with a canonical row, whatever its format: the SQL that types rows and says why one is rejected.

What passes can stop no model and no check behind it: each number is finite and of a possible size, each instant of a
possible time, each text no longer than LONGEST, each hash a hash. An identifier that names nobody becomes null here,
and is never asked again. Not here: how large a number may be (`parcours/warehouse/canonical.py`, `sql/raw/`), what a
format alone can know (its `reject_reason`), nor the counting (`accounting.py`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from parcours.loading.namespaces import Namespace, with_namespace
from parcours.settings.currencies import CURRENCIES
from parcours.settings.schema import MOST_MONEY, MOST_PIECES
from parcours.warehouse.canonical import Column, Kind
from parcours.warehouse.connection import text_literal

FORGOTTEN = "belongs to a forgotten person"
"""The reason to reject a row of somebody who asked to be forgotten; its text is not kept."""

SPOILT = "holds a text that is too long, or a NUL character"
"""Which column it is is looked for in the few rows that have such a text, since it is rare."""

SMALL_FILE = 20
"""Rows below which a share of rejected rows says little: such a file is never refused for it."""

LONGEST = 10_000
"""Characters of the longest text that is no mistake: a longer one is a file that lost its line breaks."""


_READERS = {
    "decimal(18, 4)": "amount",
    "double": "number",
    "bigint": "count",
    "timestamp": "instant",
    "date": "date",
    "boolean": "flag",
}
READ = {
    type_: f"read_{what}({{0}}{', ' + repr('UTC') if what == 'instant' else ''})" for type_, what in _READERS.items()
}
WHY_NOT = {type_: f"why_not_{what}({{0}}, {{1}})" for type_, what in _READERS.items()}
"""Of a text that a source gives for a typed column: SQL of the value, and of why it has none (`written_values.py`)."""

PROMISED_AHEAD = timedelta(days=3660)
"""How far after tomorrow a day may lie: it is one that was promised."""


@dataclass(frozen=True)
class Limits:
    """What holds for every row of a run: the possible time, and whether anybody was forgotten."""

    opened_on: date
    latest: datetime
    has_forgotten: bool
    largest_amount: int = MOST_MONEY
    largest_number: int = MOST_PIECES

    def beyond(self, type_: str, typed: str, name: str, value: str) -> list[str]:
        """SQL of the reason that a number of a type is too great; none: the type has no numbers."""
        largest = {"decimal(18, 4)": ("amount", self.largest_amount), "double": ("number", self.largest_number)}
        if type_ not in largest:
            return []
        what, bound = largest[type_]
        # NaN is greater than any number.
        return [f"case when not abs({typed}) <= {bound} then '{name} is no {what} up to {bound:,}: ' || {value} end"]


def checked_select(
    kind: Kind,
    given: Collection[str],
    rows: str,
    limits: Limits,
    namespace: Namespace | None = None,
    texts: Collection[str] = (),
    labels: Mapping[str, str] | None = None,
) -> str:
    """A select of `line`, `reason` (null: sound), `row_hash`, `covers_from`, `covers_until` and the typed columns.

    Args:
        kind: the shape.
        given: the columns that the source gives.
        rows: the source's select.
        limits: what holds for every row of this run.
        namespace: whose ids the rows have; None: ids are written as they are.
        texts: those of the given columns that the source gives as text, as they are in the file.
        labels: of the given columns what the file calls them.
    """
    reasons = ["reject_reason"] if "reject_reason" in given else []
    columns = [column for column in kind.columns if column.name in given]
    as_text = [column for column in columns if column.name in texts and column.type in READ]
    # Each text is read once: it is asked about several times.
    read = "".join(f", {READ[column.type].format(column.name)} as {_read_as(column)}" for column in as_text)
    read += "".join(f", {_read_list(column)} as {_read_as(column)}" for column in columns if column.fields)
    casts = [f"{kind.named(column.name, _typed(column, texts))} as {column.name}" for column in columns]
    # From when to when an export reaches is told by what happened, not by when the source last wrote a row.
    happened = [column.name for column in columns if column.type == "timestamp" and column.name != "source_updated_at"]
    reasons += [reason for column in columns for reason in _reasons(column, texts, limits, labels)]
    reasons += [_unmet(column, kind, given, texts) for column in columns if column.check]
    reasons.append(f"case when length(whole_row) > {LONGEST} or contains(whole_row, chr(0)) then '{SPOILT}' end")
    whole = ", ".join(f"coalesce(cast({column.name} as text), chr(1))" for column in columns)
    return (
        f"with source_rows as (\n{_with_ids(kind, given, rows, namespace)}\n), "
        f"whole_rows as (select *, concat_ws(chr(2), {whole}) as whole_row{read} from source_rows), "
        f"cast_rows as (select line, coalesce({', '.join([*reasons, 'null'])}) as first_reason, "
        f"md5_number(whole_row) as row_hash, {', '.join(casts)} from whole_rows) "
        "select line, first_reason as reason, row_hash, "
        f"least({', '.join([*happened, 'null::timestamp'])}) as covers_from, "
        f"greatest({', '.join([*happened, 'null::timestamp'])}) as covers_until, "
        "* exclude (line, first_reason, row_hash) from cast_rows"
    )


def _with_ids(kind: Kind, given: Collection[str], rows: str, namespace: Namespace | None) -> str:
    """The source's select, with ids written as their namespace wants it. What names nobody is none."""
    written = namespace.of([column.name for column in kind.columns if column.name in given]) if namespace else {}
    if not written:
        return rows
    bare = {column: kind.named(column, f"nullif(trim(cast({column} as text)), '')") for column in written}
    ids = ", ".join(f"{with_namespace(column, bare[column], name)} as {column}" for column, name in written.items())
    return f"select * replace ({ids}) from (\n{rows}\n)"


def _typed(column: Column, texts: Collection[str]) -> str:
    """The column's value in its type; what can't be read is null here and has a reason."""
    if column.fields:
        return _typed_list(column)
    if column.type == "text":
        value = f"nullif(trim({column.name}), '')"
        return f"upper({value})" if column.name == "currency" else value
    return _read_as(column) if column.name in texts else f"try_cast({column.name} as {column.type})"


def _read_as(column: Column) -> str:
    """Where the value of a text is, once it is read."""
    return f"read_{column.name}"


def _read_list(column: Column) -> str:
    """A list whose elements have their fields in their types; and, of those that are no text, what the source says."""
    fields = [f"{field.name} := {_read_field(field)}" for field in column.fields]
    fields += [f"{_said(field)} := cast(i.{field.name} as text)" for field in column.fields if field.type != "text"]
    return f"list_transform({column.name}, lambda i: struct_pack({', '.join(fields)}))"


def _read_field(field: Column) -> str:
    """The field of a list's element `i` in its type."""
    if field.type == "text":
        return f"nullif(trim(i.{field.name}), '')"
    return READ[field.type].format(f"cast(i.{field.name} as text)")


def _said(field: Column) -> str:
    """Where the text of an element's field is, once it is read."""
    return f"said_{field.name}"


def _typed_list(column: Column) -> str:
    """A list in its type; an element that says nothing is none."""
    fields = ", ".join(f"{field.name} := i.{field.name}" for field in column.fields)
    says = f"coalesce({', '.join(f'cast(i.{field.name} as text)' for field in column.fields)}) is not null"
    said = f"list_filter(list_transform({_read_as(column)}, lambda i: struct_pack({fields})), lambda i: {says})"
    return f"cast(nullif({said}, []) as {column.type})"


def spoilt_reason(kind: Kind, given: Collection[str]) -> str:
    """SQL of what is wrong with a row whose reason is SPOILT; null: it is only long in all, which is nothing."""
    columns = [column for column in kind.columns if column.name in given]
    found = [_spoilt(column.name, column.name) for column in columns if column.type == "text"]
    for column in columns:
        texts = [field.name for field in column.fields if field.type == "text"]
        if texts:
            found.append(_first_of(column.name, [_spoilt(f"{column.name}.{name}", f"i.{name}") for name in texts]))
    return f"coalesce({', '.join(found)}, null)"


def _spoilt(name: str, value: str) -> str:
    return (
        f"case when length({value}) > {LONGEST} then '{name} is longer than {LONGEST} characters' "
        f"when contains({value}, chr(0)) then '{name} holds a NUL character' end"
    )


def _first_of(elements: str, reasons: Sequence[str]) -> str:
    """SQL of what is wrong with the first element `i` of a list that has a reason."""
    each = f"list_transform({elements}, lambda i: coalesce({', '.join([*reasons, 'null'])}))"
    return f"list_filter({each}, lambda reason: reason is not null)[1]"


def _list_reasons(column: Column, limits: Limits) -> str:
    """SQL of what is wrong with the elements of a list, as with the values of columns."""
    reasons = []
    for field in column.fields:
        name, typed, value = f"{column.name}.{field.name}", f"i.{field.name}", f"i.{_said(field)}"
        if field.type in WHY_NOT:
            reasons.append(
                f"case when {typed} is null then {WHY_NOT[field.type].format(text_literal(name), value)} end"
            )
        reasons += limits.beyond(field.type, typed, name, value)
        if field.check:
            reasons.append(_unless(f"{typed} {field.check}", field.check, name, value))
    return _first_of(_read_as(column), reasons)


def _reasons(column: Column, texts: Collection[str], limits: Limits, labels: Mapping[str, str] | None) -> list[str]:
    """SQL of each reason that a value of this column can be; null where it is sound."""
    if column.fields:
        return [_list_reasons(column, limits)]
    name, typed, found = column.name, _typed(column, texts), []
    if column.name in texts and column.type != "text":
        label = text_literal((labels or {}).get(name, name))
        found.append(f"case when {typed} is null then {WHY_NOT[column.type].format(label, name)} end")
    if column.required:
        found.append(f"case when {typed} is null then '{name} is missing' end")
    if column.type != "text" and column.name not in texts:
        found.append(
            f"case when {name} is not null and {typed} is null then '{name} is not a {column.type}: ' || {name} end"
        )
    if column.type == "timestamp":
        found.append(
            f"case when {typed} < timestamp '{limits.opened_on}' "
            f"then '{name} is impossible, before the shop (shop.opened_on): ' || {name} "
            f"when {typed} > timestamp '{limits.latest}' then '{name} is impossible, after tomorrow: ' || {name} end"
        )
    if column.type == "date":
        found.append(
            f"case when {typed} < date '{limits.opened_on}' "
            f"then '{name} is impossible, before the shop (shop.opened_on): ' || {name} "
            f"when {typed} > date '{(limits.latest + PROMISED_AHEAD).date()}' "
            f"then '{name} is impossible, ten years ahead: ' || {name} end"
        )
    found += limits.beyond(column.type, typed, name, name)
    if name == "email_hash":
        # The value is not quoted: it may be the e-mail.
        found.append(
            f"case when not regexp_full_match(somebody({typed}), '[0-9a-f]{{64}}') then '{name} is no pseudonym' end"
        )
    if name == "currency":
        codes = text_literal(f" {' '.join(sorted(CURRENCIES))} ")
        found.append(
            f"case when not contains({codes}, ' ' || {typed} || ' ') then 'currency is unknown: ' || {name} end"
        )
    return found


def _unmet(column: Column, kind: Kind, given: Collection[str], texts: Collection[str]) -> str:
    """SQL of the reason that a value is not what its column declares, be it beside other columns of the row."""
    typed = {other.name: _typed(other, texts) if other.name in given else "null" for other in kind.columns}
    declared = re.sub(r"'[^']*'|[a-z_]+", lambda word: typed.get(word[0], word[0]), f"{column.name} {column.check}")
    return _unless(declared, column.check or "", column.name, column.name)


def _unless(condition: str, check: str, name: str, value: str) -> str:
    """SQL of the reason that a value does not fulfil its condition."""
    otherwise = "negative" if check == ">= 0" else f"not {check}"
    return f"case when not ({condition}) then {text_literal(f'{name} is {otherwise}: ')} || {value} end"

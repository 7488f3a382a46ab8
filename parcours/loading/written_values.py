"""Texts of exports as amounts, numbers, instants, days, yes or no: how they may be written, and which can't be read.

`make_value_functions` makes three functions of each: `read_amount(text)`, the value (null: none is given, or it can't
be read); `unread_amount(label, text)`, the reason to reject a row whose text is no such value (null: it is, or is
empty); and `why_not_amount(label, text)`, that reason of a text that is known to be none. So with `_number` (a double),
`_count` (a whole number), `_instant` (`read_instant` also takes the time zone of what has no offset), `_date` and
`_flag`. A source calls the first two: no value is lost without a word.

An amount has one decimal mark and may have thousands apart: `1,350.00`, `1.350,00`, `1 350` and `1'350.00` can each be
read one way only. `1,350` can't: what it is is told by the export's `decimal:`, or by the file's other amounts
(`Writing`); else the row is rejected. So is `7/3/2026`, unless the export's `dates:` says which is the day. Not here:
what is known of a file (`readers/delimited.py`), what a value may be (`row_checks.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import duckdb

from parcours.loading.shapes import FUNCTIONS
from parcours.warehouse.connection import text_literal

Decimal = Literal[".", ","]
Dates = Literal["day first", "month first"]

_TRIMMED = "trim(cast(value as text), ' \t\r\n\u00a0')"

_GROUP = "[+-]?[1-9][0-9]{0,2}"
_SPACED = rf"{_GROUP}([ \x{{a0}}\x{{202f}}\x{{2009}}'’][0-9]{{3}})+([.,][0-9]+)?"
_POINT = rf"{_GROUP}((,[0-9]{{3}})+\.[0-9]*|(,[0-9]{{3}}){{2,}})"
"""Thousands apart by commas: a point, or a second comma, says so."""
_COMMA = (
    rf"{_GROUP}((\.[0-9]{{3}})+,[0-9]*|(\.[0-9]{{3}}){{2,}})|"
    r"[+-]?([0-9]*,([0-9]{1,2}|[0-9]{4,})|([0-9]{4,}|0+)?,[0-9]{3})"
)
"""A decimal comma: thousands are apart by points, or are not three digits behind it."""
_COMMA_AND_THREE, _POINT_AND_THREE = rf"{_GROUP},[0-9]{{3}}", rf"{_GROUP}\.[0-9]{{3}}"
"""What may be either."""

POINT_ALONE = rf"{_POINT}|[+-]?([0-9]*\.([0-9]{{1,2}}|[0-9]{{4,}})|([0-9]{{4,}}|0+)?\.[0-9]{{3}})"
COMMA_ALONE = _COMMA
"""Of amounts those that say which the decimal mark is."""

_YEAR_LAST = r"^([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})\b"
_TIME = r"[T ] *[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?"
_LOCAL = rf"[0-9]{{4}}[-/.][0-9]{{1,2}}[-/.][0-9]{{1,2}}({_TIME})?"
_OFFSET = r":[0-9]{2}([.][0-9]+)? ?(Z|UTC|GMT|[+-][0-9]{2}(:?[0-9]{2})?)$"


@dataclass(frozen=True)
class Writing:
    """How amounts and dates are written in some files.

    Attributes:
        decimal: the decimal mark; None: it is not known.
        is_point_usual: where it is not known, whether a lone point is it (programs write so; spreadsheets may not).
        dates: of dates whose year is last, what is first; None: it is not known.
        encoding: of CSV files, by its Python name; None: what their bytes tell.
    """

    decimal: Decimal | None = None
    is_point_usual: bool = True
    dates: Dates | None = None
    encoding: str | None = None


AS_PROGRAMS_WRITE = Writing()
"""As JSON, Parquet, and files that no spreadsheet saved."""


def make_value_functions(connection: duckdb.DuckDBPyConnection, writing: Writing = AS_PROGRAMS_WRITE) -> None:
    """Make the functions for files that are written in one way, as temporary macros."""
    for signature, body in _functions(writing).items():
        connection.execute(f"create or replace temp macro {signature} as {body}")


def what_is_read() -> str:
    """All that the functions are, whatever is known of a file: another text is another reading."""
    ways = [_functions(Writing(decimal, usual, None)) for decimal in (None, ".", ",") for usual in (True, False)]
    return repr([FUNCTIONS, ways])


def _functions(writing: Writing) -> dict[str, str]:
    """By the signature of each function its body; those that others call come first."""
    plain, unclear = _plain_number(writing)
    no_order = "false" if writing.dates else f"regexp_matches({_TRIMMED}, {text_literal(_YEAR_LAST)})"
    reads_order = "has no known order of day and month (say `dates` of its export in journey.yaml)"
    reads_mark = "may be two amounts (say `decimal` of its export in journey.yaml)"

    def unread(what: str, otherwise: str, is_unclear: str = "false", unclear_as: str = "") -> dict[str, str]:
        why = f"case when {is_unclear} then {text_literal(unclear_as)} else {text_literal(otherwise)} end"
        zone = ", 'UTC'" if what == "instant" else ""
        reason = f"case when value is not null and {_TRIMMED} <> '' then label || ' ' || {why} || ': ' || value end"
        return {
            f"why_not_{what}(label, value)": reason,
            f"unread_{what}(label, value)": (
                f"case when read_{what}(value{zone}) is null then why_not_{what}(label, value) end"
            ),
        }

    # What is written as programs write it is read first, the rest only where that fails. In cases, not by coalesce:
    # DuckDB takes what several of its parts have in common out of it, and computes that for every row.
    amount, number = (f"try_cast(plain_number(value) as {type_})" for type_ in ("decimal(18, 4)", "double"))
    if writing.decimal == "." or (writing.decimal is None and writing.is_point_usual):
        amount = _first("decimal(18, 4)", amount)
        number = _first("double", number)
    return {
        "plain_number(value)": plain,
        "read_amount(value)": amount,
        "read_number(value)": f"case when isfinite({number}) then {number} end",
        "read_count(value)": (
            "case when try_cast(value as bigint) is not null and not regexp_matches(cast(value as text), '[^0-9 +-]') "
            "then try_cast(value as bigint) end"
        ),
        "written_instant(value)": _written_instant(writing),
        "read_local(value, zone)": (
            f"case when regexp_full_match(value, {text_literal(_LOCAL)}) "
            "then (try_cast(value as timestamp) at time zone zone) at time zone 'UTC' "
            f"when regexp_matches(value, {text_literal(_OFFSET)}) "
            "then try_cast(value as timestamptz) at time zone 'UTC' "
            "when regexp_full_match(value, '[0-9]{13}') then make_timestamp(try_cast(value as bigint) * 1000) end"
        ),
        "read_instant(value, zone)": (
            "case when zone = 'UTC' and try_cast(value as timestamptz) is not null "
            "then try_cast(value as timestamptz) at time zone 'UTC' "
            "when try_strptime(cast(value as text), '%Y-%m-%d %H:%M:%S %z') is not null "
            "then try_strptime(cast(value as text), '%Y-%m-%d %H:%M:%S %z') at time zone 'UTC' "
            "when read_local(cast(value as text), zone) is not null then read_local(cast(value as text), zone) "
            "else read_local(written_instant(value), zone) end"
        ),
        "read_date(value)": (
            f"case when regexp_full_match(written_instant(value), {text_literal(_LOCAL)}) "
            "then cast(try_cast(written_instant(value) as timestamp) as date) end"
        ),
        "read_flag(value)": (
            f"case lower({_TRIMMED}) when 'true' then true when 'yes' then true when '1' then true "
            "when 'false' then false when 'no' then false when '0' then false end"
        ),
        **unread("amount", "is not an amount", unclear, reads_mark),
        **unread("number", "is not a number", unclear, reads_mark),
        **unread("count", "is not a whole number"),
        **unread("instant", "is not a time", no_order, reads_order),
        **unread("date", "is not a date", no_order, reads_order),
        **unread("flag", "is neither yes nor no"),
    }


def _first(type_: str, otherwise: str) -> str:
    """SQL of a number by DuckDB's own cast, else another way. DuckDB reads 1_000 too, which nobody writes."""
    cast = f"try_cast(value as {type_})"
    return f"case when {cast} is not null and not contains(cast(value as text), '_') then {cast} else {otherwise} end"


def _plain_number(writing: Writing) -> tuple[str, str]:
    """SQL of a number as SQL writes it, null where it may be two; and of whether it may."""
    commas, points = {
        ".": (f"replace({_TRIMMED}, ',', '')", _TRIMMED),
        ",": (f"replace({_TRIMMED}, ',', '.')", f"replace({_TRIMMED}, '.', '')"),
        None: ("null", _TRIMMED if writing.is_point_usual else "null"),
    }[writing.decimal]

    def written(pattern: str) -> str:
        return f"regexp_full_match({_TRIMMED}, {text_literal(pattern)})"

    plain = (
        f"case when {written(_COMMA_AND_THREE)} then {commas} when {written(_POINT_AND_THREE)} then {points} "
        f"when {written(_SPACED)} then replace(regexp_replace({_TRIMMED}, '[^0-9.,+-]', '', 'g'), ',', '.') "
        f"when {written(_POINT)} then replace({_TRIMMED}, ',', '') "
        f"when {written(_COMMA)} then replace(replace({_TRIMMED}, '.', ''), ',', '.') "
        f"when not contains({_TRIMMED}, '_') then {_TRIMMED} end"
    )
    unclear = [
        written(pattern) for pattern, read in ((_COMMA_AND_THREE, commas), (_POINT_AND_THREE, points)) if read == "null"
    ]
    return plain, " or ".join(unclear) or "false"


def _written_instant(writing: Writing) -> str:
    """SQL of a time with its year first, its offset close to it, 24 hours; null: what is day and month is not known."""
    order = {"day first": r"\3-\2-\1", "month first": r"\3-\1-\2", None: ""}[writing.dates]
    year_first = f"regexp_replace({_TRIMMED}, {text_literal(_YEAR_LAST)}, {text_literal(order)})"
    of_twelve = (
        f"strftime(coalesce(try_strptime(upper({year_first}), '%Y-%m-%d %I:%M %p'), "
        f"try_strptime(upper({year_first}), '%Y-%m-%d %I:%M:%S %p')), '%Y-%m-%d %H:%M:%S')"
    )
    instant = (
        f"case when regexp_matches({year_first}, '(?i) [AP]M$') then {of_twelve} "
        rf"else regexp_replace({year_first}, ' ([+-][0-9]{{2}}:?[0-9]{{2}})$', '\1') end"
    )
    is_unknown = f"regexp_matches({_TRIMMED}, {text_literal(_YEAR_LAST)})"
    return instant if writing.dates else f"case when not {is_unknown} then {instant} end"

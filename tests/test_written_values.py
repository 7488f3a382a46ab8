"""How amounts, numbers, times and flags may be written in an export, and which texts are refused as none."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from parcours.loading.written_values import Writing, make_value_functions

UNKNOWN = Writing(is_point_usual=False)
POINT, COMMA = Writing("."), Writing(",")
ONE_WAY = {
    "5": "5",
    " 5 ": "5",
    "-5.25": "-5.25",
    "12.50": "12.5",
    "12,50": "12.5",
    "-,5": "-0.5",
    "0,500": "0.5",
    "1234,567": "1234.567",
    "1,350.00": "1350",
    "+1,350.5": "1350.5",
    "1.350,00": "1350",
    "1,234,567": "1234567",
    "1.234.567": "1234567",
    "1 350,00": "1350",
    "1\u202f350\u00a0000": "1350000",
    "1'350.00": "1350",
    "1e3": "1000",
}
NONE = (
    *(
        "-",
        "--5",
        "5-",
        "(5)",
        "$5",
        "5 EUR",
        "N/A",
        "null",
        "NaN",
        "inf",
        "0x1F",
        "1_000",
        "1,35,0",
        "1.2.3",
        "12,5,0",
    ),
    *("١٢", "1e400", "true", "{}", "01,350.5,1", "12 50", "1, 350"),
)


def connected(writing: Writing) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    make_value_functions(connection, writing)
    return connection


def asked(writing: Writing, call: str, texts: list[str]) -> list[Any]:
    with connected(writing) as connection:
        sql = f"select {call} from (select unnest($texts) as text, generate_subscripts($texts, 1) as n) order by n"
        return [value for (value,) in connection.execute(sql, {"texts": texts}).fetchall()]


@pytest.mark.parametrize("writing", [Writing(), UNKNOWN, POINT, COMMA], ids=repr)
def test_an_amount_that_can_be_read_one_way_is_read_so_whatever_is_known_of_its_file(writing: Writing) -> None:
    texts = [*ONE_WAY]
    assert asked(writing, "read_amount(text)", texts) == [Decimal(value) for value in ONE_WAY.values()]
    assert asked(writing, "read_number(text)", texts) == [float(value) for value in ONE_WAY.values()]
    assert asked(writing, "unread_amount('Total', text)", texts) == [None] * len(texts)


@pytest.mark.parametrize("writing", [Writing(), UNKNOWN, POINT, COMMA], ids=repr)
def test_what_is_no_amount_has_a_reason_with_its_column_and_text(writing: Writing) -> None:
    assert asked(writing, "read_amount(text)", [*NONE]) == [None] * len(NONE)
    assert asked(writing, "unread_amount('Total', text)", [*NONE]) == [f"Total is not an amount: {t}" for t in NONE]
    assert asked(writing, "unread_number('Total', text)", [*NONE]) == [f"Total is not a number: {t}" for t in NONE]


def test_no_amount_is_given_by_an_empty_text() -> None:
    assert (
        asked(POINT, "[cast(read_amount(text) as text), unread_amount('Total', text)]", ["", "  "])
        == [[None, None]] * 2
    )


@pytest.mark.parametrize(
    ("writing", "with_comma", "with_point"),
    [(POINT, "1350", "1.35"), (COMMA, "1.35", "1350"), (Writing(), None, "1.35"), (UNKNOWN, None, None)],
    ids=repr,
)
def test_three_digits_behind_one_mark_are_read_as_the_file_says_or_not_at_all(
    writing: Writing, with_comma: str | None, with_point: str | None
) -> None:
    for text, expected in (("1,350", with_comma), ("1.350", with_point)):
        reason = f"Total may be two amounts (say `decimal` of its export in journey.yaml): {text}"
        assert asked(writing, "read_amount(text)", [text]) == [Decimal(expected) if expected else None]
        assert asked(writing, "unread_amount('Total', text)", [text]) == [None if expected else reason]


def test_a_count_is_a_whole_number_and_is_never_rounded_to_one() -> None:
    assert (
        asked(POINT, "read_count(text)", ["12", " -3 ", "5.7", "0x1F", "1_0", "1e3", "9" * 30]) == [12, -3] + [None] * 5
    )


@pytest.mark.parametrize(
    ("text", "in_utc", "in_paris"),
    [
        ("2026-07-01T10:00:00Z", datetime(2026, 7, 1, 10), datetime(2026, 7, 1, 10)),
        ("2026-07-01T10:00:00.5+02:00", datetime(2026, 7, 1, 8, 0, 0, 500000), datetime(2026, 7, 1, 8, 0, 0, 500000)),
        ("2026-07-01 10:00:00 +0200", datetime(2026, 7, 1, 8), datetime(2026, 7, 1, 8)),
        ("2026-07-01 10:00:00 UTC", datetime(2026, 7, 1, 10), datetime(2026, 7, 1, 10)),
        ("2026-07-01 10:00", datetime(2026, 7, 1, 10), datetime(2026, 7, 1, 8)),
        ("2026/7/1 9:00:01", datetime(2026, 7, 1, 9, 0, 1), datetime(2026, 7, 1, 7, 0, 1)),
        ("2026-07-01 10:00 PM", datetime(2026, 7, 1, 22), datetime(2026, 7, 1, 20)),
        ("2026-07-01", datetime(2026, 7, 1), datetime(2026, 6, 30, 22)),
        ("1782900000123", datetime(2026, 7, 1, 10, 0, 0, 123000), datetime(2026, 7, 1, 10, 0, 0, 123000)),
    ],
)
def test_a_time_is_an_instant_and_without_an_offset_one_of_the_given_zone(
    text: str, in_utc: datetime, in_paris: datetime
) -> None:
    assert asked(POINT, "read_instant(text, 'UTC')", [text]) == [in_utc]
    assert asked(POINT, "read_instant(text, 'Europe/Paris')", [text]) == [in_paris]
    assert asked(POINT, "unread_instant('At', text)", [text]) == [None]


def test_what_is_no_time_is_none_even_where_it_begins_as_one() -> None:
    texts = [
        "2026-07-01 10:00:00 foo",
        "2026-13-01 10:00",
        "2026-07-01 25:00",
        "2026",
        "12",
        "now",
        "soon",
        "1782900000",
    ]
    for zone in ("UTC", "Europe/Paris"):
        assert asked(POINT, f"read_instant(text, '{zone}')", texts) == [None] * len(texts)
    assert asked(POINT, "unread_instant('At', text)", texts) == [f"At is not a time: {text}" for text in texts]
    assert asked(POINT, "read_date(text)", [*texts, "2026-07-01"]) == [None] * len(texts) + [date(2026, 7, 1)]


@pytest.mark.parametrize(
    ("dates", "text", "expected"),
    [
        ("day first", "7/3/2026 9:00", datetime(2026, 3, 7, 9)),
        ("month first", "7/3/2026 9:00", datetime(2026, 7, 3, 9)),
        ("day first", "03.07.2026 12:30:15", datetime(2026, 7, 3, 12, 30, 15)),
        ("month first", "7/3/2026 12:05 AM", datetime(2026, 7, 3, 0, 5)),
        ("month first", "7/3/2026 09:00 +0200", datetime(2026, 7, 3, 7)),
        ("month first", "25/12/2026 23:00", None),
        (None, "7/3/2026 9:00", None),
        (None, "25/12/2026 23:00", None),
    ],
)
def test_a_date_whose_year_is_last_is_read_in_the_declared_order_or_not_at_all(
    dates: Any, text: str, expected: datetime | None
) -> None:
    writing = Writing(dates=dates)
    assert asked(writing, "read_instant(text, 'UTC')", [text]) == [expected]
    why = (
        "is not a time" if dates else "has no known order of day and month (say `dates` of its export in journey.yaml)"
    )
    assert asked(writing, "unread_instant('At', text)", [text]) == [None if expected else f"At {why}: {text}"]


def test_yes_and_no_are_said_in_few_ways_and_nothing_else_is_either() -> None:
    texts = ["true", " YES ", "1", "false", "No", "0", "", "maybe", "2"]
    assert asked(POINT, "read_flag(text)", texts) == [True, True, True, False, False, False, None, None, None]
    found = asked(POINT, "unread_flag('is_deleted', text)", texts)
    assert found == [None] * 7 + [f"is_deleted is neither yes nor no: {text}" for text in ("maybe", "2")]

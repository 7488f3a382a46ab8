"""No row is lost before it is counted: what a stray quote, odd line ends or a long line do to a file, row by row."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from shops import load, query
from test_together import compressed, event, orders, shop_in

from parcours.loading.accounting import Load
from parcours.loading.readers import delimited
from parcours.loading.readers.by_line import csv_records
from parcours.loading.readers.dialect import Dialect
from parcours.project import Project

ANSWERS = "Response ID,Survey,Scale,Sent at,Answered at,Score,Email,Order,Comment"


def answer(number: int, comment: str = "Fine") -> str:
    day = f"2026-07-{1 + number % 28:02d}T10:00:00+02:00"
    return f"r-{number},Order satisfaction,1-5,{day},{day},4,v{number}@example.com,#{number},{comment}"


def order_line(number: int, product: str = "Mug") -> str:
    return f"#{number},2026-07-{1 + number % 28:02d} 10:00:00 +0000,1,{product},5.00,5.00"


def account(found: Load) -> tuple[str, int, int, int]:
    return found.status, found.rows_read, found.rows_loaded, found.rows_rejected


def rejected(shop: Project) -> list[tuple[int, str]]:
    return [*query(shop, "select line, reason from raw.rejected_rows order by line")]


def with_stray_quotes(*places: int, before: str = "Mug") -> list[str]:
    """Sixty orders, some of which have a quote before their product that nothing closes."""
    return [order_line(number, f'"{before}' if number in places else before) for number in range(60)]


@pytest.mark.parametrize(
    "places",
    [(20, 40), (20,), (0, 59), (10, 11, 12), (58, 59)],
    ids=["two that swallow rows", "one that never closes", "first and last", "neighbours", "at the end"],
)
def test_a_stray_quote_costs_its_own_line(tmp_path: Path, places: tuple[int, ...]) -> None:
    shop = shop_in(tmp_path, {"orders/o.csv": orders(*with_stray_quotes(*places))})
    (found,) = load(shop)
    assert account(found) == ("loaded", 60, 60 - len(places), len(places))
    lines = rejected(shop)
    assert [line for line, _ in lines] == [place + 2 for place in places]
    assert all(reason.startswith("is not a CSV row: ") for _, reason in lines)


def test_a_stray_quote_in_the_first_column_and_one_before_a_comma_swallow_no_rows(tmp_path: Path) -> None:
    lines = [order_line(number) for number in range(60)]
    lines[10] = '"' + lines[10]
    lines[30] = lines[30].replace(",1,Mug", ',1",Mug')
    shop = shop_in(tmp_path, {"orders/o.csv": orders(*lines)})
    (found,) = load(shop)
    assert found.rows_read == 60 and found.rows_rejected in (1, 2)
    assert rejected(shop)[0] == (12, "is not a CSV row: a quote opens here that never closes, or only after other rows")


def test_comments_over_several_lines_are_one_row_each(tmp_path: Path) -> None:
    comments = [
        '"First line\nsecond, with a comma\n\nand ""quotes"" at the end"',
        '"Dear shop,\r\n1, 2, 3, 4\r\nyours,\r\nV."',
        '"\n"',
        "none",
        '"a,b,c,d\ne,f"',
    ]
    text = "\n".join([ANSWERS, *(answer(number, comment) for number, comment in enumerate(comments)), "bad"])
    shop = shop_in(tmp_path, {"crm/survey_answers.csv": text.encode()})
    (found,) = load(shop)
    assert account(found) == ("loaded", 6, 5, 1)
    # Lines are those of the file, as an editor shows them.
    assert rejected(shop) == [(15, "is not a CSV row: missing columns")]
    stored = dict(query(shop, "select answer_id, comment from raw.feedback"))
    assert stored["r-0"] == 'First line\nsecond, with a comma\n\nand "quotes" at the end'
    assert stored["r-4"] == "a,b,c,d\ne,f"


@pytest.mark.parametrize(
    ("first", "count"),
    [("Ada", 2), ("2026-07-01", 3)],
    ids=["two texts, as a comment's line may be", "a day and a text"],
)
def test_a_line_of_a_comment_is_a_row_only_if_it_looks_like_one(tmp_path: Path, first: str, count: int) -> None:
    path = tmp_path / "c.csv"
    path.write_text(f'who,comment\n{first},Fine\n{first},"Well\n{first}, thanks\nbye"\n')
    sound = [record for record in csv_records(path, 2, Dialect()) if record.reason is None]
    assert [record.line for record in sound] == [2, 3 if count == 2 else 4]


def test_a_header_with_line_breaks_is_a_header(tmp_path: Path) -> None:
    header = 'Name,"Created\nat",Lineitem quantity,"Lineitem\r\nname",Lineitem price,Total'
    shop = shop_in(tmp_path, {"orders/o.csv": orders(order_line(1), order_line(2), header=header)})
    (found,) = load(shop)
    assert account(found) == ("loaded", 2, 2, 0)
    assert query(shop, "select line from raw.order_rows order by 1") == [(4,), (5,)]


@pytest.mark.parametrize(
    "header", ['Name,"Created at,Lineitem quantity,Lineitem name,Lineitem price,Total', '"Name"x,Total']
)
def test_a_header_with_a_stray_quote_is_refused_with_its_line_and_no_value(tmp_path: Path, header: str) -> None:
    lines = [order_line(number, '"Mug"' if number == 3 else "Mug") for number in range(30)]
    (found,) = load(shop_in(tmp_path, {"orders/o.csv": orders(*lines, header=header)}))
    assert account(found) == ("refused", 0, 0, 0)
    assert str(found.reason).startswith("has no readable header: ") and "(line 1)" in str(found.reason)
    assert "Mug" not in str(found.reason)


@pytest.mark.parametrize(
    "joined",
    [
        "\r".join,
        lambda lines: "\n\n".join(lines) + "\n\n\n",
        lambda lines: "\n\r\n" + "\r\n".join(lines),
        lambda lines: "\n".join(lines[:3]) + "\r\n" + "\r\n".join(lines[3:]),
        lambda lines: "\n".join(lines[:3]) + "\n" + "\r".join(lines[3:]),
        lambda lines: "\ufeff" + "\n".join(lines),
    ],
    ids=["carriage returns", "blank lines", "blank lines above", "two kinds of ends", "a half of Mac", "mark"],
)
def test_rows_are_rows_however_their_lines_end(tmp_path: Path, joined: Callable[[list[str]], str]) -> None:
    header = orders().decode().rstrip()
    text = joined([header, *(order_line(number) for number in range(1, 7))])
    (found,) = load(shop_in(tmp_path, {"orders/o.csv": text.encode()}))
    assert account(found) == ("loaded", 6, 6, 0)


@pytest.mark.parametrize("end", [b"\r", b"\r\n", b"\n\n"])
def test_events_are_events_however_their_lines_end(tmp_path: Path, end: bytes) -> None:
    lines = event(1) + b"\n" + end.join(map(event, range(2, 7)))
    shop = shop_in(tmp_path, {"events/1.jsonl.gz": gzip.compress(lines), "events/2.jsonl.gz": compressed(event(9))})
    assert [account(found) for found in load(shop)] == [("loaded", 6, 6, 0), ("loaded", 1, 1, 0)]


@pytest.mark.parametrize(
    "size",
    [
        pytest.param(3_000_000, id="DuckDB rejects it"),
        pytest.param(33_600_000, id="DuckDB drops it", marks=pytest.mark.fuzz),
    ],
)
@pytest.mark.parametrize("name", ["events/e.jsonl.gz", "orders/o.csv"])
def test_a_line_of_many_megabytes_is_rejected_by_its_number(tmp_path: Path, name: str, size: int) -> None:
    long = event(2).replace(b'"Seen"', b'"' + b"x" * size + b'"')
    is_csv = name.endswith(".csv")
    lines = orders(order_line(1), order_line(2, "x" * size), order_line(3)) if is_csv else compressed(event(1), long)
    shop = shop_in(tmp_path, {name: lines})
    assert account(load(shop)[0]) == (("loaded", 3, 2, 1) if is_csv else ("loaded", 2, 1, 1))
    assert [line for line, _ in rejected(shop)] == [3 if is_csv else 2]


def test_a_nul_or_an_unreadable_byte_costs_its_row_beside_a_stray_quote_too(tmp_path: Path) -> None:
    lines = [line.encode() for line in with_stray_quotes(5)]
    lines[10], lines[20] = lines[10].replace(b"Mug", b"M\0g"), lines[20].replace(b"Mug", b"M\xffg")
    shop = shop_in(tmp_path, {"orders/o.csv": b"\n".join([orders().strip(), *lines])})
    (found,) = load(shop)
    assert account(found) == ("loaded", 60, 57, 3)
    assert [line for line, _ in rejected(shop)] == [7, 12, 22]


def test_rows_that_duckdb_loses_are_read_by_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the reason: a reader that gives another number of rows than were counted is not believed."""
    files = {f"orders/{number}.csv": orders(*map(order_line, range(number * 10, number * 10 + 4))) for number in (1, 2)}
    compare, found = delimited.differing, []

    def differing(connection: duckdb.DuckDBPyConnection, table: str, rejects: str, counts: dict[int, int]) -> set[int]:
        found.append(compare(connection, table, rejects, {**counts, 0: 5} if not found else counts))
        return found[-1]

    monkeypatch.setattr(delimited, "differing", differing)
    assert [account(each) for each in load(shop_in(tmp_path, files))] == [("loaded", 4, 4, 0)] * 2
    assert found == [{0}, set()]


LIST = [json.loads(event(number)) for number in range(500)]


@pytest.mark.parametrize(
    ("text", "repeated"),
    [
        (json.dumps(LIST), 0),
        (json.dumps(LIST) + "\n" + json.dumps(LIST[:3]) + "\n", 3),
        (json.dumps(LIST, indent=1), 0),
        (json.dumps({"batch": LIST}), 0),
        (json.dumps({"batch": LIST, "next_page": None, "count": 500}, indent=1), 0),
        (json.dumps({"sentAt": "2026-07-01", "events": LIST[:2]}) + "\n" + json.dumps({"events": LIST}), 2),
        ("\n".join(json.dumps(row, indent=1) for row in LIST), 0),
    ],
    ids=["a list", "a list a line", "a list over lines", "an object", "a page", "a page a line", "objects over lines"],
)
def test_a_document_where_lines_are_expected_is_read_row_by_row(tmp_path: Path, text: str, repeated: int) -> None:
    (found,) = load(shop_in(tmp_path, {"events/e.jsonl.gz": gzip.compress(text.encode())}))
    assert account(found) == ("loaded", 500 + repeated, 500, 0), found.reason
    assert found.rows_duplicate == repeated


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (json.dumps(LIST)[:-1], "is not a whole JSON document"),
        (
            json.dumps({"events": LIST}) + '\n{"error": "no access"}',
            "holds no list where one list",
        ),
        (json.dumps({"events": LIST, "users": LIST}), "holds several lists where one list"),
    ],
    ids=["cut off", "a page is an error", "two lists"],
)
def test_a_document_of_which_rows_may_be_missing_is_refused_whole(tmp_path: Path, text: str, reason: str) -> None:
    (found,) = load(shop_in(tmp_path, {"events/e.jsonl.gz": gzip.compress(text.encode())}))
    assert account(found) == ("refused", 0, 0, 0)
    assert str(found.reason).startswith(reason)


def test_a_list_among_lines_is_one_bad_line(tmp_path: Path) -> None:
    shop = shop_in(tmp_path, {"events/e.jsonl.gz": compressed(event(1), b'["a"]', event(2))})
    assert account(load(shop)[0]) == ("loaded", 3, 2, 1)
    assert [line for line, _ in rejected(shop)] == [2]


def test_no_flipped_bit_in_a_gzip_file_loads_other_content(tmp_path: Path) -> None:
    content = bytearray(gzip.compress(b"".join(event(number) + b"\n" for number in range(40)), mtime=0))
    files, harmless = {}, set()
    for number, place in enumerate(range(0, len(content) * 8, max(1, len(content) * 8 // 90))):
        content[place // 8] ^= 1 << place % 8
        name = f"events/{number:03d}.jsonl.gz"
        files[name] = bytes(content)
        content[place // 8] ^= 1 << place % 8
        if 32 <= place < 80:  # the header's time and system: nothing of the content
            harmless.add(name)
    loads = load(shop_in(tmp_path, files))
    assert {found.path for found in loads if found.status == "loaded"} <= harmless
    assert all("gzip" in str(found.reason) for found in loads if found.status == "refused")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (compressed(event(1)) + compressed(event(2), event(3)), ("loaded", 3, 3, 0)),
        (compressed(event(1)) + b"\0" * 100, ("loaded", 1, 1, 0)),
        (compressed(event(1)) + b"more", ("refused", 0, 0, 0)),
        (compressed(event(1)) + compressed(event(2))[:-4], ("refused", 0, 0, 0)),
        (compressed(event(1)) + compressed(event(2))[:-8] + b"\0" * 8, ("refused", 0, 0, 0)),
    ],
    ids=["two members", "padded", "something behind it", "second cut off", "second with another checksum"],
)
def test_every_member_of_a_gzip_file_is_checked(
    tmp_path: Path, content: bytes, expected: tuple[str, int, int, int]
) -> None:
    (found,) = load(shop_in(tmp_path, {"events/e.jsonl.gz": content}))
    assert account(found) == expected, found.reason


def test_gzip_is_told_by_the_content_where_the_name_says_nothing(tmp_path: Path) -> None:
    text = orders(*map(order_line, range(5)))
    files = {"orders/a.csv": gzip.compress(text), "orders/b.csv": orders(order_line(9))}
    loads = load(shop_in(tmp_path, files))
    assert [account(found) for found in loads] == [("loaded", 5, 5, 0), ("loaded", 1, 1, 0)]

"""CSV files as spreadsheets of several countries save them: separators, encodings, decimal marks, orders of dates."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from format_shops import reasons, shop_reading
from pydantic import ValidationError
from shops import load, query

from parcours.loading.rejected import write_rejected
from parcours.project import Project
from parcours.settings.schema import ExportFile

HEADER = ["deal_id", "Région, site", "opened", "amount", "dealstage", "note"]
LABELS = {"id": "deal_id", "createdate": "opened", "closedate": "closed"}
ROWS = [
    ["1", "Île-de-France", "2026-07-01 10:00", "17.40", "closedwon", "plain"],
    ["2", "Rhône; Alpes", "2026-07-02 10:00", "1250.00", "closedwon", 'a "quoted" one'],
    ["3", "Genève", "2026-07-03 10:00", "0.50", "closedlost", "two\nlines"],
    ["4", "Nord | Est", "2026-07-04 10:00", "-3", "closedlost", ""],
]
AMOUNTS = [("1", 17.4), ("2", 1250.0), ("3", 0.5), ("4", -3.0)]


def table(separator: str = ",", decimal: str = ".", rows: list[list[str]] = ROWS, end: str = "\n") -> str:
    """The rows as a CSV file."""
    written = [[*row[:3], row[3].replace(".", decimal), *row[4:]] for row in rows]

    def quoted(value: str) -> str:
        return '"' + value.replace('"', '""') + '"' if any(sign in value for sign in (separator, '"', "\n")) else value

    lines = [separator.join(map(quoted, row)) for row in ([*HEADER, "closed"], *([*row, ""] for row in written))]
    return end.join([*lines, ""])


def shop_of(folder: Path, *contents: bytes, **options: Any) -> Project:
    """A shop with deals in files of these contents."""
    project = shop_reading(folder, "hubspot_deals", columns=LABELS, refuse_above=1.0)
    for number, content in enumerate(contents):
        (project.exports_folder / f"{number}.csv").write_bytes(content)
    (export,) = project.settings.exports.files
    exports = project.settings.exports.model_copy(update={"files": [export.model_copy(update=options)]})
    return replace(project, settings=project.settings.model_copy(update={"exports": exports}))


def amounts(project: Project) -> list[tuple[str, float]]:
    return [
        (deal, float(amount)) for deal, amount in query(project, "select deal_id, amount from raw.deals order by 1")
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (table().encode(), None),
        (table().encode("utf-8-sig"), None),
        (table(";", ",").encode("utf-8-sig"), "semicolons, decimal comma"),
        (table(";").encode(), "semicolons, decimal point"),
        (table("\t", ",").encode("utf-16"), "tabs, UTF-16LE, decimal comma"),
        (table("\t").encode("utf-16-be"), "tabs, UTF-16BE, decimal point"),
        (table("|").encode(), "bars, decimal point"),
        (table(decimal=",").encode(), "decimal comma"),
        (table(";", ",", end="\r\n").encode("cp1252"), "semicolons, Windows-1252, decimal comma"),
        (b"sep=,\r\n" + table(end="\r\n").encode(), "a line sep="),
        ("sep=;\n".encode("utf-8-sig") + table(";", ",").encode(), "semicolons, a line sep=, decimal comma"),
        (gzip.compress(table(";", ",").encode("cp1252")), "semicolons, Windows-1252, decimal comma"),
    ],
)
def test_a_file_is_read_as_its_spreadsheet_wrote_it(tmp_path: Path, content: bytes, said: str | None) -> None:
    project = shop_of(tmp_path, content)
    (found,) = load(project)
    assert (found.status, found.rows_read, found.rows_loaded) == ("loaded", 4, 4), found.reason or reasons(project)
    assert amounts(project) == AMOUNTS
    assert query(project, "select dialect from raw.loads") == [(said,)]


def test_files_of_several_spreadsheets_are_loaded_by_one_run(tmp_path: Path) -> None:
    rows = [[[f"{number}{row[0]}", *row[1:]] for row in ROWS] for number in range(4)]
    contents = [
        table(rows=rows[0]).encode(),
        table(";", ",", rows[1]).encode(),
        table("\t", ",", rows[2]).encode("utf-16"),
        table(";", ".", rows[3]).encode(),
    ]
    project = shop_of(tmp_path, *contents)
    assert {found.status for found in load(project)} == {"loaded"}
    assert amounts(project) == [(f"{n}{deal}", amount) for n in range(4) for deal, amount in AMOUNTS]


def deals(*amounts: str, separator: str = ";") -> bytes:
    return table(
        separator, rows=[[str(n), "x", "2026-07-01 10:00", a, "closedwon", ""] for n, a in enumerate(amounts)]
    ).encode()


def unclear(line: int, amount: str) -> tuple[int, str]:
    return line, f"amount may be two amounts (say `decimal` of its export in journey.yaml): {amount}"


def test_an_amount_that_may_be_two_is_read_as_the_files_others_are_and_else_rejected(tmp_path: Path) -> None:
    commas = shop_of(tmp_path / "commas", deals("1.350", "12,50"))
    load(commas)
    assert amounts(commas) == [("0", 1350.0), ("1", 12.5)]
    points = shop_of(tmp_path / "points", deals("1,350", "12.50", separator=","))
    load(points)
    assert amounts(points) == [("0", 1350.0), ("1", 12.5)]
    yen = shop_of(tmp_path / "yen", deals("8,000", "12,000", "950", separator=","))
    load(yen)
    assert (amounts(yen), reasons(yen)) == ([("2", 950.0)], [unclear(2, "8,000"), unclear(3, "12,000")])
    both = shop_of(tmp_path / "both", deals("1.350", "12,50", "12.50"))
    load(both)
    assert (amounts(both), reasons(both)) == ([("1", 12.5), ("2", 12.5)], [unclear(2, "1.350")])


@pytest.mark.parametrize(("decimal", "expected"), [(".", 8000.0), (",", 8.0)])
def test_a_declared_decimal_mark_decides_and_reads_again_what_was_read_otherwise(
    tmp_path: Path, decimal: str, expected: float
) -> None:
    undecided = shop_of(tmp_path, deals("8,000", separator=","))
    load(undecided)
    (export,) = undecided.settings.exports.files
    declared = undecided.settings.exports.model_copy(update={"files": [export.model_copy(update={"decimal": decimal})]})
    load(replace(undecided, settings=undecided.settings.model_copy(update={"exports": declared})))
    assert amounts(undecided) == [("0", expected)]


def test_dates_are_read_in_their_declared_order(tmp_path: Path) -> None:
    content = table(rows=[["1", "x", "7/3/2026 9:00", "5", "closedwon", ""]]).encode()
    undeclared = shop_of(tmp_path / "none", content)
    load(undeclared)
    ((line, reason),) = reasons(undeclared)
    assert (line, reason.split(" (")[0]) == (2, "createdate has no known order of day and month")
    for order, day in (("day first", "2026-03-07 08:00"), ("month first", "2026-07-03 07:00")):
        project = shop_of(tmp_path / order, content, dates=order)
        load(project)
        assert query(project, "select strftime(created_at, '%Y-%m-%d %H:%M') from raw.deals") == [(day,)]
        assert query(project, "select dialect from raw.loads") == [(order,)]


def test_rows_of_such_a_file_are_counted_and_its_broken_ones_rejected_with_their_lines(tmp_path: Path) -> None:
    lines = table(";", ",", [[str(n), "é", "2026-07-01 10:00", "1,5", "closedwon", ""] for n in range(30)]).splitlines()
    lines[5] += ";more"
    lines[9] = "too;few"
    lines[12] = '"' + lines[12]
    text = "sep=;\n" + "\n".join(lines)
    for name, content, first in (("8", text[6:].encode(), 1), ("1252", text.encode("cp1252"), 2)):
        project = shop_of(tmp_path / name, content)
        (found,) = load(project)
        assert (found.rows_read, found.rows_loaded, found.rows_rejected) == (30, 27, 3)
        assert [line for line, _ in reasons(project)] == [5 + first, 9 + first, 12 + first]


@pytest.mark.parametrize(
    "sign", [b"\xff", "é".encode() + b"\xe9", "Привет".encode("cp1251"), b"\xe9\xe8\xea", b"a\x81"]
)
def test_what_is_no_text_of_western_europe_is_rejected_not_guessed(tmp_path: Path, sign: bytes) -> None:
    content = table(rows=[ROWS[0], ROWS[3]]).replace("Île-de-France", "@").encode().replace(b"Nord", b"N" + sign)
    project = shop_of(tmp_path, content.replace("Région".encode(), b"Region"))
    (found,) = load(project)
    assert (found.rows_read, found.rows_loaded, found.rows_rejected) == (2, 1, 1)


def test_a_file_that_turns_to_windows_further_on_is_read_too(tmp_path: Path) -> None:
    rows = [[str(n), "x" * 200, "2026-07-01 10:00", "1.5", "closedwon", ""] for n in range(6000)]
    rows[-1][1] = "Genève"
    project = shop_of(tmp_path, table(rows=rows).replace("Région", "Region").encode("cp1252"))
    (found,) = load(project)
    assert (found.rows_read, found.rows_loaded) == (6000, 6000)


def test_rejected_rows_are_written_to_be_corrected_in_the_same_dialect(tmp_path: Path) -> None:
    project = shop_of(tmp_path, table(";", ",", [ROWS[0], [*ROWS[1][:3], "a lot", *ROWS[1][4:]]]).encode("cp1252"))
    load(project)
    (written,) = write_rejected(project, tmp_path / "to correct")
    assert written.path
    text = written.path.read_text(encoding="utf-8")
    assert text.splitlines()[0].split(";")[:2] == HEADER[:2]
    written.path.write_text(text.replace("a lot", "1250,00"), encoding="utf-8")
    written.path.rename(project.exports_folder / written.path.name)
    load(project)
    assert amounts(project) == AMOUNTS[:2]


@pytest.mark.parametrize(
    ("encoding", "region"), [("windows-1250", "Łódź"), ("windows-1251", "Тверь"), ("shift_jis", "東京都ソ")]
)
def test_a_declared_encoding_is_read_and_so_is_what_is_corrected(tmp_path: Path, encoding: str, region: str) -> None:
    text = table(";", ",", [[*ROWS[0][:1], region, *ROWS[0][2:]], [*ROWS[1][:3], "a lot", *ROWS[1][4:]]])
    content = text.replace("Région", region).replace("Île-de-France", region).encode(encoding, errors="replace")
    labels = {**LABELS, "pipeline": f"{region}, site"}
    project = shop_of(tmp_path, content, columns=labels, encoding=encoding)
    (found,) = load(project)
    assert (found.rows_read, found.rows_loaded, found.rows_rejected) == (2, 1, 1)
    assert query(project, "select pipeline from raw.deals") == [(region,)]
    (written,) = write_rejected(project, tmp_path / "to correct")
    assert written.path
    corrected = written.path.read_text(encoding="utf-8").replace("a lot", "1250,00")
    (project.exports_folder / "corrected.csv").write_text(corrected, encoding="utf-8")
    load(project)
    assert amounts(project) == AMOUNTS[:2]


def test_a_file_that_is_not_in_its_declared_encoding_is_refused_and_an_unknown_one_is_told(tmp_path: Path) -> None:
    (found,) = load(shop_of(tmp_path, table().encode() + "東".encode("cp932") + b"\n", encoding="utf-8"))
    assert (found.status, str(found.reason)[:21]) == ("refused", "is no text in utf-8, ")
    for unknown in ("windows-9", "base64", "idna"):
        with pytest.raises(ValidationError, match="expected the name of an encoding"):
            ExportFile(name="a", path="*", format="segment", encoding=unknown)


def test_json_lines_in_utf_16_are_read(tmp_path: Path) -> None:
    project = shop_reading(tmp_path, "segment")
    event = '"type": "track", "event": "Café", "anonymousId": "a", "timestamp": "2026-07-01T10:00:00Z"'
    call = '{"messageId": "%d", ' + event + "}\r\n"
    (project.exports_folder / "e.jsonl").write_bytes("".join(call % n for n in range(3)).encode("utf-16"))
    (found,) = load(project)
    assert (found.rows_read, found.rows_loaded) == (3, 3)
    assert query(project, "select distinct event_name from raw.events") == [("Café",)]

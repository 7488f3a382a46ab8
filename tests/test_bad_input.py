"""Bad input: what is wrong with a row or a file is named, with what to do; one bad row never costs its file."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from shops import load, query

from parcours.loading.accounting import Load
from parcours.project import ROOT, Project, load_project

EVENT = {"messageId": "1", "type": "track", "event": "Seen", "anonymousId": "u", "timestamp": "2026-07-01T10:00:00Z"}
HEADER = "Name,Created at,Lineitem quantity,Lineitem name,Lineitem price,Total,Currency"
ORDER = "#1,2026-07-01 10:00:00 +0200,1,Mug,15.00,15.00,EUR"


def opened_in_2020(folder: Path) -> Project:
    """The made-up shop's settings and an opening day, with no exports yet."""
    for name in ("events", "orders", "crm"):
        (folder / "exports" / name).mkdir(parents=True)
    yaml = (ROOT / "journey.yaml").read_text(encoding="utf-8")
    (folder / "journey.yaml").write_text(
        yaml.replace("  currency: EUR\n", "  currency: EUR\n  opened_on: 2020-05-01\n"), encoding="utf-8"
    )
    return load_project(folder / "journey.yaml", folder / "exports", folder)


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    return opened_in_2020(tmp_path)


def reasons(project: Project) -> list[str]:
    return [reason for (reason,) in query(project, "select reason from raw.rejected_rows order by line")]


BAD_EVENTS: list[tuple[dict[str, Any], str]] = [
    ({"messageId": None}, "messageId is missing"),
    (
        {"timestamp": "2020-04-30T10:00:00Z"},
        "occurred_at is impossible, before the shop (shop.opened_on): 2020-04-30",
    ),
    ({"timestamp": "9999-01-01T00:00:00Z"}, "occurred_at is impossible, after tomorrow: 9999-01-01 00:00:00"),
    ({"event": "x" * 10_001}, "event_name is longer than 10000 characters"),
    ({"anonymousId": "u\0v"}, "anonymous_id holds a NUL character"),
    ({"properties": {"currency": "BTC"}}, "currency is unknown: BTC"),
    ({"properties": {"quantity": -2}}, "quantity is negative: -2"),
    ({"properties": {"quantity": "NaN"}}, "properties.quantity is not a number: NaN"),
    ({"properties": {"quantity": "-Infinity"}}, "properties.quantity is not a number: -Infinity"),
    ({"properties": {"quantity": 1_000_001}}, "quantity is no number up to 1,000,000: 1000001"),
    ({"properties": {"price": 12_345_678_901_234}}, "price is no amount up to 1,000,000,000,000: 12345678901234"),
    ({"properties": {"shipping": -1e13}}, "shipping is no amount up to 1,000,000,000,000: -1"),
    ({"properties": {"revenue": 1e308}}, "properties.revenue is not an amount: 1e+308"),
]

BAD_ROWS = [
    ("#2,2026-07-01 10:00:00 +0200,many,Mug,15.00,15.00,EUR", "Lineitem quantity is not a number: many"),
    ("#2,2026-07-01 10:00:00 +0200,-1,Mug,15.00,15.00,EUR", "Lineitem quantity is negative: -1"),
    ("#2,2026-07-01 10:00:00 +0200,1,Mug,15.00,15.00,EURO", "currency is unknown: EURO"),
    ("#2,2031-07-01 10:00:00 +0200,1,Mug,15.00,15.00,EUR", "ordered_at is impossible, after tomorrow: 2031-07-01"),
    ("#2,2026-07-01 10:00:00 +0200,1", "is not a CSV row: missing columns"),
    ("#2,2026-07-01 10:00:00 +0200,1,Mug,15.00,15.00,EUR,x,y", "is not a CSV row: too many columns"),
    ("#2,2026-07-01 10:00:00 +0200,nan,Mug,15.00,15.00,EUR", "Lineitem quantity is not a number: nan"),
    ("#2,2026-07-01 10:00:00 +0200,1,Mug,99999999999999,1,EUR", "unit_price is no amount up to 1,000,000,000,000"),
    ("#2,2026-07-01 10:00:00 +0200,1,Mug,1,-2000000000000,EUR", "total is no amount up to 1,000,000,000,000: -2"),
    ("#2,2026-07-01 10:00:00 +0200,1,M\0ug,15.00,15.00,EUR", "product_name holds a NUL character"),
]
"""Lines of an orders export with what is wrong with each, as its reason begins."""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, dict[str, Load]]:
    """A shop with a file for each bad event and row, between sound ones; and what became of each in one run."""
    shop = opened_in_2020(tmp_path_factory.mktemp("bad"))
    for number, (change, _) in enumerate(BAD_EVENTS):
        lines = [json.dumps(EVENT | {"messageId": f"{number} bad"} | change)]
        lines.append(json.dumps(EVENT | {"messageId": f"{number} good"}))
        (shop.exports_folder / "events" / f"{number}.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    for number, (row, _) in enumerate(BAD_ROWS):
        lines = [HEADER, ORDER.replace("#1", f"#{number} before"), row, ORDER.replace("#1", f"#{number} after")]
        path = shop.exports_folder / "orders" / f"{number}.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return shop, {found.path: found for found in load(shop)}


def rejected(shop: Project, path: str) -> list[tuple[int, str]]:
    """The lines of a file that are rejected, with their reasons."""
    of_file = f"file_id = (select file_id from raw.loads where path = '{path}')"
    return [
        (line, reason) for line, reason in query(shop, f"select line, reason from raw.rejected_rows where {of_file}")
    ]


@pytest.mark.parametrize("number", range(len(BAD_EVENTS)), ids=[reason for _, reason in BAD_EVENTS])
def test_a_bad_event_is_rejected_with_its_reason_and_the_next_is_loaded(
    loaded: tuple[Project, dict[str, Load]], number: int
) -> None:
    shop, loads = loaded
    found = loads[f"events/{number}.jsonl.gz"]
    assert (found.rows_read, found.rows_loaded, found.rows_rejected) == (2, 1, 1)
    ((line, given),) = rejected(shop, found.path)
    assert line == 1 and given.startswith(BAD_EVENTS[number][1])
    assert query(shop, f"select 1 from raw.events where event_id = '{number} good'") == [(1,)]


def test_what_happened_until_tomorrow_is_possible(shop: Project) -> None:
    """Clocks of other zones are ahead: a day is allowed, and no more."""
    now = datetime.now(UTC)
    lines = [
        json.dumps(EVENT | {"messageId": str(hours), "timestamp": (now + timedelta(hours=hours)).isoformat()})
        for hours in (0, 23, 25)
    ]
    (shop.exports_folder / "events" / "e.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    load(shop)
    assert query(shop, "select event_id from raw.events order by 1") == [("0",), ("23",)]


@pytest.mark.parametrize("number", range(len(BAD_ROWS)), ids=[reason for _, reason in BAD_ROWS])
def test_a_bad_order_row_is_rejected_with_its_reason_and_the_others_are_loaded(
    loaded: tuple[Project, dict[str, Load]], number: int
) -> None:
    shop, loads = loaded
    found = loads[f"orders/{number}.csv"]
    assert (found.rows_read, found.rows_loaded, found.rows_rejected) == (3, 2, 1)
    ((line, given),) = rejected(shop, found.path)
    assert line == 3 and given.startswith(BAD_ROWS[number][1])


WHOLE = gzip.compress(b"".join(json.dumps(EVENT | {"messageId": str(i)}).encode() + b"\n" for i in range(500)))


@pytest.mark.parametrize(
    ("name", "content", "what", "to_do"),
    [
        ("events/e.jsonl.gz", b"", "is empty", "export it again"),
        ("events/e.jsonl.gz", WHOLE[: len(WHOLE) // 2], "is a truncated gzip file", "copy or export it again"),
        ("events/e.jsonl.gz", WHOLE[:-8] + b"abcd" + WHOLE[-4:], "is a damaged gzip file", "copy or export it again"),
        ("events/e.jsonl.gz", gzip.decompress(WHOLE), "is no gzip file, though its name ends in .gz", "rename it"),
        (
            "events/e.jsonl.gz",
            gzip.compress(b'[\n  {"a": 1},\n {"a": 2}\n'),
            "is not a whole JSON document",
            "export it again",
        ),
        (
            "events/e.jsonl.gz",
            gzip.compress(b'{\n  "a": 1\n}\n{\n "a": 2\n}'),
            "holds no list where one list of records is expected",
            "correct the request and export it again",
        ),
        ("orders/o.csv", b"", "is empty", "export it again"),
        ("orders/o.csv", b"Order,Mail\n1,2\n", "has no column Name, Created at", "correct the format in journey.yaml"),
        ("orders/o.csv", None, "is a directory where a file should be", "move its files out"),
    ],
    ids=[
        "empty",
        "truncated gzip",
        "damaged gzip",
        "no gzip",
        "a JSON list",
        "JSON objects over lines",
        "empty csv",
        "header without needed columns",
        "directory",
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole_and_named(
    shop: Project, name: str, content: bytes | None, what: str, to_do: str
) -> None:
    path = shop.exports_folder / name
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    (found,) = load(shop)
    assert (found.path, found.status, found.rows_loaded) == (name, "refused", 0)
    assert what in str(found.reason) and to_do in str(found.reason)
    assert query(shop, "select path, reason from raw.loads") == [(name, found.reason)]
    assert query(shop, "select count(*) from raw.events union all select count(*) from raw.order_rows") == [(0,), (0,)]
    (again,) = load(shop)
    assert again.status == "refused", "a refused file is tried again by the next run"


def test_two_files_of_the_same_bad_content_are_both_refused_and_named(shop: Project) -> None:
    for name in ("a.csv", "b.csv"):
        (shop.exports_folder / "orders" / name).write_bytes(b"")
    assert [(found.path, found.status) for found in load(shop)] == [
        ("orders/a.csv", "refused"),
        ("orders/b.csv", "refused"),
    ]


def test_a_setting_that_has_changed_reaches_a_file_that_was_renamed(shop: Project) -> None:
    path = shop.exports_folder / "orders" / "o.csv"
    path.write_text("\n".join([HEADER, ORDER, ORDER.replace("#1,2026", "#2,2019")]) + "\n", encoding="utf-8")
    (found,) = load(shop)
    assert (found.rows_loaded, found.rows_rejected) == (1, 1)
    yaml = shop.journey_file.read_text(encoding="utf-8").replace("opened_on: 2020-05-01", "opened_on: 2010-01-01")
    shop.journey_file.write_text(yaml, encoding="utf-8")
    path.rename(path.with_name("p.csv"))
    (found,) = load(load_project(shop.journey_file, shop.exports_folder, shop.output))
    assert (found.path, found.rows_loaded, found.rows_rejected) == ("orders/p.csv", 2, 0)
    assert query(shop, "select count(*) from raw.order_rows") == [(2,)]


def test_labels_of_another_language_are_mapped_in_journey_yaml_and_named_when_missing(shop: Project) -> None:
    yaml = shop.journey_file.read_text(encoding="utf-8").replace(
        "format: hubspot_contacts}",
        "format: hubspot_contacts, columns: {Record ID: ID de fiche, Email: E-mail, Create Date: Date de création}}",
    )
    shop.journey_file.write_text(yaml, encoding="utf-8")
    project = load_project(shop.journey_file, shop.exports_folder, shop.output)
    path = shop.exports_folder / "crm" / "contacts.csv"
    path.write_text("ID de fiche,E-mail,Date de création\n7,a@example.com,2026-07-01 10:00\n", encoding="utf-8")
    (found,) = load(project)
    assert (found.status, found.rows_loaded) == ("loaded", 1)
    assert query(project, "select contact_id from raw.contacts") == [("7",)]
    path.write_text("ID de fiche,E-mail\n7,a@example.com\n", encoding="utf-8")
    (found,) = load(project)
    assert found.status == "refused" and "has no column Date de création (for Create Date)" in str(found.reason)

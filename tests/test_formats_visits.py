"""Exports of whole documents and of tab-separated lines, Matomo's visits and Snowplow's events.

Given a file with their traps, then these canonical rows; and what the readers of documents and TSV refuse and reject.
"""

from __future__ import annotations

import gzip
import json
import random
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest
from format_shops import FIXTURES, event_columns, hashed, shop_reading, shop_with
from given import examples, rows
from shops import load, query
from test_fuzz import mutated

from parcours.loading.accounting import Load
from parcours.loading.load import load_exports
from parcours.loading.readers import kind_of_text
from parcours.loading.readers.encoding import beginning
from parcours.loading.settings_tables import write_settings
from parcours.loading.sources import read_source
from parcours.project import ROOT, Project
from parcours.tables.catalogue import build_all
from parcours.warehouse.connection import open_warehouse, prepare
from parcours.warehouse.raw_tables import make_raw_tables

VISITS = json.loads((FIXTURES / "matomo_visits.json").read_text(encoding="utf-8"))
LINES = (FIXTURES / "snowplow_enriched.tsv").read_bytes().splitlines(keepends=True)
OF_MATOMO, OF_SNOWPLOW = ("matomo_visits.json", "matomo_visits.xml"), "snowplow_enriched.tsv"
BROWSER = "a1b2c3d4e5f60718"


def shop(folder: Path, format_name: str, **files: bytes) -> Project:
    """A shop that reads one format, with files by their names without the dot: `a_json` is `a.json`."""
    project = shop_reading(folder, format_name, refuse_above=1)
    for name, content in files.items():
        (project.exports_folder / name.replace("_", ".")).write_bytes(content)
    return project


def loaded(folder: Path, format_name: str, **files: bytes) -> Load:
    """What becomes of one file."""
    (found,) = load(shop(folder, format_name, **files))
    return found


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()


def events(project: Project, *without: str) -> list[dict[str, Any]]:
    """Raw events by line, to the millisecond."""
    return event_columns(project, without=without, instants="%d %H:%M:%S.%g")


@pytest.mark.parametrize(
    ("fixture", "counts", "rejected"),
    [
        *(
            (
                fixture,
                (23, 16, 1, 6),
                [
                    (13, "the visit has no actions"),
                    (15, "timestamp is missing"),
                    (16, "timestamp is not a whole number: soon"),
                    (17, "type is missing"),
                    (18, "visitorId and userId are both missing"),
                    (22, "idVisit is missing"),
                ],
            )
            for fixture in OF_MATOMO
        ),
        (
            OF_SNOWPLOW,
            (20, 12, 1, 7),
            [
                (14, "has 130 tab-separated fields, expected 131"),
                (15, "has 132 tab-separated fields, expected 131"),
                (16, "derived_tstamp and collector_tstamp are both missing"),
                (17, "derived_tstamp or collector_tstamp is not a time: soon"),
                (18, "event_id is missing"),
                (19, "domain_userid, network_userid and user_id are all missing"),
                (20, "contexts, derived_contexts or unstruct_event is not valid JSON"),
            ],
        ),
    ],
)
def test_every_row_is_loaded_a_duplicate_or_rejected(
    tmp_path: Path, fixture: str, counts: tuple[int, int, int, int], rejected: list[tuple[int, str]]
) -> None:
    project = shop_with(tmp_path, fixture, refuse_above=1)
    (found,) = load(project)
    assert (found.rows_read, found.rows_loaded, found.rows_duplicate, found.rows_rejected) == counts
    assert query(project, "select line, reason from raw.rejected_rows order by line") == rejected
    before = events(project)
    assert load(project) == [] and events(project) == before
    shutil.copy(FIXTURES / fixture, project.exports_folder / f"again-{fixture}")
    (again,) = load(project)
    assert (again.rows_loaded, again.rows_duplicate) == (0, counts[1] + counts[2]) and events(project) == before


@pytest.mark.parametrize("fixture", [*OF_MATOMO, OF_SNOWPLOW])
def test_nothing_that_names_a_person_is_in_the_warehouse(tmp_path: Path, fixture: str) -> None:
    project = shop_with(tmp_path, fixture, refuse_above=1)
    given = (FIXTURES / fixture).read_bytes().lower()
    load(project)
    content = project.warehouse.read_bytes().lower()
    for name in (b"anna@example.com", b"203.0.113.9", b"lyon", b"45.764043"):
        assert name in given and name not in content, name
    assert query(project, "select count(*) from raw.events where email_hash is not null") == [(1,)]


# Matomo


def test_matomo_actions_become_these_events(tmp_path: Path) -> None:
    project = shop_with(tmp_path, "matomo_visits.json", refuse_above=1)
    load(project)
    first = {"anonymous_id": BROWSER, "device": "desktop", "currency": "EUR", "is_person_caused": True}
    campaign = first | {"campaign_source": "lettre", "campaign_medium": "email", "campaign_name": "été 2026"}
    cup = {"product_id": "SKU-1", "price": 12.5}
    cups = {"items": [cup | {"product_name": "Cup", "quantity": 2.0}]}
    both = {"items": [cup | {"product_name": "Cup", "quantity": 1.0}]}
    both["items"].append({"product_id": "SKU-2", "product_name": "Pot", "quantity": 1.0, "price": 27.5})
    second = first | {"customer_id": "c-7", "device": "mobile", "referrer_host": "www.google.com"}
    found = [
        {name: value for name, value in event.items() if name not in ("line", "sequence")}
        for event in events(project, "part", "delivery", "tracker_session_id")
    ]
    assert found == [
        campaign | {"event_id": "1/101/page 1001", "event_name": "action"}
        | {"occurred_at": "01 08:00:00.000", "url_path": "/"},
        campaign | cup | {"event_id": "1/101/page 1002", "event_name": "product view"}
        | {"occurred_at": "01 08:00:30.000", "url_path": "/p/cup"},
        campaign | {"event_id": "1/101/page 1003", "event_name": "Cart / add to cart"}
        | {"occurred_at": "01 08:01:00.000", "url_path": "/p/cup"},
        campaign | {"event_id": "1/101/goal 3 1003", "event_name": "goal 3"}
        | {"occurred_at": "01 08:01:00.000", "url_path": "/p/cup", "value": 0.0},
        campaign | {"event_id": "1/101/page 1004", "event_name": "search"}
        | {"occurred_at": "01 08:02:00.000", "url_path": "/search"},
        campaign | {"event_id": "1/101/page 1005", "event_name": "outlink", "occurred_at": "01 08:03:00.000"},
        campaign | {"event_id": "1/101/page 1006", "event_name": "download"}
        | {"occurred_at": "01 08:04:00.000", "url_path": "/files/menu.pdf"},
        campaign | cup | cups | {"event_id": "1/101/abandoned cart", "event_name": "ecommerceAbandonedCart"}
        | {"occurred_at": "01 08:05:00.000", "quantity": 2.0, "value": 25.0, "is_person_caused": False},
        second | {"event_id": "1/102/page 2001", "event_name": "category view"}
        | {"occurred_at": "01 09:00:00.000", "url_path": "/c/cups"},
        second | cup | cups | {"event_id": "1/102/order #1001", "event_name": "ecommerceOrder", "order_id": "#1001"}
        | {"occurred_at": "01 09:05:00.000", "quantity": 2.0, "value": 29.99, "shipping": 4.99},
        second | both | {"event_id": "1/102/order #1002", "event_name": "ecommerceOrder", "order_id": "#1002"}
        | {"occurred_at": "01 09:06:00.000", "value": 40.0, "shipping": 0.0},
        first | {"event_id": "1/103/page 3001", "event_name": "action", "occurred_at": "01 11:00:00.000"}
        | {"anonymous_id": "0f1e2d3c4b5a6978", "email_hash": hashed(project, "anna@example.com")}
        | {"url_path": "/compte/[e-mail]/th%C3%A9", "campaign_name": "lettre été", "device": "tablet"},
        first | {"event_id": "1/105/page 5001", "event_name": "action"}
        | {"occurred_at": "01 13:00:00.000", "url_path": "/a"},
        first | {"event_id": "1/107/position 1", "event_name": "action"}
        | {"occurred_at": "01 15:00:00.000", "url_path": "/f"},
        first | {"event_id": "2/108/page 8001", "event_name": "action", "currency": "USD"}
        | {"occurred_at": "01 16:00:00.000", "url_path": "/us"},
        first | {"event_id": "2/108/page 8002", "event_name": "action", "currency": "USD"}
        | {"occurred_at": "01 16:01:00.000", "url_path": "/us/p"},
    ]  # fmt: skip


def test_matomo_json_and_xml_give_the_same_rows_however_they_are_wrapped(tmp_path: Path) -> None:
    xml = (FIXTURES / "matomo_visits.xml").read_bytes()
    utf_16 = xml.decode().replace('encoding="utf-8"', 'encoding="utf-16"').encode("utf-16")
    given: dict[str, dict[str, bytes]] = {
        "json": {"v_json": as_json(VISITS)},
        "object": {"v_json": as_json({"total": 10, "visits": VISITS})},
        "gz": {"v_json_gz": gzip.compress(as_json(VISITS))},
        "xml": {"v_xml": xml},
        "xml in gz": {"v_xml_gz": gzip.compress(xml)},
        "xml with a byte order mark": {"v_xml": b"\xef\xbb\xbf" + xml},
        "xml in UTF-16": {"v_xml": utf_16},
        "xml named json": {"v_json": xml},
    }
    # The pseudonyms of shops differ; that there is one, and of which row, must not.
    found, same = {}, "* exclude (file_id, row_hash, email_hash, version), email_hash is null"
    for name, files in given.items():
        project = shop(tmp_path / name, "matomo_visits", **files)
        with open_warehouse(project) as connection:
            write_settings(connection, project.settings)
            load_exports(connection, project)
            found[name] = (
                rows(connection, f"select {same} from raw.events"),
                rows(connection, "select line, reason from raw.rejected_rows"),
                rows(connection, "select name, row_count from raw.observed_names order by name"),
            )
    assert len(found["json"][0]) == 16
    assert [name for name, content in found.items() if content != found["json"]] == []


def test_matomo_actions_of_one_second_stand_in_the_order_of_the_visit(tmp_path: Path) -> None:
    project = shop_with(tmp_path, "matomo_visits.json", refuse_above=1)
    load(project)
    assert query(
        project, "select sequence, event_name from raw.events where occurred_at = '2026-07-01 08:01:00' order by 1"
    ) == [(3, "Cart / add to cart"), (4, "goal 3")]


@pytest.mark.parametrize(
    ("ahead", "first", "expected"),
    [
        (7200, 0, "01 12:00:00.000"),  # Paris in summer
        (-14400, 3, "01 12:00:00.000"),  # New York; the visit was stored three seconds later
        (19800, 0, "01 12:00:00.000"),  # India: half an hour
        (0, 0, "01 12:00:00.000"),
        (7200, None, "01 12:00:00.000"),  # an old Matomo: the shop's zone, Europe/Paris
        (7200, 999_999, "01 12:00:00.000"),  # no zone is eleven days away
    ],
)
def test_matomo_times_are_of_the_sites_clock_and_become_utc(
    tmp_path: Path, ahead: int, first: int | None, expected: str
) -> None:
    noon = 1_782_907_200
    visit = VISITS[6] | {"actionDetails": [VISITS[6]["actionDetails"][0] | {"timestamp": noon + ahead}]}
    if first is not None:
        visit["firstActionTimestamp"] = noon + first
    project = shop(tmp_path, "matomo_visits", v_json=as_json([visit]))
    load(project)
    assert [event["occurred_at"] for event in events(project)] == [expected]


def test_matomo_a_visit_that_went_on_replaces_what_was_exported_of_it(tmp_path: Path) -> None:
    """The later export knows who it was, and that the cart was ordered after all."""
    later = VISITS[0] | {"userId": "c-7", "lastActionTimestamp": VISITS[0]["lastActionTimestamp"] + 600}
    order = VISITS[1]["actionDetails"][1] | {"timestamp": VISITS[0]["actionDetails"][-1]["timestamp"] + 600}
    later["actionDetails"] = [*VISITS[0]["actionDetails"][:-1], order]
    for order_of_names in (("a", "b"), ("b", "a")):
        project = shop(tmp_path / order_of_names[0], "matomo_visits")
        for name, visit in zip(order_of_names, (VISITS[0], later), strict=True):
            (project.exports_folder / f"{name}.json").write_bytes(as_json([visit]))
        load(project)
        with open_warehouse(project) as connection:
            build_all(connection, project, ["staging.events"])
        assert query(project, "select event_name, customer_id from staging.events order by sequence") == [
            (name, "c-7")
            for name in ("action", "product view", "Cart / add to cart", "goal 3", "search", "outlink", "download")
        ] + [("ecommerceOrder", "c-7")]


# Documents


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("v_json", as_json(VISITS)[:-1], "is not a whole JSON document"),
        ("v_json", as_json(VISITS)[:2000], "is not a whole JSON document"),
        ("v_json", as_json(VISITS) + b"x", "is not a whole JSON document"),
        ("v_json", as_json(VISITS).replace(b"Cup", b"C\xffp"), "is not a whole JSON document"),
        ("v_json", b'"visits"', "neither a list nor an object"),
        ("v_json", as_json({"a": VISITS, "b": VISITS}), "holds several lists"),
        ("v_json", b'{"result": "error", "message": "no access"}', "holds no list"),
        ("v_json", b" \n", "holds no JSON value"),
        ("v_json_gz", gzip.compress(as_json(VISITS))[:-9], "is a truncated gzip file"),
        ("v_json_gz", b"\x1f\x8bbroken", "is a damaged gzip file"),
        ("v_xml", b"<result><row><idVisit>1</idVisit></row>", "is not a whole XML document"),
        ("v_xml", b"<result><row><idVisit>&nbsp;</idVisit></row></result>", "is not a whole XML document"),
        ("v_xml", b'<?xml version="1.0" encoding="klingon"?><result/>', "is not a whole XML document"),
        ("v_xml", b'<!DOCTYPE x [<!ENTITY a "b">]><result>&a;</result>', "declares a document type"),
        ("v_xml", b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><result/>', "declares a document type"),
        ("v_xml", b'<result><error message="no access" /></result>', "has <error> where a list of <row>"),
        ("v_xml", b"<result><row>" + b"<a>" * 60 + b"</a>" * 60 + b"</row></result>", "more than 50 deep"),
    ],
)
def test_a_document_that_is_no_list_of_records_is_refused_whole_and_says_what_to_do(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    found = loaded(tmp_path, "matomo_visits", **{name: content})
    assert (found.status, found.rows_read) == ("refused", 0)
    assert found.reason and reason in found.reason and "export it again" in found.reason


@pytest.mark.parametrize(
    ("content", "counts"),
    [
        (b"[]", (0, 0)),
        (b'{"visits": []}', (0, 0)),
        (b'<?xml version="1.0" encoding="utf-8" ?>\n<result />', (0, 0)),
        (b'[null, 3, "x", [], {}]', (5, 5)),
        (b"<result><row>x</row><row /><row><row>x</row></row></result>", (3, 3)),
        (as_json([{"idVisit": 1, "actionDetails": [None, 3, []]}, {"idVisit": 1, "actionDetails": {}}]), (4, 4)),
        (as_json(VISITS[1]), (3, 0)),  # the document is one visit
        (as_json(VISITS[0]) + b"\n" + as_json(VISITS[1]), (11, 0)),  # or each of several is
        (as_json({"visits": VISITS[:2], "sites": [{"idSite": 1}]}), (11, 0)),  # the list is known by what it needs
        (as_json([VISITS[0] | {"x": json.loads("[" * 90 + "]" * 90)}]), (8, 0)),
    ],
)
def test_every_element_of_a_document_is_accounted_for(tmp_path: Path, content: bytes, counts: tuple[int, int]) -> None:
    found = loaded(tmp_path, "matomo_visits", v_json=content)
    status = "rejected" if counts[0] and counts[0] == counts[1] else "loaded"
    assert (found.status, found.rows_read, found.rows_rejected) == (status, *counts), found.reason


def test_a_document_without_shape_and_list_gives_its_records(tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "own.sql").write_text(
        "-- loads: events\n-- reads: json, xml\n"
        "select line, record ->> '$.id' as event_id, 'seen' as event_name, "
        "try_cast(record ->> '$.at' as timestamp) as occurred_at, record ->> '$.by.name' as anonymous_id "
        "from file_rows",
        encoding="utf-8",
    )
    project = shop(tmp_path, "own", v_json=b'[{"id": 1, "by": {"name": "x"}, "at": "2026-07-01"}, 7]')
    load(project)
    assert query(project, "select line, event_id, anonymous_id from raw.events") == [(1, "1", "x")]
    assert query(project, "select line, reason, text from raw.rejected_rows") == [(2, "is not an object", "")]


@pytest.mark.parametrize(
    ("start", "reads", "kind"),
    [
        (b'{"a": 1}\n{"a": 2}\n', ("jsonl", "json"), "jsonl"),
        (b'{"a": \n{"a": 2}\n', ("jsonl", "json"), "jsonl"),  # its first line is broken
        (b'{"a": 1}\n', ("jsonl", "json"), "jsonl"),
        (b'{"rows": [{"a": 1}]}', ("jsonl", "json"), "json"),
        (b'{\n "rows": []\n}', ("jsonl", "json"), "json"),
        (b'\xef\xbb\xbf [{"a": 1}]', ("jsonl", "json", "xml"), "json"),
        (b'{"a": 1}\n', ("json", "xml"), "json"),
        (b'{"items": [{"a": 1}]}\n', ("jsonl", "parquet"), "jsonl"),
        (b"PAR1....", ("jsonl", "parquet"), "parquet"),
        (b"PAR1....", ("jsonl", "json"), "jsonl"),
        (b"<result/>", ("json", "xml"), "xml"),
        (b"id,name\n", ("parquet", "csv"), "csv"),
    ],
)
def test_the_kind_of_a_file_is_told_by_how_it_begins(
    tmp_path: Path, start: bytes, reads: tuple[str, ...], kind: str
) -> None:
    (tmp_path / "a").write_bytes(start)
    (tmp_path / "a.gz").write_bytes(gzip.compress(start))
    for name in ("a", "a.gz"):
        assert kind_of_text(beginning(tmp_path / name).lstrip(), reads, ()) == kind


# Snowplow


def test_snowplow_events_become_these_events(tmp_path: Path) -> None:
    project = shop_with(tmp_path, OF_SNOWPLOW, refuse_above=1)
    load(project)
    page = {"anonymous_id": "d-1", "url_path": "/p/cup", "is_person_caused": True, "is_bot": False}
    cup = {"product_id": "SKU-1", "price": 12.5, "currency": "EUR"}
    order = {"value": 29.99, "shipping": 4.99, "currency": "EUR", "order_id": "#1001"}
    listed = [
        {"product_id": product, "product_name": "Cup", "quantity": 1.0, "price": price}
        for product, price in (("SKU-1", 12.5), ("SKU-2", 27.5))
    ]
    assert events(project, "event_id") == [
        page | {"line": 1, "event_name": "page_view", "occurred_at": "01 08:00:00.123", "device": "mobile"}
        | {"url_path": "/compte/[e-mail]", "referrer_host": "www.google.com"}
        | {"campaign_source": "lettre", "campaign_medium": "email", "campaign_name": "été 2026"},
        page | cup | {"line": 2, "event_name": "add_to_cart", "occurred_at": "01 08:01:00.000"}
        | {"quantity": 2.0, "device": "desktop"},
        page | cup | {"line": 3, "event_name": "remove_from_cart", "occurred_at": "01 08:02:00.000"}
        | {"quantity": 1.0, "device": "tablet"},
        page | {"line": 4, "event_name": "filter", "occurred_at": "01 08:03:00.000"},
        page | order | {"line": 5, "event_name": "transaction", "occurred_at": "01 08:04:00.000"}
        | {"customer_id": "c-7"},
        page | cup | {"line": 6, "event_name": "transaction_item", "occurred_at": "01 08:04:00.000"}
        | {"quantity": 2.0, "order_id": "#1001"},
        page | {"line": 8, "event_name": "add_to_cart", "occurred_at": "01 09:00:00.000", "cart_id": "k-1"}
        | {"product_id": "SKU-2", "quantity": 1.0, "price": 27.5, "currency": "EUR", "items": listed[1:]}
        | {"email_hash": hashed(project, "anna@example.com")},
        page | {"line": 9, "event_name": "transaction", "occurred_at": "01 09:01:00.000", "order_id": "#1002"}
        | {"value": 40.0, "shipping": 0.0, "currency": "EUR", "payment_method": "card", "coupon": "TEA"}
            | {"items": listed},
        page | {"line": 10, "event_name": "trns_error", "occurred_at": "01 09:02:00.000", "error": "CARD_DECLINE"},
        page | {"line": 11, "event_name": "page_view", "occurred_at": "01 10:00:00.000", "is_bot": True},
        {"line": 12, "event_name": "order_shipped", "occurred_at": "01 11:00:00.000", "customer_id": "c-7"}
        | {"url_path": "/p/cup", "is_person_caused": False, "is_bot": False},
        page | {"line": 13, "event_name": "page_ping", "occurred_at": "01 12:00:59.000", "anonymous_id": "n-1"},
    ]  # fmt: skip


def test_snowplow_has_131_columns_each_once() -> None:
    columns = read_source(ROOT / "sql" / "sources" / "snowplow_enriched.sql").columns
    assert (len(columns), len(set(columns))) == (131, 131)
    assert (columns[0], columns[12], columns[52], columns[122], columns[130]) == (
        "app_id",
        "user_id",
        "contexts",
        "derived_contexts",
        "true_tstamp",
    )


def test_snowplow_an_event_delivered_again_with_a_later_time_is_one_event(tmp_path: Path) -> None:
    again = LINES[0].replace(b"08:00:00.123", b"08:00:01.000")
    project = shop(tmp_path, "snowplow_enriched", a_tsv=LINES[0], b_tsv=again)
    load(project)
    with open_warehouse(project) as connection:
        build_all(connection, project, ["staging.events"])
    assert query(project, "select count(*) from raw.events") == [(2,)]
    assert query(project, "select count(*) from staging.events") == [(1,)]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("e_tsv", b"".join(LINES[:3]).replace(b"\n", b"\r\n"), [1, 2, 3]),
        ("e_tsv", LINES[0] + b"\n\n" + LINES[1] + b"\n", [1, 4]),
        ("e_tsv", LINES[0] + LINES[1].replace(b"\n", b"\r\n") + LINES[2].rstrip(b"\n"), [1, 2, 3]),
        ("e_tsv", LINES[0] + LINES[1].replace(b"cup", b"c\xffp") + LINES[2], [1, 3]),
        ("e_tsv", LINES[0] + b'one "quote\n' + LINES[2], [1, 3]),
        ("e_tsv_gz", gzip.compress(b"".join(LINES[:2])), [1, 2]),
    ],
)
def test_a_line_that_is_no_row_costs_only_itself_and_the_others_keep_their_numbers(
    tmp_path: Path, name: str, content: bytes, expected: list[int]
) -> None:
    project = shop(tmp_path, "snowplow_enriched", **{name: content})
    (found,) = load(project)
    assert found.rows_read == found.rows_loaded + found.rows_rejected
    assert [event["line"] for event in events(project)] == expected
    assert [event["url_path"] for event in events(project)][-1] in ("/p/cup", "/compte/[e-mail]")


# Whatever is wrong with a file


@pytest.mark.fuzz
@pytest.mark.random
@pytest.mark.parametrize("fixture", [*OF_MATOMO, OF_SNOWPLOW])
def test_a_mutated_file_never_crashes_and_its_accounting_is_exact(tmp_path: Path, fixture: str) -> None:
    project = shop(tmp_path, fixture.split(".")[0])
    connection = duckdb.connect()
    prepare(connection, "0" * 64)
    write_settings(connection, project.settings)
    make_raw_tables(connection)
    original, chance, seen = (FIXTURES / fixture).read_bytes(), random.Random(fixture), Counter[str]()
    for number in range(examples(16, 200)):
        content, name = mutated(original, chance), f"{number}-{fixture}"
        if number % 4 == 0:
            content, name = gzip.compress(content, mtime=0), f"{name}.gz"
            if number % 8 == 0:
                content = mutated(content, chance)
        path = project.exports_folder / name
        path.write_bytes(content)
        before = rows(connection, "select count(*) from raw.events")[0][0]
        for found in load_exports(connection, project):
            added = rows(connection, "select count(*) from raw.events")[0][0] - before
            kept = f"select count(*) from raw.rejected_rows where file_id = '{found.file_id}'"
            seen[found.status] += 1
            assert (found.rows_loaded, [(found.rows_rejected,)]) == (added, rows(connection, kept)), name
            assert found.rows_read == found.rows_loaded + found.rows_duplicate + found.rows_rejected, name
            if found.status == "refused":
                assert added == 0 and found.reason and len(found.reason) > 20, name
        path.unlink()
    assert seen["loaded"] and seen["refused"], seen

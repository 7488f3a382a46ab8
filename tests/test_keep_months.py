"""Rows older than their export keeps them: deleted with a record, never loaded again, and still accounted for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from given import settings
from shops import load, query

from parcours.project import ROOT, Project
from parcours.tables.catalogue import build_all
from parcours.warehouse.connection import open_warehouse

ADDS_UP = "select sum(rows_read), sum(rows_loaded), sum(rows_duplicate), sum(rows_rejected) from raw.loads"
SHOPIFY = (
    "Name,Email,Financial Status,Currency,Subtotal,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Id"
)


def shop(folder: Path, **months: int) -> Project:
    """A shop with a click-stream, orders and contacts, kept for so many months."""
    formats = {"web": ("web*.jsonl", "segment"), "sales": ("orders*.csv", "shopify_orders")}
    formats["crm"] = ("contacts*.csv", "hubspot_contacts")
    files = [
        {"name": name, "path": path, "format": format_name, "keep_months": months.get(name)}
        for name, (path, format_name) in formats.items()
    ]
    return Project(folder / "journey.yaml", settings(exports={"folder": ".", "files": files}), folder, folder)


def days_ago(days: int) -> str:
    """An instant before now, to the second."""
    return (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def shopify_time(days: int) -> str:
    """The same as Shopify writes it."""
    return days_ago(days).replace("T", " ").replace("Z", " +0000")


def events(path: Path, ages: Mapping[str, int]) -> None:
    """A file of calls, by their ids so many days old."""
    head = {"type": "track", "event": "product", "anonymousId": "d1"}
    lines = [{**head, "messageId": name, "timestamp": days_ago(age)} for name, age in ages.items()]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def fill(folder: Path) -> None:
    """Exports of rows young and old, one of the old ones broken."""
    events(folder / "web1.jsonl", {"old": 500, "older": 900, "young": 10})
    (folder / "web1.jsonl").open("a").write(
        json.dumps({"type": "track", "anonymousId": "me", "event": "broken"}) + "\n"
    )
    (folder / "orders.csv").write_text(
        f"{SHOPIFY}\n"
        f"#1,a@example.com,paid,EUR,20.00,20.00,{shopify_time(500)},1,Cup,10.00,1\n"
        f"#1,,,,,,{shopify_time(500)},1,Plate,10.00,\n"
        f"#2,b@example.com,paid,EUR,10.00,10.00,{shopify_time(5)},1,Cup,10.00,2\n"
    )
    (folder / "contacts.csv").write_text(
        "Record ID,Email,Create Date,Last Modified Date\n"
        f"1,a@example.com,{days_ago(900)[:16].replace('T', ' ')},{days_ago(800)[:16].replace('T', ' ')}\n"
        f"2,b@example.com,{days_ago(900)[:16].replace('T', ' ')},{days_ago(20)[:16].replace('T', ' ')}\n"
    )


@pytest.mark.fuzz
def test_what_is_older_goes_with_a_record_and_does_not_come_back(tmp_path: Path) -> None:
    fill(tmp_path)
    project = shop(tmp_path)
    load(project)
    accounted = query(project, ADDS_UP)
    with open_warehouse(project) as connection:
        build_all(connection, project, ["journeys.touchpoints"])

    kept = replace(project, settings=shop(tmp_path, web=12, sales=12, crm=24).settings)
    load(kept)
    assert query(kept, "select event_id from raw.events") == [("young",)]
    assert query(kept, "select distinct order_id, count(*) from raw.order_rows group by 1") == [("#2", 1)]
    # A contact is as old as its last change.
    assert query(kept, "select contact_id from raw.contacts") == [("2",)]
    # What was loaded was loaded; what went is told beside it.
    assert query(kept, ADDS_UP) == accounted
    record = "select export, table_name, keep_months, row_count from raw.purges order by export"
    assert query(kept, record) == [
        ("crm", "raw.contacts", 24, 1),
        ("sales", "raw.order_rows", 12, 2),
        ("web", "raw.events", 12, 2),
    ]
    with open_warehouse(kept) as connection:
        build_all(connection, kept, ["journeys.touchpoints"])
        found = "from journeys.touchpoints order by touchpoint_id"
        refreshed = connection.execute(found).fetchall()
        build_all(connection, kept, ["journeys.touchpoints"], full_refresh=True)
        assert connection.execute(found).fetchall() == refreshed
        assert len(refreshed) == 2

    known = "select count(*) from raw.loads where covers_from < current_date - interval 25 month"
    assert query(kept, known) == [(0,)]

    # Nothing is deleted twice; the same files under other names, and read anew, bring nothing back.
    events(tmp_path / "web2.jsonl", {"old": 500, "new": 1, **{f"o{i}": 400 + i for i in range(40)}})
    load(kept)
    assert query(kept, "select event_id from raw.events order by 1") == [("new",), ("young",)]
    rejected = (
        "select reason, count(*), max(text), count(named) from raw.rejected_rows where reason like 'older%' group by 1"
    )
    assert query(kept, rejected) == [("older than keep_months of its export", 41, "", 0)]
    assert query(
        kept, "select status, rows_read, rows_loaded, rows_rejected from raw.loads where path = 'web2.jsonl'"
    ) == [("loaded", 42, 1, 41)]
    assert len(query(kept, record)) == 3
    assert query(kept, (ROOT / "sql/checks/few_rows_are_rejected.sql").read_text(encoding="utf-8")) == query(
        kept, "select path, rows_read, rows_rejected from raw.loads where path = 'web1.jsonl'"
    )
    assert load(kept) == []  # nor is a file read again because of them
    other = kept.settings.model_copy(deep=True)
    other.shop.opened_on = other.shop.opened_on.replace(year=2001)
    load(replace(kept, settings=other))  # all files are read again
    assert query(kept, "select event_id from raw.events order by 1") == [("new",), ("young",)]
    assert query(kept, "select bool_and(rows_read = rows_loaded + rows_duplicate + rows_rejected) from raw.loads") == [
        (True,)
    ]

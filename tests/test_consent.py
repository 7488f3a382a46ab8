"""An export that measures without consent: it is counted by itself, and joins nobody to anything."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from format_shops import built
from given import settings
from shops import load, query

from parcours.loading.sources import SourceError
from parcours.project import Project

BUILD = ["metrics.exempt_visits", "metrics.exempt_pages", "metrics.kpis", "journeys.people", "metrics.reconciliation"]


def shop(folder: Path, consent: str | None, format_name: str = "segment") -> Project:
    """A shop with a click-stream that people agreed to, and one of audience measurement."""
    files = [
        {"name": "web", "path": "web.jsonl", "format": "segment"},
        {"name": "audience", "path": "audience.*", "format": format_name, "consent": consent},
    ]
    attributes = (
        [{"id": "plan", "from": "properties.plan", "exports": ["audience"]}] if format_name == "segment" else []
    )
    named = settings(exports={"folder": ".", "files": files}, attributes=attributes)
    return Project(folder / "journey.yaml", named, folder, folder)


def write(path: Path, calls: list[tuple[str, str, str | None, str]]) -> None:
    """Calls of a device: its id, when, the customer, the page."""
    lines = [
        {"type": "track", "event": "product", "messageId": f"{path.stem} {number}", "anonymousId": device}
        | {"timestamp": when, "userId": who, "context": {"page": {"path": page}}}
        | {"properties": {"order_id": "#1", "cart_id": "k", "plan": "pro", "email": "a@example.com"}}
        for number, (device, when, who, page) in enumerate(calls)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_what_is_measured_without_consent_is_counted_by_itself_and_joins_nobody(tmp_path: Path) -> None:
    write(tmp_path / "web.jsonl", [("d1", "2026-03-02T09:00:00Z", "c1", "/a")])
    write(
        tmp_path / "audience.jsonl",
        [
            ("d1", "2026-03-02T09:00:00Z", "c1", "/a"),
            ("d1", "2026-03-02T09:30:00Z", None, "/b"),
            ("d1", "2026-03-02T10:30:00Z", None, "/b"),
            ("d2", "2026-03-02T09:00:00Z", "c2", "/a"),
            ("d1", "2026-03-03T09:00:00Z", "c1", "/a"),
        ],
    )
    project = shop(tmp_path, "exempt")
    load(project)
    ids = "select count(customer_id), count(email_hash), count(order_id), count(cart_id), count(distinct anonymous_id) "
    assert query(project, f"{ids} from raw.events where export = 'audience'") == [(0, 0, 0, 0, 3)]
    assert query(project, "select count(*) from raw.events where anonymous_id in ('d1', 'd2') and is_exempt") == [(0,)]
    assert query(project, "select count(attributes) from raw.events where export = 'audience'") == [(0,)]
    visits = (
        "select cast(visited_on as text), session_count, event_count, view_count from metrics.exempt_visits order by 1"
    )
    assert built(project, visits, BUILD) == [("2026-03-02", 3, 4, 4), ("2026-03-03", 1, 1, 1)]
    pages = "select url_path, event_count, device_day_count from metrics.exempt_pages order by 1"
    assert query(project, pages) == [("/a", 3, 3), ("/b", 2, 1)]
    # All else is of the one visit that somebody agreed to, and reaches as far as that.
    assert query(project, "select count(*), sum(identifier_count) from journeys.people") == [(1, 3)]
    assert query(project, "select count(*), count(session_id) from journeys.touchpoints") == [(1, 1)]
    assert query(project, "select cast(events_until as text) from metrics.cut_off") == [("2026-03-02 09:00:00",)]

    load(replace(project, settings=shop(tmp_path, None).settings))  # read again, with what it names
    assert query(project, "select count(customer_id), count(is_exempt) from raw.events") == [(4, 0)]


def test_a_source_may_say_so_of_each_row(tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "own.sql").write_text(
        "-- Own.\n-- loads: events\n-- reads: csv\n-- needs: id\n"
        "select line, \"id\" as event_id, 'product' as event_name, timestamp '2026-03-02 09:00:00' as occurred_at, "
        "\"who\" as customer_id, 'd' as anonymous_id, \"consent\" = 'no' as is_exempt from file_rows"
    )
    (tmp_path / "audience.csv").write_text("id,who,consent\n1,c1,yes\n2,c2,no\n")
    write(tmp_path / "web.jsonl", [])
    project = shop(tmp_path, None, "own")
    load(project)
    stored = "select right(event_id, 1), customer_id, anonymous_id = 'd', is_exempt from raw.events order by 1"
    assert query(project, stored) == [("1", "c1", True, False), ("2", None, False, True)]


def test_only_a_click_stream_can_be_exempt(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="audience: consent: exempt is for a click-stream"):
        load(shop(tmp_path, "exempt", "hubspot_contacts"))

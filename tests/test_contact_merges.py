"""Contacts that the CRM merged are one person: so are their orders, tickets and deals, and the newer state speaks."""

from __future__ import annotations

from pathlib import Path

from given import Row, at, order, rows, settings, warehouse
from shops import load, query

from parcours.project import Project

DAY = 86400.0


def exports(folder: Path, *portals: str) -> Project:
    """A shop of one or more HubSpot portals, whose contact files lie in folders of these names."""
    files = [{"name": name, "path": f"{name}/*.csv", "format": "hubspot_contacts"} for name in portals]
    return Project(folder / "journey.yaml", settings(exports={"folder": ".", "files": files}), folder, folder)


def write(path: Path, *lines: str) -> None:
    """A file of contacts."""
    path.parent.mkdir(exist_ok=True)
    header = "Record ID,Email,Create Date,Last Modified Date,Merged contact IDs"
    path.write_text("\n".join([header, *lines]) + "\n")


def test_the_ids_of_merged_contacts_are_read_however_they_are_separated(tmp_path: Path) -> None:
    write(
        tmp_path / "crm" / "contacts.csv",
        "200,new@example.com,2026-01-05 10:00,2026-06-20 09:00,100",
        "300,b@example.com,2026-01-05 10:00,2026-06-20 09:00,101; 102",
        '400,c@example.com,2026-01-05 10:00,2026-06-20 09:00,"103,4102345678901"',
        "500,d@example.com,2026-01-05 10:00,2026-06-20 09:00,",
    )
    project = exports(tmp_path, "crm")
    load(project)
    merged = "select merged_contact_ids from raw.contacts order by contact_id"
    assert query(project, merged) == [("100",), ("101;102",), ("103;4102345678901",), (None,)]


def test_ids_of_two_portals_are_written_with_the_portals_and_without_once_there_is_one(tmp_path: Path) -> None:
    write(tmp_path / "a" / "contacts.csv", "200,a@example.com,2026-01-05 10:00,2026-06-20 09:00,100;101")
    write(tmp_path / "b" / "contacts.csv", "200,b@example.com,2026-01-05 10:00,2026-06-20 09:00,100;101")
    load(exports(tmp_path, "a", "b"))
    project = exports(tmp_path, "a")
    merged = "select contact_id, merged_contact_ids from raw.contacts order by 1"
    assert query(project, merged) == [("a:200", "a:100;a:101"), ("b:200", "b:100;b:101")]
    (tmp_path / "a" / "contacts.csv").unlink()  # what can't be read again is written anew
    write(tmp_path / "a" / "others.csv", "500,e@example.com,2026-01-05 10:00,2026-06-20 09:00,")
    load(project)
    assert query(project, merged) == [("200", "100;101"), ("500", None)]


def test_merged_contacts_are_one_person_with_their_orders_tickets_and_deals() -> None:
    contacts: list[Row] = [
        {"contact_id": "100", "email_hash": "old", "created_at": at(0), "lifecycle_stage": "Customer"},
        {"contact_id": "200", "email_hash": "new", "created_at": at(9 * DAY), "lifecycle_stage": "Lead"},
        {"contact_id": "200", "email_hash": "new", "created_at": at(0), "lifecycle_stage": "Evangelist"}
        | {"merged_contact_ids": "100;150", "source_updated_at": at(50 * DAY)},
        # Both ids of a merge point to a third one.
        {"contact_id": "902", "merged_contact_ids": "900;901", "source_updated_at": at(60 * DAY)},
    ]
    built = warehouse(
        contacts=contacts,
        order_rows=[
            order("#1", DAY, email_hash="old"),
            order("#2", 30 * DAY, email_hash="new"),
            order("#3", 200 * DAY, email_hash="else"),
        ],
        tickets=[{"ticket_id": "t", "created_at": at(2 * DAY), "contact_id": "150"}],
        deals=[{"deal_id": f"d{i}", "created_at": at(2 * DAY), "contact_id": f"90{i}"} for i in range(3)],
        build=["metrics.kpis", "journeys.people", "journeys.identity_history"],
    )
    kept = "select max(numerator), max(denominator) from metrics.kpis where kpi = 'retention'"
    assert rows(built, kept) == [(1, 2)]
    people = (
        "select list(record_id order by record_id), min(lifecycle_stage) from journeys.record_owners "
        "join journeys.people using (person_id) group by person_id order by 1"
    )
    assert rows(built, people) == [
        (["contact:100", "contact:200", "order:#1", "order:#2", "ticket:t"], "Evangelist"),
        (["contact:902", "deal:d0", "deal:d1", "deal:d2"], None),
        (["order:#3"], None),
    ]
    # Two people as long as the CRM did not say so.
    merged_at = "known_from is not distinct from timestamp '2026-02-24'"
    before = (
        "select count(distinct person_then) from journeys.identity_history "
        "where identifier in ('email:old', 'email:new') and "
    )
    assert rows(built, before + merged_at) == [(1,)]
    assert rows(built, f"{before} not ({merged_at}) and known_until = timestamp '2026-02-24'") == [(1,)]

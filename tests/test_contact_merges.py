"""Contacts that the CRM merged are one person: so are their orders, tickets and deals, and the newer state speaks."""

from __future__ import annotations

from pathlib import Path

from format_shops import built
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
    made = warehouse(
        contacts=contacts,  # the first a day older than the orders that are known
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
    assert rows(made, kept) == [(1, 2)]
    people = (
        "select list(record_id order by record_id), min(lifecycle_stage) from journeys.record_owners "
        "join journeys.people using (person_id) group by person_id order by 1"
    )
    assert rows(made, people) == [
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
    assert rows(made, before + merged_at) == [(1,)]
    assert rows(made, f"{before} not ({merged_at}) and known_until = timestamp '2026-02-24'") == [(1,)]


def test_a_merge_in_an_export_makes_one_customer_who_came_back(tmp_path: Path) -> None:
    write(
        tmp_path / "june.csv",
        "100,old@example.com,2026-01-05 10:00,2026-01-05 10:00,",
        "200,new@example.com,2026-05-05 10:00,2026-05-05 10:00,",
    )
    write(tmp_path / "july.csv", "200,new@example.com,2026-01-05 10:00,2026-06-20 09:00,100")
    (tmp_path / "orders.csv").write_text(
        "Name,Email,Financial Status,Currency,Subtotal,Total,Created at,"
        "Lineitem quantity,Lineitem name,Lineitem price,Id\n"
        "#1,old@example.com,paid,EUR,10.00,10.00,2026-01-06 10:00:00 +0000,1,Cup,10.00,1\n"
        "#2,new@example.com,paid,EUR,10.00,10.00,2026-02-10 10:00:00 +0000,1,Cup,10.00,2\n"
        "#3,else@example.com,paid,EUR,10.00,10.00,2026-07-20 10:00:00 +0000,1,Cup,10.00,3\n"
    )
    files = [
        {"name": "crm", "path": "ju*.csv", "format": "hubspot_contacts"},
        {"name": "sales", "path": "orders.csv", "format": "shopify_orders"},
    ]
    shop = settings(exports={"folder": ".", "files": files})
    project = Project(tmp_path / "journey.yaml", shop, tmp_path, tmp_path)
    load(project)
    kept = "select max(numerator), max(denominator) from metrics.kpis where kpi = 'retention'"
    assert built(project, kept, ["metrics.kpis"]) == [(1, 1)]

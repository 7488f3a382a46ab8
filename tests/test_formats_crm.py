"""Formats of CRM, help desk and shop: what each fixture's rows become, and in whatever order they arrive."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pytest
from format_shops import FIXTURES, NO_ORDER, built, reasons, shop_reading
from shops import load as load_new
from shops import query

from parcours.loading.accounting import Load
from parcours.loading.formats import guess, shop_of
from parcours.project import ROOT, Project

FRENCH = {
    "Record ID": "ID de fiche",
    "Email": "E-mail",
    "Create Date": "Date de création",
    "Last Modified Date": "Date de dernière modification",
    "Country/Region": "Pays/région",
    "City": "Ville",
    "Lifecycle Stage": "Phase du cycle de vie",
    "Customer ID": "Identifiant client",
}
FILES = {
    "hubspot_tickets": "hubspot_tickets.csv",
    "hubspot_deals": "hubspot_deals.csv",
    "zendesk_tickets": "zendesk_tickets.jsonl",
    "shopify_checkouts": "shopify_checkouts.csv",
    "shopify_orders": "shopify_orders_47_columns.csv",
    "hubspot_contacts": "hubspot_contacts_french.csv",
}
"""By format, its fixture."""

TABLES = {
    "hubspot_tickets": "tickets",
    "hubspot_deals": "deals",
    "zendesk_tickets": "tickets",
    "shopify_checkouts": "events",
    "shopify_orders": "orders",
    "hubspot_contacts": "contacts",
}


TOUCHPOINTS = (
    {
        "touchpoint": "checkout started",
        "event": ["Checkout Abandoned", "Checkout Completed"],
        "stage": "checkout",
        "action": "checkout",
    },
    {"touchpoint": "ticket", "source": "tickets", "stage": "support"},
)


def load(
    folder: Path, format_name: str, *contents: str, columns: Mapping[str, str] | None = None
) -> tuple[Project, list[Load]]:
    """A shop with the format's fixture, or with files of these contents, loaded together."""
    if columns is None and not contents and format_name == "hubspot_contacts":
        columns = FRENCH
    project = shop_reading(folder, format_name, columns=columns, touchpoints=TOUCHPOINTS)
    if not contents:
        shutil.copy(FIXTURES / FILES[format_name], project.exports_folder)
    for number, content in enumerate(contents):
        (project.exports_folder / f"{number}.export").write_text(content, encoding="utf-8")
    return project, load_new(project)


@pytest.mark.parametrize(
    ("format_name", "counts"),
    [
        ("hubspot_tickets", (15, 7, 1, 7)),
        ("hubspot_deals", (16, 7, 1, 8)),
        ("zendesk_tickets", (16, 8, 1, 7)),
        ("shopify_checkouts", (14, 4, 1, 9)),
        ("shopify_orders", (7, 5, 0, 2)),
        ("hubspot_contacts", (6, 3, 1, 2)),
    ],
)
def test_every_row_is_accounted_and_nothing_private_is_kept(
    tmp_path: Path, format_name: str, counts: tuple[int, int, int, int]
) -> None:
    project, (found,) = load(tmp_path, format_name)
    assert found.status == "loaded", found.reason
    assert (found.rows_read, found.rows_loaded, found.rows_duplicate, found.rows_rejected) == counts
    assert load_new(project) == []
    content = project.warehouse.read_bytes().lower()
    for private in (b"@example", b"private", b"secret", b"recover?", b"06 12", b"dupont", "zoé".encode()):
        assert private not in content, private


@pytest.mark.fuzz
@pytest.mark.parametrize("format_name", FILES)
def test_a_fixture_loaded_twice_or_row_by_row_backwards_gives_the_same_table(tmp_path: Path, format_name: str) -> None:
    """Under another name and in another order: the newest version stands by the source's own time of change."""
    text = (FIXTURES / FILES[format_name]).read_text(encoding="utf-8-sig")
    table = f"staging.{TABLES[format_name]}"
    project, _ = load(tmp_path / "once", format_name)
    once = built(project, f"from {table} order by all", [table])
    shutil.copy(FIXTURES / FILES[format_name], project.exports_folder / "again")
    with (project.exports_folder / "again").open("a", encoding="utf-8") as again:
        again.write("\n")
    load_new(project)
    assert built(project, f"from {table} order by all", [table]) == once
    if format_name == "shopify_orders":
        return  # an order's rows belong together: a file never holds half of it
    is_csv = FILES[format_name].endswith(".csv")
    lines = text.splitlines()
    head, body = (lines[:1], lines[1:]) if is_csv else ([], lines)
    contents = ["\n".join([*head, line]) + "\n" for line in reversed(body)]
    project, _ = load(
        tmp_path / "apart",
        format_name,
        *contents,
        columns=FRENCH if format_name == "hubspot_contacts" else None,
    )
    assert built(project, f"from {table} order by all", [table]) == once and once


@pytest.mark.parametrize("format_name", [name for name in FILES if name != "hubspot_contacts"])
def test_each_fixture_is_recognised(format_name: str) -> None:
    found = guess(FIXTURES / FILES[format_name], shop_of(ROOT / "journey.yaml"))
    assert found.format == format_name, found.why


def test_hubspot_tickets(tmp_path: Path) -> None:
    project, _ = load(tmp_path, "hubspot_tickets")
    found = built(
        project,
        "select ticket_id, strftime(created_at, '%m-%d %H:%M:%S'), strftime(first_reply_at, '%d %H:%M'), "
        "strftime(solved_at, '%d %H:%M'), status, category, channel, contact_id, customer_id, email_hash is not null, "
        "order_id from staging.tickets order by 1",
        ["staging.tickets"],
    )
    assert found == [
        ("301", "07-01 08:00:00", "01 09:30", "02 08:00", "4", "DELIVERY", "email", "51", "C-1", True, "#1001"),
        ("302", "07-01 08:00:00", None, None, "1", None, None, None, None, False, None),  # in Paris, summer time
        ("303", "01-05 09:00:30", None, None, "1", None, None, "52", None, False, None),  # winter
        ("304", "07-01 08:00:00", None, None, "1", None, None, "52", None, False, None),  # milliseconds
    ]
    assert reasons(project) == [
        (10, "id is empty"),
        (11, "createdate is empty"),
        (12, f"createdate {NO_ORDER}: 01/07/2026"),
        (13, "first_agent_reply_date is not a time: soon"),
        (14, "closed_date is not a time: 2026-13-01 10:00"),
        (15, "hs_lastmodifieddate is not a time: x"),
        (16, "created_at is impossible, after tomorrow: 2126-07-01 08:00:00"),
    ]


def test_hubspot_tickets_under_the_labels_of_a_portal(tmp_path: Path) -> None:
    labels = {
        "id": "ID du ticket",
        "createdate": "Date de création",
        "hs_pipeline_stage": "Statut du ticket",
        "contact_id": "ID des contacts associés",
    }
    text = (
        "ID du ticket,Nom,Date de création,Statut du ticket,ID des contacts associés\n"
        "7,Bonjour,2026-07-01 10:00,Nouveau,51\n"
    )
    project, (found,) = load(tmp_path / "a", "hubspot_tickets", text, columns=labels)
    assert found.rows_loaded == 1, found.reason
    assert query(project, "select ticket_id, status, contact_id from raw.tickets") == [("7", "Nouveau", "51")]
    _, (refused,) = load(tmp_path / "b", "hubspot_tickets", text)
    assert refused.status == "refused" and "say under columns: which label stands for which" in str(refused.reason)


def test_hubspot_deals(tmp_path: Path) -> None:
    project, _ = load(tmp_path, "hubspot_deals")
    found = built(
        project,
        "select deal_id, stage, is_won, strftime(closed_at, '%m-%d %H:%M'), cast(amount as double), currency, "
        "contact_id, email_hash is not null from staging.deals order by 1",
        ["staging.deals"],
    )
    assert found == [
        ("401", "closedwon", True, "07-20 08:00", 1100.5, "EUR", "51", False),
        ("402", "Closed lost", False, "07-31 08:00", None, None, None, True),
        ("403", "998877", True, "07-15 08:00", None, None, None, False),
        ("404", "998878", False, "07-31 08:00", None, None, None, False),
        ("405", "998876", None, None, None, None, None, False),
        ("406", "qualifiedtobuy", None, None, None, None, None, False),
    ]
    assert reasons(project) == [
        (10, "id is empty"),
        (11, "createdate is empty"),
        (12, "createdate is not a time: yesterday"),
        (13, "closedate is not a time: one day"),
        (14, "amount is not an amount: a lot"),
        (15, "hs_lastmodifieddate is not a time: x"),
        (16, "currency is unknown: EURO"),
        (17, "closed_at is impossible, after tomorrow: 2036-12-31 00:00:00"),
    ]


def test_zendesk_tickets(tmp_path: Path) -> None:
    project, _ = load(tmp_path, "zendesk_tickets")
    found = built(
        project,
        "select ticket_id, status, strftime(first_reply_at, '%d %H:%M'), strftime(solved_at, '%d %H:%M'), category, "
        "channel, contact_id, customer_id, email_hash is not null, order_id from staging.tickets order by 1",
        ["staging.tickets"],
    )
    assert found == [
        # closed on the 6th by itself, solved on the 2nd
        ("501", "closed", "01 08:45", "02 09:00", "question", "email", "zendesk 7001", "C-1", True, "#1001"),
        ("502", "solved", None, "03 08:00", "question", "email", "zendesk 7001", None, False, None),
        ("503", "solved", None, "02 10:00", "question", "web", "zendesk 7002", None, False, None),
        ("504", "pending", None, None, None, "email", None, "C-4", False, None),  # solved once, and opened again
    ]
    assert reasons(project) == [
        (10, "id is missing"),
        (11, "status is missing"),
        (12, "created_at is not a time: yesterday"),
        (13, "updated_at is missing"),
        (14, "solved_at is not a time: soon"),
        (15, "is not valid JSON"),
        (16, "id is missing"),
    ]


def test_the_tickets_of_a_zendesk_requester_are_one_persons(tmp_path: Path) -> None:
    project, _ = load(tmp_path, "zendesk_tickets")
    found = built(
        project,
        "select count(*), count(distinct session_id), string_agg(distinct channel, ',') "
        "from journeys.touchpoints group by person_id order by all",
        ["journeys.journeys"],
    )
    assert found == [(1, 0, "support"), (2, 0, "support"), (4, 0, "support")]


def test_shopify_checkouts_are_events(tmp_path: Path) -> None:
    project, _ = load(tmp_path, "shopify_checkouts")
    found = built(
        project,
        "select event_id, event_name, occurred_at, customer_id, email_hash is not null, cart_id, referrer_host, "
        "payment_method, cast(shipping as double), cast(value as double), url_path from staging.events order by 1",
        ["staging.events"],
    )
    assert found == [
        (
            "checkout 901",
            "Checkout Completed",
            datetime(2026, 7, 1, 8),
            "121",
            True,
            "cart901",
            "www.google.com",
            "paypal",
            4.9,
            20.0,
            None,
        ),
        (
            "checkout 902",
            "Checkout Abandoned",
            datetime(2026, 7, 1, 10, 0, 0, 111111),
            None,
            True,
            "cart902",
            None,
            "paypal",
            None,
            24.9,
            None,
        ),
        (
            "checkout 903",
            "Checkout Abandoned",
            datetime(2026, 7, 1, 8),
            "121",
            False,
            "cart903",
            "www.google.com",
            None,
            None,
            20.0,
            None,
        ),
    ]
    assert reasons(project) == [
        (7, "id is empty"),
        (8, "customer_id and email are both empty"),
        (9, "created_at is empty"),
        (10, "created_at is not a time: July"),
        (11, "updated_at is not a time: now"),
        (12, "completed_at is not a time: maybe"),
        (13, "subtotal_price is not an amount: free"),
        (14, "total_price is not an amount: x"),
        (15, "currency is unknown: EURO"),
    ]


def test_a_shopify_checkout_is_a_cart_that_reached_checkout(tmp_path: Path) -> None:
    project, _ = load(tmp_path, "shopify_checkouts")
    found = built(project, "select opened_at, level_reached from journeys.carts order by all", ["journeys.carts"])
    assert found == [
        (datetime(2026, 7, 1, 8), "checkout"),
        (datetime(2026, 7, 1, 8), "checkout"),
        (datetime(2026, 7, 1, 10, 0, 0, 111111), "checkout"),
    ]


def test_old_shopify_orders_of_47_columns(tmp_path: Path) -> None:
    header = (FIXTURES / FILES["shopify_orders"]).read_text(encoding="utf-8").splitlines()[0].split(",")
    assert (len(header), header[-1]) == (47, "Cancelled at")
    project, _ = load(tmp_path, "shopify_orders")
    found = built(
        project,
        "select order_id, strftime(ordered_on, '%d'), strftime(delivered_at, '%d %H:%M'), status, payment_method, "
        "line_count, cast(refunded as double), cast(net_revenue as double), is_cancelled, is_fully_refunded, "
        "order_reference from staging.orders order by 1",
        ["staging.orders"],
    )
    assert found == [
        ("#1", "01", "04 07:00", "paid", "unknown", 2, 0.0, 35.0, False, False, None),
        ("#2", "02", None, "refunded", "unknown", 1, 15.0, 0.0, False, True, None),  # half past five in Paris
        ("#3", "01", None, "voided", "unknown", 1, 0.0, 0.0, True, False, None),
        ("#4", "01", None, "partially_refunded", "unknown", 1, 0.0, 15.0, False, False, None),
    ]
    assert reasons(project) == [
        (8, "Name is empty"),  # a product's name over two lines stands above it
        (9, "Created at is a day without a time: 2018-05-01"),
    ]


def test_hubspot_contacts_of_a_french_portal(tmp_path: Path) -> None:
    project, _ = load(tmp_path, "hubspot_contacts")
    found = built(
        project,
        "select contact_id, strftime(created_at, '%m-%d %H:%M'), country, city, lifecycle_stage, customer_id, "
        "email_hash is not null from staging.contacts order by 1",
        ["staging.contacts"],
    )
    assert found == [
        ("61", "07-01 08:00", "France", "Paris", "Client", "C-1", True),
        ("62", "01-01 09:00", "Belgique", "Liège", "Prospect", None, False),
    ]
    assert reasons(project) == [
        (6, "Record ID is empty"),
        (7, f"Create Date {NO_ORDER}: 01/07/2026"),
    ]


@pytest.mark.parametrize("label", ["Record ID", "Record ID - Contact"])
def test_hubspot_contacts_have_their_id_under_either_label(tmp_path: Path, label: str) -> None:
    text = f"{label},Email,Create Date\n61,ann@example.com,2026-07-01 10:00\n"
    project, (found,) = load(tmp_path, "hubspot_contacts", text, columns={})
    assert found.rows_loaded == 1, found.reason
    assert query(project, "select contact_id from raw.contacts") == [("61",)]


def test_a_survey_may_declare_its_scale(tmp_path: Path) -> None:
    answered = "2026-07-01T08:00:00Z"
    lines = [
        ("1", "1-7", "5", "6"),
        ("2", "1-7", "5", "4"),
        ("3", "0-2", "2", "2"),
        ("4", "-3-3", "1", "-3"),
        ("5", "1-5", "5", "4"),  # stricter than the top two
        ("6", "1-5", "", "4"),
        ("7", "0-10", "", "8"),
        ("8", "1-7", "", "6"),
        ("9", "0-5", "", "4"),
        ("10", "1-7", "8", "6"),
        ("11", "1-7", "high", "6"),
        ("12", "7-1", "5", "6"),
        ("13", "stars", "5", "6"),
        ("14", "1-7", "5", "8"),
    ]
    text = "Response ID,Survey,Scale,Satisfied from,Score,Answered at\n" + "".join(
        f"{number},Effort,{scale},{start},{score},{answered}\n" for number, scale, start, score in lines
    )
    project, (loaded,) = load(tmp_path, "survey_answers", text)
    assert (loaded.rows_read, loaded.rows_loaded, loaded.rows_rejected) == (14, 7, 7)
    found = built(
        project,
        "select answer_id, is_satisfied, round(score_of_10, 2) from staging.feedback "
        "order by len(answer_id), answer_id",
        ["staging.feedback"],
    )
    assert found == [
        ("1", True, 8.33),
        ("2", False, 5.0),
        ("3", True, 10.0),
        ("4", False, 0.0),
        ("5", False, 7.5),
        ("6", True, 7.5),
        ("7", True, 8.0),
    ]
    assert reasons(project) == [
        (9, "Scale is not 1-5, 1-10 or 0-10: 1-7"),
        (10, "Scale is not 1-5, 1-10 or 0-10: 0-5"),
        (11, "Satisfied from is outside the scale 1-7: 8"),
        (12, "Satisfied from is not a number: high"),
        (13, "Scale is not two numbers as 1-7: 7-1"),
        (14, "Scale is not two numbers as 1-7: stars"),
        (15, "Score is outside the scale 1-7: 8"),
    ]

"""Devices of several people: accounts stay apart, and what was done without a login is the nearest login's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from given import Row, event, order, rows, settings, warehouse
from shops import load, query

from parcours.forget_people import forget_people
from parcours.project import Project

DAY = 86400.0

OWNERS = (
    "select touchpoint_id, min(i.identifier) from journeys.touchpoints as t "
    "join journeys.identities as i using (person_id) where source = 'events' group by touchpoint_id"
)


def owners(events: list[Row], **more: list[Row]) -> list[str]:
    """The smallest identifier of the person of each event, in the order in which the events are given."""
    names = [f"e{number:02d}" for number in range(len(events))]
    built = warehouse(
        events=[{**row, "event_id": name} for name, row in zip(names, events, strict=True)],
        build=["journeys.touchpoints"],
        **more,  # type: ignore[arg-type]
    )
    found = dict(rows(built, OWNERS))
    return [found[f"event:{name}"] for name in names]


def test_what_was_done_without_a_login_is_the_next_logins_of_the_visit_else_the_one_befores_else_the_devices() -> None:
    found = owners(
        [
            event("tablet", 0, "landing"),  # before mum's login
            event("tablet", 60, "product", customer_id="mum"),
            event("tablet", 120, "product"),  # she has logged out, and her son logs in next
            event("tablet", 180, "product", customer_id="son"),
            event("tablet", 240, "product"),  # the last login of the visit is his
            event("tablet", 240 + 1800, "product"),  # exactly the timeout: the same visit
            event("tablet", 240 + 3601, "product"),  # another visit, with no login
            event("tablet", DAY, "product"),
            event("tablet", DAY + 60, "product", customer_id="mum"),
            event("tablet", DAY + 120, "mailed", is_person_caused=False),
            event("laptop", 0, "product"),  # mum's alone
            event("laptop", 2 * DAY, "product", customer_id="mum"),
        ]
    )
    mum, son, tablet = "anonymous:laptop", "customer:son", "anonymous:tablet"
    assert found == [mum, mum, son, son, son, son, tablet, mum, mum, mum, mum, mum]


def test_guests_who_order_on_one_device_are_people_by_their_emails() -> None:
    found = owners(
        [
            event("kiosk", 0, "product"),
            event("kiosk", 60, "purchased", order_id="#1"),
            event("kiosk", 120, "product"),
            event("kiosk", 180, "purchased", order_id="#2"),
            event("kiosk", 240, "purchased", order_id="#3"),  # names nobody, and ties nobody
            event("phone", 300, "purchased", order_id="#3"),
        ],
        order_rows=[order("#1", 60, email_hash="dad"), order("#2", 180, email_hash="mum"), order("#3", 240)],
    )
    assert found[:5] == ["email:dad", "email:dad", "email:mum", "email:mum", "email:mum"]
    assert found[5] == "anonymous:phone"


def test_accounts_with_one_email_are_one_person_on_one_device_too() -> None:
    found = owners(
        [
            event("tablet", 0, "product", customer_id="old"),
            event("tablet", DAY, "product", customer_id="new"),
            event("tablet", 2 * DAY, "product"),
        ],
        contacts=[{"contact_id": f"k-{name}", "customer_id": name, "email_hash": "e"} for name in ("old", "new")],
    )
    assert found == ["anonymous:tablet"] * 3


def test_an_email_without_a_customer_id_and_a_customer_id_without_an_email_are_one_person_if_nobody_else_is_there() -> (
    None
):
    alone: list[Row] = [event("phone", 0, "product", email_hash="e"), event("phone", DAY, "product", customer_id="c")]
    assert owners([*alone, event("phone", 2 * DAY, "product")]) == ["anonymous:phone"] * 3
    # With a second customer id, the address may be either's.
    assert owners([*alone, event("phone", DAY, "product", customer_id="d")]) == ["email:e", "customer:c", "customer:d"]
    # The customer has another address.
    found = owners(alone, contacts=[{"contact_id": "k", "customer_id": "c", "email_hash": "f"}])
    assert found == ["email:e", "contact:k"]


def test_two_devices_do_not_tie_two_accounts_by_a_chain() -> None:
    found = owners(
        [
            event("a", 0, "product", customer_id="c1"),
            event("a", 60, "product", email_hash="e"),
            event("b", 0, "product", email_hash="e"),
            event("b", 60, "product", customer_id="c2"),
        ]
    )
    assert found == ["customer:c1", "email:e", "email:e", "customer:c2"]


def test_each_account_keeps_its_retention_its_sessions_and_its_people() -> None:
    built = warehouse(
        events=[
            event("tablet", 0, "product"),
            event("tablet", 60, "purchased", customer_id="mum", order_id="#1"),
            event("tablet", 18 * DAY, "product"),
            event("tablet", 18 * DAY + 60, "purchased", customer_id="son", order_id="#2"),
            event("tablet", 30 * DAY, "product"),
            event("shop", 200 * DAY, "product"),
        ],
        order_rows=[order("#1", 60, customer_id="mum"), order("#2", 18 * DAY + 60, customer_id="son")],
        build=["metrics.kpis", "metrics.stitching_effect", "metrics.identity_knowledge", "journeys.people"],
        shop=settings(),
    )
    kept = "select max(numerator), max(denominator) from metrics.kpis where kpi = 'retention'"
    assert rows(built, kept) == [(0, 2)]
    sessions = "select touchpoint_count, order_count from journeys.sessions order by started_at"
    assert rows(built, sessions) == [(2, 1), (2, 1), (1, 0), (1, 0)]
    assert rows(built, "select count(*), sum(customer_id_count) from journeys.people") == [(4, 2)]
    # Without stitching: the tablet by itself, and two customers.
    assert rows(built, "select view, person_count, session_count from metrics.stitching_effect order by view") == [
        ("with stitching", 4, 4),
        ("without stitching", 4, 6),
    ]
    # At once, because of the login in it: two sessions; the two of nobody never.
    knowledge = (
        "select known_session_count, later_session_count, never_session_count, later_touchpoint_count "
        "from metrics.identity_knowledge where month_on is null"
    )
    assert rows(built, knowledge) == [(2, 0, 2, 2)]


@pytest.mark.parametrize("marked", ["mum", None])
def test_a_bots_mark_is_that_of_the_one_whose_visit_it_was(marked: str | None) -> None:
    built = warehouse(
        events=[
            event("tablet", 0, "product", is_bot=marked is None),
            event("tablet", 60, "product", customer_id="mum", is_bot=marked == "mum"),
            event("tablet", DAY, "product", customer_id="son"),
        ],
        build=["journeys.screened_people"],
    )
    query = "select identifier from journeys.screened_people join journeys.identities using (person_id)"
    assert rows(built, query) == [("customer:mum",)]


def test_whoever_is_forgotten_takes_along_what_was_theirs_on_a_device_of_several_people(tmp_path: Path) -> None:
    (tmp_path / "web.jsonl").write_text(
        "".join(
            json.dumps(
                {"type": "track", "event": "product", "messageId": name, "anonymousId": "tablet", "userId": who}
                | {"timestamp": f"2026-03-0{day}T09:0{minute}:00Z"}
            )
            + "\n"
            for name, day, minute, who in [
                ("m1", 2, 0, None), ("m2", 2, 1, "mum"), ("s1", 3, 0, None), ("s2", 3, 1, "son"), ("n", 4, 0, None)
            ]
        )
    )  # fmt: skip
    project = Project(tmp_path / "journey.yaml", settings(), tmp_path, tmp_path)
    load(project)
    done = forget_people(project, [("customer", "mum")])
    assert done.rows["raw.events"] == 2
    assert query(project, "select event_id from raw.events order by 1") == [("n",), ("s1",), ("s2",)]

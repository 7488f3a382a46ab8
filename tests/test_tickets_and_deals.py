"""Tickets and deals: given these rows of a help desk or CRM, then these people, touchpoints and journeys."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from given import Row, answer, at, event, order, rows, settings, warehouse

from parcours.engine.checks import run_check
from parcours.tables.expectations import SUITES, suite_check

HOUR, DAY = 3600.0, 86400.0
BUILD = ["journeys.journeys", "journeys.people"]


def ticket(ticket_id: str, opened: float, **more: Any) -> Row:
    """A ticket opened at an instant."""
    return {"ticket_id": ticket_id, "created_at": at(opened), **more}


def deal(deal_id: str, opened: float | None, **more: Any) -> Row:
    """A deal opened at an instant."""
    return {"deal_id": deal_id, "created_at": None if opened is None else at(opened), **more}


def touchpoints(built: duckdb.DuckDBPyConnection, columns: str) -> list[tuple[Any, ...]]:
    """The touchpoints of tickets and deals, in order."""
    return rows(
        built,
        f"select {columns} from journeys.touchpoints where source in ('tickets', 'deals') "
        "order by occurred_at, touchpoint_id",
    )


def groups(built: duckdb.DuckDBPyConnection) -> set[frozenset[str]]:
    """The identifiers of each person."""
    found: dict[str, set[str]] = {}
    for identifier, person in rows(built, "select identifier, person_id from journeys.identities"):
        found.setdefault(person, set()).add(identifier)
    return {frozenset(identifiers) for identifiers in found.values()}


def test_a_ticket_is_opened_and_solved_off_the_site() -> None:
    built = warehouse(
        tickets=[ticket("t1", 0, solved_at=at(HOUR), email_hash="e1"), ticket("t2", 2 * HOUR, email_hash="e1")],
        build=BUILD,
    )
    assert touchpoints(built, "touchpoint_id, event_name, occurred_at, channel, is_on_site, session_id") == [
        ("ticket:t1:ticket opened", "ticket opened", at(0), "support", False, None),
        ("ticket:t1:ticket solved", "ticket solved", at(HOUR), "support", False, None),
        ("ticket:t2:ticket opened", "ticket opened", at(2 * HOUR), "support", False, None),
    ]
    assert rows(built, "select count(*) from journeys.sessions") == [(0,)]


def test_a_deal_is_opened_and_won_or_lost_and_a_close_date_alone_says_neither() -> None:
    built = warehouse(
        deals=[
            deal("d1", 0, closed_at=at(DAY), is_won=True, amount=100, currency="EUR", email_hash="e1"),
            deal("d2", 10, closed_at=at(2 * DAY), is_won=False, amount=50, currency="USD", email_hash="e1"),
            deal("d3", 20, closed_at=at(3 * DAY), email_hash="e1"),
            deal("d4", None, closed_at=at(4 * DAY), is_won=True, amount=7, email_hash="e1"),
        ],
        build=BUILD,
    )
    assert touchpoints(built, "event_name, occurred_at, channel, cast(value as double), is_on_site") == [
        ("deal opened", at(0), "sales", 100.0, False),
        ("deal opened", at(10), "sales", None, False),  # in another currency than the shop's
        ("deal opened", at(20), "sales", None, False),
        ("deal won", at(DAY), "sales", 100.0, False),
        ("deal lost", at(2 * DAY), "sales", None, False),
        ("deal won", at(4 * DAY), "sales", 7.0, False),
    ]
    assert rows(built, "select deal_id, closed_at from staging.deals where is_won is null") == [("d3", None)]


def test_tickets_and_deals_tie_contact_customer_and_email() -> None:
    built = warehouse(
        events=[event("phone", 0, "landing", customer_id="c1")],
        tickets=[ticket("t1", 60, contact_id="k1", customer_id="c1"), ticket("t2", 90, contact_id="k2")],
        deals=[deal("d1", 120, contact_id="k1", email_hash="e1"), deal("d2", 150, customer_id="c3", email_hash="e3")],
        build=BUILD,
    )
    assert groups(built) == {
        frozenset({"anonymous:phone", "customer:c1", "contact:k1", "email:e1"}),
        frozenset({"contact:k2"}),  # nobody else has it: a person of its own
        frozenset({"customer:c3", "email:e3"}),
    }
    assert rows(built, "select count(distinct person_id) from journeys.touchpoints") == [(3,)]


def test_a_ticket_that_names_only_an_order_is_its_persons() -> None:
    built = warehouse(
        order_rows=[order("#1", 0, order_reference="ref-1", email_hash="e1")],
        tickets=[
            ticket("t1", DAY, order_id="#1"),
            ticket("t2", DAY, order_id="ref-1"),
            ticket("t3", DAY, order_id="?"),
        ],
        build=BUILD,
    )
    assert groups(built) == {frozenset({"order:#1", "email:e1"})}
    found = touchpoints(built, "touchpoint_id, order_id, person_id = (select person_id from journeys.people)")
    assert found == [("ticket:t1:ticket opened", "#1", True), ("ticket:t2:ticket opened", "#1", True)]


def test_a_ticket_about_somebody_elses_order_ties_nobody_and_goes_with_the_order() -> None:
    """Who asks about an order need not be who placed it."""
    built = warehouse(
        order_rows=[order("#1", 0, email_hash="e1")],
        tickets=[ticket("t1", DAY, order_id="#1", email_hash="e2")],
        build=BUILD,
    )
    assert groups(built) == {frozenset({"order:#1", "email:e1"}), frozenset({"email:e2"})}
    owner = rows(built, "select person_id from journeys.identities where identifier = 'order:#1'")
    assert touchpoints(built, "person_id") == owner


@pytest.mark.parametrize("blocked", ["0", "unknown", "", None])
def test_blocked_values_of_tickets_and_deals_are_nobody(blocked: str | None) -> None:
    built = warehouse(
        tickets=[ticket("t1", 0, contact_id=blocked, email_hash=blocked)],
        deals=[deal("d1", 0, customer_id=blocked)],
        build=BUILD,
    )
    assert groups(built) == set()
    assert touchpoints(built, "touchpoint_id") == []


@pytest.mark.parametrize("kind", ["tickets", "deals"])
def test_an_agency_that_writes_for_many_customers_ties_nobody(kind: str) -> None:
    written = [{"contact_id": "agency", "customer_id": f"c{i}"} for i in range(11)]
    given: dict[str, Any] = {
        "tickets": [ticket(f"t{i}", i, **who) for i, who in enumerate(written)],
        "deals": [deal(f"d{i}", i, **who) for i, who in enumerate(written)],
    }
    built = warehouse(**{kind: given[kind]}, build=BUILD)
    assert rows(built, "select count(*) from journeys.people") == [(12,)]
    assert rows(
        built,
        "select evidence, is_used, count(*) from journeys.identity_evidence "
        "where other_identifier is not null group by all",
    ) == [(kind.removesuffix("s"), False, 11)]


def test_the_newest_state_stands_and_a_deleted_ticket_or_deal_is_gone() -> None:
    tickets = [
        ticket("t1", 0, status="closed", solved_at=at(DAY), source_updated_at=at(DAY), email_hash="e1"),
        ticket("t1", 0, status="open", source_updated_at=at(HOUR), email_hash="e1"),
        ticket("t2", 0, status="open", source_updated_at=at(HOUR), email_hash="spam"),
        ticket("t2", 0, status="Deleted", source_updated_at=at(DAY), email_hash="spam"),
    ]
    deals = [
        deal("d1", 0, stage="closedwon", is_won=True, closed_at=at(DAY), source_updated_at=at(DAY)),
        deal("d1", 0, stage="closedlost", is_won=False, closed_at=at(HOUR), source_updated_at=at(HOUR)),
        deal("d2", 0, stage="deleted", source_updated_at=at(DAY), email_hash="spam"),
    ]
    for turned in (1, -1):
        built = warehouse(tickets=tickets[::turned], deals=deals[::turned], build=BUILD)
        assert rows(built, "select ticket_id, status, solved_at from staging.tickets") == [("t1", "closed", at(DAY))]
        assert rows(built, "select deal_id, stage, is_won, closed_at from staging.deals") == [
            ("d1", "closedwon", True, at(DAY))
        ]
        assert groups(built) == {frozenset({"email:e1"})}


def test_a_journey_opened_by_a_ticket_is_support_whatever_its_rule() -> None:
    for stage in (None, "support", "discovery"):
        rule = {"touchpoint": "ticket", "source": "tickets", "event": "ticket opened"} | (
            {"stage": stage} if stage else {}
        )
        built = warehouse(
            events=[event("phone", HOUR, "landing", customer_id="c1"), event("laptop", 0, "landing", customer_id="c2")],
            tickets=[ticket("t1", 0, customer_id="c1"), ticket("t2", HOUR, customer_id="c2")],
            shop=settings(touchpoints=[rule, {"touchpoint": "landing", "event": "landing", "stage": "discovery"}]),
            build=BUILD,
        )
        # c1 came for help and looked around; c2 looked around and then asked.
        assert rows(built, "select journey_type, touchpoint_count from journeys.journeys order by all") == [
            ("support", 2),
            ("usage", 2),
        ]


def test_a_purchase_after_a_ticket_makes_it_a_purchase_journey() -> None:
    built = warehouse(
        tickets=[ticket("t1", 0, customer_id="c1")], order_rows=[order("#1", DAY, customer_id="c1")], build=BUILD
    )
    assert rows(built, "select journey_type, touchpoint_count from journeys.journeys") == [("first purchase", 2)]


def test_a_ticket_about_an_order_belongs_to_its_journey_however_late() -> None:
    built = warehouse(
        order_rows=[order("#1", 0, customer_id="c1")],
        tickets=[ticket("t1", 90 * DAY, order_id="#1", solved_at=at(91 * DAY))],
        build=BUILD,
    )
    found = rows(built, "select journey_type, touchpoint_count, last_contact_at from journeys.journeys")
    assert found == [("first purchase", 3, at(0))]


def test_opening_a_ticket_breaks_the_silence_and_solving_it_or_a_deal_does_not() -> None:
    built = warehouse(
        events=[event("phone", 0, "landing", customer_id="c1")],
        tickets=[ticket("t1", 40 * DAY, customer_id="c1", solved_at=at(80 * DAY))],
        deals=[deal("d1", 120 * DAY, customer_id="c1"), deal("d2", 0, customer_id="c2")],
        build=BUILD,
    )
    found = rows(
        built,
        "select journey_number, journey_type, touchpoint_count, last_contact_at from journeys.journeys order by all",
    )
    assert found == [(1, "usage", 1, at(0)), (2, "support", 3, at(40 * DAY))]


def test_a_survey_after_a_ticket_is_attached_to_it() -> None:
    rule = {"touchpoint": "ticket", "source": "tickets", "stage": "support"}
    built = warehouse(
        tickets=[ticket("t1", 0, customer_id="c1")],
        feedback=[answer("a1", DAY, 5, customer_id="c1")],
        shop=settings(touchpoints=[rule]),
        build=["journeys.survey_answers"],
    )
    assert rows(built, "select touchpoint_id, stage from journeys.survey_answers") == [
        ("ticket:t1:ticket opened", "support")
    ]


@pytest.mark.parametrize(("tickets", "stages"), [((), []), ((ticket("t1", 0, customer_id="c1"),), ["support"])])
def test_a_stage_of_tickets_is_measured_where_tickets_are_loaded(tickets: Any, stages: list[str]) -> None:
    rule = {"touchpoint": "ticket", "source": "tickets", "stage": "support"}
    built = warehouse(tickets=tickets, shop=settings(touchpoints=[rule]), build=["metrics.measured_stages"])
    assert [stage for (stage,) in rows(built, "select stage from metrics.measured_stages")] == stages


def test_the_suites_of_tickets_and_deals_refuse_a_plain_address() -> None:
    hashed = "0" * 64
    built = warehouse(
        tickets=[ticket("t1", 0, email_hash=hashed)],
        deals=[deal("d1", 0, email_hash=hashed)],
        build=["staging.tickets", "staging.deals"],
    )
    for table in ("staging.tickets", "staging.deals"):
        assert run_check(built, suite_check(SUITES[table])).samples == []
        built.execute(f"update {table} set email_hash = 'ann@example.com'")
        assert len(run_check(built, suite_check(SUITES[table])).samples) == 1

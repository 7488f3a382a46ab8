"""Touchpoints: one per contact, from every source, with its channel, in a defined order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from format_shops import built, shop_reading
from given import Row, answer, at, event, order, rows, settings, warehouse
from shops import load

TOUCHPOINTS = ["journeys.touchpoints"]


def touchpoints(columns: str, **given: Any) -> list[tuple[Any, ...]]:
    """Columns of the touchpoints of these rows, in the order of time."""
    made = warehouse(build=TOUCHPOINTS, **given)
    return rows(made, f"select {columns} from journeys.touchpoints order by occurred_at, touchpoint_id")


def test_every_state_of_an_order_with_an_instant_is_a_touchpoint() -> None:
    instants = {"paid_at": at(20), "shipped_at": at(30), "delivered_at": at(40), "returned_at": at(50)}
    told = order("#1", 10, value=30, customer_id="c1", **instants, refunded_at=at(60), refunded=15)
    found = touchpoints("touchpoint_id, event_name, occurred_at, channel, source, order_id, value", order_rows=[told])
    assert [(*row[:6], None if row[6] is None else float(row[6])) for row in found] == [
        ("order:#1:order placed", "order placed", at(10), "order", "orders", "#1", 15.0),
        ("order:#1:order paid", "order paid", at(20), "order", "orders", "#1", 15.0),
        ("order:#1:order shipped", "order shipped", at(30), "order", "orders", "#1", 15.0),
        ("order:#1:order delivered", "order delivered", at(40), "order", "orders", "#1", 15.0),
        ("order:#1:order returned", "order returned", at(50), "order", "orders", "#1", None),
        ("order:#1:order refunded", "order refunded", at(60), "order", "orders", "#1", 15.0),
    ]


def test_a_refund_of_an_unknown_time_is_no_touchpoint() -> None:
    orders = [order("#1", 10, refunded=10, status="refunded", source_updated_at=at(99))]
    assert touchpoints("event_name", order_rows=orders) == [("order placed",)]


def test_refunded_and_returned_orders_are_undone_in_their_journey() -> None:
    orders = [order("#1", 10, customer_id="c1", refunded_at=at(60), refunded=10, returned_at=at(50))]
    made = warehouse(order_rows=orders, build=["journeys.journeys"])
    query = (
        "select journey_type, order_count, undone_order_count, touchpoint_count, last_contact_at from journeys.journeys"
    )
    assert rows(made, query) == [("first purchase", 1, 1, 3, at(10))]


def test_tickets_deals_and_answers_are_touchpoints_of_their_channels() -> None:
    found = touchpoints(
        "source, event_name, channel, is_on_site, touchpoint_id",
        tickets=[{"ticket_id": "t1", "created_at": at(1), "solved_at": at(2), "customer_id": "c1"}],
        deals=[{"deal_id": "d1", "created_at": at(3), "closed_at": at(4), "is_won": True, "customer_id": "c1"}],
        feedback=[answer("a1", 6, 5, asked_at=at(5), customer_id="c1")],
    )
    assert found == [
        ("tickets", "ticket opened", "support", False, "ticket:t1:ticket opened"),
        ("tickets", "ticket solved", "support", False, "ticket:t1:ticket solved"),
        ("deals", "deal opened", "sales", False, "deal:d1:deal opened"),
        ("deals", "deal won", "sales", False, "deal:d1:deal won"),
        ("invitations", "survey asked", "survey", False, "invitation:a1"),
        ("feedback", "review", "survey", False, "answer:a1"),
    ]


CHANNELS: list[tuple[Row, str]] = [
    ({}, "direct"),
    ({"campaign_medium": "cpc", "campaign_source": "google"}, "paid search"),
    ({"campaign_medium": "Email"}, "e-mail"),
    ({"campaign_medium": "newsletter", "referrer_host": "www.google.com"}, "e-mail"),
    ({"campaign_medium": "paid_social"}, "social"),
    ({"campaign_medium": "affiliate"}, "affiliate"),
    ({"campaign_source": "partner"}, "other campaign"),
    ({"referrer_host": "www.google.fr"}, "organic search"),
    ({"referrer_host": "l.instagram.com"}, "social"),
    ({"referrer_host": "blog.example.org"}, "referral"),
    # AI assistants; what was paid for, or sent, is that first.
    ({"campaign_source": "chatgpt.com"}, "AI assistant"),
    ({"campaign_source": "Perplexity", "campaign_medium": "referral"}, "AI assistant"),
    ({"campaign_source": "chatgpt", "campaign_medium": "cpc"}, "paid search"),
    ({"campaign_source": "other", "campaign_medium": "ai-assistant"}, "AI assistant"),
    ({"referrer_host": "chat.openai.com"}, "AI assistant"),
    ({"referrer_host": "www.perplexity.ai"}, "AI assistant"),
    ({"referrer_host": "copilot.microsoft.com"}, "AI assistant"),
    ({"referrer_host": "m365.cloud.microsoft"}, "AI assistant"),
    ({"referrer_host": "com.openai.chatgpt"}, "AI assistant"),
    ({"referrer_host": "com.example.news"}, "referral"),
    ({"referrer_host": "gemini.google.com"}, "AI assistant"),
    ({"referrer_host": "claude.ai"}, "AI assistant"),
    ({"referrer_host": "chat.deepseek.com"}, "AI assistant"),
    ({"referrer_host": "chat.mistral.ai"}, "AI assistant"),
    ({"referrer_host": "chatgpt.com", "campaign_source": "partner"}, "other campaign"),
    ({"referrer_host": "notchatgpt.com"}, "referral"),
    ({"referrer_host": "www.microsoft.com"}, "referral"),
    ({"campaign_source": "claudette"}, "other campaign"),
    # No person caused these.
    ({"event_name": "Email Sent", "is_person_caused": False}, "e-mail"),
    ({"event_name": "newsletter_delivered", "is_person_caused": False}, "e-mail"),
    ({"event_name": "sent reminder e-mail", "is_person_caused": False}, "e-mail"),
    ({"event_name": "email changed", "is_person_caused": False}, "shop"),
    ({"event_name": "Order Refunded", "is_person_caused": False, "order_id": "#1"}, "order"),
    ({"event_name": "Order Refunded", "is_person_caused": False, "order_id": "unknown order"}, "shop"),
    # A person's own deed is no sending, whatever it is called.
    ({"event_name": "email sent to a friend"}, "direct"),
]


def test_the_channel_of_an_event_is_by_rule() -> None:
    events = [{**event(f"d{i}", i, "landing"), **given} for i, (given, _) in enumerate(CHANNELS)]
    made = warehouse(events=events, order_rows=[order("#1", 1000)], build=TOUCHPOINTS)
    found = rows(made, "select channel from journeys.touchpoints where source = 'events' order by occurred_at")
    assert [channel for (channel,) in found] == [channel for _, channel in CHANNELS]


def test_what_says_nothing_of_where_it_came_from_has_its_sessions_channel() -> None:
    events = [
        event("u", 0, "landing", campaign_medium="social", campaign_source="x"),
        event("u", 5, "product"),
        event("u", 9, "checkout", referrer_host="payments.example"),
        event("u", 12, "purchased"),
        event("u", 90_000, "landing"),
    ]
    built = warehouse(events=events, build=["journeys.sessions"])
    assert rows(built, "select channel from journeys.touchpoints order by occurred_at") == [
        ("social",),
        ("social",),
        ("referral",),
        ("social",),
        ("direct",),
    ]
    assert rows(built, "select channel from journeys.sessions order by started_at") == [("social",), ("direct",)]


def test_an_order_of_a_till_was_placed_in_the_store() -> None:
    till: Row = {"customer_id": "c1", "sales_channel": "till", "paid_at": at(10), "delivered_at": at(20)}
    found = touchpoints("event_name, channel", order_rows=[order("#1", 0, **till), order("#2", 30)])
    assert found == [
        ("order placed", "store"),
        ("order paid", "order"),
        ("order delivered", "order"),
        ("order placed", "order"),
    ]


def test_an_e_mail_sent_is_off_the_site_and_opens_no_session() -> None:
    events = [event("d1", 0, "landing"), event("d1", 7200, "Email Sent", is_person_caused=False)]
    found = touchpoints("event_name, channel, is_on_site, session_id is null", events=events)
    assert found == [("landing", "direct", True, False), ("Email Sent", "e-mail", False, True)]


ASKED: Row = {"customer_id": "c1", "asked_at": at(86400 * 40)}


def test_an_invitation_is_no_contact_of_the_person_and_no_answer() -> None:
    """It neither begins a journey nor breaks a silence; the answer to it does."""
    unanswered: Row = {**answer("a1", 0, 5), **ASKED, "answered_at": None, "score": None}
    made = warehouse(
        events=[event("d1", 0, "landing", customer_id="c1")], feedback=[unanswered], build=["journeys.journeys"]
    )
    query = "select journey_number, touchpoint_count, answer_count, last_contact_at from journeys.journeys order by 1"
    assert rows(made, query) == [(1, 2, 0, at(0))]
    answered = answer("a1", 86400 * 41, 5, **ASKED)
    made = warehouse(
        events=[event("d1", 0, "landing", customer_id="c1")], feedback=[answered], build=["journeys.journeys"]
    )
    assert rows(made, query) == [(1, 2, 0, at(0)), (2, 1, 1, at(86400 * 41))]


def test_an_answer_is_not_attached_to_its_own_invitation() -> None:
    made = warehouse(
        events=[event("d1", 0, "product", customer_id="c1")],
        feedback=[answer("a1", 30, 5, customer_id="c1", asked_at=at(20))],
        build=["journeys.survey_answers"],
    )
    assert rows(made, "select attached_to, touchpoint_id from journeys.survey_answers") == [
        ("touchpoint", "event:e000000")
    ]


def test_a_rule_names_invitations_without_naming_answers() -> None:
    rules = [{"touchpoint": "survey sent", "source": "invitations"}, {"touchpoint": "review", "source": "feedback"}]
    product = {"touchpoint": "product", "event": "product", "stage": "consideration"}
    shop = settings(
        touchpoints=[*rules, product], funnels=[{"id": "f", "name": "F", "steps": [{"touchpoint": "product"}]}]
    )
    found = touchpoints("touchpoint", feedback=[answer("a1", 30, 5, customer_id="c", asked_at=at(20))], shop=shop)
    assert found == [("survey sent",), ("review",)]


def test_ids_of_invitations_and_answers_cannot_meet() -> None:
    feedback = [answer("1", 2, 5, customer_id="c", asked_at=at(1)), answer("1:survey asked", 4, 5, customer_id="c")]
    found = touchpoints("touchpoint_id", feedback=feedback)
    assert found == [("invitation:1",), ("answer:1",), ("answer:1:survey asked",)]


def test_simultaneous_touchpoints_stand_by_sequence_then_by_id() -> None:
    given = [("b", 2), ("a", 3), ("z", 1), ("d", None), ("c", None)]
    events = [event("d1", 0, "landing", event_id=name, sequence=number, url_path=name) for name, number in given]
    made = warehouse(events=events, build=["journeys.sessions"])
    assert rows(made, "select landing_path, exit_path from journeys.sessions") == [("z", "d")]


SHOPIFY = (
    "Name,Email,Financial Status,Created at,Lineitem quantity,Lineitem name,Lineitem price,Total,Note Attributes,"
    "Refunded Amount,Source\n"
)


def test_shopify_says_when_in_its_note_attributes_and_where_in_its_source(tmp_path: Path) -> None:
    notes = "returned_at: 2026-07-05 10:00:00 +0200; refunded_at: 2026-07-06 10:00:00 +0200"
    text = SHOPIFY
    text += f"#1,a@example.com,refunded,2026-07-01 10:00:00 +0200,1,Mug,15.00,15.00,{notes},15.00,pos\n"
    text += "#2,b@example.com,refunded,2026-07-01 11:00:00 +0200,1,Mug,15.00,15.00,,15.00,web\n"
    project = shop_reading(tmp_path, "shopify_orders")
    (project.exports_folder / "orders.csv").write_text(text, encoding="utf-8")
    load(project)
    found = built(
        project,
        "select order_id, strftime(refunded_at, '%d %H:%M'), strftime(returned_at, '%d %H:%M'), sales_channel, "
        "is_fully_refunded from staging.orders order by 1",
        ["staging.orders"],
    )
    assert found == [("#1", "06 08:00", "05 08:00", "till", True), ("#2", None, None, "web", True)]

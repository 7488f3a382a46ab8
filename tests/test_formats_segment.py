"""Segment and RudderStack: the e-commerce events, what a checkout says, and who is no person."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from format_shops import built, shop_reading
from shops import load

from parcours.project import Project


def calls(records: Sequence[Mapping[str, Any]]) -> str:
    """Segment calls, a line each."""
    head = {"type": "track", "anonymousId": "a1", "timestamp": "2026-07-01T08:00:00Z"}
    return "".join(json.dumps({"messageId": f"m{i}", **head, **record}) + "\n" for i, record in enumerate(records))


def calling(folder: Path, text: str) -> Project:
    """A shop whose click-stream is these calls."""
    project = shop_reading(folder, "segment")
    (project.exports_folder / "calls.jsonl").write_text(text, encoding="utf-8")
    return project


ECOMMERCE = [
    "Products Searched",
    "Product List Viewed",
    "Product List Filtered",
    "Promotion Viewed",
    "Promotion Clicked",
    "Product Clicked",
    "Product Viewed",
    "Product Added",
    "Product Removed",
    "Cart Viewed",
    "Checkout Started",
    "Checkout Step Viewed",
    "Checkout Step Completed",
    "Payment Info Entered",
    "Order Completed",
    "Order Updated",
    "Order Refunded",
    "Order Cancelled",
    "Coupon Entered",
    "Coupon Applied",
    "Coupon Denied",
    "Coupon Removed",
    "Product Added to Wishlist",
    "Product Removed from Wishlist",
    "Wishlist Product Added to Cart",
    "Product Shared",
    "Cart Shared",
    "Product Reviewed",
]


@pytest.mark.parametrize("channel", [None, "web"])  # RudderStack says the channel, Segment does not
def test_all_names_of_the_ecommerce_specification_are_kept(tmp_path: Path, channel: str | None) -> None:
    more = {"channel": channel, "originalTimestamp": "2026-07-01T07:00:00Z"} if channel else {}
    text = calls([{"event": name, "properties": {}, **more} for name in ECOMMERCE])
    project = calling(tmp_path, text)
    (found,) = load(project)
    assert (found.rows_loaded, found.rows_rejected) == (28, 0)
    kept = built(
        project,
        "select event_name, is_person_caused, is_bot, occurred_at from staging.events order by len(event_id), event_id",
        ["staging.events"],
    )
    assert [name for name, *_ in kept] == ECOMMERCE
    assert {name for name, by_person, *_ in kept if not by_person} == {
        "Order Updated",
        "Order Refunded",
        "Order Cancelled",
    }
    assert {(is_bot, at) for _, _, is_bot, at in kept} == {(False, datetime(2026, 7, 1, 8))}


def test_what_a_checkout_says_is_read(tmp_path: Path) -> None:
    one = {"product_id": "p1", "sku": "S1", "quantity": 2, "price": 9.5}
    two = {"sku": "S2", "price": 19}
    given: list[tuple[str, dict[str, Any], tuple[Any, ...]]] = [
        # event, its properties, then product, quantity, price, value, shipping, coupon, payment method, order
        (
            "Order Completed",
            {"order_id": "o1", "revenue": 19, "total": 24, "shipping": "4.90", "coupon": "MAY", "products": [one]},
            ("p1", 2.0, 9.5, 19.0, 4.9, "MAY", None, "o1"),
        ),
        ("Order Completed", {"total": 38, "products": [one, two]}, (None, 3.0, None, 38.0, None, None, None, None)),
        ("Cart Viewed", {"products": []}, (None,) * 8),
        ("Product Viewed", {"sku": "S2", "products": [one]}, ("S2", 2.0, 9.5, 19.0, None, None, None, None)),
        (
            "Checkout Step Completed",
            {"payment_method": "card", "shipping_method": "post"},
            (None, None, None, None, None, None, "card", None),
        ),
        ("Payment Info Entered", {"payment_method": "PayPal"}, (None, None, None, None, None, None, "PayPal", None)),
        (
            "Coupon Applied",
            {"coupon_id": "may", "coupon_name": "May", "order_id": "o2"},
            (None, None, None, None, None, "may", None, "o2"),
        ),
    ]
    project = calling(tmp_path, calls([{"event": name, "properties": p} for name, p, _ in given]))
    load(project)
    found = built(
        project,
        "select product_id, quantity, cast(price as double), cast(value as double), cast(shipping as double), coupon, "
        "payment_method, order_id from staging.events order by event_id",
        ["staging.events"],
    )
    assert found == [expected for *_, expected in given]


@pytest.mark.parametrize(
    ("agent", "is_bot"),
    [
        ("Mozilla/5.0 (compatible; Googlebot/2.1)", True),
        ("Mozilla/5.0 AppleWebKit HeadlessChrome/120.0", True),
        ("SomeCrawler/1.0", True),
        ("Baiduspider", True),
        (
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
            True,
        ),
        ("Mozilla/5.0 (compatible; ClaudeBot/1.0; +claudebot@anthropic.com)", True),
        ("Mozilla/5.0 (compatible; ChatGPT-User/1.0; +https://openai.com/bot)", False),
        ("Mozilla/5.0 (compatible; Perplexity-User/1.0; +https://perplexity.ai/perplexity-user)", False),
        ("Mozilla/5.0 (Linux; Android 13; CUBOT X70) Chrome/120.0 Mobile", False),
        ("Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0", False),
        (None, False),
    ],
)
def test_a_user_agent_may_say_that_nobody_did_it(tmp_path: Path, agent: str | None, is_bot: bool) -> None:
    project = calling(tmp_path, calls([{"event": "Product Viewed", "context": {"userAgent": agent}}]))
    load(project)
    assert built(project, "select is_bot from staging.events", ["staging.events"]) == [(is_bot,)]


def test_an_agent_that_acts_for_a_person_visits_and_a_crawler_does_not(tmp_path: Path) -> None:
    agents = [
        ("d1", "Mozilla/5.0 (compatible; ChatGPT-User/1.0; +https://openai.com/bot)"),
        ("d2", "Mozilla/5.0 (compatible; OAI-SearchBot/1.3; +https://openai.com/searchbot)"),
        ("d3", "Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0"),
    ]
    given = [{"event": "Product Viewed", "anonymousId": who, "context": {"userAgent": said}} for who, said in agents]
    project = calling(tmp_path, calls(given))
    load(project)
    sessions = "select agent from journeys.sessions order by agent nulls last"
    assert built(project, sessions, ["journeys.sessions"]) == [("ChatGPT-User",), (None,)]

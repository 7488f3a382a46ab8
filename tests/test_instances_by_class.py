"""What the exports say, class by class: two tiny shops of each, from their files to the figure, worked out by hand.

A shop is a few rows in a published format and what its journey.yaml says beside the usual stages. Each comment says how
its figure comes about.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from given import KEY, not_worth_it, rows

from parcours.loading.load import load_exports
from parcours.loading.settings_tables import write_settings
from parcours.project import load_project
from parcours.tables.catalogue import build_all
from parcours.warehouse.connection import prepare

TOUCHPOINTS = [
    {"touchpoint": "page", "event": ["Page", "page_view", "$pageview"], "stage": "discovery", "action": "view"},
    {"touchpoint": "add", "event": ["Product Added", "add_to_cart"], "stage": "cart", "action": "add_to_cart"},
    {"touchpoint": "remove", "event": "remove_from_cart", "stage": "cart", "action": "remove_from_cart"},
    {"touchpoint": "checkout", "event": "Checkout Started", "stage": "checkout", "action": "checkout"},
    {"touchpoint": "bought", "event": ["Order Completed", "purchase"], "stage": "purchase", "action": "purchase"},
    {"touchpoint": "order placed", "source": "orders", "event": "order placed", "stage": "purchase"},
]
SHOPIFY = (
    "Name,Email,Financial Status,Currency,Subtotal,Shipping,Taxes,Total,Cancelled at,Created at,Lineitem quantity,"
    "Lineitem name,Lineitem price,Source\n"
)
WOOCOMMERCE = (
    "Order Number,Order Status,Order Date,Currency,Order Subtotal Amount,Order Shipping Amount,Order Total Tax Amount,"
    "Order Total Amount,Order Refund Amount,Order Shipping Amount Refunded,Item #,Item Name,Quantity,Item Cost\n"
)
DEALS = "id,pipeline,dealstage,amount,deal_currency_code,createdate,closedate,contact_id\n"
TRUSTPILOT = (
    "Review Id,Review Created (UTC),Review Consumer User Id,Review Title,Review Content,Review Stars,Source Of Review,"
    "Review Language,Domain Url,Webshop Name,Business Unit Id,Reference Id,Company Reply Date (UTC),Review Username,"
    "Review User Email\n"
)
CONVERSION = (
    "select numerator, denominator from metrics.conversion where way = 'sessions with an order / sessions'",
    ("metrics.conversion",),
)
CARTS = "select cast(cart_value as double) from journeys.carts order by opened_at"


@dataclass(frozen=True)
class Shop:
    """Files by `<export>.<ending>` with their formats and texts, what journey.yaml says beside, and what is asked."""

    files: Mapping[str, tuple[str, str]]
    right: list[tuple[Any, ...]]
    query: str
    tables: tuple[str, ...]
    sections: Mapping[str, Any] = field(default_factory=dict)
    exports: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def write_shop(folder: Path, shop: Shop) -> Path:
    """Its exports and its journey.yaml, whose path is returned."""
    (folder / "exports").mkdir(parents=True)
    files = []
    for path, (format_name, text) in shop.files.items():
        if format_name:
            (folder / "exports" / path).write_text(text, encoding="utf-8")
            name = path.split(".")[0]
            files.append({"name": name, "path": path, "format": format_name, **shop.exports.get(name, {})})
        else:
            (folder / path).write_text(text, encoding="utf-8")
    stages = ["discovery", "cart", "checkout", "purchase"]
    journey = {
        "shop": {"name": "Tea", "time_zone": "UTC", "currency": "EUR", "language": "en"},
        "exports": {"folder": "exports", "files": files},
        "stages": [{"id": stage, "label": stage.title()} for stage in stages],
        "touchpoints": TOUCHPOINTS,
        "funnels": [{"id": "buy", "name": "Buy", "steps": [{"touchpoint": "page"}, {"touchpoint": "add"}]}],
    }
    (folder / "journey.yaml").write_text(yaml.safe_dump(journey | dict(shop.sections)), encoding="utf-8")
    return folder / "journey.yaml"


def said(folder: Path, shop: Shop) -> list[tuple[Any, ...]]:
    """What a warehouse says of it, from its files on."""
    project = load_project(write_shop(folder, shop), folder / "exports", folder)
    with duckdb.connect(config={"threads": 1}) as connection:
        prepare(connection, KEY)
        connection.execute(f"set disabled_optimizers = '{not_worth_it()}'")
        write_settings(connection, project.settings)
        load_exports(connection, project)
        build_all(connection, project, shop.tables)
        return rows(connection, shop.query)


def segment(*calls: tuple[str, str, str, Mapping[str, Any], Mapping[str, Any]]) -> str:
    """Segment track calls: device, instant in 2026, event, properties, context."""
    return "".join(
        json.dumps(
            {
                "messageId": f"m{number}",
                "type": "track",
                "event": event,
                "anonymousId": device,
                "timestamp": f"2026-{when}:00Z",
                "properties": properties,
                "context": context,
            }
        )
        + "\n"
        for number, (device, when, event, properties, context) in enumerate(calls)
    )


def posthog(*events: tuple[str, str, str, Mapping[str, Any]]) -> str:
    """PostHog events: device, instant in 2026, event, properties."""
    return "".join(
        json.dumps(
            {
                "uuid": f"0197c0de-0000-7000-8000-{number:012d}",
                "event": event,
                "timestamp": f"2026-{when}:00+00:00",
                "distinct_id": device,
                "person_id": properties.get("person", f"person of {device}"),
                "properties": {"$lib": "web", "$device_id": device, **properties},
            }
        )
        + "\n"
        for number, (device, when, event, properties) in enumerate(events)
    )


def ga4(*events: tuple[str, int, str, Mapping[str, Any], list[tuple[str, int, float]]]) -> str:
    """GA4 events: device, seconds after 1 July 2026, event, fields, items (id, pieces, price)."""
    return "".join(
        json.dumps(
            {
                "event_date": "20260701",
                "event_name": event,
                "event_timestamp": str((1782864000 + seconds) * 1_000_000),
                "user_pseudo_id": device,
                "items": [{"item_id": i, "quantity": str(pieces), "price": price} for i, pieces, price in items],
                **fields,
            }
        )
        + "\n"
        for device, seconds, event, fields, items in events
    )


def of(email: str) -> dict[str, Any]:
    """The context of a call of somebody who is logged in."""
    return {"traits": {"email": email}}


SHOPS = {
    # #2 was authorized, and nobody took the money in time: one order of 40 and one of 30 are left.
    "1 status: an authorization that expired is no sale": Shop(
        {
            "orders.csv": (
                "shopify_orders",
                SHOPIFY
                + "#1,ana@example.com,paid,EUR,40.00,0.00,0.00,40.00,,2026-07-01 10:00:00 +0000,1,Tea,40.00,web\n"
                + "#2,ana@example.com,expired,EUR,60.00,0.00,0.00,60.00,,2026-07-05 10:00:00 +0000,1,Tea,60.00,web\n"
                + "#3,ben@example.com,paid,EUR,30.00,0.00,0.00,30.00,,2026-07-09 10:00:00 +0000,1,Tea,30.00,web\n",
            )
        },
        [(2, 70.0)],
        "select count(*), cast(sum(net_revenue) as double) from staging.orders",
        ("staging.orders",),
    ),
    # 100.00 of goods and 10.00 of shipping, without tax; the 10.00 that were given back are the shipping.
    "1 refunds: of the shipping alone": Shop(
        {
            "orders.csv": (
                "woocommerce_orders",
                WOOCOMMERCE + "1,completed,2026-07-01 10:00,EUR,100.00,10.00,0.00,110.00,10.00,10.00,1,Pot,1,100.00\n",
            )
        },
        [(100.0, 10.0)],
        "select cast(net_revenue as double), cast(refunded as double) from staging.orders",
        ("staging.orders",),
    ),
    # 12.50 and 1,350.00, as a spreadsheet of a German shop saves them.
    "2 dialects: a sep= line, semicolons and decimal commas": Shop(
        {
            "events.csv": (
                "rees46_events",
                "sep=;\r\nevent_time;event_type;product_id;category_id;category_code;brand;price;user_id;user_session\r\n"
                "2026-07-01 08:00:00 UTC;cart;p1;;;;12,50;u1;s1\r\n"
                "2026-07-01 08:01:00 UTC;cart;p2;;;;1.350,00;u1;s1\r\n",
            )
        },
        [(2, 1362.5)],
        "select count(*), cast(sum(price) as double) from raw.events",
        ("staging.events",),
    ),
    # #1 was cancelled before it was paid back: 40.00 of #2 are left. The time is as the API writes it, not the admin.
    "2 values: a time in another of the ways in which Shopify writes it": Shop(
        {
            "orders.csv": (
                "shopify_orders",
                SHOPIFY
                + "#1,ana@example.com,paid,EUR,80.00,0.00,0.00,80.00,2026-07-02T12:00:00+02:00,"
                + "2026-07-01 10:00:00 +0000,1,Tea,80.00,web\n"
                + "#2,ben@example.com,paid,EUR,40.00,0.00,0.00,40.00,,2026-07-01 11:00:00 +0000,1,Tea,40.00,web\n",
            )
        },
        [(1, 40.0)],
        "select count(*) filter (where is_cancelled), cast(sum(net_revenue) as double) from staging.orders",
        ("staging.orders",),
    ),
    # 100 EUR; what 500 USD are worth in euros nobody says.
    "3 currencies: what has no rate is in no sum": Shop(
        {
            "orders.csv": (
                "woocommerce_orders",
                WOOCOMMERCE
                + "1,completed,2026-07-01 10:00,EUR,100.00,0.00,0.00,100.00,,,1,Pot,1,100.00\n"
                + "2,completed,2026-07-01 11:00,USD,500.00,0.00,0.00,500.00,,,1,Pot,1,500.00\n",
            )
        },
        [(2, 100.0)],
        "select count(*), cast(sum(net_revenue) as double) from staging.orders",
        ("staging.orders",),
    ),
    # 20 GBP at 1.20, and on the next day at 1.10.
    "3 currencies: a cart is worth what its day's rate says": Shop(
        {
            "web.jsonl": (
                "posthog_events",
                posthog(
                    ("d1", "07-01T10:00", "Product Added", {"product_id": "p", "price": 20, "currency": "GBP"}),
                    ("d2", "07-02T10:00", "Product Added", {"product_id": "p", "price": 20, "currency": "GBP"}),
                ),
            ),
            "rates.csv": ("", "day,currency,rate\n2026-07-02,GBP,1.10\n"),
        },
        [(24.0,), (22.0,)],
        CARTS,
        ("journeys.carts",),
        {"currencies": {"rates": {"GBP": 1.2}, "file": "rates.csv"}},
    ),
    # Ana puts tea in her cart and orders by phone: her session and her cart end without one. Ben orders on the web.
    "4 channels: what staff entered closes no web cart": Shop(
        {
            "web.jsonl": (
                "segment",
                segment(
                    ("d1", "07-01T09:00", "Product Added", {"product_id": "p", "price": 9}, of("ana@example.com")),
                    ("d2", "07-01T10:00", "Page", {}, of("ben@example.com")),
                    ("d3", "08-20T10:00", "Page", {}, {}),
                ),
            ),
            "orders.csv": (
                "shopify_orders",
                SHOPIFY
                + "#1,ana@example.com,paid,EUR,9.00,0.00,0.00,9.00,,2026-07-01 15:00:00 +0000,1,Tea,9.00,"
                + "shopify_draft_order\n"
                + "#2,ben@example.com,paid,EUR,9.00,0.00,0.00,9.00,,2026-07-01 10:05:00 +0000,1,Tea,9.00,web\n"
                + "#3,yan@example.com,paid,EUR,9.00,0.00,0.00,9.00,,2026-08-20 11:00:00 +0000,1,Tea,9.00,web\n",
            ),
        },
        [("cart_abandonment", 1.0, 1), ("conversion", 1.0, 2)],
        "select kpi, cast(sum(numerator) as double), sum(denominator) from metrics.kpi_attempts "
        "where kpi in ('conversion', 'cart_abandonment') group by kpi order by kpi",
        ("metrics.kpi_attempts",),
    ),
    # #1 has its event; #2 was sold on eBay; of #3 no device was ever seen; #4 went to the checkout and never came back.
    "4 channels: each order without an event has its cause": Shop(
        {
            "web.jsonl": (
                "segment",
                segment(
                    ("d1", "07-01T09:00", "Page", {}, of("ana@example.com")),
                    ("d1", "07-01T09:05", "Order Completed", {"order_id": "#1", "revenue": 9}, of("ana@example.com")),
                    ("d4", "07-01T10:00", "Checkout Started", {}, of("cleo@example.com")),
                    ("d5", "07-01T20:00", "Page", {}, {}),
                ),
            ),
            "orders.csv": (
                "shopify_orders",
                SHOPIFY
                + "#1,ana@example.com,paid,EUR,9.00,0.00,0.00,9.00,,2026-07-01 09:05:00 +0000,1,Tea,9.00,web\n"
                + "#2,bob@example.com,paid,EUR,9.00,0.00,0.00,9.00,,2026-07-01 09:20:00 +0000,1,Tea,9.00,ebay\n"
                + "#4,cleo@example.com,paid,EUR,9.00,0.00,0.00,9.00,,2026-07-01 10:03:00 +0000,1,Tea,9.00,web\n"
                + "#3,dan@example.com,paid,EUR,9.00,0.00,0.00,9.00,,2026-07-01 11:00:00 +0000,1,Tea,9.00,web\n",
            ),
        },
        [(3, "#2: other channel, #3: device never seen, #4: payment redirect")],
        "select (select cast(sum(order_count) as bigint) from metrics.reconciliation), "
        "string_agg(order_id || ': ' || cause, ', ' order by order_id) from metrics.unmatched_orders",
        ("metrics.reconciliation", "metrics.unmatched_orders"),
    ),
    # 2 x 10 and 1 x 5 are put in, one of the tens is taken out.
    "5 items: of an event with several the one that is taken out leaves the cart": Shop(
        {
            "web.jsonl": (
                "ga4_bigquery",
                ga4(
                    ("d1", 0, "add_to_cart", {}, [("A", 2, 10.0), ("B", 1, 5.0)]),
                    ("d1", 60, "remove_from_cart", {}, [("A", 1, 10.0)]),
                ),
            )
        },
        [(15.0,)],
        CARTS,
        ("journeys.carts",),
    ),
    # 19.90 and three times 4.00.
    "5 items: a bundle put in at once": Shop(
        {
            "web.jsonl": (
                "posthog_events",
                posthog(
                    (
                        "d1",
                        "07-01T10:00",
                        "Product Added",
                        {
                            "products": [
                                {"product_id": "pot", "quantity": 1, "price": 19.9},
                                {"product_id": "tea", "quantity": 3, "price": 4},
                            ]
                        },
                    ),
                ),
            )
        },
        [(31.9,)],
        CARTS,
        ("journeys.carts",),
    ),
    # Of the two of 1 July one is won after nineteen days; thirty days are not over for the third.
    "6 deals alone: from the lead to the win": Shop(
        {
            "deals.csv": (
                "hubspot_deals",
                DEALS
                + "1,default,closedwon,100,EUR,2026-07-01T08:00:00Z,2026-07-20T08:00:00Z,51\n"
                + "2,default,appointmentscheduled,100,EUR,2026-07-01T08:00:00Z,,52\n"
                + "3,default,appointmentscheduled,100,EUR,2026-08-01T08:00:00Z,,53\n"
                + "4,default,closedlost,100,EUR,2026-08-05T08:00:00Z,2026-08-05T09:00:00Z,54\n",
            )
        },
        [(2, 1, 2)],
        "select matured_count, matured_won_count, open_count from metrics.lead_conversion where window_days = 30",
        ("metrics.lead_conversion",),
        {
            "touchpoints": [
                {"touchpoint": "lead", "source": "deals", "event": "deal created", "stage": "discovery"},
                {"touchpoint": "won", "source": "deals", "event": "deal won", "stage": "purchase"},
            ],
            "funnels": [{"id": "f", "name": "F", "steps": [{"touchpoint": "lead"}, {"touchpoint": "won"}]}],
        },
    ),
    # Whether the visitor of 1 July ordered nobody knows: orders are known from the 10th on. Ben did, cleo did not.
    "6 known from: a visit before the first order that is known has no outcome": Shop(
        {
            "web.jsonl": (
                "segment",
                segment(
                    ("d1", "07-01T09:00", "Page", {}, of("ana@example.com")),
                    ("d2", "07-10T09:00", "Page", {}, of("ben@example.com")),
                    ("d3", "07-10T10:00", "Page", {}, of("cleo@example.com")),
                    ("d4", "08-20T10:00", "Page", {}, {}),
                ),
            ),
            "orders.csv": (
                "shopify_orders",
                SHOPIFY
                + "#1,ben@example.com,paid,EUR,9.00,0.00,0.00,9.00,,2026-07-10 09:05:00 +0000,1,Tea,9.00,web\n"
                + "#2,yan@example.com,paid,EUR,9.00,0.00,0.00,9.00,,2026-08-20 11:00:00 +0000,1,Tea,9.00,web\n",
            ),
        },
        [(1, 2)],
        *CONVERSION,
    ),
    # Two of the three pages are of the plan for companies.
    "7 properties: a rule asks for one": Shop(
        {
            "web.jsonl": (
                "segment",
                segment(
                    ("d1", "07-01T09:00", "Page", {"plan": "company"}, {}),
                    ("d1", "07-01T09:01", "Page", {"plan": "company"}, {}),
                    ("d2", "07-01T10:00", "Page", {"plan": "home"}, {}),
                ),
            )
        },
        [("company page", 2), ("page", 1)],
        "select touchpoint, count(*) from journeys.touchpoints group by touchpoint order by touchpoint",
        ("journeys.touchpoints",),
        {
            "attributes": [{"id": "plan", "from": "properties.plan"}],
            "touchpoints": [
                {
                    "touchpoint": "company page",
                    "event": "Page",
                    "stage": "discovery",
                    "where": [{"attribute": "plan", "is": "company"}],
                },
                *TOUCHPOINTS,
            ],
        },
    ),
    # 45 minutes at the phone: one session of the tracker. Another id begins another, one minute later.
    "7 sessions: by the tracker's own ids": Shop(
        {
            "web.jsonl": (
                "posthog_events",
                posthog(
                    ("d1", "07-01T10:00", "$pageview", {"$session_id": "s1"}),
                    ("d1", "07-01T10:45", "$pageview", {"$session_id": "s1"}),
                    ("d1", "07-01T10:46", "$pageview", {"$session_id": "s2"}),
                ),
            )
        },
        [("10:00", 2), ("10:46", 1)],
        "select strftime(started_at, '%H:%M'), touchpoint_count from journeys.sessions order by 1",
        ("journeys.sessions",),
        {"sessions": {"cut_by": "tracker"}},
    ),
    # Two hosts of assistants, one said by the referrer and one by utm_source; bing.com itself is a search engine.
    "8 channels: AI assistants are one of their own": Shop(
        {
            "web.jsonl": (
                "ga4_bigquery",
                ga4(
                    (
                        "d1",
                        0,
                        "page_view",
                        {
                            "event_params": [
                                {"key": "page_referrer", "value": {"string_value": "https://claude.ai/chat/1"}}
                            ]
                        },
                        [],
                    ),
                    (
                        "d2",
                        60,
                        "page_view",
                        {"collected_traffic_source": {"manual_source": "copilot.com", "manual_medium": "referral"}},
                        [],
                    ),
                    (
                        "d3",
                        120,
                        "page_view",
                        {
                            "event_params": [
                                {"key": "page_referrer", "value": {"string_value": "https://www.bing.com/"}}
                            ]
                        },
                        [],
                    ),
                ),
            )
        },
        [("AI assistant", 2), ("organic search", 1)],
        "select channel, count(*) from journeys.sessions group by channel order by channel",
        ("journeys.sessions",),
    ),
    # One kiosk, two accounts, each with what was done before its login: no e-mail or customer id is in common.
    "8 identity: two accounts on one device are two people": Shop(
        {
            "web.jsonl": (
                "segment",
                segment(
                    ("kiosk", "07-01T09:00", "Page", {}, {}),
                    ("kiosk", "07-01T09:01", "Product Added", {"product_id": "p", "price": 9}, of("ana@example.com")),
                    ("kiosk", "07-02T09:00", "Page", {}, {}),
                    ("kiosk", "07-02T09:01", "Page", {}, {}),
                    ("kiosk", "07-02T09:02", "Product Added", {"product_id": "p", "price": 9}, of("ben@example.com")),
                ),
            )
        },
        [("01", 2), ("02", 3)],
        "select strftime(min(occurred_at), '%d'), count(*) from journeys.touchpoints group by person_id order by 1",
        ("journeys.touchpoints",),
    ),
    # Five stars and four are satisfied answers, one star is none.
    "9 formats: reviews of Trustpilot are answers": Shop(
        {
            "reviews.csv": (
                "trustpilot_reviews",
                TRUSTPILOT
                + "r1,2026-07-02 09:30:00,u1,Good,Whole,5,AFSv2,en,tea.example,Tea,b1,,,Ana,\n"
                + "r2,2026-07-03 09:30:00,u2,Fine,Warm,4,Organic,en,tea.example,Tea,b1,,,Ben,\n"
                + "r3,2026-07-04 09:30:00,u3,Slow,Late,1,Organic,en,tea.example,Tea,b1,,,Cleo,\n",
            )
        },
        [(3, 2)],
        "select count(*), count(*) filter (where is_satisfied) from staging.feedback",
        ("staging.feedback",),
    ),
    # The paper wrote on 1 July: a reader of the 5th is due to it, one of 30 August to nobody but themselves.
    "9 triggers: by the paper, by the shop's letter, by oneself": Shop(
        {
            "web.jsonl": (
                "segment",
                segment(
                    ("d1", "07-05T09:00", "Page", {}, {"page": {"referrer": "https://www.lemonde.fr/tea"}}),
                    ("d2", "07-05T10:00", "Page", {}, {"campaign": {"source": "letter", "medium": "email"}}),
                    ("d3", "08-30T09:00", "Page", {}, {"page": {"referrer": "https://www.lemonde.fr/tea"}}),
                ),
            )
        },
        [("outside",), ("brand",), ("customer",)],
        "select triggered_by from journeys.touchpoints order by occurred_at",
        ("journeys.touchpoints",),
        {"outside": {"press": [{"on": "2026-07-01", "label": "Le Monde", "hosts": ["lemonde.fr"]}]}},
    ),
}


@pytest.mark.parametrize("name", SHOPS)
def test_a_figure_is_as_the_rows_say(tmp_path: Path, name: str) -> None:
    assert said(tmp_path, SHOPS[name]) == SHOPS[name].right

"""Exports of every format in which each field, in turn, holds each value that is at an end of what can be written.

Here: one sound row per format with all fields that its source reads, the values, and the files made of both. Not here:
what becomes of them (`test_extreme_values.py`).
"""

from __future__ import annotations

import copy
import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from parcours.loading.sources import Source, read_source
from parcours.project import ROOT

Row = dict[str, Any]
Place = tuple[str | int, ...]

NUMBERS = (
    *("NaN", "-nan", "Infinity", "-Infinity", "1e308", "-1e308", "1e999", "1e-308", "-0", "-0.0", "0", "-5", "-5.00"),
    *("12345678901234", "99999999999999.9999", "-12345678901234", "1000000000000", "999999999999.9999", "1" + "0" * 15),
    *("9223372036854775807", "-9223372036854775808", "9" * 40, "0." + "0" * 40 + "1", "1,000.5", "0x1F", "1_000"),
)
TIMES = (
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01 00:00:00 +0000", "9999-12-31 23:59:59 +0000"),
    *("0001-01-01 00:00", "9999-12-31 23:59", "0001-01-01 00:00:00 UTC", "9999-12-31 23:59:59 UTC", "0001-01-01"),
    *("9999-12-31", "infinity", "-infinity", "epoch", "2026-02-30T10:00:00Z", "294247-01-10 04:00:54.775806"),
    *("290309-12-22 (BC) 00:00:00", "9999999999999", "253402300799", "4102444800000000"),
)
TEXTS = (
    *(
        "",
        " ",
        "\t",
        "null",
        "#",
        "/a/#/b?c=d",
        "?",
        "\\",
        "{",
        "[]",
        "<script>alert(1)</script>",
        "'; drop table x; --",
    ),
    *("\x01\x02\x1b[31m\x7f", "a\u0000b", "\u202egnp.exe", "\u2066\u2067\u202d\u202a", "\u200f\u200e\u061c", "\ufeff"),
    *("e\u0301" * 300, "\U0001f4a5" * 60, "w" * 10_000, "x" * 10_001, "y" * 100_000, "{{x}}", "%1$s", "=1+1"),
)
TYPED = (1e308, -1e308, 10**15, 10**30, -0.0, 0, -5, 5e-324, 12345678901234, True, None, [], {}, [[1]], {"a": {"b": 1}})
"""Of JSON: the same as numbers and as what is neither number nor text."""

NOT_JSON = ("NaN", "Infinity", "-Infinity", "1e999", "-", "0" * 400)
"""What some writers put there and no reader takes."""

_AT = "2026-07-01T10:00:00Z"
_DAY = "2026-07-01 10:00"
_PAGE = "https://shop.example/p/cup?x=1#y"

SOUND: dict[str, Row] = {
    "segment": {
        **{"messageId": "s{n}", "type": "track", "event": "Product Added", "name": "Product", "anonymousId": "a{n}"},
        **{"userId": "u{n}", "timestamp": _AT, "channel": "browser", "traits": {"email": "ann{n}@example.com"}},
        "context": {
            "page": {"url": _PAGE, "path": "/p/cup", "referrer": "https://www.google.com/"},
            "campaign": {"source": "letter", "medium": "email", "name": "summer"},
            **{"userAgent": "Mozilla/5.0", "device": {"type": "mobile"}, "traits": {"email": "ann{n}@example.com"}},
        },
        "properties": {
            **{"product_id": "p1", "sku": "p1", "quantity": 1, "price": 5, "value": 5, "revenue": 5, "total": 5},
            "products": [{"product_id": "p1", "sku": "p1", "quantity": 1, "price": 5}],
            **{"shipping": 2, "currency": "EUR", "cart_id": "c{n}", "order_id": "#{n}", "payment_method": "card"},
            **{"coupon": "TEN", "coupon_id": "TEN", "coupon_name": "TEN", "error": "declined"},
            "email": "ann{n}@example.com",
        },
    },
    "ga4_bigquery": {
        **{"event_date": "20260701", "event_name": "add_to_cart", "event_timestamp": "1782900000123456"},
        **{"event_bundle_sequence_id": "7", "batch_page_id": "1782900000100", "batch_ordering_id": "1"},
        **{"batch_event_index": "0", "user_id": "u{n}", "user_pseudo_id": "g{n}.1", "device": {"category": "mobile"}},
        "event_params": [
            {"key": "value", "value": {"string_value": "5", "int_value": 5, "float_value": 5.0, "double_value": 5.0}},
            {"key": "page_location", "value": {"string_value": _PAGE}},
        ],
        "collected_traffic_source": {
            **{"manual_source": "letter", "manual_medium": "email", "manual_campaign_name": "summer"},
        },
        "ecommerce": {"transaction_id": "#{n}", "purchase_revenue": 5.5, "shipping_value": 1},
        "items": [{"item_id": "p1", "quantity": 1, "price": 5}],
    },
    "posthog_events": {
        **{"uuid": "h{n}", "event": "product added", "timestamp": _AT, "distinct_id": "d{n}", "person_id": "h{n}"},
        "properties": {
            **{"$current_url": _PAGE, "$pathname": "/p/cup", "$referrer": "https://www.google.com/", "$lib": "web"},
            **{"$device_type": "Mobile", "$device_id": "d{n}", "$user_id": "u{n}", "$anon_distinct_id": "b{n}"},
            **{"utm_source": "letter", "utm_medium": "email", "utm_campaign": "summer", "product_id": "p1", "sku": "p"},
            **{"quantity": 1, "price": 5, "revenue": 5, "value": 5, "total": 5, "currency": "EUR", "cart_id": "c{n}"},
            **{"order_id": "#{n}", "error": "no", "$exception_type": "no", "$set": {"email": "ann{n}@example.com"}},
        },
        "person_properties": {"email": "ann{n}@example.com"},
    },
    "matomo_visits": {
        **{
            "idSite": "1",
            "idVisit": "{n}",
            "visitorId": "m{n}",
            "userId": "u{n}",
            "firstActionTimestamp": "1782900000",
        },
        **{"lastActionTimestamp": "1782900060", "siteCurrency": "EUR", "deviceType": "Smartphone"},
        **{"deviceTypeIcon": "icons/smartphone.png", "referrerType": "campaign", "referrerName": "summer"},
        **{"referrerUrl": "https://www.google.com/", "campaignSource": "letter", "campaignMedium": "email"},
        "campaignName": "summer",
        "actionDetails": [
            {
                **{"type": "ecommerceOrder", "url": _PAGE, "timestamp": "1782900000", "pageId": "1", "goalId": "1"},
                **{"goalPageId": "1", "eventCategory": "c", "eventAction": "a", "productViewSku": "p1"},
                **{"productViewName": "Cup", "productViewPrice": "5", "productViewCategories": ["cups"]},
                **{"orderId": "#{n}", "revenue": "5", "revenueShipping": "1"},
                "itemDetails": [{"itemSKU": "p1", "price": "5", "quantity": "1"}],
            }
        ],
    },
    "rees46_events": {
        **{"event_time": "2026-07-01 10:00:00 UTC", "event_type": "cart", "product_id": "p1", "category_id": "1"},
        **{"category_code": "cups", "brand": "b", "price": "5.00", "user_id": "r{n}", "user_session": "r{n}"},
    },
    "snowplow_enriched": {
        **{"platform": "web", "collector_tstamp": "2026-07-01 10:00:00.000", "event": "struct", "event_id": "w{n}"},
        **{"user_id": "u{n}", "domain_userid": "w{n}", "network_userid": "n{n}", "page_urlpath": "/p/cup"},
        **{"refr_urlhost": "www.google.com", "mkt_medium": "email", "mkt_source": "letter", "mkt_campaign": "summer"},
        **{"se_action": "add_to_cart", "tr_orderid": "#{n}", "tr_total": "5", "tr_shipping": "1", "ti_orderid": "#{n}"},
        **{"ti_sku": "p1", "ti_price": "5", "ti_quantity": "1", "br_type": "Browser", "dvce_type": "Mobile"},
        **{"tr_currency": "EUR", "ti_currency": "EUR", "derived_tstamp": "2026-07-01 10:00:00.000"},
        "event_name": "add_to_cart",
        "contexts": {
            "data": [
                {
                    "schema": "iglu:com.snowplowanalytics.snowplow.ecommerce/product/jsonschema/1-0-0",
                    "data": {"id": "p1", "price": 5, "quantity": 1, "currency": "EUR", "spiderOrRobot": False},
                },
                {
                    "schema": "iglu:com.snowplowanalytics.snowplow.ecommerce/transaction/jsonschema/1-0-0",
                    "data": {
                        **{"transaction_id": "#{n}", "revenue": 5, "shipping": 1, "payment_method": "card"},
                        **{"discount_code": "TEN", "currency": "EUR"},
                    },
                },
            ]
        },
        "derived_contexts": {"data": [{"schema": "iglu:nl.basjes/yauaa_context/jsonschema/1-0-4", "data": {}}]},
        "unstruct_event": {"data": {"data": {"type": "add_to_cart", "sku": "p1", "unitPrice": 5, "quantity": 1}}},
    },
    "shopify_checkouts": {
        **{"id": "{n}", "cart_token": "c{n}", "completed_at": "", "created_at": _AT, "updated_at": _AT},
        **{"currency": "EUR", "customer_id": "u{n}", "email": "ann{n}@example.com", "gateway": "card"},
        **{"referring_site": "https://www.google.com/", "shipping_rate_price": "1", "subtotal_price": "5"},
        "total_price": "6",
    },
    "shopify_orders": {
        **{"Name": "#{n}", "Id": "{n}", "Email": "ann{n}@example.com", "Created at": "2026-07-01 10:30:00 +0200"},
        **{"Paid at": "2026-07-01 10:31:00 +0200", "Fulfilled at": "2026-07-02 10:00:00 +0200", "Cancelled at": ""},
        **{"Note Attributes": "delivered_at: 2026-07-03 10:00:00 +0200; promised_on: 2026-07-04", "Currency": "EUR"},
        **{"Financial Status": "paid", "Subtotal": "10.00", "Discount Amount": "1.00", "Shipping": "2.00"},
        **{"Taxes": "1.00", "Total": "12.00", "Refunded Amount": "0.00", "Source": "web", "Payment Method": "card"},
        **{"Lineitem quantity": "2", "Lineitem name": "Cup", "Lineitem price": "5.50", "Lineitem sku": "p1"},
    },
    "woocommerce_orders": {
        **{"Order Number": "w{n}", "Order Status": "completed", "Order Date": _DAY, "Paid Date": _DAY},
        **{"Modification Date": _DAY, "Customer User ID": "u{n}", "Billing Email Address": "ann{n}@example.com"},
        **{"Email (Billing)": "ann{n}@example.com", "Payment Method Title": "Card", "Order Subtotal Amount": "10"},
        **{"Cart Discount Amount": "1", "Order Shipping Amount": "2", "Order Total Amount": "13", "Currency": "EUR"},
        **{"Order Total Tax Amount": "2", "Order Refund Amount": "0", "Item #": "1", "SKU": "p1", "Item Name": "Cup"},
        **{"Quantity": "2", "Quantity (- Refund)": "2", "Item Cost": "5"},
    },
    "hubspot_contacts": {
        **{"Record ID": "{n}", "Record ID - Contact": "{n}", "Customer ID": "u{n}", "Email": "ann{n}@example.com"},
        **{"Create Date": _DAY, "Last Modified Date": _DAY, "Country/Region": "France", "City": "Lyon"},
        **{"Lifecycle Stage": "Customer", "Lead Status": "New", "Original Source": "Search"},
        "Marketing contact status": "Marketing",
    },
    "hubspot_deals": {
        **{"id": "{n}", "pipeline": "default", "dealstage": "closedwon", "amount": "100", "deal_currency_code": "EUR"},
        **{"createdate": _AT, "closedate": "2026-07-02T10:00:00Z", "hs_is_closed_won": "true", "hs_is_closed": "true"},
        **{"hs_lastmodifieddate": "2026-07-02T10:00:00Z", "is_deleted": "", "contact_id": "{n}", "customer_id": "u{n}"},
        "email": "ann{n}@example.com",
    },
    "hubspot_tickets": {
        **{"id": "{n}", "hs_pipeline_stage": "4", "hs_ticket_category": "delivery", "hs_ticket_priority": "high"},
        **{"source_type": "EMAIL", "createdate": _AT, "first_agent_reply_date": "2026-07-01T11:00:00Z"},
        **{"closed_date": "2026-07-02T10:00:00Z", "hs_lastmodifieddate": "2026-07-02T10:00:00Z", "is_deleted": ""},
        **{"contact_id": "{n}", "customer_id": "u{n}", "email": "ann{n}@example.com", "order_id": "#{n}"},
    },
    "hubspot_feedback": {
        **{"Record ID": "{n}", "hs_object_id": "{n}", "hs_ingestion_id": "{n}", "hs_survey_name": "Order"},
        **{"hs_survey_id": "1", "hs_survey_type": "NPS", "hs_value": "9", "hs_submission_timestamp": _AT},
        **{"hs_contact_email_rollup": "ann{n}@example.com", "hs_content": "Good"},
    },
    "survey_answers": {
        **{"Response ID": "{n}", "Survey": "Order", "Scale": "1-5", "Satisfied from": "4", "Score": "4"},
        **{"Sent at": _AT, "Answered at": _AT, "Email": "ann{n}@example.com", "Order": "#{n}", "Comment": "Good"},
    },
    "zendesk_ratings": {
        **{"ticket_id": "{n}", "score": "good", "comment": "Good", "created_at": _AT, "updated_at": _AT},
        "requester": {"external_id": "u{n}", "email": "ann{n}@example.com"},
    },
    "zendesk_tickets": {
        **{"id": "{n}", "status": "solved", "type": "question", "priority": "high", "created_at": _AT},
        **{"updated_at": "2026-07-02T10:00:00Z", "solved_at": "2026-07-02T09:00:00Z", "requester_id": "{n}"},
        **{"via": {"channel": "email"}, "order_id": "#{n}"},
        "requester": {"external_id": "u{n}", "email": "ann{n}@example.com"},
        "metric_set": {"solved_at": "2026-07-02T09:00:00Z", "reply_time_in_minutes": {"calendar": 10}},
    },
}
"""A row that loads, with every field that its format reads; `{n}` is the number of the row."""

SOUND_ROWS = 40


def source_of(format_name: str) -> Source:
    """A built-in format."""
    return read_source(ROOT / "sql" / "sources" / f"{format_name}.sql")


def fields(value: Any, at: Place = ()) -> Iterator[Place]:
    """The paths of a row's fields, those within others too."""
    items: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        items = [*value.items()]
    elif isinstance(value, list):
        items = [*enumerate(value)]
    for key, inner in items:
        yield (*at, key)
        yield from fields(inner, (*at, key))


def unread(format_name: str) -> set[str]:
    """The fields that a format reads and its sound row lacks; what is not named in its header is not looked for."""
    source, row = source_of(format_name), SOUND[format_name]
    if not source.shape:
        return set(source.named) - {*row}
    held = {key for path in fields(row) for key in path if isinstance(key, str)}
    return set(re.findall(r'"([^"]+)":', source.shape)) - held


def rows(format_name: str) -> Iterator[Row]:
    """Sound rows, then one for each field and value."""
    sound, number = SOUND[format_name], 0
    is_text = not source_of(format_name).shape
    values: tuple[Any, ...] = (*NUMBERS, *TIMES, *TEXTS)
    for number in range(1, SOUND_ROWS + 1):
        yield _numbered(sound, number)
    for path in fields(sound):
        inside = len(path) > 1
        for value in values if is_text and not inside else (*values, *TYPED):
            number += 1
            yield _changed(_numbered(sound, number), path, value)


def content(format_name: str) -> tuple[str, bytes]:
    """A file's ending, and its content."""
    source, found = source_of(format_name), [*rows(format_name)]
    if "json" in source.reads:
        return "json", json.dumps(found).encode()
    if source.shape:
        lines = [json.dumps(row) for row in found]
        text = json.dumps(_numbered(SOUND[format_name], len(found) + 1))
        lines += [text.replace(": 5,", f": {value},") for value in NOT_JSON]
        return "jsonl", "".join(f"{line}\n" for line in lines).encode()
    columns = source.columns or tuple(SOUND[format_name])
    texts = [{name: json.dumps(v) if isinstance(v, (dict, list)) else v for name, v in row.items()} for row in found]
    if source.columns:
        lines = ["\t".join(re.sub(r"[\t\n]", " ", str(row.get(name, ""))) for name in columns) for row in texts]
        return "tsv", "".join(f"{line}\n" for line in lines).encode()
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(texts)
    return "csv", out.getvalue().encode()


def _numbered(value: Any, number: int) -> Any:
    if isinstance(value, dict):
        return {key: _numbered(inner, number) for key, inner in value.items()}
    if isinstance(value, list):
        return [_numbered(inner, number) for inner in value]
    return value.replace("{n}", str(number)) if isinstance(value, str) else value


def _changed(row: Mapping[str, Any], path: Place, value: Any) -> Row:
    changed: Any = copy.deepcopy(row)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return dict(changed)

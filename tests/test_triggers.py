"""What touchpoints are due to: the customer, the shop, or others, by hand-made cases and a plain second count."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from given import answer, at, event, examples, order, rows, settings, warehouse
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from parcours.settings.schema import JourneySettings, Outside

PRESS: dict[str, Any] = {
    "review_sites": ["www.avis.example"],
    "press": [{"on": "2026-01-06", "label": "The test of mugs", "hosts": "papers.example", "days": 2}],
}
TRIGGER = "select triggered_by from journeys.touchpoints"
ZONE = ZoneInfo("Europe/Paris")
SHOP = {"name": "Test shop", "time_zone": ZONE.key, "currency": "EUR"}


def trigger(outside: dict[str, Any] = PRESS, **more: Any) -> str:
    """Of one event."""
    [(found,)] = rows(
        warehouse(
            events=[event("d1", more.pop("when", 0), more.pop("name", "landing"), **more)],
            shop=settings(shop=SHOP, outside=outside),
            build=["journeys.touchpoints"],
        ),
        TRIGGER,
    )
    return str(found)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, "customer"),
        ({"referrer_host": "www.google.com"}, "customer"),
        ({"campaign_source": "news", "campaign_medium": "email"}, "brand"),
        ({"campaign_medium": "cpc"}, "brand"),
        ({"campaign_source": "google", "campaign_medium": "organic"}, "customer"),
        ({"campaign_source": "chatgpt.com"}, "customer"),
        ({"referrer_host": "fr.trustpilot.com"}, "outside"),
        ({"referrer_host": "maps.google.com"}, "outside"),
        ({"referrer_host": "nottrustpilot.com"}, "customer"),
        ({"referrer_host": "AVIS.example"}, "outside"),
        ({"referrer_host": "shop.avis.example"}, "outside"),
        ({"referrer_host": "bravis.example"}, "customer"),
        ({"referrer_host": "fr.trustpilot.com", "campaign_source": "widget", "campaign_medium": "review"}, "brand"),
        ({"name": "mail sent", "is_person_caused": False}, "brand"),
        ({"name": "purchased", "is_person_caused": False}, "customer"),
    ],
)
def test_an_event_is_due_to_its_campaign_its_referrer_or_the_customer(columns: dict[str, Any], expected: str) -> None:
    assert trigger(**columns) == expected


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2026-01-05 22:59:59.999999", "customer"),
        ("2026-01-05 23:00", "outside"),
        ("2026-01-07 22:59:59.999999", "outside"),
        ("2026-01-07 23:00", "customer"),
    ],
)
def test_the_press_counts_from_its_shop_day_on_for_so_many_days(when: str, expected: str) -> None:
    assert trigger(when=when, referrer_host="m.papers.example") == expected


def test_what_happens_off_the_site_is_due_to_whoever_did_it() -> None:
    connection = warehouse(
        order_rows=[
            order("1", 0, customer_id="c1", paid_at=at(1), shipped_at=at(2), delivered_at=at(3), returned_at=at(4)),
            order("2", 0, customer_id="c1", cancelled_at=at(5)),
        ],
        feedback=[
            answer("a1", 6, 4, customer_id="c1", asked_at=at(5)),
            answer("a2", 6, 4, customer_id="c1"),
        ],
        build=["journeys.touchpoints"],
    )
    assert dict(rows(connection, "select touchpoint_id, triggered_by from journeys.touchpoints")) == {
        "order:1:order placed": "customer",
        "order:1:order paid": "customer",
        "order:1:order shipped": "brand",
        "order:1:order delivered": "brand",
        "order:1:order returned": "customer",
        "order:2:order placed": "customer",
        "order:2:order cancelled": "customer",
        "answer:a1": "brand",
        "invitation:a1": "brand",
        "answer:a2": "customer",
    }


HOSTS = ("www.google.com", "fr.trustpilot.com", "papers.example", "a.papers.example", "avis.example", "else.example")


def plainly(row: dict[str, Any], shop: JourneySettings) -> str:
    """The rules of docs/definitions.md, read one by one."""
    if row.get("is_person_caused") is False:
        acted = {name for rule in shop.touchpoints if rule.action for name in rule.event}
        return "customer" if row["event_name"] in acted else "brand"
    medium, source = row.get("campaign_medium"), row.get("campaign_source")
    if (medium or source) and medium != "organic" and source != "perplexity":
        return "brand"
    host = row.get("referrer_host") or ""
    sites = ["trustpilot.com", *shop.outside.review_sites]
    day = row["occurred_at"].replace(tzinfo=ZoneInfo("UTC")).astimezone(ZONE).date()
    for press in shop.outside.press:
        if press.on <= day < press.on + timedelta(days=press.days):
            sites += press.hosts
    return "outside" if any(f".{host}".endswith(f".{site}") for site in sites) else "customer"


clicks = st.fixed_dictionaries(
    {
        "anonymous_id": st.sampled_from(["d1", "d2"]),
        "occurred_at": st.integers(0, 4 * 24 * 60).map(lambda m: datetime(2026, 1, 4) + timedelta(minutes=m)),
        "event_name": st.sampled_from(["landing", "product", "purchased", "mail sent", "mystery"]),
    },
    optional={
        "referrer_host": st.sampled_from(HOSTS),
        "campaign_source": st.sampled_from(["news", "perplexity"]),
        "campaign_medium": st.sampled_from(["email", "organic"]),
        "is_person_caused": st.booleans(),
    },
)


@pytest.mark.random
@budget(max_examples=examples(8, 100), deadline=None)
@given(st.lists(clicks, min_size=1, max_size=20))
def test_triggers_of_stages_are_those_of_a_plain_count(found: list[dict[str, Any]]) -> None:
    shop = settings(shop=SHOP, outside=PRESS)
    connection = warehouse(events=found, shop=shop, build=["metrics.stage_triggers", "journeys.journeys"])
    told = rows(connection, "select triggered_by, sum(touchpoint_count) from metrics.stage_triggers group by 1")
    sent_again = "select count(*) from staging.purchase_events where is_sent_again"
    [(left_out,)] = rows(connection, sent_again)
    wanted = Counter(plainly(row, shop) for row in found)
    wanted["customer"] -= left_out
    assert {by: int(count) for by, count in told} == +wanted
    [(first, journeys)] = rows(
        connection, "select sum(begun_count), (select count(*) from journeys.journeys) from metrics.stage_triggers"
    )
    assert first == journeys


@pytest.mark.parametrize("host", ["https://papers.example/a", "papers", "papers .example", ""])
def test_a_host_is_written_as_one(host: str) -> None:
    with pytest.raises(ValueError, match="expected a host, as lemonde"):
        Outside.model_validate({"review_sites": [host]})

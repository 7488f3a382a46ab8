"""Small shops at random: a few people who merge, a few orders that are restated, files that overlap.

Ids are few, so that devices, customers and e-mails meet in events, orders and CRM rows, often only later. Instants lie
on a coarse grid, so that some are equal and some gaps are exactly a limit (30 min, 24 h, 30 days), or just more.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from canonical_shops import File
from given import START, settings
from hypothesis import strategies as st

from parcours.settings.schema import JourneySettings

NAMES = (
    "landing",
    "product",
    "add",
    "add",
    "remove",
    "checkout",
    "failed",
    "purchased",
    "help",
    "mystery",
    "mail sent",
)
STAGE_RULES = {
    "touchpoints": [
        {
            "touchpoint": "large",
            "event": "product",
            "stage": "cart",
            "where": [{"attribute": "size", "is": ["L", "XL"]}],
        },
        *({**rule.model_dump(by_alias=True), "event": list(rule.event)} for rule in settings().touchpoints),
        {"touchpoint": "by mail", "event": "mail sent", "stage": "discovery"},
        {"touchpoint": "arrived", "source": "orders", "event": ["order delivered", "order delivered late"]},
        {"touchpoint": "ticket", "source": "tickets", "event": "ticket opened", "stage": "support"},
        {"touchpoint": "deal", "source": "deals", "event": ["deal won", "deal lost"], "stage": "purchase"},
    ],
    "attributes": [
        {"id": "size", "from": "size"},
        {"id": "ab", "from": "ab", "scope": "session"},
        {"id": "plan", "from": "plan", "scope": "person"},
        {"id": "gift", "from": "gift", "scope": "order"},
    ],
    "personas": [
        {
            "id": "pro",
            "label": "Pro",
            "where": [{"attribute": "plan", "is": "pro"}, {"attribute": "is_contact", "is": "yes"}],
        },
        {"id": "lead", "label": "Lead", "where": [{"attribute": "lifecycle_stage", "is": "lead"}]},
        {"id": "french", "label": "French", "where": [{"attribute": "country", "is": ["FR", "BE"]}]},
    ],
    "funnels": [
        *settings().model_dump(mode="json", by_alias=True)["funnels"],
        {
            "id": "large",
            "name": "Large",
            "steps": [{"any": True}, {"stage": "cart", "where": [{"attribute": "size", "is": ["L", "XL"]}]}],
        },
    ],
    "sessions": {"runaway_touchpoints": 6},
    "screening": {"staff_customer_ids": ["c6"], "bot_events_per_hour": 6},
}


def shop_settings(**sections: Any) -> JourneySettings:
    """Settings with which a random shop meets every rule: staff, bots, runaways, personas, shared devices."""
    return settings(**{**STAGE_RULES, "measures": {"identity_link_limit": 2, "inactivity_days": 30}, **sections})


def mostly_null(*values: Any, nulls: int = 2) -> st.SearchStrategy[Any]:
    """One of the values, or more often nothing."""
    return st.sampled_from([*values, *([None] * nulls * len(values))])


def row(who: st.SearchStrategy[Any], **columns: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A row of somebody, with these columns but those that are null."""
    return st.tuples(who, st.fixed_dictionaries(columns)).map(
        lambda made: {name: value for name, value in (made[0] | made[1]).items() if value is not None}
    )


def one_of(*values: Any) -> st.SearchStrategy[Any]:
    """One of the values; a value that stands twice comes more often."""
    return st.sampled_from(values)


def _instant(day: int, hour: int, minute: int, microseconds: int) -> datetime:
    return START + timedelta(days=day, hours=hour, minutes=minute, microseconds=microseconds)


instants = st.builds(
    _instant,
    one_of(0, 0, 1, 2, 30, 31, 60),
    one_of(0, 0, 1, 12, 24),
    one_of(0, 10, 30, 60),
    one_of(0, 0, 0, 1, 10_000_000),
)


def _identifiers() -> list[dict[str, str]]:
    """Who a row may say it is of: mostly one of six people; a few rows link two of them, or name nobody."""
    found = [{"anonymous_id": "0"}, {"anonymous_id": "null", "customer_id": ""}, {"email_hash": "unknown"}, {}]
    for i in range(1, 7):
        device, customer, email = {"anonymous_id": f"d{i}"}, {"customer_id": f"c{i}"}, {"email_hash": f"h{i}"}
        stranger = {"customer_id": f"c{i % 6 + 1}"}
        found += [device] * 4 + [device | customer] * 2
        found += [customer, customer | email, email, device | email, {"anonymous_id": f"e{i}"} | customer]
        found += [device | {"customer_id": "null"}] + ([device | stranger, email | stranger] if i % 3 == 0 else [])
    return found


anyone = one_of(*_identifiers())
customer_or_email = one_of(*(who for who in _identifiers() if "anonymous_id" not in who))
order_keys = mostly_null("#1", "#2", "#3", "#4", "r1", "r2", "r3", "", nulls=2)
changed_at = mostly_null(_instant(70, 0, 0, 0), _instant(70, 1, 0, 0), _instant(71, 0, 0, 0), nulls=1)

events = row(
    anyone,
    event_id=st.integers(0, 40).map(lambda n: f"e{n:02d}"),
    event_name=one_of(*NAMES),
    occurred_at=instants,
    sequence=mostly_null(1, 2),
    url_path=one_of("/", "/mug", "/bowl", None),
    referrer_host=mostly_null("www.google.com", "news.example"),
    campaign_source=mostly_null("news"),
    campaign_medium=mostly_null("email", "cpc"),
    campaign_name=mostly_null("may", "june"),
    device=one_of("mobile", "desktop", None),
    product_id=one_of("mug", "bowl", None),
    quantity=one_of(1, 2, None),
    price=one_of("10", "2.5", "0.1", None),
    items=mostly_null(
        [{"product_id": "mug", "price": "10"}, {"product_id": "bowl", "product_name": "Bowl", "quantity": "2"}],
        [{"product_id": "mug", "quantity": "3", "price": "2.5"}, {"product_id": "mug", "quantity": "1"}],
        [{"product_id": "bowl", "price": "0.1"}],
    ),
    value=mostly_null("33.3", "0.1"),
    cart_id=mostly_null("k1", "k2"),
    order_id=order_keys,
    error=mostly_null("card refused"),
    is_person_caused=mostly_null(True, False, nulls=2),
    is_bot=mostly_null(True, nulls=100),
    payment_method=mostly_null("card"),
    shipping=mostly_null("4.9"),
    coupon=mostly_null("MAY"),
    attributes=mostly_null(
        [{"attribute": "size", "said": "L"}, {"attribute": "plan", "said": "free"}],
        [{"attribute": "ab", "said": "A"}, {"attribute": "plan", "said": "pro"}],
        [{"attribute": "ab", "said": "B"}, {"attribute": "size", "said": "S"}],
    ),
    tracker_session_id=mostly_null("s1", "s2"),
    source_updated_at=changed_at,
)
order_rows = row(
    customer_or_email,
    order_id=one_of("#1", "#2", "#3", "#4"),
    row_key=one_of("line 1", "line 1", "line 2", "order"),
    order_reference=mostly_null("r1", "r2", "r3", "#2", nulls=1),
    ordered_at=st.one_of(instants, instants, instants, st.none()),
    paid_at=st.one_of(st.none(), instants),
    shipped_at=st.one_of(st.none(), instants),
    delivered_at=st.one_of(st.none(), instants),
    promised_on=mostly_null("2026-01-06", "2026-02-05", nulls=1),
    cancelled_at=st.one_of(st.none(), st.none(), st.none(), instants),
    status=one_of("paid", "refunded", "cancelled", "Failed", "odd", None),
    state=mostly_null("paid", "unpaid", "partly_refunded", "trash"),
    sales_channel=mostly_null("till", "web"),
    sold_through=mostly_null("phone", "kiosk", nulls=8),
    subtotal=one_of("20", "10", None),
    tax_included=mostly_null(True, False),
    fees=mostly_null("-1", "2", nulls=8),
    refunded_shipping=mostly_null("1", nulls=8),
    refund_amount=mostly_null("2", nulls=8),
    shipping=one_of("4.9", None),
    tax=one_of("3.33", None),
    total=one_of("24.9", "14.9", None),
    refunded=mostly_null("5", "24.9"),
    payment_method=one_of("card", "paypal", None),
    product_id=one_of("mug", "bowl"),
    quantity=one_of(1, 2, None),
    unit_price=one_of("10", "2.5", "0.1"),
    attributes=mostly_null([{"attribute": "gift", "said": "yes"}], [{"attribute": "gift", "said": "no"}]),
    source_updated_at=changed_at,
)
contacts = row(
    customer_or_email,
    contact_id=one_of("x1", "x2", "x3"),
    created_at=instants,
    source_updated_at=changed_at,
    country=one_of("FR", "DE", None),
    lifecycle_stage=one_of("lead", "customer", None),
    attributes=mostly_null([{"attribute": "plan", "said": "team"}], [{"attribute": "plan", "said": "pro"}]),
)
deals = row(
    customer_or_email,
    deal_id=one_of("s1", "s2"),
    contact_id=mostly_null("x1", "x2", nulls=1),
    created_at=instants,
    closed_at=st.one_of(st.none(), instants),
    stage=one_of("open", "closed", "deleted"),
    is_won=one_of(True, False, None),
    amount=one_of("100.5", None),
    source_updated_at=changed_at,
)
tickets = row(
    customer_or_email,
    ticket_id=one_of("t1", "t2", "t3"),
    created_at=instants,
    solved_at=st.one_of(st.none(), instants),
    status=one_of("open", "solved", "solved", "deleted"),
    contact_id=mostly_null("x1", "x2", nulls=1),
    order_id=order_keys,
    source_updated_at=changed_at,
)
feedback = row(
    customer_or_email,
    answer_id=one_of("a1", "a2", "a3", "a4"),
    survey=one_of("review", "nps"),
    asked_at=st.one_of(st.none(), instants),
    answered_at=st.one_of(st.none(), instants, instants),
    score=one_of(1, 3, 4, 5, None),
    scale_low=st.just(1),
    scale_high=st.just(5),
    satisfied_from=st.just(4),
    order_id=order_keys,
    source_updated_at=changed_at,
)
ROWS = {
    "events": (events, 24),
    "days": (events, 6),
    "order_rows": (order_rows, 6),
    "contacts": (contacts, 3),
    "deals": (deals, 2),
    "tickets": (tickets, 3),
    "feedback": (feedback, 3),
}
"""Of each export what a row is, and how many a file has at most."""


@st.composite
def files(draw: st.DrawFn, exports: tuple[str, ...] = tuple(ROWS), at_most: int = 9) -> list[File]:
    """The files of a shop: a click-stream and orders at least, most of the files of the click-stream."""
    first = [name for name in ("events", "order_rows") if name in exports]
    names = first + draw(st.lists(one_of(*exports, *exports, *first), min_size=3, max_size=at_most - len(first)))
    found = []
    for number, export in enumerate(names):
        one, most = ROWS[export]
        rows = draw(st.lists(one, min_size=most // 2, max_size=most))
        if export == "days":
            # The file restates its day: the delivery with the greater number replaces the earlier one.
            day = draw(one_of("day 1", "day 2"))
            rows = [{**made, "part": day, "delivery": f"{number:03d}"} for made in rows]
        found.append(File(export, number, tuple(rows)))
    return found


@st.composite
def loads(draw: st.DrawFn, given_files: list[File], at_most: int = 3) -> list[list[File]]:
    """The files in some order, over some loads; the last file of a day or of an order may well come first."""
    shuffled = draw(st.permutations(given_files))
    cuts = sorted(draw(st.sets(st.integers(1, len(shuffled) - 1), min_size=1, max_size=at_most - 1)))
    return [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]


def shops_and_loads(at_most: int = 3) -> st.SearchStrategy[tuple[list[File], list[list[File]]]]:
    """A shop's files, and some way to load them."""
    return files().flatmap(lambda found: st.tuples(st.just(found), loads(found, at_most)))

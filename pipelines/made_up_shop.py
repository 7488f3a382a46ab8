"""The exports of an invented shop, with the truth beside them.

    python -m pipelines.made_up_shop --people 6000 --days 90 --seed 7 --out DIR [--start 2026-07-01]

Here: a simulation of customers (numpy), the files that such a shop would export (Segment events, Shopify
orders, HubSpot contacts, survey answers; DuckDB writes the text), and `truth.json`, which says what was
planted: how many journeys reach which stage, which change did what, how many lines are doubled, late or
malformed.
Not here: reading any of this (the loaders) and what should come out of it (the models and their tests).

How the simulation works. A person's journey is laid out first as if it went all the way to a purchase:
sessions, events, instants. Then each stage is decided by its probability *at the instant of that stage* (a
change of the shop or a payment outage counts from its own midnight, whenever the journey began), and the
events beyond the furthest stage are dropped. Buyers may come back for up to two renewals. Nothing after the
period's end is written, and the truth counts only what was written. Equal arguments give equal bytes.
All instants are milliseconds since 1970 in UTC; days are shop days.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    import duckdb
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]
    Columns = dict[str, Array]

ZONE = "Europe/Paris"
UNPLANNED = 9  # the number of a session beyond the four that a journey may plan
SECOND, HOUR, DAY = 1_000, 3_600_000, 86_400_000
STAGES = ("discovery", "consideration", "cart", "checkout", "purchase")
# What a session may hold, in the order in which it happens, and the stage that the journey must reach for it.
# "" stands for a page call, "Product List Viewed" also for "Products Searched".
KIND_NAMES = {0: "Home, Campaign landing", 1: "Product List Viewed, Products Searched"}
KINDS = (
    ("", 0),
    ("Product List Viewed", 0),
    ("Product Viewed", 1),
    ("Help Page Viewed", 0),
    ("Product Added", 2),
    ("Product Removed", 2),
    ("Cart Viewed", 2),
    ("Checkout Started", 3),
    ("Checkout Step Completed", 3),
    ("Payment Info Entered", 3),
    ("Payment Failed", 3),
    ("Order Completed", 4),
)
PAGE, LIST, VIEW, HELP, ADDED, REMOVED, CART, CHECKOUT, STEP, PAYMENT, FAILED, ORDER = range(len(KINDS))

# Chance of each next stage: consideration, cart, checkout, purchase.
FIRST_PURCHASE_RATES = (0.65, 0.45, 0.62, 0.30)
RENEWAL_RATES = (0.90, 0.72, 0.80, 0.45)
DEVICES = ("mobile", "desktop", "tablet")
DEVICE_SHARES = (0.55, 0.38, 0.07)
DEVICE_PURCHASE_FACTORS = (0.94, 1.08, 1.0)
OUTAGE_AT = 0.62  # of the period
OUTAGE_FACTOR, GUEST_CHECKOUT_FACTOR, SHIPPING_FEE_FACTOR = 0.10, 1.45, 0.42 / 0.62
# id, share of the period at which it comes, the stage that is left, the stage that is entered, sign
CHANGES = (
    ("product-photos", 0.25, "discovery", "consideration", 0),
    ("guest-checkout", 0.50, "checkout", "purchase", 1),
    ("shipping-fee", 0.75, "cart", "checkout", -1),
)
SURVEYS = ("Order satisfaction", "Checkout experience", "Support experience")
SCORE_SHARES = {  # of the scores 1 to 5
    "in time": (0.03, 0.05, 0.11, 0.31, 0.50),
    "late": (0.30, 0.32, 0.22, 0.10, 0.06),
    "checkout": (0.16, 0.22, 0.28, 0.24, 0.10),
    "support": (0.12, 0.16, 0.22, 0.30, 0.20),
}
LATE_SHARE, DUPLICATE_SHARE, LATE_DELIVERY_SHARE, TABLET_CUSTOMERS = 0.005, 0.01, 0.12, 40
MALFORMED_EVENTS = {
    "truncated JSON": 3,
    "not JSON": 2,
    "no timestamp": 2,
    "no messageId": 2,
    "no identity": 2,
    "impossible timestamp": 2,
    "timestamp in 1970": 2,
}

MALFORMED_ORDERS = (
    ("empty Name", {"Name": ""}),
    ("negative quantity", {"Lineitem quantity": "-1"}),
    ("text in Lineitem price", {"Lineitem price": "on request"}),
)

FIRST_NAMES = [
    "Zoé", "Léa", "Camille", "Inès", "Hugo", "Jules", "Anaïs", "Théo", "Manon", "Louis", "Noor", "Karim",
    "Elif", "Jürgen", "Sofia", "Marek",
]  # fmt: skip

LAST_NAMES = [
    "Martin", "Lefèvre", "D'Angelo", "O'Connor", "Müller", "Dubois", "Moreau", "Peeters", "Nguyen",
    "Garcia", "Roux", "Keller", "Haddad", "Kowalski", "Bonnet", "Fontaine", "Schmid", "Janssens", "Weber",
    "Traoré", "Lambert", "Girard", "Marchand", "Vidal",
]  # fmt: skip
STREETS = [
    "rue des Lilas", "avenue Victor Hugo", "rue du Moulin", "place de la Gare", "Gartenstraße",
    "chemin Vert",
]  # fmt: skip
PLACES = (  # city, postcode, country code, country
    ("Paris", "75011", "FR", "France"),
    ("Lyon", "69003", "FR", "France"),
    ("Nantes", "44000", "FR", "France"),
    ("Lille", "59000", "FR", "France"),
    ("Toulouse", "31000", "FR", "France"),
    ("Bruxelles", "1000", "BE", "Belgium"),
    ("Genève", "1201", "CH", "Switzerland"),
    ("Köln", "50667", "DE", "Germany"),
)
GOODS = ["Mug", "Poster", "Lamp", "Cushion", "Blanket", "Teapot", "Clock", "Vase", "Mirror", "Notebook"]
COLOURS = ["Blue", "Ochre", "Linen", "Black"]
PRODUCTS = [  # product_id, sku, name, price in cents
    (f"p-{i:03d}", f"{name[:3].upper()}-{colour[:3].upper()}", f"{name} - {colour}", 1490 + (i * 1730) % 7200)
    for i, (name, colour) in enumerate((name, colour) for name in GOODS for colour in COLOURS)
]
CAMPAIGNS = (  # source, medium, name, referrer
    ("google", "cpc", "brand", "https://www.google.com/"),
    ("newsletter", "email", "july", ""),
    ("instagram", "social", "summer", "https://www.instagram.com/"),
    ("idealo", "affiliate", "feed", ""),
)
GOOD_COMMENTS = [
    "Perfect",
    "Très joli, merci",
    'My daughter said "wow"',
    "Fast, safe, simple",
    "Super 👍",
    "Well packed\nand on time",
    "<b>Love it</b>",
]
POOR_COMMENTS = [
    "Too late",
    "Arrived, but days late",
    'The "express" parcel was not',
    "Trop cher 😞",
    "No answer\nfrom anyone",
    "<script>alert(1)</script>",
    "Why an account, just to pay?",
]
SHOPIFY_COLUMNS = [
    "Name", "Email", "Financial Status", "Paid at", "Fulfillment Status", "Fulfilled at",
    "Accepts Marketing", "Currency", "Subtotal", "Shipping", "Taxes", "Total", "Discount Code",
    "Discount Amount", "Shipping Method", "Created at", "Lineitem quantity", "Lineitem name",
    "Lineitem price", "Lineitem compare at price", "Lineitem sku", "Lineitem requires shipping",
    "Lineitem taxable", "Lineitem fulfillment status", "Billing Name", "Billing Street", "Billing Address1",
    "Billing Address2", "Billing Company", "Billing City", "Billing Zip", "Billing Province",
    "Billing Country", "Billing Phone", "Shipping Name", "Shipping Street", "Shipping Address1",
    "Shipping Address2", "Shipping Company", "Shipping City", "Shipping Zip", "Shipping Province",
    "Shipping Country", "Shipping Phone", "Notes", "Note Attributes", "Cancelled at", "Payment Method",
    "Payment Reference", "Refunded Amount", "Vendor", "Outstanding Balance", "Employee", "Location",
    "Device ID", "Id", "Tags", "Risk Level", "Source", "Lineitem discount", "Tax 1 Name", "Tax 1 Value",
    "Tax 2 Name", "Tax 2 Value", "Tax 3 Name", "Tax 3 Value", "Tax 4 Name", "Tax 4 Value", "Tax 5 Name",
    "Tax 5 Value", "Phone", "Receipt Number", "Duties", "Billing Province Name", "Shipping Province Name",
    "Payment ID", "Payment Terms Name", "Next Payment Due At", "Payment References",
]  # fmt: skip

SQL_MACROS = """
create macro opaque(n, salt) as
    printf('%08x', (n * 2654435761 + salt * 40503 + getvariable('seed')) % 4294967296);
create macro iso(t) as strftime(epoch_ms(t::bigint), '%Y-%m-%dT%H:%M:%S.%gZ');
create macro shop_time(t) as strftime(make_timestamptz(t * 1000), '%Y-%m-%d %H:%M:%S %z') || '00';
create macro iso_local(t) as regexp_replace(shop_time(t), '^(.{10}) (.{8}) (...)(..)$', '\\1T\\2\\3:\\4');
create macro euro(cents) as printf('%d.%02d', cents // 100, cents % 100);
"""
SQL_PERSONS = """
create table persons as
select
    person, first_name, last_name, first_name || ' ' || last_name as full_name, place,
    lower(strip_accents(first_name || '.' || replace(last_name, '''', ''))) || person
        || if(person % 3 = 0, '@example.org', '@example.com') as email,
    printf('c-%06d', person) as customer_id,
    printf('+33 6 00 %02d %02d %02d', n // 10000, n // 100 % 100, n % 100) as phone,
    1 + n % 180 || ' ' || street as address
from (select *, (person * 7919 + 4021) % 1000000 as n from drawn_persons)
"""
SQL_ORDERS = """
create table orders as
select
    drawn_orders.* exclude (journey),
    6100000000000 + order_no * 32771 as order_id,
    '#' || (1001 + order_no) as order_name,
    if(email_known, email, null) as order_email
from drawn_orders join persons using (person)
"""
# One row per order: the products of its purchase event.
SQL_BASKETS = """
create table baskets as
select
    order_no,
    string_agg(printf('{"product_id":"%s","sku":"%s","name":"%s","price":%s,"quantity":%d}',
        product_id, sku, name, euro(price), quantity), ',' order by line_no) as basket
from lines join products using (product)
group by all
"""
# One row per line of some event files. concat() skips nulls, so that a key without a value is left out.
SQL_EVENT_LINES = """
with events as (
    select
        *,
        if(kind = 0, if(source is null, 'Home', 'Campaign landing'), null) as page_name,
        if(kind = 1 and event % 4 = 0, 'Products Searched', nullif(getvariable('event_names')[kind + 1], ''))
            as event_name,
        case
            when kind = 0 then '/' when kind = 1 then '/c/' || category when kind = 2 then '/p/' || product_id
            when kind = 3 then '/help' when kind < 7 then '/cart' else '/checkout'
        end as path,
        if(kind = 0 and source is not null,
            printf('?utm_source=%s&utm_medium=%s&utm_campaign=%s', source, medium, campaign_name), null)
            as utm,
        if(kind = 0 and source is not null,
            printf(',"campaign":{"source":"%s","medium":"%s","name":"%s"}', source, medium, campaign_name),
            null) as campaign_json,
        if(device_no = 2, 'tablet-store-1', 'an-' || opaque(person * 2 + device_no, 4)) as anonymous_id,
        ['mobile', 'desktop', 'tablet'][device + 1] as device_type,
        ['iPhone; CPU iPhone OS 18_5', 'Windows NT 10.0; Win64', 'iPad; CPU OS 18_5'][device + 1] as agent,
        if(kind in (2, 4, 5), printf(',"product_id":"%s","sku":"%s","name":"%s","price":%s',
            product_id, sku, name, euro(price)), null) as product_json,
        if(kind = 11, concat(',"order_id":"', order_id, '","revenue":', euro(subtotal),
            ',"total":', euro(total), ',"shipping":', euro(shipping), ',"tax":', euro(tax),
            ',"discount":', euro(discount), ',"currency":"EUR","products":[', basket, ']'), null)
            as order_json
    from placed join products using (product) join persons using (person)
    left join campaigns using (campaign) left join orders using (order_no) left join baskets using (order_no)
)

select concat(
    '{"messageId":"', opaque(event, 1)[3:], '-', opaque(event // 16777216, 2), '-4', opaque(0, 3)[:3],
    '","type":"', if(kind = 0, 'page', 'track'), '"',
    ',"event":"' || event_name || '"', ',"name":"' || page_name || '"',
    ',"anonymousId":"', anonymous_id, '"', ',"userId":"' || if(logged_in, customer_id, null) || '"',
    ',"timestamp":"', iso(t), '","originalTimestamp":"', iso(t + skew),
    '","sentAt":"', iso(sent + skew), '","receivedAt":"', iso(sent),
    '","context":{"page":{"url":"https://shop.example', path, utm, '","path":"', path, '"',
    ',"referrer":"' || if(kind = 0, nullif(referrer, ''), null) || '"', '}', campaign_json,
    ',"userAgent":"Mozilla/5.0 (', agent, ')","device":{"type":"', device_type, '"}',
    ',"traits":{"email":"' || if(logged_in and event % 6 = 0, email, null) || '"}',
    '},"properties":{', concat(
        if(kind = 1, concat(',"', if(event % 4 = 0, 'query', 'category'), '":"', category, '"'), null),
        if(kind = 3, concat(',"topic":"', if(journey % 2 = 0, 'delivery', 'payment'), '"'), null),
        product_json, if(kind in (4, 5), ',"quantity":' || quantity, null),
        if(kind in (4, 5, 6, 7, 11) and has_cart_id, ',"cart_id":"ct-' || opaque(journey, 5) || '"', null),
        if(kind > 6, ',"checkout_id":"ck-' || opaque(journey, 6) || '"', null),
        if(kind in (6, 7, 10), ',"value":' || euro(cart_value) || ',"currency":"EUR"', null),
        if(kind = 8, ',"step":1', null), if(kind = 10, ',"error":"card_declined_by_gateway"', null),
        order_json
    )[2:], '}}') as line
from events
order by events.line
"""
# One row per line item of each export file; an order in two files has its state at each export.
SQL_ORDER_ROWS = """
select
    file,
    {
        'Name': order_name, 'Email': order_email, 'Created at': shop_time(created),
        'Lineitem quantity': quantity::varchar, 'Lineitem name': name, 'Lineitem price': euro(price),
        'Lineitem sku': sku, 'Lineitem requires shipping': 'true', 'Lineitem taxable': 'true',
        'Lineitem fulfillment status': if(fulfilled < as_of, 'fulfilled', 'pending'),
        'Lineitem discount': '0.00', 'Vendor': 'Made-up shop'
    } as item,
    if(line_no > 0, null, {
        'Financial Status': case when cancelled < as_of then if(captured, 'refunded', 'voided')
            when refund_at < as_of then if(refund = total, 'refunded', 'partially_refunded') else 'paid' end,
        'Paid at': if(captured, shop_time(created + 1000), null),
        'Fulfillment Status': if(fulfilled < as_of, 'fulfilled', 'unfulfilled'),
        'Fulfilled at': if(fulfilled < as_of, shop_time(fulfilled), null),
        'Accepts Marketing': if(person % 3 = 1, 'yes', 'no'), 'Currency': 'EUR',
        'Subtotal': euro(subtotal), 'Shipping': euro(shipping), 'Taxes': euro(tax), 'Total': euro(total),
        'Discount Code': if(discount > 0, 'WELCOME10', null), 'Discount Amount': euro(discount),
        'Shipping Method': 'Home delivery',
        'Billing Name': full_name, 'Billing Street': address, 'Billing Address1': address,
        'Billing City': city, 'Billing Zip': postcode, 'Billing Country': country_code,
        'Billing Phone': phone,
        'Shipping Name': full_name, 'Shipping Street': address, 'Shipping Address1': address,
        'Shipping City': city, 'Shipping Zip': postcode, 'Shipping Country': country_code,
        'Shipping Phone': phone,
        'Note Attributes': concat(
            'delivered_at: ' || if(delivered < as_of, shop_time(delivered), null) || '; ',
            'promised_on: ', shop_time(promised)[:10]),
        'Cancelled at': if(cancelled < as_of, shop_time(cancelled), null),
        'Payment Method': ['Card', 'PayPal', 'Klarna'][method + 1],
        'Payment Reference': 'pay-' || opaque(order_no, 7),
        'Refunded Amount': euro(case when cancelled < as_of and captured then total
            when refund_at < as_of then refund else 0 end),
        'Outstanding Balance': '0.00', 'Id': order_id, 'Risk Level': 'Low', 'Source': 'web',
        'Tax 1 Name': 'TVA 20%', 'Tax 1 Value': euro(tax), 'Phone': phone
    }) as head
from exports join orders using (order_no) join lines using (order_no) join products using (product)
join persons using (person) join places using (place)
order by file, order_no, line_no
"""
SQL_CONTACTS = """
select
    300000 + person * 3 as "Record ID", first_name as "First Name", last_name as "Last Name",
    email as "Email", phone as "Phone Number", country as "Country/Region", city as "City",
    if(is_buyer, 'Customer', 'Subscriber') as "Lifecycle Stage",
    if(is_buyer, 'Connected', 'New') as "Lead Status",
    ['Organic Search', 'Direct Traffic', 'Paid Social', 'Email Marketing'][person % 4 + 1]
        as "Original Source",
    if(person % 3 = 1, 'Marketing contact', 'Non-marketing contact') as "Marketing contact status",
    shop_time(created)[:16] as "Create Date", shop_time(modified)[:16] as "Last Modified Date",
    if(has_account, customer_id, null) as "Customer ID"
from contacts join persons using (person) join places using (place)
order by created, person
"""
SQL_SURVEY_ROWS = """
create table survey_rows as
select
    printf('r-%06d', row_number() over (order by sent, survey, answers.person)) as "Response ID",
    getvariable('surveys')[survey + 1] as "Survey", '1-5' as "Scale",
    iso_local(sent) as "Sent at", iso_local(if(score > 0, answered, null)) as "Answered at",
    nullif(score, 0) as "Score",
    if(orders.order_no is null, if(answers.email_known, email, null), order_email) as "Email",
    order_name as "Order",
    if(score = 0 or comment >= 14, null,
        if(score < 3, getvariable('poor_comments'), getvariable('good_comments'))[comment % 7 + 1])
        as "Comment"
from answers join persons using (person) left join orders using (order_no)
"""
SQL_SURVEY_FIGURES = """
select
    "Survey", count(*) as sent, count("Score") as answered,
    round(count(*) filter ("Score" > 3) / nullif(count("Score"), 0), 4) as csat,
    round(avg("Score"), 3) as mean_score
from survey_rows
group by all
order by all
"""
SQL_PERSONAL_DATA = """
select order_email, phone, full_name from orders join persons using (person)
where order_email is not null
order by order_no limit 20
"""


@dataclass(frozen=True)
class Period:
    """The days that the exports cover; the midnights go on beyond the end, as parcels do."""

    start: date
    days: int
    midnights: Array

    @classmethod
    def of(cls, start: date, days: int) -> Period:
        import numpy as np

        zone = ZoneInfo(ZONE)
        local = [start + timedelta(days=d) for d in range(days + 150)]
        return cls(
            start,
            days,
            np.array(
                [int(datetime(d.year, d.month, d.day, tzinfo=zone).timestamp()) * 1000 for d in local],
                dtype=np.int64,
            ),
        )

    @property
    def ends(self) -> int:
        return int(self.midnights[self.days])

    def day_of(self, t: Array) -> Array:
        import numpy as np

        days: Array = np.searchsorted(self.midnights, t, side="right") - 1
        return days

    def at(self, day: Array, hours: Array) -> Array:
        instants: Array = self.midnights[day] + (hours * HOUR).astype("int64")
        return instants

    def day_at(self, share: float) -> int:
        return int(share * self.days)

    def date_of(self, day: int) -> str:
        return (self.start + timedelta(days=int(day))).isoformat()


def numbered(counts: Array) -> Array:
    """0, 1, 2 … within each run of the given lengths."""
    import numpy as np

    numbers: Array = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return numbers


def laid_out(rng: np.random.Generator, starts: Array, counts: list[Array]) -> Columns:
    """Events of sessions: counts[kind][session] in the order of KINDS, seconds to minutes apart."""
    import numpy as np

    counts = [np.broadcast_to(c, starts.shape).astype(np.int64) for c in counts]
    session = np.concatenate([np.repeat(np.arange(len(starts)), c) for c in counts])
    kind = np.repeat(np.arange(len(counts)), [c.sum() for c in counts])
    nth = np.concatenate([numbered(c) for c in counts])
    order = np.lexsort((nth, kind, session))
    session, kind, nth = session[order], kind[order], nth[order]
    position = numbered(np.bincount(session, minlength=len(starts)))
    # From the cart on up to three neighbours may be dropped: 4 gaps of 5 minutes are no session's end.
    gap = np.clip(rng.lognormal(np.log(40), 0.9, len(session)), 2, np.where(kind < ADDED, 480, 300)) * SECOND
    gap = np.where((position == 0) | (rng.random(len(session)) < 0.05), 0, gap).astype(np.int64)
    elapsed = np.cumsum(gap)
    t = starts[session] + elapsed - elapsed[np.arange(len(session)) - position]
    return {"session": session, "kind": kind, "nth": nth, "position": position, "t": t}


def instant_of(events: Columns, kind: int, journey_count: int) -> Array:
    """Per journey, the last instant of this kind of event; 0 for none."""
    import numpy as np

    found = events["kind"] == kind
    instants = np.zeros(journey_count, dtype=np.int64)
    np.maximum.at(instants, events["journey"][found], events["t"][found])
    return instants


def simulate_journeys(
    rng: np.random.Generator, period: Period, person: Array, starts: Array, account: Array, nth_purchase: int
) -> tuple[Columns, Columns]:
    """One journey for each person given, and its events. `account` (per person of the shop) is updated."""
    import numpy as np

    n = len(person)
    session_count = rng.choice(4, n, p=[0.5, 0.27, 0.15, 0.08]) + 1
    gaps = np.exp(rng.uniform(np.log(9), np.log(72), (n, 4))) * HOUR * (np.arange(4) > 0)
    begins = starts[:, None] + np.cumsum(gaps, axis=1).astype(np.int64)
    hour = (begins - period.midnights[period.day_of(begins)]) // HOUR
    begins = begins + np.where((hour < 7) & (np.arange(4) > 0), 7 * HOUR, 0)
    of_journey, nth = np.repeat(np.arange(n), session_count), numbered(session_count)
    milestones = np.floor(np.sort(rng.random((n, 3)), axis=1) * session_count[:, None]).astype(np.int64)
    considers, carts, checks = milestones[of_journey].T
    line_count = rng.choice(3, n, p=[0.55, 0.30, 0.15]) + 1
    lines, sessions = line_count[of_journey], len(of_journey)
    in_cart, in_checkout = nth == carts, nth == checks
    u = rng.random((4, sessions))
    events = laid_out(
        rng,
        begins[of_journey, nth],
        [
            np.ones(sessions),
            1 + rng.poisson(1.1, sessions),
            np.where(nth >= considers, 1 + rng.poisson(1.85, sessions), 0),
            u[0] < 0.02,
            lines * in_cart,
            lines * in_cart,
            (in_cart & (u[1] < 0.7)) | ((nth > carts) & (nth <= checks) & (u[1] < 0.5)),
            in_checkout,
            in_checkout,
            in_checkout,
            in_checkout * (1 + (u[2] < 0.3)),
            in_checkout,
        ],
    )
    events["journey"], events["session_no"] = of_journey[events["session"]], nth[events["session"]]
    cart_at, checkout_at = instant_of(events, ADDED, n), instant_of(events, CHECKOUT, n)
    change_at = {name: period.midnights[period.day_at(share)] for name, share, *_ in CHANGES}

    device = rng.choice(3, n, p=DEVICE_SHARES)
    rates = RENEWAL_RATES if nth_purchase else FIRST_PURCHASE_RATES
    checkout_without = np.full(n, rates[2])
    checkout_rate = checkout_without * np.where(cart_at >= change_at["shipping-fee"], SHIPPING_FEE_FACTOR, 1)
    outage_day = period.day_at(OUTAGE_AT)
    in_outage = period.day_of(checkout_at) == outage_day
    purchase_without = rates[3] * np.array(DEVICE_PURCHASE_FACTORS)[device] * np.where(in_outage, OUTAGE_FACTOR, 1)
    purchase_rate = purchase_without * np.where(checkout_at >= change_at["guest-checkout"], GUEST_CHECKOUT_FACTOR, 1)
    draws = rng.random((4, n))
    passed = draws < np.stack([np.full(n, rates[0]), np.full(n, rates[1]), checkout_rate, purchase_rate])
    stage = np.cumprod(passed, axis=0).sum(axis=0)
    bought = stage == 4
    payment_failed = (stage == 3) & ((in_outage & (draws[3] < purchase_rate / OUTAGE_FACTOR)) | (rng.random(n) < 0.02))
    emptied = (stage == 2) & (rng.random(n) < 0.05)
    removes_last = (stage >= 2) & (line_count > 1) & (rng.random(n) < 0.06) & ~emptied

    had_account, u = account[person], rng.random((4, n))
    guest = bought & ~had_account & (checkout_at >= change_at["guest-checkout"]) & (u[0] < 0.6)
    logs_in_early = had_account & np.where(bought, u[1] < 0.5, u[1] < 0.25)
    two_devices = logs_in_early & (session_count > 1) & (u[2] < 0.6)
    account[person[bought & ~guest]] = True

    j, kind, e = events["journey"], events["kind"], rng.random(len(events["t"]))
    tried_to_pay = bought | payment_failed
    keep = np.array([s for _, s in KINDS])[kind] <= stage[j]
    keep &= ~bought[j] | (events["session_no"] <= milestones[j, 2])
    keep &= (kind != REMOVED) | emptied[j] | (removes_last[j] & (events["nth"] == line_count[j] - 1))
    keep &= (kind != CART) | ~emptied[j]
    step_u, pay_u = rng.random((2, n))
    keep &= (kind != STEP) | tried_to_pay[j] | (step_u < 0.7)[j]
    keep &= (kind != PAYMENT) | tried_to_pay[j] | ((step_u < 0.7) & (pay_u < 0.6))[j]
    keep &= (kind != FAILED) | payment_failed[j]

    product = (rng.choice(len(PRODUCTS), n, p=popularity())[:, None] + [0, 7, 13]) % len(PRODUCTS)
    quantity = rng.choice(3, (n, 3), p=[0.86, 0.11, 0.03]) + 1
    in_basket = np.arange(3) < (line_count - removes_last)[:, None]
    value = (np.array([p[3] for p in PRODUCTS])[product] * quantity * in_basket).sum(axis=1)
    slot = np.minimum(events["nth"], line_count[j] - 1)
    own = (kind > VIEW) | ((events["nth"] < line_count[j]) & (e < 0.6))
    events |= {
        "product": np.where(own, product[j, slot], rng.choice(len(PRODUCTS), len(j), p=popularity())),
        "quantity": quantity[j, slot],
        "device_no": (two_devices[j] & (events["session_no"] > 0)).astype(np.int64),
        "logged_in": np.where(kind >= CHECKOUT, (bought & ~guest)[j], False)
        | (logs_in_early[j] & (events["position"] > 0)),
        "person": person[j],
    }  # fmt: skip
    journeys = {
        "person": person, "starts": starts, "nth_purchase": np.full(n, nth_purchase), "stage": stage,
        "planned_sessions": session_count, "device": device, "guest": guest, "two_devices": two_devices,
        "emptied": emptied, "line_count": line_count - removes_last, "product": product,
        "quantity": quantity, "cart_value": value, "has_cart_id": rng.random(n) < 0.8, "cart_at": cart_at,
        "checkout_at": checkout_at, "checkout_rate": checkout_rate, "checkout_without": checkout_without,
        "purchase_rate": purchase_rate, "purchase_without": purchase_without,
        "payment_failed": payment_failed, "logged_in": logs_in_early,
    }  # fmt: skip
    return journeys, {name: column[keep] for name, column in events.items()}


def popularity() -> Array:
    import numpy as np

    weights: Array = 1 / np.sqrt(1 + np.arange(len(PRODUCTS)))
    weights /= weights.sum()
    return weights


def simulate_orders(rng: np.random.Generator, period: Period, journeys: Columns, events: Columns) -> Columns:
    """One order for each purchase event before the period's end, with what happens to it later."""
    import numpy as np

    placed = (events["kind"] == ORDER) & (events["t"] < period.ends)
    journey, created = events["journey"][placed], events["t"][placed] // SECOND * SECOND
    n, day = len(journey), period.day_of(created)
    goods = journeys["cart_value"][journey]
    discount = np.where(rng.random(n) < 0.12, goods // 10, 0)
    has_fee = day >= period.day_at(0.75)
    shipping = np.where(has_fee, 790, np.where(goods < 6000, 490, 0))
    total = goods - discount + shipping
    cancelled = rng.random(n) < 0.02
    shipped_day = day + rng.integers(1, 3, n)
    fulfilled = period.at(shipped_day, rng.uniform(9, 17, n)) // SECOND * SECOND
    is_late = rng.random(n) < LATE_DELIVERY_SHARE
    delivered_day = np.where(is_late, day + 7 + rng.integers(2, 7, n), shipped_day + rng.integers(2, 6, n))
    delivered = period.at(delivered_day, rng.uniform(8, 19, n)) // SECOND * SECOND
    refunded = ~cancelled & (rng.random(n) < 0.05)
    never = np.iinfo(np.int64).max // 4  # later than any export
    return {
        "journey": journey, "person": journeys["person"][journey], "created": created, "discount": discount,
        "subtotal": goods - discount, "shipping": shipping, "total": total,
        "tax": total - (total * 5 + 3) // 6, "promised": period.midnights[day + 7],
        "cancelled": np.where(cancelled, created + rng.integers(1800, 8 * 3600, n) * SECOND, never),
        "captured": ~(cancelled & (rng.random(n) < 0.5)),
        "fulfilled": np.where(cancelled, never, fulfilled),
        "delivered": np.where(cancelled, never, delivered), "is_late": is_late & ~cancelled,
        "refund_at": np.where(refunded, delivered + rng.integers(3 * 86400, 15 * 86400, n) * SECOND, never),
        "refund": np.where(rng.random(n) < 0.5, total, total * 2 // 5),
        "method": rng.choice(3, n, p=[0.6, 0.28, 0.12]),
        "email_known": ~(journeys["guest"][journey] & (rng.random(n) < 0.12)),
    }  # fmt: skip


def simulate(rng: np.random.Generator, period: Period, people: int) -> dict[str, Columns]:
    """Journeys, the events and orders of the period, contacts and survey answers."""
    import numpy as np

    had_account = rng.random(people) < 0.3
    account = had_account.copy()
    weekdays = np.array([(period.start + timedelta(days=d)).weekday() for d in range(period.days)])
    weights = np.where(weekdays >= 5, 1.2, 1.0)
    first_day = rng.choice(period.days, people, p=weights / weights.sum())
    person, starts = np.arange(people), period.at(first_day, 7 + 16.5 * rng.beta(2, 2, people))
    parts: dict[str, list[Columns]] = {"journeys": [], "events": [], "orders": []}
    journey_count = session_count = 0
    for nth_purchase in range(3):
        journeys, events = simulate_journeys(rng, period, person, starts, account, nth_purchase)
        orders = simulate_orders(rng, period, journeys, events)
        events["journey"] = events["journey"] + journey_count
        events["session"] = events["session"] + session_count
        orders["journey"] = orders["journey"] + journey_count
        for name, part in (("journeys", journeys), ("events", events), ("orders", orders)):
            parts[name].append(part)
        journey_count += len(person)
        session_count += int(journeys["planned_sessions"].sum())
        returns = (orders["fulfilled"] < period.ends) & (rng.random(len(orders["person"])) < 0.45)
        day = period.day_of(orders["delivered"][returns]) + rng.integers(5, 41, returns.sum())
        in_time = day < period.days
        person = orders["person"][returns][in_time]
        starts = period.at(day[in_time], 7 + 16.5 * rng.beta(2, 2, in_time.sum()))
    journeys, orders = joined(parts["journeys"]), joined(parts["orders"])
    orders = {name: column[np.argsort(orders["created"], kind="stable")] for name, column in orders.items()}
    orders["order_no"] = np.arange(len(orders["created"]))
    for extra in (
        asking_where_it_is(rng, period, orders, account, session_count),
        on_the_tablet(rng, period, journeys, had_account, 2 * session_count),
    ):
        parts["events"].append(extra)
    events = joined(parts["events"])
    written = events["t"] < period.ends
    order = np.lexsort((events["position"], events["session"], events["t"]))
    events = {name: column[order][written[order]] for name, column in events.items()}
    complete_events(rng, period, journeys, events, orders)
    return {
        "journeys": journeys,
        "events": events,
        "orders": orders,
        "contacts": simulate_contacts(rng, period, had_account, journeys, events, orders),
        "answers": simulate_answers(rng, period, journeys, events, orders),
    }


def joined(parts: list[Columns]) -> Columns:
    import numpy as np

    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def browsing(
    rng: np.random.Generator, starts: Array, journey: Array, person: Array, counts: list[Array], session: int
) -> Columns:
    """Events of sessions without a cart, numbered from `session` on."""
    import numpy as np

    events = laid_out(rng, starts, counts)
    local, n = events["session"], len(events["t"])
    return events | {
        "session": local + session,
        "journey": journey[local],
        "person": person[local],
        "session_no": np.full(n, UNPLANNED),
        "product": rng.choice(len(PRODUCTS), n, p=popularity()),
        "quantity": np.ones(n, dtype=np.int64),
        "device_no": np.zeros(n, dtype=np.int64),
    }


def asking_where_it_is(
    rng: np.random.Generator, period: Period, orders: Columns, account: Array, session: int
) -> Columns:
    """Half of those whose parcel is late look at the help pages on the day after the promise."""
    import numpy as np

    asks = orders["is_late"] & orders["email_known"] & (rng.random(len(orders["is_late"])) < 0.5)
    person = orders["person"][asks]
    starts = period.at(period.day_of(orders["promised"][asks]) + 1, rng.uniform(10, 20, len(person)))
    one, none = np.ones(len(person)), np.zeros(len(person))
    counts = [one, none, none, one + (rng.random(len(person)) < 0.4)]
    events = browsing(rng, starts, orders["journey"][asks], person, counts, session)
    return events | {"logged_in": account[events["person"]] & (events["position"] > 0)}


def on_the_tablet(rng: np.random.Generator, period: Period, journeys: Columns, account: Array, session: int) -> Columns:
    """Customers who log in on the store's tablet, the day after their first journey began."""
    import numpy as np

    first = {name: column[: len(account)] for name, column in journeys.items()}  # journey number = person
    day = period.day_of(first["starts"]) + 1
    able = np.flatnonzero(account & (first["stage"] > 0) & (first["stage"] < 4) & (day < period.days))
    person = np.sort(rng.choice(able, min(TABLET_CUSTOMERS, len(able)), replace=False))
    one = np.ones(len(person))
    counts = [one, one, one + rng.poisson(0.8, len(person))]
    events = browsing(rng, period.at(day[person], rng.uniform(10, 18, len(person))), person, person, counts, session)
    return events | {"logged_in": events["t"] > 0, "device_no": np.full(len(events["t"]), 2)}


def complete_events(
    rng: np.random.Generator, period: Period, journeys: Columns, events: Columns, orders: Columns
) -> None:
    """Adds what an event takes from its session, its journey and its order."""
    import numpy as np

    j, n_sessions = events["journey"], int(events["session"].max(initial=0)) + 1
    campaign = np.where(rng.random(n_sessions) < 0.4, rng.integers(0, len(CAMPAIGNS), n_sessions), -1)
    order_of = np.full(len(journeys["person"]), -1)
    order_of[orders["journey"]] = orders["order_no"]
    device = journeys["device"][j]
    events["event"] = np.arange(len(j))
    events["campaign"] = campaign[events["session"]]
    # Up to eight events of a session go up together: sentAt says little about when something happened.
    batch = events["session"] * 8 + np.minimum(events["position"] // 8, 7)
    sent = np.zeros(n_sessions * 8, dtype=np.int64)
    np.maximum.at(sent, batch, events["t"])
    events["sent"] = np.minimum(sent[batch] + 2 * SECOND, period.ends - 1)
    events["skew"] = np.where(events["person"] % 12 == 0, -37 * SECOND, 0)
    events["device"] = np.choose(events["device_no"], [device, np.where(device == 1, 0, 1), np.full(len(j), 2)])
    events["order_no"] = np.where(events["kind"] == ORDER, order_of[j], -1)
    events["cart_value"], events["has_cart_id"] = journeys["cart_value"][j], journeys["has_cart_id"][j]


def simulate_contacts(
    rng: np.random.Generator,
    period: Period,
    had_account: Array,
    journeys: Columns,
    events: Columns,
    orders: Columns,
) -> Columns:
    """One contact for each account and for each buyer whose e-mail is known."""
    import numpy as np

    never = np.iinfo(np.int64).max
    first_order = np.full(len(had_account), never)
    np.minimum.at(first_order, orders["person"][orders["email_known"]], orders["created"][orders["email_known"]])
    last_seen = np.zeros(len(had_account), dtype=np.int64)
    np.maximum.at(last_seen, events["person"], events["t"])
    has_account = had_account.copy()
    has_account[orders["person"][~journeys["guest"][orders["journey"]]]] = True
    signed_up = period.midnights[0] - rng.integers(DAY, 500 * DAY, len(had_account))
    created = np.where(had_account, signed_up, first_order)
    person = np.flatnonzero(created < never)
    return {
        "person": person, "created": created[person], "has_account": has_account[person],
        "is_buyer": first_order[person] < never, "modified": np.maximum(created, last_seen)[person],
    }  # fmt: skip


def simulate_answers(
    rng: np.random.Generator, period: Period, journeys: Columns, events: Columns, orders: Columns
) -> Columns:
    """One row for each survey sent; score 0 = not answered before the end."""
    import numpy as np

    def asked(
        survey: int, share: float, mood: Array, sent: Array, person: Array, known: Array, order: Array
    ) -> Columns:
        n = len(sent)
        delay = rng.uniform(20, 200, n) if survey == 1 else rng.lognormal(np.log(6 * 3600), 1.0, n)
        answered = sent + delay.astype(np.int64) * SECOND
        bounds = np.cumsum(list(SCORE_SHARES.values()), axis=1)[mood]
        score = 1 + (rng.random(n)[:, None] > bounds[:, :4]).sum(axis=1)
        score = np.where((rng.random(n) < share) & (answered < period.ends), score, 0)
        part = {"sent": sent, "answered": answered, "score": score, "person": person, "email_known": known}
        part |= {"survey": np.full(n, survey), "order_no": order, "comment": rng.integers(0, 40, n)}
        return {name: column[sent < period.ends] for name, column in part.items()}

    sent = orders["delivered"] + 2 * DAY
    parts = [asked(0, 0.35, orders["is_late"] * 1, sent, orders["person"], orders["email_known"], orders["order_no"])]

    order_of = np.full(len(journeys["person"]), -1)
    order_of[orders["journey"]] = orders["order_no"]
    shown = (journeys["stage"] >= 3) & (rng.random(len(order_of)) < 0.15)
    sent, person, known = (journeys[name][shown] for name in ("checkout_at", "person", "logged_in"))
    parts.append(asked(1, 0.6, np.full(len(sent), 2), sent, person, known, order_of[shown]))

    helped, first = np.unique(np.where(events["kind"] == HELP, events["session"], -1), return_index=True)
    first = first[helped >= 0]
    was_late = (events["session_no"] == UNPLANNED)[first]
    first = first[rng.random(len(first)) < np.where(was_late, 0.6, 0.25)]
    sent, person, known = (events[name][first] for name in ("t", "person", "logged_in"))
    known = known | (events["session_no"] == UNPLANNED)[first]
    parts.append(asked(2, 0.45, np.full(len(first), 3), sent + DAY, person, known, np.full(len(first), -1)))
    return joined(parts)


def placed_lines(rng: np.random.Generator, period: Period, events: Columns) -> tuple[Columns, dict[str, Any]]:
    """Which event stands in which file (file number `days` is the late one), with doubled lines.

    The lines of a file stand session by session, as uploads batch them: not in the order of time.
    """
    import numpy as np

    n = len(events["t"])
    file = period.day_of(events["t"])
    first_of_session = np.full(int(events["session"].max(initial=0)) + 1, n)
    np.minimum.at(first_of_session, events["session"], np.arange(n))
    first_of_session = first_of_session[events["session"]]
    doubled = np.sort(rng.choice(n, int(n * DUPLICATE_SHARE), replace=False))
    first_late, last_late = period.day_at(0.30), period.day_at(0.30) + max(period.days // 10, 1) - 1
    can_be_late = (file >= first_late) & (file <= last_late)
    can_be_late[doubled] = False
    candidates = np.flatnonzero(can_be_late)
    late = rng.choice(candidates, min(int(n * LATE_SHARE), len(candidates) // 4), replace=False)
    copies = np.minimum(file[doubled] + np.arange(len(doubled)) % 2, period.days - 1)
    across_files = int((copies != file[doubled]).sum())
    file[late] = period.days
    row, file = np.concatenate([np.arange(n), doubled]), np.concatenate([file, copies])
    order = np.lexsort((row, first_of_session[row], file))
    truth = {
        "duplicate_lines": len(doubled),
        "duplicate_lines_in_the_next_file": across_files,
        "late_events": len(late),
        "late_events_of": [period.date_of(first_late), period.date_of(last_late)],
    }
    return {"row": row[order], "file": file[order], "line": np.arange(len(row))}, truth


def malformed_events(rng: np.random.Generator, period: Period) -> list[tuple[int, str, str]]:
    """Day, reason and text of each planted line."""
    planted = []
    for number, reason in enumerate(r for r, count in MALFORMED_EVENTS.items() for _ in range(count)):
        day = int(rng.integers(0, period.days))
        event: dict[str, Any] = {
            "messageId": f"planted-{number:02d}",
            "type": "track",
            "event": "Product Viewed",
            "anonymousId": f"an-planted-{number:02d}",
            "timestamp": f"{period.date_of(day)}T10:00:00.000Z",
            "context": {"page": {"url": "https://shop.example/p/p-001"}},
            "properties": {"product_id": "p-001"},
        }
        dropped = {"no timestamp": "timestamp", "no messageId": "messageId", "no identity": "anonymousId"}
        event.pop(dropped.get(reason, ""), None)
        if reason == "impossible timestamp":
            event["timestamp"] = "2026-13-45T10:00:00.000Z"
        elif reason == "timestamp in 1970":
            event["timestamp"] = "1970-01-01T00:00:00.000Z"
        text = json.dumps(event, separators=(",", ":"))
        planted.append(
            (
                day,
                reason,
                {"truncated JSON": text[:130], "not JSON": "<html>502 Bad Gateway"}.get(reason, text),
            )
        )
    return planted


def load(connection: duckdb.DuckDBPyConnection, period: Period, seed: int, made: dict[str, Columns]) -> None:
    """The simulation and its vocabulary as DuckDB tables."""
    import numpy as np
    import pyarrow as pa

    def add(name: str, columns: dict[str, Any]) -> None:
        connection.register("incoming", pa.table(columns))
        connection.execute(f"create table {name} as from incoming")  # a fixed name of this module
        connection.unregister("incoming")

    connection.execute(f"set TimeZone = '{ZONE}'")
    for name, value in (
        ("seed", seed),
        ("event_names", [name for name, _ in KINDS]),
        ("surveys", list(SURVEYS)),
        ("good_comments", GOOD_COMMENTS),
        ("poor_comments", POOR_COMMENTS),
    ):
        connection.execute(f"set variable {name} = $value", {"value": value})
    connection.execute(SQL_MACROS)

    rng = np.random.default_rng([seed, 1])
    n = int(made["journeys"]["person"].max()) + 1
    drawn = {
        name: pa.array(values).take(pa.array(rng.integers(0, len(values), n)))
        for name, values in (("first_name", FIRST_NAMES), ("last_name", LAST_NAMES), ("street", STREETS))
    }
    add("drawn_persons", {"person": np.arange(n), "place": rng.integers(0, len(PLACES), n), **drawn})
    connection.execute(SQL_PERSONS)
    city, postcode, code, country = zip(*PLACES, strict=True)
    add(
        "places",
        {
            "place": range(len(PLACES)),
            "city": city,
            "postcode": postcode,
            "country_code": code,
            "country": country,
        },
    )
    product_id, sku, product_name, price = zip(*PRODUCTS, strict=True)
    add(
        "products",
        {
            "product": range(len(PRODUCTS)),
            "product_id": product_id,
            "sku": sku,
            "name": product_name,
            "price": price,
            "category": [text.split(" - ")[0].lower() for text in product_name],
        },
    )
    source, medium, campaign_name, referrer = zip(*CAMPAIGNS, strict=True)
    add(
        "campaigns",
        {
            "campaign": range(len(CAMPAIGNS)),
            "source": source,
            "medium": medium,
            "campaign_name": campaign_name,
            "referrer": referrer,
        },
    )
    journeys, orders = made["journeys"], made["orders"]
    counts = journeys["line_count"][orders["journey"]]
    order_no, line_no = np.repeat(orders["order_no"], counts), numbered(counts)
    journey = orders["journey"][order_no]
    add(
        "lines",
        {
            "order_no": order_no,
            "line_no": line_no,
            "product": journeys["product"][journey, line_no],
            "quantity": journeys["quantity"][journey, line_no],
        },
    )
    add("drawn_orders", orders)
    add("contacts", made["contacts"])
    add("answers", made["answers"])
    add("exports", exports_of(period, orders))
    connection.execute(SQL_ORDERS)
    connection.execute(SQL_BASKETS)


def exports_of(period: Period, orders: Columns) -> Columns:
    """Which order stands in which export file, with its state at which instant.

    All files show the state at the period's end, but for the orders of the last 7 days before the last file:
    in the file before it they stand as they were at midnight, and again, in their newest state, in the last.
    """
    import numpy as np

    files = max(round(period.days / 30), 1)
    day = period.day_of(orders["created"])
    file = np.minimum(day * files // period.days, files - 1)
    last_begins = -(-(files - 1) * period.days // files)
    again = (files > 1) & (day < last_begins) & (day >= last_begins - 7)
    as_of = np.where(again, period.midnights[last_begins], period.ends)
    return {
        "order_no": np.concatenate([orders["order_no"], orders["order_no"][again]]),
        "file": np.concatenate([file, np.full(again.sum(), files - 1)]) + 1,
        "as_of": np.concatenate([as_of, np.full(again.sum(), period.ends)]),
    }


def write_events(
    connection: duckdb.DuckDBPyConnection, out: Path, period: Period, seed: int, events: Columns
) -> dict[str, Any]:
    """One gzip file per shop day and the late one; returns what was planted in them."""
    import numpy as np
    import pyarrow as pa

    rng = np.random.default_rng([seed, 2])
    places, truth = placed_lines(rng, period, events)
    planted = malformed_events(rng, period)
    row = places.pop("row")
    table = pa.table({name: column[row] for name, column in events.items()} | places)
    bounds = np.searchsorted(places["file"], np.arange(period.days + 2))
    malformed: dict[str, dict[str, int]] = {}
    for file in range(period.days + 1):
        if file % 10 == 0:  # ten files a query: planning it takes longer than a small day
            first, last = bounds[file], bounds[min(file + 10, period.days + 1)]
            connection.register("placed", table.slice(first, last - first))
            texts = connection.sql(SQL_EVENT_LINES).to_arrow_table().column(0)
        lines: list[str] = texts.slice(bounds[file] - first, bounds[file + 1] - bounds[file]).to_pylist()
        name = f"events-{period.date_of(file) if file < period.days else 'late'}.jsonl.gz"
        for day, reason, text in planted:
            if day == file:
                lines.insert(int(rng.integers(0, len(lines) + 1)), text)
                counts = malformed.setdefault(f"events/{name}", {})
                counts[reason] = counts.get(reason, 0) + 1
        (out / "events" / name).write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode(), 9, mtime=0))
    return truth | {"malformed": malformed}


def write_csv(path: Path, columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def write_orders(connection: duckdb.DuckDBPyConnection, out: Path, period: Period) -> dict[str, Any]:
    items: dict[int, list[dict[str, str]]] = {}
    heads: dict[int, list[dict[str, str] | None]] = {}
    for file, item, head in connection.execute(SQL_ORDER_ROWS).fetchall():
        items.setdefault(file, []).append(item)
        heads.setdefault(file, []).append(head)
    malformed: dict[str, dict[str, int]] = {}
    for file in range(1, max(round(period.days / 30), 1) + 1):
        rows = [item | (head or {}) for item, head in zip(items.get(file, []), heads.get(file, []), strict=True)]
        name = f"orders/orders_export_{file}.csv"
        if file == 1 and rows:  # planted as one more line of an order that is sound
            for at, (reason, change) in zip((len(rows), len(rows) // 2, 1), MALFORMED_ORDERS, strict=True):
                rows.insert(at, items[file][at - 1] | change)
                malformed.setdefault(name, {})[reason] = 1
        write_csv(out / name, SHOPIFY_COLUMNS, [tuple(map(row.get, SHOPIFY_COLUMNS)) for row in rows])
    return malformed


def write_crm(connection: duckdb.DuckDBPyConnection, out: Path) -> dict[str, dict[str, int]]:
    """Contacts and survey answers; returns what was planted."""
    contacts = connection.sql(SQL_CONTACTS)
    rows = contacts.fetchall()
    rows.insert(len(rows) // 2, ("", "Planted", *rows[len(rows) // 2][2:]))
    write_csv(out / "crm/contacts.csv", contacts.columns, rows)
    connection.execute(SQL_SURVEY_ROWS)
    answers = connection.sql("from survey_rows order by 1")
    rows = answers.fetchall()
    if not rows:
        return {"crm/contacts.csv": {"no Record ID": 1}}
    survey, scale, sent = rows[0][1:4]
    rows.insert(len(rows) // 2, ("r-900001", survey, scale, sent, sent, 9, "", "", ""))
    rows.append(("", survey, scale, sent, sent, 4, "", "", ""))
    write_csv(out / "crm/survey_answers.csv", answers.columns, rows)
    return {
        "crm/contacts.csv": {"no Record ID": 1},
        "crm/survey_answers.csv": {"score outside the scale": 1, "no Response ID": 1},
    }


def reached_stages(made: dict[str, Columns]) -> Array:
    """Per journey, the furthest stage of its events that were written; -1 for a journey without any."""
    import numpy as np

    reached = np.full(len(made["journeys"]["person"]), -1)
    stage_of_kind = np.array([stage for _, stage in KINDS])
    np.maximum.at(reached, made["events"]["journey"], stage_of_kind[made["events"]["kind"]])
    return reached


def journeys_truth(period: Period, made: dict[str, Columns]) -> dict[str, Any]:
    """How far the journeys came, by what was written of them before the end."""
    import numpy as np

    journeys, events, reached = made["journeys"], made["events"], reached_stages(made)

    def chain(which: Array) -> dict[str, Any]:
        counts = [int((which & (reached >= stage)).sum()) for stage in range(len(STAGES))]
        pairs = pairwise(counts)
        rates = [round(after / before, 4) if before else None for before, after in pairs]
        return {
            "reached": dict(zip(STAGES, counts, strict=True)),
            "step_rate": dict(zip(STAGES[1:], rates, strict=True)),
        }

    def sessions(which: Array) -> int:
        return len(np.unique(events["session"][which]))

    written, renewal, in_cart = reached >= 0, journeys["nth_purchase"] > 0, reached >= 2
    planned, on_tablet = events["session_no"] != UNPLANNED, events["device_no"] == 2
    emptied = (events["kind"] == REMOVED) & journeys["emptied"][events["journey"]]
    return {
        "note": "counts what was written before the end; stages by stage_of_event, the furthest one counts",
        "all": chain(written),
        "first_purchase": chain(written & ~renewal),
        "renewal": chain(written & renewal),
        "begun_45_days_before_the_end": chain(written & (journeys["starts"] < period.ends - 45 * DAY)),
        "cut_by_the_end": int((written & (reached < journeys["stage"])).sum()),
        "highest_drop_off": {"from": "checkout", "to": "purchase"},
        "sessions_planned": int(journeys["planned_sessions"][written].sum()),
        "sessions_written": sessions(planned),
        "tablet_sessions": sessions(on_tablet),
        "late_parcel_help_sessions": sessions(~planned & ~on_tablet),
        "on_two_devices": int((journeys["two_devices"] & written).sum()),
        "carts": int(in_cart.sum()),
        "carts_with_cart_id": int((in_cart & journeys["has_cart_id"]).sum()),
        "carts_emptied": len(np.unique(events["journey"][emptied])),
        "payment_failed": len(np.unique(events["journey"][events["kind"] == FAILED])),
    }


def changes_truth(period: Period, made: dict[str, Columns]) -> list[dict[str, Any]]:
    """Date, stage, sign and true effect of each change.

    `entered` and `converted` are of all decisions before the end, on each side, without the outage day.
    `effect_points` is the design (first journeys), `effect_points_mean` the mean over the journeys touched.
    """
    journeys, reached = made["journeys"], reached_stages(made)
    instant = {1: journeys["starts"], 3: journeys["cart_at"], 4: journeys["checkout_at"]}
    designed = {
        "product-photos": 0.0,
        "guest-checkout": 100 * FIRST_PURCHASE_RATES[3] * (GUEST_CHECKOUT_FACTOR - 1),
        "shipping-fee": 100 * FIRST_PURCHASE_RATES[2] * (SHIPPING_FEE_FACTOR - 1),
    }

    def counts(which: Array, stage: int) -> dict[str, int]:
        return {"entered": int(which.sum()), "converted": int((which & (reached >= stage)).sum())}

    changes = []
    for name, share, left, entered, sign in CHANGES:
        stage, day = STAGES.index(entered), period.day_at(share)
        at = instant[stage]
        decided = (reached >= stage - 1) & (at < period.ends) & (period.day_of(at) != period.day_at(OUTAGE_AT))
        after, effect = decided & (at >= period.midnights[day]), 0.0
        if sign and after.any():
            rate = "purchase" if stage == 4 else "checkout"
            effect = float((journeys[f"{rate}_rate"] - journeys[f"{rate}_without"])[after].mean())
        changes.append(
            {
                "id": name,
                "date": period.date_of(day),
                "stage": left,
                "kpi": f"step conversion {left} -> {entered}",
                "sign": sign,
                "verdict": ("no evidence", "improved", "worsened")[sign],
                "effect_points": round(designed[name], 2),
                "effect_points_mean": round(100 * effect, 2),
                "before": counts(decided & ~after, stage),
                "after": counts(after, stage),
            }
        )
    return changes


def orders_truth(period: Period, made: dict[str, Columns]) -> dict[str, Any]:
    orders, ends = made["orders"], period.ends
    refunded, delivered = orders["refund_at"] < ends, orders["delivered"] < ends
    return {
        "orders": len(orders["created"]),
        "order_lines": int(made["journeys"]["line_count"][orders["journey"]].sum()),
        "net_value": round(float(orders["subtotal"].sum()) / 100, 2),  # after discounts, before refunds
        "repeat_orders": int((made["journeys"]["nth_purchase"][orders["journey"]] > 0).sum()),
        "cancelled": int((orders["cancelled"] < ends).sum()),
        "refunded": int(refunded.sum()),
        "refunded_in_full": int((refunded & (orders["refund"] == orders["total"])).sum()),
        "shipped": int((orders["fulfilled"] < ends).sum()),
        "delivered": int(delivered.sum()),
        "delivered_late": int((delivered & orders["is_late"]).sum()),
        "guest_orders": int(made["journeys"]["guest"][orders["journey"]].sum()),
        "without_email": int((~orders["email_known"]).sum()),
    }


def surveys_truth(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    figures = connection.sql(SQL_SURVEY_FIGURES)
    return {survey: dict(zip(figures.columns[1:], row, strict=True)) for survey, *row in figures.fetchall()}


def write_exports(out: Path, *, people: int, days: int, seed: int, start: date = date(2026, 7, 1)) -> dict[str, Any]:
    """Writes all files below `out` and returns the truth, which is also written as truth.json."""
    import duckdb
    import numpy as np

    for folder in ("events", "orders", "crm"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    period = Period.of(start, days)
    made = simulate(np.random.default_rng(seed), period, people)
    events = made["events"]
    with duckdb.connect(config={"threads": 1}) as connection:
        load(connection, period, seed, made)
        planted = write_events(connection, out, period, seed, events)
        malformed = planted.pop("malformed")
        malformed |= write_orders(connection, out, period) | write_crm(connection, out)
        surveys = surveys_truth(connection)
        personal = connection.sql(SQL_PERSONAL_DATA).fetchall()
    names, distinct = [KIND_NAMES.get(kind, name) for kind, (name, _) in enumerate(KINDS)], len(events["t"])
    truth = {
        "arguments": {"people": people, "days": days, "seed": seed, "start": start.isoformat()},
        "time_zone": ZONE,
        "currency": "EUR",
        "ends_before": datetime.fromtimestamp(period.ends / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "people": people,
        "stage_of_event": {name: STAGES[stage] for name, (_, stage) in zip(names, KINDS, strict=True)},
        "events": {"distinct": distinct, "lines": distinct + planted["duplicate_lines"], **planted},
        "journeys": journeys_truth(period, made),
        "changes": changes_truth(period, made),
        "planned_rates": {
            "first_purchase": dict(zip(STAGES[1:], FIRST_PURCHASE_RATES, strict=True)),
            "renewal": dict(zip(STAGES[1:], RENEWAL_RATES, strict=True)),
        },
        "outage": {"date": period.date_of(period.day_at(OUTAGE_AT)), "purchase_factor": OUTAGE_FACTOR},
        "orders": orders_truth(period, made),
        "surveys": surveys,
        "contacts": len(made["contacts"]["person"]),
        "shared_device": {
            "anonymous_id": "tablet-store-1",
            "customers": len(np.unique(events["person"][events["device_no"] == 2])),
        },
        "malformed": malformed,
        "personal_data": {name: [row[i] for row in personal] for i, name in enumerate(("emails", "phones", "names"))},
    }
    text = json.dumps(truth, indent=2, ensure_ascii=False) + "\n"
    (out / "truth.json").write_text(text, encoding="utf-8")
    return truth


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the exports of an invented shop, and truth.json beside them.")
    parser.add_argument("--people", type=int, default=6000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--start", type=date.fromisoformat, default=date(2026, 7, 1), help="first shop day")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    chosen = parser.parse_args()
    truth = write_exports(chosen.out, people=chosen.people, days=chosen.days, seed=chosen.seed, start=chosen.start)
    counts = f"{truth['events']['distinct']} events, {truth['orders']['orders']} orders"
    print(f"{chosen.out}: {counts}, see truth.json")


if __name__ == "__main__":
    main()

"""The exports of an invented business that sells software to businesses, with the truth beside them.

    python -m parcours.made_up_shop.b2b --out examples/b2b

Here: what is planted (the constants), visitors and leads one by one, and the files that such a business would export:
Segment events (the site, and the calendar in which demos are booked), HubSpot contacts and deals, a survey.
Not here: the shop of consumers beside it, which shares nothing with this one.

How it works. A visitor comes once or a few times, looks at the prices or not, leaves an address or not: then it is a
lead, a contact of the CRM. Of leads some book a demo, of demos some are held, of those that are held some become a
proposal, which is when the CRM has a deal, of proposals some are won. Each is decided by its rate *at the instant at
which it is decided*, and has an instant of its own; what comes after the end of the exports is not written, and the
truth counts only what was written. Equal arguments give equal bytes.
"""

from __future__ import annotations

import csv
import gzip
import json
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Berlin")
START, DAYS = date(2025, 10, 1), 273
END = datetime.combine(START + timedelta(days=DAYS), time(), ZONE)
VISITORS, FAIR_LEADS = 5600, 60
CHRISTMAS = date(2025, 12, 22), date(2026, 1, 4)

# ---- What is planted: the rates of each step, what lowers them, and two changes, of which one does nothing ----
PRICING_RATE = 0.45  # of visitors who look at the prices
BACK_RATE = 0.2  # of those who saw them and left no address, who come back to read once more
LEAD_RATE = 0.40  # of these, on a desktop, who leave an address
MOBILE_FACTOR = 0.45  # of that rate, on a phone
DEMO_RATE, DEMO_RATE_ONLINE = 0.33, 0.67  # of leads who book a demo: until they can book it online, and since
ONLINE_BOOKING, CUSTOMER_STORIES = date(2026, 1, 19), date(2026, 3, 16)  # the second one changes nothing
HELD_RATE, PROPOSAL_RATE = 0.88, 0.68  # of demos that are held, of these that become a proposal
WON_RATE = 0.42  # of proposals
ANSWER_RATE, SATISFIED_RATE = 0.45, 0.80  # of demos that were held: who answers, and of these who gives a 4 or 5
CHANNELS = {  # share of visitors; what the first page call says of where it came from
    "organic search": (0.36, None, "https://www.google.com/"),
    "paid search": (0.24, ("google", "cpc", "brand"), "https://www.google.com/"),
    "social": (0.14, ("linkedin", "paid_social", "operations-managers"), "https://www.linkedin.com/"),
    "referral": (0.10, None, "https://software-directory.example/"),
    "direct": (0.16, None, None),
}
SIZES = {  # share of visitors; the deal in EUR a year; how long it takes to decide, beside a small company
    "1-49": (0.50, 2400, 1.0),
    "50-249": (0.32, 9600, 1.3),
    "250 or more": (0.18, 36000, 1.8),
}
SIZE_KNOWN_RATE = 0.85  # of visitors whose network tells their company's size

FIRST_NAMES = ["Ann", "Ben", "Carla", "David", "Elif", "Frank", "Greta", "Hugo", "Ines", "Jan", "Katja", "Luis"]
LAST_NAMES = ["Bauer", "Costa", "Dietz", "Evers", "Fuchs", "Groß", "Hahn", "Ivanov", "Jung", "Koch", "Novak"]
PLACES = [("Germany", "Berlin"), ("Germany", "Leipzig"), ("Austria", "Graz"), ("Switzerland", "Basel")]
PAGES = {"Home": "/", "Features": "/features", "Blog": "/blog", "Customer Stories": "/stories", "Pricing": "/pricing"}


@dataclass
class Made:
    """What was written so far."""

    rng: Random
    events: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)
    contacts: list[list[Any]] = field(default_factory=list)
    deals: list[list[Any]] = field(default_factory=list)
    answers: list[list[Any]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def counted(self, what: str, at: datetime) -> bool:
        """Whether it happened before the end of the exports; then it counts."""
        self.counts[what] += at < END
        return at < END

    def event(self, at: datetime, name: str, who: dict[str, Any], *, is_page: bool = False, **more: Any) -> None:
        """A call of the site, or of the calendar; none after the end."""
        if at < END:
            call = {"type": "page", "name": name} if is_page else {"type": "track", "event": name}
            self.events.append((at, call | who | more))


def chosen(rng: Random, table: dict[str, tuple[Any, ...]]) -> str:
    return rng.choices(list(table), [row[0] for row in table.values()])[0]


def after(rng: Random, at: datetime, days: float) -> datetime:
    """So many days later, more or less, when people are at work."""
    then = at + timedelta(days=days * rng.lognormvariate(0, 0.5))
    local = then.astimezone(ZONE)
    if local.weekday() < 5 and 8 <= local.hour < 18:
        return then
    return working_hour(rng, local.date() + timedelta(days=7 - local.weekday() if local.weekday() > 3 else 1))


def working_hour(rng: Random, day: date) -> datetime:
    return datetime.combine(day, time(8), ZONE).astimezone(UTC) + timedelta(hours=10 * rng.betavariate(2, 2))


def visit(
    made: Made, at: datetime, who: dict[str, Any], pages: Sequence[str], channel: str, context: dict[str, Any]
) -> datetime:
    """Page calls, the first one with what it says of its channel; returns the instant of the last one."""
    _, campaign, referrer = CHANNELS[channel]
    for number, page in enumerate(pages):
        said = dict(context)
        if number == 0 and campaign:
            said["campaign"] = dict(zip(("source", "medium", "name"), campaign, strict=True))
        said["page"] = {"path": PAGES[page]} | ({"referrer": referrer} if number == 0 and referrer else {})
        made.event(at, page, who, is_page=True, context=said)
        at += timedelta(seconds=made.rng.lognormvariate(3.7, 0.8))
    return at


def simulate(seed: int) -> Made:
    """Everybody, one after the other."""
    made = Made(Random(seed))
    rng, days = made.rng, [START + timedelta(day) for day in range(DAYS)]
    weights = [
        (0.15 if day.weekday() > 4 else 1.0) * (0.35 if CHRISTMAS[0] <= day <= CHRISTMAS[1] else 1.0) for day in days
    ]
    for number, day in enumerate(sorted(rng.choices(days, weights, k=VISITORS))):
        one_visitor(made, number, working_hour(rng, day))
    for number in range(FAIR_LEADS):  # a trade fair of three days: they never saw the site
        size = chosen(rng, SIZES)
        day = date(2025, 11, 11) + timedelta(days=number % 3)
        one_lead(made, VISITORS + number, working_hour(rng, day), size, "Offline Sources")
    return made


def one_visitor(made: Made, number: int, at: datetime) -> None:
    """One browser, from the first visit until it leaves an address, or not."""
    rng = made.rng
    size, channel = chosen(rng, SIZES), chosen(rng, CHANNELS)
    is_mobile = rng.random() < 0.3
    who = {"anonymousId": f"v-{number * 7919 % 99991:05d}"}
    context: dict[str, Any] = {"device": {"type": "mobile" if is_mobile else "desktop"}}
    if rng.random() < SIZE_KNOWN_RATE:
        context["traits"] = {"company_size": size}
    made.counts["visitors"] += 1
    made.counts["visitors on a phone"] += is_mobile
    sees_prices = rng.random() < PRICING_RATE
    is_lead = sees_prices and rng.random() < LEAD_RATE * (MOBILE_FACTOR if is_mobile else 1)
    for more in range(visit_count := rng.choices((1, 2, 3), (0.55, 0.3, 0.15))[0]):
        pages = [rng.choice(("Home", "Home", "Features", "Blog"))]
        pages += rng.sample(("Features", "Blog", "Customer Stories"), rng.choice((0, 1, 1, 2)))
        last = visit(made, at, who, pages, channel if more == 0 else "direct", context)
        if more < visit_count - 1:
            at = after(rng, at, 4)
    if sees_prices and made.counted("visitors who saw the prices", last):
        made.counts["of these on a phone"] += is_mobile
        last = visit(made, last, who, ["Pricing"], "direct", context)
        if is_lead and made.counted("leads of the site", last):
            made.counts["of these leads on a phone"] += is_mobile
            one_lead(made, number, last, size, channel.title(), who | {"context": context})
        elif rng.random() < BACK_RATE:
            visit(made, after(rng, last, 12), who, ["Blog"], "direct", context)


def one_lead(
    made: Made, number: int, at: datetime, size: str, source: str, browser: dict[str, Any] | None = None
) -> None:
    """A contact of the CRM, from the form, or the fair, until the deal is won or lost, or not yet."""
    rng = made.rng
    first, last, (country, city) = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES), rng.choice(PLACES)
    email = f"{first}.{last}{number}@company.example".lower().replace("ß", "ss")
    known = {"userId": f"u-{number}", "context": {"traits": {"email": email}}}
    if browser:
        context = browser["context"] | {"traits": browser["context"].get("traits", {}) | {"email": email}}
        made.event(at, "Contact Form Sent", browser | {"userId": known["userId"], "context": context})
        at += timedelta(seconds=2)
    made.counts["leads"] += 1
    is_online = at.astimezone(ZONE).date() >= ONLINE_BOOKING
    made.counts["leads since demos are booked online"] += is_online
    stages = demo_and_deal(made, number, at, size, known, is_online=is_online)
    lifecycle = "Customer" if "won" in stages else "Opportunity" if "deal" in stages else "Lead"
    day = "%Y-%m-%d %H:%M"
    created = f"{(at + timedelta(minutes=1)).astimezone(ZONE):{day}}"  # the export has no seconds
    made.contacts.append(
        [500000 + number, first, last, email, country, city, size, lifecycle, source, created, f"{END:{day}}"]
    )


def demo_and_deal(
    made: Made, number: int, lead_at: datetime, size: str, known: dict[str, Any], *, is_online: bool
) -> set[str]:
    """What a lead comes to: its demo, what it thought of it, its deal. Returns deal, won or neither."""
    rng, (_, amount, slowness) = made.rng, SIZES[size]
    server = known | {"channel": "server"}
    if rng.random() >= (DEMO_RATE_ONLINE if is_online else DEMO_RATE):
        return set()
    # Online it is booked at once, on the page behind the form; before that somebody called back.
    booked = lead_at + timedelta(minutes=rng.uniform(1, 15)) if is_online else after(rng, lead_at, 2.5)
    if not made.counted("demos booked", booked):
        return set()
    made.counts["of these since demos are booked online"] += is_online
    made.event(booked, "Demo Booked", server)
    held = after(rng, booked, 4)
    if rng.random() >= HELD_RATE or not made.counted("demos held", held):
        return set()
    made.event(held, "Demo Held", server)
    survey(made, number, held, known["context"]["traits"]["email"])
    proposed = after(rng, held, 3)
    if rng.random() >= PROPOSAL_RATE or not made.counted("proposals", proposed):
        return set()
    device = {"anonymousId": f"w-{number}", "userId": known["userId"]}
    context = {"device": {"type": "desktop"}, "campaign": {"source": "crm", "medium": "email", "name": "proposal"}}
    for _ in range(rng.choice((1, 1, 2))):
        seen = after(rng, proposed, 1)
        made.event(seen, "Proposal", device, is_page=True, context=context | {"page": {"path": "/proposal"}})
    closed, is_won = after(rng, proposed, 14 * slowness), rng.random() < WON_RATE
    stage = ("closedwon" if is_won else "closedlost") if closed < END else "contractsent"
    if made.counted("won" if is_won else "lost", closed) and is_won:
        made.counts["amount won"] += amount
    at = [f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for instant in (proposed, closed, min(closed, END))]
    made.deals.append([700000 + number, 500000 + number, at[0], at[1], stage, "default", amount, "EUR", at[2]])
    return {"deal", "won"} if stage == "closedwon" else {"deal"}


def survey(made: Made, number: int, held: datetime, email: str) -> None:
    """Who held a demo is asked how it was."""
    rng, asked = made.rng, held + timedelta(hours=2)
    answered, is_answered = after(rng, asked, 0.5), rng.random() < ANSWER_RATE
    score = rng.choice((4, 5, 5)) if rng.random() < SATISFIED_RATE else rng.choice((1, 2, 3, 3))
    if made.counted("asked", asked):
        is_answered = is_answered and made.counted("answers", answered)
        made.counts["satisfied"] += is_answered and score > 3
        sent = [f"{asked:%Y-%m-%dT%H:%M:%SZ}", f"{answered:%Y-%m-%dT%H:%M:%SZ}" if is_answered else ""]
        made.answers.append([f"r-{number}", "Demo", "1-5", *sent, score if is_answered else "", email])


def truth(made: Made, seed: int) -> dict[str, Any]:
    """What was planted, and what was written of it."""
    return {
        "arguments": {"seed": seed},
        "ends_before": f"{END.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "planted": {
            "pricing": PRICING_RATE,
            "lead": LEAD_RATE,
            "lead on a phone": LEAD_RATE * MOBILE_FACTOR,
            "demo": DEMO_RATE,
            "demo, booked online": DEMO_RATE_ONLINE,
            "held": HELD_RATE,
            "proposal": PROPOSAL_RATE,
            "won": WON_RATE,
            "answer": ANSWER_RATE,
            "satisfied": SATISFIED_RATE,
        },
        "changes": [
            {"id": "online-booking", "date": ONLINE_BOOKING.isoformat(), "rate": [DEMO_RATE, DEMO_RATE_ONLINE]},
            {"id": "customer-stories", "date": CUSTOMER_STORIES.isoformat(), "rate": None},
        ],
        "written": dict(made.counts),
    }


def event_lines(made: Made) -> Iterator[tuple[str, str]]:
    """Each event in the order of time: the month of its file, and its line."""
    for number, (at, call) in enumerate(sorted(made.events, key=lambda event: event[0])):
        written = {"messageId": f"m-{number:06d}", "timestamp": f"{at:%Y-%m-%dT%H:%M:%S.}{at.microsecond // 1000:03d}Z"}
        yield f"{at.astimezone(ZONE):%Y-%m}", json.dumps(written | call, separators=(",", ":"))


def write_csv(path: Path, header: Sequence[str], lines: list[list[Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(lines)


COLUMNS = {
    "contacts": "Record ID,First Name,Last Name,Email,Country/Region,City,Number of Employees,Lifecycle Stage,"
    "Original Source,Create Date,Last Modified Date",
    "deals": "id,associated_contact_id,createdate,closedate,dealstage,pipeline,amount,deal_currency_code,"
    "hs_lastmodifieddate",
    "demo_survey": "Response ID,Survey,Scale,Sent at,Answered at,Score,Email",
}


def write_exports(out: Path, seed: int = 11) -> dict[str, Any]:
    """Writes the exports below `out`/data and returns the truth, which is also written as `out`/truth.json."""
    made, data = simulate(seed), out / "data"
    files: dict[str, list[str]] = defaultdict(list)
    for month, line in event_lines(made):
        files[month].append(line + "\n")
    (data / "web").mkdir(parents=True, exist_ok=True)
    for month, texts in files.items():
        (data / "web" / f"{month}.jsonl.gz").write_bytes(gzip.compress("".join(texts).encode(), 9, mtime=0))
    for name, lines in (("contacts", made.contacts), ("deals", made.deals), ("demo_survey", made.answers)):
        write_csv(data / "crm" / f"{name}.csv", COLUMNS[name].split(","), sorted(lines))
    told = truth(made, seed)
    (out / "truth.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return told


if __name__ == "__main__":
    parser = ArgumentParser("b2b", description="Write the exports of an invented business, and truth.json beside them.")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--out", type=Path, required=True, help="folder to write to; exports in it are replaced")
    chosen_arguments = parser.parse_args()
    print(json.dumps(write_exports(**vars(chosen_arguments))["written"], indent=2))

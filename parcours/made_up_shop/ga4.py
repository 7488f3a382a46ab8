"""The click-stream of the invented shop as Google Analytics 4 would export it to BigQuery, with the truth beside it.

    python -m parcours.made_up_shop.ga4 --out examples/ga4_only

Here: the words of GA4 for what the shop's own tracker says, and the daily files. Nobody is logged in: a person is a
browser, as in a property without User-ID, and `purchase` is all that tells of an order. Nothing is doubled, late or
malformed. The truth is counted from the rows that were written, browser by browser; what was planted is the shop's.
Not here: the simulation, and what was planted in it (`plan`).
"""

from __future__ import annotations

import gzip
import json
import zlib
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from parcours.made_up_shop import write_exports

ZONE = ZoneInfo("Europe/Paris")
NAMES = {
    "Product List Viewed": "view_item_list",
    "Products Searched": "view_search_results",
    "Product Viewed": "view_item",
    "Product Added": "add_to_cart",
    "Product Removed": "remove_from_cart",
    "Cart Viewed": "view_cart",
    "Checkout Started": "begin_checkout",
    "Checkout Step Completed": "add_shipping_info",
    "Payment Info Entered": "add_payment_info",
    "Payment Failed": "payment_failed",  # an event of the shop's own
    "Order Completed": "purchase",
}
FUNNEL = ("view_item", "add_to_cart", "begin_checkout", "purchase")
SESSION = timedelta(minutes=30)
WINDOW = timedelta(days=7)

Call = dict[str, Any]
"""A call of the shop's own tracker."""


def read_calls(exports: Path) -> dict[str, list[tuple[datetime, Call]]]:
    """The calls of each browser, each call once, in the order of time."""
    calls: dict[str, Call] = {}
    for path in sorted((exports / "events").glob("*.jsonl.gz")):
        for line in gzip.decompress(path.read_bytes()).decode().splitlines():
            try:
                call = json.loads(line)
                at = datetime.fromisoformat(call["timestamp"])
                if at.year > 2000 and call["anonymousId"]:
                    calls.setdefault(call["messageId"], call | {"at": at})
            except (ValueError, KeyError):
                continue  # the shop's exports have malformed lines
    by_browser: dict[str, list[tuple[datetime, Call]]] = defaultdict(list)
    for call in sorted(calls.values(), key=lambda call: (call["at"], call["messageId"])):
        by_browser[call["anonymousId"]].append((call["at"], call))
    return by_browser


def params(call: Call, name: str, session: int) -> dict[str, Any]:
    """The event's parameters, by name."""
    page, properties = call["context"]["page"], call["properties"]
    campaign = call["context"].get("campaign", {})
    given = {
        "page_location": page["url"],
        "page_referrer": page.get("referrer"),
        "ga_session_id": session,
        "source": campaign.get("source"),
        "medium": campaign.get("medium"),
        "campaign": campaign.get("name"),
        "search_term": properties.get("query"),
        "currency": "EUR" if name in FUNNEL else None,
        "value": properties.get("price") or properties.get("value") if name != "purchase" else properties["revenue"],
        "transaction_id": properties.get("order_id"),
    }
    return {key: value for key, value in given.items() if value is not None}


def as_value(value: str | int | float) -> dict[str, str | float]:
    """A parameter's value, in the field of its type; whole numbers are text in JSON."""
    if isinstance(value, int):
        return {"int_value": str(value)}
    return {"string_value": value} if isinstance(value, str) else {"double_value": value}


def as_item(product: dict[str, Any]) -> dict[str, Any]:
    return {
        "item_id": product["sku"],
        "item_name": product["name"],
        "price": product["price"],
        "quantity": str(product.get("quantity", 1)),
    }


def rows_of(browser: str, calls: list[tuple[datetime, Call]]) -> Iterator[dict[str, Any]]:
    """A browser's events. GA4's session begins after half an hour of silence, and is named by its first second."""
    session, last = calls[0][0], calls[0][0]
    client = f"{zlib.crc32(browser.encode()) % 10**9}.{int(session.timestamp())}"
    for at, call in calls:
        if at - last > SESSION:
            session = at
        last = at
        help_page = call.get("event") == "Help Page Viewed"
        name = "page_view" if help_page or call["type"] == "page" else NAMES[call["event"]]
        row: dict[str, Any] = {
            "event_date": f"{at.astimezone(ZONE):%Y%m%d}",
            "event_timestamp": str(int(at.timestamp()) * 10**6 + at.microsecond),
            "event_name": name,
            "event_params": [
                {"key": key, "value": as_value(value)}
                for key, value in params(call, name, int(session.timestamp())).items()
            ],
            "user_pseudo_id": client,
            "device": {"category": call["context"]["device"]["type"]},
        }
        properties = call["properties"]
        if name == "purchase":
            row["ecommerce"] = {
                "transaction_id": properties["order_id"],
                "purchase_revenue": properties["revenue"],
                "shipping_value": properties["shipping"],
            }
        if products := properties.get("products") or ([properties] if "sku" in properties else []):
            row["items"] = [as_item(product) for product in products]
        yield row


def furthest_step(events: list[tuple[int, str]]) -> int:
    """How far the best attempt of a browser gets in the funnel, within seven days of its first step."""
    best = 0
    for number, (entered, name) in enumerate(events):
        if name != FUNNEL[0]:
            continue
        step = 1
        for at, later in events[number + 1 :]:
            if step < len(FUNNEL) and later == FUNNEL[step] and at - entered <= WINDOW / timedelta(microseconds=1):
                step += 1
        best = max(best, step)
    return best


def counted(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What the rows say, without any window's end: browsers at each step, sessions, purchases."""
    by_browser: dict[str, list[tuple[int, str]]] = defaultdict(list)
    sessions, revenue = set(), {}
    for row in rows:
        by_browser[row["user_pseudo_id"]].append((int(row["event_timestamp"]), row["event_name"]))
        given = {param["key"]: param["value"] for param in row["event_params"]}
        sessions.add((row["user_pseudo_id"], given["ga_session_id"]["int_value"]))
        if row["event_name"] == "purchase":
            revenue[row["ecommerce"]["transaction_id"]] = row["ecommerce"]["purchase_revenue"]
    furthest = [furthest_step(events) for events in by_browser.values()]
    return {
        "events": len(rows),
        "browsers": len(by_browser),
        "sessions": len(sessions),
        "purchases": len(revenue),
        "revenue": round(sum(revenue.values()), 2),
        "browsers_at": {name: sum(step > number for step in furthest) for number, name in enumerate(FUNNEL)},
    }


def write_ga4(out: Path, *, people: int, days: int, seed: int) -> dict[str, Any]:
    """Writes a file per shop day below `out`/data and returns the truth, which is also written as `out`/truth.json."""
    with TemporaryDirectory() as folder:
        planted = write_exports(Path(folder), people=people, days=days, seed=seed)
        made = [row for browser, calls in read_calls(Path(folder)).items() for row in rows_of(browser, calls)]
    rows = list({json.dumps(row): row for row in made}.values())  # two of one instant that are alike are one to GA4 too
    rows.sort(key=lambda row: (int(row["event_timestamp"]), row["user_pseudo_id"]))
    by_day: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        by_day[row["event_date"]].append(json.dumps(row, separators=(",", ":")) + "\n")
    (out / "data").mkdir(parents=True, exist_ok=True)
    for path in (out / "data").glob("events_*.jsonl.gz"):
        path.unlink()
    for day, lines in by_day.items():
        (out / "data" / f"events_{day}.jsonl.gz").write_bytes(gzip.compress("".join(lines).encode(), 9, mtime=0))
    truth = {name: planted[name] for name in ("arguments", "ends_before", "changes", "outage")}
    truth["written"] = counted(rows)
    (out / "truth.json").write_text(json.dumps(truth, indent=2) + "\n", encoding="utf-8")
    return truth


if __name__ == "__main__":
    parser = ArgumentParser("ga4", description="Write the click-stream of the invented shop as GA4 exports it.")
    parser.add_argument("--people", type=int, default=6000)
    parser.add_argument("--days", type=int, default=150)
    parser.add_argument("--seed", type=int, default=8)
    parser.add_argument("--out", type=Path, required=True, help="folder to write to; exports in it are replaced")
    print(json.dumps(write_ga4(**vars(parser.parse_args()))["written"], indent=2))

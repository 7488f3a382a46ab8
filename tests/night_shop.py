"""A very small shop on disk, of which a night costs a second or two: its journey.yaml, a file a day, orders."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from parcours.project import Project, load_project

FIRST_DAY = datetime(2026, 3, 2, tzinfo=UTC)
JOURNEY = """\
shop: {name: Night shop, time_zone: Europe/Paris, currency: EUR}
exports:
  folder: exports
  files:
    - {name: clickstream, path: "events-*.jsonl", format: segment}
    - {name: orders, path: "orders-*.csv", format: shopify_orders}
stages:
  - {id: look, label: Look}
  - {id: buy, label: Buy}
touchpoints:
  - {touchpoint: product page, event: Product Viewed, stage: look, action: view}
  - {touchpoint: product added, event: Product Added, stage: look, action: add_to_cart}
  - {touchpoint: order confirmation, event: Order Completed, stage: buy, action: purchase}
  - {touchpoint: order placed, source: orders, event: order placed, stage: buy}
funnels:
  - {id: buy, name: Buy, steps: [{touchpoint: product page}, {touchpoint: order placed}]}
"""
ORDER_COLUMNS = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Currency,Subtotal,Shipping,Taxes,Total,Created at,"
    "Lineitem quantity,Lineitem name,Lineitem price,Id"
)


def night_shop(folder: Path, nights: str = "") -> Project:
    """The shop with no export yet; `nights` is that section of its journey.yaml."""
    (folder / "exports").mkdir(parents=True)
    (folder / "journey.yaml").write_text(JOURNEY + nights, encoding="utf-8")
    (folder / ".parcours-key").write_text("1" * 64)
    return load_project(folder / "journey.yaml", output=folder)


def add_day(project: Project, day: int) -> None:
    """The exports of a day, counted from 0: three visitors, of whom one orders."""
    on = FIRST_DAY + timedelta(days=day)
    events, orders = [], [ORDER_COLUMNS]
    for visitor in range(3):
        for minute, name in enumerate(["Product Viewed", "Product Added", "Order Completed"][: visitor + 1]):
            event: dict[str, object] = {
                "type": "track",
                "messageId": f"{day}-{visitor}-{minute}",
                "anonymousId": f"visitor {day}-{visitor}",
                "event": name,
                "timestamp": (on + timedelta(hours=9 + visitor, minutes=minute)).isoformat(),
                "properties": {"product_id": "p1", "price": 10, "quantity": 1},
            }
            if name == "Order Completed":
                event["properties"] = {"order_id": f"#{1000 + day}", "total": 10}
            events.append(json.dumps(event))
    placed = f"{on + timedelta(hours=11, minutes=2):%Y-%m-%d %H:%M:%S +0000}"
    orders.append(f"#{1000 + day},ana{day}@example.com,paid,{placed},,EUR,10,0,0,10,{placed},1,Shoes,10,{1000 + day}")
    exports = project.exports_folder
    (exports / f"events-{on:%Y-%m-%d}.jsonl").write_text("\n".join(events) + "\n", encoding="utf-8")
    (exports / f"orders-{on:%Y-%m-%d}.csv").write_text("\n".join(orders) + "\n", encoding="utf-8")

"""Planting the faults that were asked for into a simulation, and saying exactly what was planted.

Here: on which orders and days they fall. Each order has one fault at most, and none of those that are placed on a day
without tracking: what a model finds can be counted fault by fault. Not here: how many there are (`faults`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from parcours.made_up_shop import plan
from parcours.made_up_shop.aftermath import NEVER
from parcours.made_up_shop.columns import Array, Columns, Tables, joined, rows
from parcours.made_up_shop.faults import NO_FAULTS, Faults
from parcours.made_up_shop.period import DAY, HOUR, SECOND, Period
from parcours.made_up_shop.vocabulary import PRODUCTS

SCRAPER_ID, SCRAPER_AT, SCRAPER_GAP = "an-scraper-1", 0.8, 250  # share of the period; milliseconds between two pages


@dataclass(frozen=True)
class PlantedFaults:
    """What the writer of the event files must know beyond the simulation, and what the truth says.

    Attributes:
        dark_days: days of the period that have no event file.
        scraper_day: the day of `scraper_lines`.
        scraper_lines: lines of one browser, beyond the simulated events.
        truth: the section `faults` of truth.json; empty where no fault was asked for.
    """

    dark_days: tuple[int, ...] = ()
    scraper_day: int = -1
    scraper_lines: list[str] = field(default_factory=list)
    truth: dict[str, Any] = field(default_factory=dict)

    def next_day(self, day: int) -> int:
        """This day, or the first one after it that has an event file."""
        return day if day not in self.dark_days else self.dark_days[-1] + 1


def plant_faults(seed: int, period: Period, made: Tables, faults: Faults) -> PlantedFaults:
    """Changes the events and orders in `made`, and says what was planted.

    Raises:
        ValueError: the shop is too small for as many faults.
    """
    if faults == NO_FAULTS:
        return PlantedFaults()
    rng, orders = np.random.default_rng([seed, 3]), made["orders"]
    dark_days = quiet_to_be(period, orders, faults.tracking_outage_days)
    is_dark = np.isin(period.day_of(orders["created"]), dark_days)
    free = ~is_dark
    missing = taken(rng, free, faults.missing_purchase_events, "missing_purchase_events")
    reloadable = free & np.isin(orders["order_no"], purchases_well_before_midnight(period, made["events"]))
    doubled = taken(rng, reloadable, faults.duplicate_purchase_events, "duplicate_purchase_events")
    refunded = refund(rng, period, orders, free, faults.refunds)
    darkened = np.isin(period.day_of(made["events"]["t"]), dark_days)
    leave_out_purchases(made, missing)
    load_again(rng, made, doubled)
    made["events"] = rows(made["events"], ~np.isin(period.day_of(made["events"]["t"]), dark_days))
    scraper_day = period.day_at(SCRAPER_AT)
    lines = scraper_lines(rng, period, scraper_day, faults.scraper_events)
    truth = {
        "missing_purchase_events": listed(missing),
        "duplicate_purchase_events": listed(doubled),
        "refunds": listed(refunded),
        "tracking_outage": {
            "dates": [period.date_of(day) for day in dark_days],
            "events_left_out": int(darkened.sum()),
            **listed(orders["order_no"][is_dark]),
        },
        "scraper": {"anonymous_id": SCRAPER_ID, "date": period.date_of(scraper_day), "events": len(lines)},
    }
    return PlantedFaults(tuple(dark_days), scraper_day, lines, truth)


def listed(order_numbers: Array) -> dict[str, Any]:
    """A count, and the orders as the orders export names them."""
    return {"count": len(order_numbers), "orders": [f"#{1001 + number}" for number in sorted(order_numbers.tolist())]}


def taken(rng: np.random.Generator, free: Array, count: int, fault: str) -> Array:
    """The numbers of so many orders among the free ones, which are then no longer free."""
    candidates = np.flatnonzero(free)
    if len(candidates) < count:
        raise ValueError(
            f"{fault}: {count} asked for, {len(candidates)} orders are there. Simulate more people or days."
        )
    chosen: Array = np.sort(rng.choice(candidates, count, replace=False))
    free[chosen] = False
    return chosen


def quiet_to_be(period: Period, orders: Columns, count: int) -> list[int]:
    """Consecutive days on which tracking is to stop: each with as many orders as the median day, and little else.

    Not the first or last days, nor those of late events, of a change, of the payment outage or of the scraper.
    """
    if not count:
        return []
    order_counts = np.bincount(period.day_of(orders["created"]), minlength=period.days)[: period.days]
    busy = order_counts >= max(np.median(order_counts), 1)
    taken_days = [period.day_at(share) for share in (plan.OUTAGE_AT, SCRAPER_AT, *(c.at for c in plan.CHANGES))]
    late = range(period.day_at(0.30) - 1, period.day_at(0.30) + max(period.days // 10, 1) + 1)
    busy[[0, -2, -1, *taken_days, *late]] = False
    middle = period.day_at(0.4)
    for first in [*range(middle, period.days - count), *range(middle)]:
        if busy[first : first + count].all():
            return list(range(first, first + count))
    raise ValueError(f"tracking_outage_days: no {count} days with orders on each. Simulate more people or days.")


def purchases_well_before_midnight(period: Period, events: Columns) -> Array:
    """The orders whose confirmation could be loaded again on the same shop day."""
    of = rows(events, events["kind"] == plan.ORDER, "t", "order_no")
    same_day: Array = period.day_of(of["t"]) == period.day_of(of["t"] + HOUR)
    return of["order_no"][same_day]


def leave_out_purchases(made: Tables, order_numbers: Array) -> None:
    """The confirmation page of these orders never sent its event."""
    events = made["events"]
    is_lost = (events["kind"] == plan.ORDER) & np.isin(events["order_no"], order_numbers)
    made["events"] = rows(events, ~is_lost)


def load_again(rng: np.random.Generator, made: Tables, order_numbers: Array) -> None:
    """The confirmation page of these orders was loaded a second time, within minutes: an event of its own."""
    events = made["events"]
    first = np.flatnonzero((events["kind"] == plan.ORDER) & np.isin(events["order_no"], order_numbers))
    again = rows(events, first)
    after = rng.integers(20, 300, len(first)) * SECOND
    again |= {
        "event": int(events["event"].max()) + 1 + np.arange(len(first)),
        "t": again["t"] + after,
        "sent": np.maximum(again["sent"], again["t"] + after + 2 * SECOND),
    }
    made["events"] = joined([events, again])


def refund(rng: np.random.Generator, period: Period, orders: Columns, free: Array, count: int) -> Array:
    """Refunds delivered orders in full.

    Those that the last export restates come first, and are refunded when it began: the one before says paid.
    """
    files, day = period.months, period.day_of(orders["created"])
    last_begins = -(-(files - 1) * period.days // files)
    earliest = np.maximum(orders["delivered"] + DAY, period.midnights[last_begins] if files > 1 else 0)
    sound = free & (orders["cancelled"] == NEVER) & (orders["refund_at"] == NEVER) & (earliest < period.ends - DAY)
    restated = sound & (files > 1) & (day < last_begins) & (day >= last_begins - 7)
    from_restated = taken(rng, restated, min(count, int(restated.sum())), "refunds")
    others = taken(rng, sound & ~np.isin(orders["order_no"], from_restated), count - len(from_restated), "refunds")
    chosen: Array = np.sort(np.concatenate([from_restated, others]))
    free[chosen] = False
    seconds = (period.ends - HOUR - earliest[chosen]) // SECOND
    refund_at = earliest[chosen] + (rng.random(count) * seconds).astype(np.int64) * SECOND
    orders["refund_at"][chosen] = refund_at
    orders["refund"][chosen] = orders["total"][chosen]
    return chosen


def scraper_lines(rng: np.random.Generator, period: Period, day: int, count: int) -> list[str]:
    """Product page after product page from one browser, from 3 o'clock in the morning on."""
    starts = int(period.midnights[day]) + 3 * HOUR
    lines = []
    for number, product in enumerate(rng.integers(0, len(PRODUCTS["product_id"]), count).tolist()):
        at = np.datetime_as_string(np.datetime64(starts + number * SCRAPER_GAP, "ms")) + "Z"
        product_id = PRODUCTS["product_id"][product]
        path = f"/p/{product_id}"
        event = {
            "messageId": f"scraper-{number:06d}",
            "type": "track",
            "event": "Product Viewed",
            "anonymousId": SCRAPER_ID,
            "timestamp": at,
            "originalTimestamp": at,
            "sentAt": at,
            "receivedAt": at,
            "context": {"page": {"url": f"https://shop.example{path}", "path": path}},
            "properties": {"product_id": product_id, "sku": PRODUCTS["sku"][product]},
        }
        lines.append(json.dumps(event, separators=(",", ":")))
    return lines

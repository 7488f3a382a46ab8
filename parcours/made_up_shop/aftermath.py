"""What follows from journeys: orders and their fate, contacts of the CRM, answers to surveys."""

import numpy as np

from parcours.made_up_shop import plan
from parcours.made_up_shop.columns import Array, Columns, Tables, highest, joined, rows
from parcours.made_up_shop.period import DAY, SECOND, Period

NEVER = np.iinfo(np.int64).max // 4  # later than any export


def simulate_orders(rng: np.random.Generator, period: Period, journeys: Columns, events: Columns) -> Columns:
    """One order for each purchase event before the period's end, with what happens to it later."""
    placed = (events["kind"] == plan.ORDER) & (events["t"] < period.ends)
    journey, created = events["journey"][placed], events["t"][placed] // SECOND * SECOND
    n, day, of = (
        len(journey),
        period.day_of(created),
        rows(journeys, journey, "person", "nth_purchase", "guest", "cart_value"),
    )
    goods = of["cart_value"]
    discount = np.where(rng.random(n) < 0.12, goods // 10, 0)
    has_fee = period.since(plan.SHIPPING_FEE.at, created)
    shipping = np.where(has_fee, 790, np.where(goods < 6000, 490, 0))
    total = goods - discount + shipping
    cancelled = rng.random(n) < 0.02
    shipped_day = day + rng.integers(1, 3, n)
    fulfilled = period.at(shipped_day, rng.uniform(9, 17, n)) // SECOND * SECOND
    is_late = rng.random(n) < plan.LATE_DELIVERY_SHARE
    delivered_day = np.where(is_late, day + 7 + rng.integers(2, 7, n), shipped_day + rng.integers(2, 6, n))
    delivered = period.at(delivered_day, rng.uniform(8, 19, n)) // SECOND * SECOND
    refunded = ~cancelled & (rng.random(n) < 0.05)
    return {
        "journey": journey, "created": created, "discount": discount,
        "person": of["person"], "nth_purchase": of["nth_purchase"], "guest": of["guest"],
        "subtotal": goods - discount, "shipping": shipping, "total": total,
        "tax": total - (total * 5 + 3) // 6, "promised": period.midnights[day + 7],
        "cancelled": np.where(cancelled, created + rng.integers(1800, 8 * 3600, n) * SECOND, NEVER),
        "captured": ~(cancelled & (rng.random(n) < 0.5)),
        "fulfilled": np.where(cancelled, NEVER, fulfilled),
        "delivered": np.where(cancelled, NEVER, delivered), "is_late": is_late & ~cancelled,
        "refund_at": np.where(refunded, delivered + rng.integers(3 * 86400, 15 * 86400, n) * SECOND, NEVER),
        "refund": np.where(rng.random(n) < 0.5, total, total * 2 // 5),
        "method": rng.choice(3, n, p=[0.6, 0.28, 0.12]),
        "email_known": ~(of["guest"] & (rng.random(n) < 0.12)),
    }  # fmt: skip


def simulate_contacts(
    rng: np.random.Generator, period: Period, had_account: Array, has_account: Array, made: Tables
) -> Columns:
    """One contact for each account and for each buyer whose e-mail is known."""
    people, known = len(had_account), rows(made["orders"], made["orders"]["email_known"])
    buyers, first = np.unique(known["person"], return_index=True)  # orders stand in the order of time
    first_order = np.full(people, NEVER)
    first_order[buyers] = known["created"][first]
    last_seen = highest(made["events"]["t"], made["events"]["person"], people)
    signed_up = period.midnights[0] - rng.integers(DAY, 500 * DAY, people)
    created = np.where(had_account, signed_up, first_order)
    contacts = {
        "person": np.arange(people),
        "created": created,
        "has_account": has_account,
        "is_buyer": first_order < NEVER,
        "modified": np.maximum(created, last_seen),
    }
    return rows(contacts, created < NEVER)


def simulate_answers(rng: np.random.Generator, period: Period, made: Tables) -> Columns:
    """One row for each survey sent; score 0 = not answered before the end."""
    orders, journeys, events = made["orders"], made["journeys"], made["events"]

    def answered(survey: int, share: float, mood: Array | int, asked: Columns) -> Columns:
        n = len(asked["sent"])
        delay = rng.uniform(20, 200, n) if survey == 1 else rng.lognormal(np.log(6 * 3600), 1.0, n)
        at = asked["sent"] + delay.astype(np.int64) * SECOND
        bounds = np.cumsum(plan.SCORE_SHARES, axis=1)[np.broadcast_to(mood, n)]
        score = 1 + (rng.random(n)[:, None] > bounds[:, :4]).sum(axis=1)
        score = np.where((rng.random(n) < share) & (at < period.ends), score, 0)
        answers = {"survey": np.full(n, survey), "answered": at, "score": score}
        return rows(asked | answers | {"comment": rng.integers(0, 40, n)}, asked["sent"] < period.ends)

    buyers = {name: orders[name] for name in ("person", "email_known", "order_no")}
    buyers["sent"] = orders["delivered"] + 2 * DAY
    parts = [answered(0, 0.35, orders["is_late"] * 1, buyers)]

    shown = (journeys["stage"] >= 3) & (rng.random(len(journeys["stage"])) < 0.15)
    asked = {"sent": "checkout_at", "person": "person", "email_known": "logged_in", "order_no": "order_no"}
    parts.append(answered(1, 0.6, 2, {name: journeys[source][shown] for name, source in asked.items()}))

    helped, first = np.unique(np.where(events["kind"] == plan.HELP, events["session"], -1), return_index=True)
    help_calls = rows(events, first[helped >= 0])
    chance = np.where(help_calls["session_no"] == plan.UNPLANNED, 0.6, 0.25)
    help_calls = rows(help_calls, rng.random(len(chance)) < chance)
    known = help_calls["logged_in"] | (help_calls["session_no"] == plan.UNPLANNED)
    callers = {"sent": help_calls["t"] + DAY, "person": help_calls["person"], "email_known": known}
    parts.append(answered(2, 0.45, 3, callers | {"order_no": np.full(len(known), -1)}))
    return joined(parts)

"""Journeys: laid out as if each went to its purchase, decided stage by stage, cut after the furthest one.

Here: the journeys of people who begin at given instants, and their events. Not here: who begins and who comes
back (`simulation`), what happens to an order (`aftermath`).
"""

import numpy as np

from parcours.made_up_shop import plan
from parcours.made_up_shop.columns import Array, Columns, highest, numbered, rows
from parcours.made_up_shop.period import HOUR, SECOND, Period
from parcours.made_up_shop.vocabulary import PRICES


def laid_out(rng: np.random.Generator, starts: Array, counts: list[Array]) -> Columns:
    """Events of sessions: counts[kind][session] in the order of plan.KINDS, seconds to minutes apart."""
    of_kind = np.stack(counts, axis=1).astype(np.int64)
    of_session = of_kind.sum(axis=1)
    session, position = np.repeat(np.arange(len(starts)), of_session), numbered(of_session)
    kind = np.repeat(np.tile(np.arange(len(counts)), len(starts)), of_kind.ravel())
    # From the cart on up to three neighbours may be dropped: 4 gaps of 5 minutes are no session's end.
    longest = np.where(kind < plan.ADDED, 480, 300)
    gap = np.clip(rng.lognormal(np.log(40), 0.9, len(kind)), 2, longest) * SECOND
    gap = np.where((position == 0) | (rng.random(len(kind)) < 0.05), 0, gap).astype(np.int64)
    elapsed = np.cumsum(gap)
    t = starts[session] + elapsed - elapsed[np.arange(len(kind)) - position]
    return {"session": session, "kind": kind, "nth": numbered(of_kind.ravel()), "position": position, "t": t}


def planned(rng: np.random.Generator, period: Period, person: Array, starts: Array) -> tuple[Columns, Columns]:
    """One journey for each person, as if it ended with a purchase, and all events that it may hold."""
    n = len(person)
    session_count = rng.choice(4, n, p=[0.5, 0.27, 0.15, 0.08]) + 1
    pauses = np.exp(rng.uniform(np.log(9), np.log(72), (n, 4))) * HOUR * (np.arange(4) > 0)
    begins = starts[:, None] + np.cumsum(pauses, axis=1).astype(np.int64)
    hour = (begins - period.midnights[period.day_of(begins)]) // HOUR
    begins = begins + np.where((hour < 7) & (np.arange(4) > 0), 7 * HOUR, 0)
    journey, nth = np.repeat(np.arange(n), session_count), numbered(session_count)
    # The sessions in which a product is looked at, put into the cart and paid for.
    milestones = np.floor(np.sort(rng.random((n, 3)), axis=1) * session_count[:, None]).astype(np.int64)
    considers, fills, pays = milestones[journey].T
    line_count = rng.choice(3, n, p=[0.55, 0.30, 0.15]) + 1
    u = rng.random((4, len(journey)))
    lines, in_checkout = line_count[journey] * (nth == fills), (nth == pays) * 1
    sees_cart = ((nth == fills) & (u[1] < 0.7)) | ((nth > fills) & (nth <= pays) & (u[1] < 0.5))
    lists = 1 + rng.poisson(1.1, len(journey))
    views = np.where(nth >= considers, 1 + rng.poisson(1.85, len(journey)), 0)
    failures = in_checkout * (1 + (u[2] < 0.3))
    counts = [np.ones(len(journey)), lists, views, u[0] < 0.02, lines, lines, sees_cart]
    counts += [in_checkout, in_checkout, in_checkout, failures, in_checkout]
    events = laid_out(rng, begins[journey, nth], counts)
    events |= {"journey": journey[events["session"]], "session_no": nth[events["session"]]}

    def last(kind: int) -> Array:
        which = events["kind"] == kind
        return highest(events["t"][which], events["journey"][which], n)

    return {
        "person": person, "starts": starts, "planned_sessions": session_count, "lines_added": line_count,
        "last_session": milestones[:, 2], "cart_at": last(plan.ADDED), "checkout_at": last(plan.CHECKOUT),
    }, events  # fmt: skip


def decided(
    rng: np.random.Generator,
    period: Period,
    journeys: Columns,
    had_account: Array,
    base_rates: tuple[float, ...],
    is_calm: bool,
) -> Columns:
    """Per journey, how far it goes and what happens on the way; in a calm shop there is no change and no outage."""
    n, cart_at, checkout_at = len(had_account), journeys["cart_at"], journeys["checkout_at"]
    device = rng.choice(3, n, p=plan.DEVICE_SHARES)
    in_outage = (period.day_of(checkout_at) == period.day_at(plan.OUTAGE_AT)) & (not is_calm)
    rates_without = np.tile(base_rates, (n, 1))
    rates_without[:, 3] *= np.array(plan.DEVICE_PURCHASE_FACTORS)[device]
    rates_without[:, 3] *= np.where(in_outage, plan.OUTAGE_FACTOR, 1)
    rates, has_guests = rates_without.copy(), period.since(plan.GUEST_CHECKOUT.at, checkout_at) & (not is_calm)
    has_fee = period.since(plan.SHIPPING_FEE.at, cart_at) & (not is_calm)
    rates[:, 2] *= np.where(has_fee, plan.SHIPPING_FEE.factor, 1)
    rates[:, 3] *= np.where(has_guests, plan.GUEST_CHECKOUT.factor, 1)
    draws = rng.random((4, n)).T
    stage = np.cumprod(draws < rates, axis=1).sum(axis=1)
    bought, tried_to_pay = stage == 4, in_outage & (draws[:, 3] < plan.OUTAGE_TRIED)
    payment_failed = (stage == 3) & (tried_to_pay | (rng.random(n) < 0.02))
    emptied = (stage == 2) & (rng.random(n) < 0.05)
    removes_last = (stage >= 2) & (journeys["lines_added"] > 1) & (rng.random(n) < 0.06) & ~emptied
    u = rng.random((4, n))
    logs_in_early = had_account & (u[1] < np.where(bought, 0.5, 0.25))
    return {
        "device": device, "rates": rates, "rates_without": rates_without, "stage": stage,
        "payment_failed": payment_failed, "emptied": emptied, "removes_last": removes_last,
        "line_count": journeys["lines_added"] - removes_last, "logged_in": logs_in_early,
        "guest": bought & ~had_account & has_guests & (u[0] < 0.6),
        "two_devices": logs_in_early & (journeys["planned_sessions"] > 1) & (u[2] < 0.6),
    }  # fmt: skip


def happened(rng: np.random.Generator, journeys: Columns, events: Columns) -> Array:
    """Which of the planned events happened, now that it is known how far each journey goes."""
    decisions = "stage", "last_session", "payment_failed", "emptied", "removes_last", "lines_added"
    of = rows(journeys, events["journey"], *decisions)
    kind, bought = events["kind"], of["stage"] == 4
    u = rng.random((2, len(journeys["stage"])))[:, events["journey"]]
    tried_to_pay, goes_on = bought | of["payment_failed"], u[0] < 0.7
    removed = of["emptied"] | (of["removes_last"] & (events["nth"] == of["lines_added"] - 1))
    keep: Array = np.array(plan.STAGE_OF_KIND)[kind] <= of["stage"]
    keep &= ~bought | (events["session_no"] <= of["last_session"])
    for which, condition in (
        (plan.REMOVED, removed),
        (plan.CART, ~of["emptied"]),
        (plan.STEP, tried_to_pay | goes_on),
        (plan.PAYMENT, tried_to_pay | (goes_on & (u[1] < 0.6))),
        (plan.FAILED, of["payment_failed"]),
    ):
        keep &= (kind != which) | condition
    return keep


def popular_products(rng: np.random.Generator, n: int) -> Array:
    weights = 1 / np.sqrt(1 + np.arange(len(PRICES)))
    return rng.choice(len(PRICES), n, p=weights / weights.sum())


def simulate_journeys(
    rng: np.random.Generator,
    period: Period,
    person: Array,
    starts: Array,
    account: Array,
    nth_purchase: int,
    *,
    is_calm: bool = False,
) -> tuple[Columns, Columns]:
    """One journey for each person given, and its events. `account` says who of all people has one."""
    n = len(person)
    journeys, events = planned(rng, period, person, starts)
    rates = plan.RENEWAL_RATES if nth_purchase else plan.FIRST_PURCHASE_RATES
    journeys |= decided(rng, period, journeys, account[person], rates, is_calm)
    looks_at_own = rng.random(len(events["t"])) < 0.6
    keep = happened(rng, journeys, events)
    product = (popular_products(rng, n)[:, None] + [0, 7, 13]) % len(PRICES)
    quantity = rng.choice(3, (n, 3), p=[0.86, 0.11, 0.03]) + 1
    in_basket = np.arange(3) < journeys["line_count"][:, None]
    journeys |= {
        "product": product,
        "quantity": quantity,
        "cart_value": (np.array(PRICES)[product] * quantity * in_basket).sum(axis=1),
        "nth_purchase": np.full(n, nth_purchase),
    }
    j, kind, lines = events["journey"], events["kind"], journeys["lines_added"][events["journey"]]
    slot = np.minimum(events["nth"], lines - 1)
    own = (kind > plan.VIEW) | ((events["nth"] < lines) & looks_at_own)
    buys_with_account = ((journeys["stage"] == 4) & ~journeys["guest"])[j]
    logged_in_early = journeys["logged_in"][j] & (events["position"] > 0)
    events |= {
        "product": np.where(own, product[j, slot], popular_products(rng, len(j))),
        "quantity": quantity[j, slot],
        "device_no": (journeys["two_devices"][j] & (events["session_no"] > 0)).astype(np.int64),
        "logged_in": ((kind >= plan.CHECKOUT) & buys_with_account) | logged_in_early,
        "person": person[j],
    }
    journeys["has_cart_id"] = rng.random(n) < 0.8
    return journeys, rows(events, keep)

"""The whole shop: who begins a journey and when, who comes back, and the sessions beside the journeys."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from parcours.made_up_shop import plan
from parcours.made_up_shop.aftermath import simulate_answers, simulate_contacts, simulate_orders
from parcours.made_up_shop.columns import Array, Columns, Tables, highest, joined, rows
from parcours.made_up_shop.incidents import Calm, device_of, stopped
from parcours.made_up_shop.journeys import laid_out, popular_products, simulate_journeys
from parcours.made_up_shop.period import SECOND, Period
from parcours.made_up_shop.vocabulary import CAMPAIGNS


def simulate(rng: np.random.Generator, period: Period, people: int, *, calm: Calm | None = None) -> Tables:
    """Journeys, the events and orders of the period, contacts and survey answers.

    Args:
        rng: of all that is drawn, but for the incidents.
        period: the shop's days.
        people: how many begin a first journey.
        calm: nothing that `plan` plants happens (changes, outage), but for these incidents.
    """
    had_account = rng.random(people) < 0.3
    account = had_account.copy()
    weekdays = np.array([(period.start + timedelta(day)).weekday() for day in range(period.days)])
    weights = np.where(weekdays >= 5, 1.2, 1.0)
    first_day = rng.choice(period.days, people, p=weights / weights.sum())
    person, starts = np.arange(people), period.at(first_day, time_of_day(rng, people))
    parts: dict[str, list[Columns]] = {"journeys": [], "events": [], "orders": []}
    journey_count = session_count = 0
    campaigns: list[Array] = []
    for nth_purchase in range(3):
        journeys, events = simulate_journeys(
            rng, period, person, starts, account, nth_purchase, is_calm=calm is not None
        )
        if calm:
            campaigns.append(drawn_campaigns(calm.rng, int(journeys["planned_sessions"].sum())))
            events = stopped(calm.rng, period, journeys, events, campaigns[-1], calm.incidents)
        account[person[(journeys["stage"] == 4) & ~journeys["guest"]]] = True
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
        starts = period.at(day[in_time], time_of_day(rng, len(person)))
    journeys, orders = joined(parts["journeys"]), joined(parts["orders"])
    orders = rows(orders, np.argsort(orders["created"], kind="stable"))
    orders["order_no"] = np.arange(len(orders["created"]))
    journeys["order_no"] = highest(orders["order_no"], orders["journey"], journey_count, otherwise=-1)
    asking = asking_where_it_is(rng, period, orders, account, session_count)
    on_tablet = on_the_tablet(rng, period, journeys, had_account, 2 * session_count)
    events = joined([*parts["events"], asking, on_tablet])
    order = np.lexsort((events["position"], events["session"], events["t"]))
    events = rows(events, order[events["t"][order] < period.ends])
    complete_events(rng, period, journeys, events, campaigns)
    made = {"journeys": journeys, "events": events, "orders": orders}
    has_account = had_account.copy()  # `account` has also those whose first order came after the end
    has_account[orders["person"][~orders["guest"]]] = True
    made["contacts"] = simulate_contacts(rng, period, had_account, has_account, made)
    made["answers"] = simulate_answers(rng, period, made)
    return made


def time_of_day(rng: np.random.Generator, n: int) -> Array:
    return 7 + 16.5 * rng.beta(2, 2, n)


def browsing(
    rng: np.random.Generator, starts: Array, journey: Array, person: Array, counts: list[Array], session: int
) -> Columns:
    """Events of sessions without a cart, numbered from `session` on."""
    events = laid_out(rng, starts, counts)
    local, n = events["session"], len(events["t"])
    return events | {
        "session": local + session,
        "journey": journey[local],
        "person": person[local],
        "session_no": np.full(n, plan.UNPLANNED),
        "product": popular_products(rng, n),
        "quantity": np.ones(n, dtype=np.int64),
        "device_no": np.zeros(n, dtype=np.int64),
    }


def asking_where_it_is(
    rng: np.random.Generator, period: Period, orders: Columns, account: Array, session: int
) -> Columns:
    """Half of those whose parcel is late look at the help pages on the day after the promise."""
    asks = rows(orders, orders["is_late"] & orders["email_known"] & (rng.random(len(orders["is_late"])) < 0.5))
    n = len(asks["person"])
    starts = period.at(period.day_of(asks["promised"]) + 1, rng.uniform(10, 20, n))
    counts = [np.ones(n), np.zeros(n), np.zeros(n), 1 + (rng.random(n) < 0.4)]
    events = browsing(rng, starts, asks["journey"], asks["person"], counts, session)
    return events | {"logged_in": account[events["person"]] & (events["position"] > 0)}


def on_the_tablet(rng: np.random.Generator, period: Period, journeys: Columns, account: Array, session: int) -> Columns:
    """Customers who log in on the store's tablet, the day after their first journey began."""
    first = rows(journeys, np.arange(len(account)))  # journey number = person
    day = period.day_of(first["starts"]) + 1
    able = np.flatnonzero(account & (first["stage"] > 0) & (first["stage"] < 4) & (day < period.days))
    n = min(plan.TABLET_CUSTOMERS, len(able))
    person = np.sort(rng.choice(able, n, replace=False))
    counts = [np.ones(n), np.ones(n), 1 + rng.poisson(0.8, n)]
    starts = period.at(day[person], rng.uniform(10, 18, n))
    events = browsing(rng, starts, person, person, counts, session)
    return events | {"logged_in": events["t"] > 0, "device_no": np.full(len(events["t"]), 2)}


def drawn_campaigns(rng: np.random.Generator, sessions: int) -> Array:
    """The campaign by which each session came; -1: none."""
    campaigns = len(CAMPAIGNS["campaign"])
    return np.where(rng.random(sessions) < 0.4, rng.integers(0, campaigns, sessions), -1)


def complete_events(
    rng: np.random.Generator, period: Period, journeys: Columns, events: Columns, decided: Sequence[Array]
) -> None:
    """Adds what an event takes from its session, its journey and its order.

    `decided`: the campaigns of the first sessions, where they are not to be drawn.
    """
    session = events["session"]
    of = rows(journeys, events["journey"], "order_no", "cart_value", "has_cart_id")
    sessions = int(session.max(initial=0)) + 1
    campaign = drawn_campaigns(rng, sessions)
    if decided:
        known = np.concatenate(decided)[:sessions]
        campaign[: len(known)] = known
    # Up to eight events of a session go up together: sentAt says little about when something happened.
    batch = session * 8 + np.minimum(events["position"] // 8, 7)
    sent = highest(events["t"], batch, sessions * 8)[batch] + 2 * SECOND
    events |= {
        "event": np.arange(len(session)),
        "campaign": campaign[session],
        "sent": np.minimum(sent, period.ends - 1),
        "skew": np.where(events["person"] % 12 == 0, -37 * SECOND, 0),
        "device": device_of(journeys, events),
        "order_no": np.where(events["kind"] == plan.ORDER, of["order_no"], -1),
        "cart_value": of["cart_value"],
        "has_cart_id": of["has_cart_id"],
    }

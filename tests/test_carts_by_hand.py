"""Carts, a second time: a slow, obvious walk through each person's days, written from the definitions, agrees.

Random people with and without cart ids, on several devices, with adds and removals of several products at once, of
products without a price, checkouts, equal instants, silences around a day and around the inactivity limit, and orders
that stand, are cancelled or refunded.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from given import START, event, examples, order, rows, warehouse
from hypothesis import HealthCheck, Phase, given, strategies
from hypothesis import settings as budget
from test_cart_splits import BUILD, assert_lists_are_as_long_as_their_counts, assert_splits_add_up

HOUR, DAY = 3_600_000_000, 86_400_000_000  # microseconds, whole: a silence of exactly a day is none
SILENCE, HORIZON, LIMIT = DAY, 7 * DAY, 30 * DAY
PRICES = {"mug": 10.0, "bowl": 2.5, "gift": None}
CHANGES = {"add": 1, "remove": -1}
SHIPPING = {0.0: "free", 0.1: "up to 0.1", 4.9: "over 2 to 5", 5.0: "over 2 to 5", 5.01: "over 5 to 10"}
HORIZON_TIME = timedelta(microseconds=HORIZON)


@dataclass
class Act:
    """What a person does to a cart, so many microseconds after the start."""

    when: int
    name: str
    product: str
    quantity: int
    cart_id: str | None
    payment: str | None
    device: str
    others: list[tuple[str, int | None]] = field(default_factory=list)  # beside the product: products and their pieces
    shipping: float | None = None
    price: float | None = 0.0

    @property
    def items(self) -> list[tuple[str, int | None, float | None]]:
        """Its products, with the pieces and the price of each."""
        return [(self.product, self.quantity, self.price), *((name, n, PRICES[name]) for name, n in self.others)]


@dataclass
class Order:
    """An order, and what became of it."""

    when: int
    number: str
    fate: str


@dataclass
class Cart:
    """A cart: what was done to it, and the order that closed it."""

    acts: list[Act] = field(default_factory=list)
    opened: int | None = None  # the first act that is of it
    order: Order | None = None

    @property
    def opened_when(self) -> int:
        assert self.opened is not None
        return self.acts[self.opened].when


def instant(when: int) -> datetime:
    """UTC, so many microseconds after the start."""
    return START + timedelta(microseconds=when)


def ledger(acts: list[Act], orders: list[Order]) -> list[Cart]:
    """The carts of a person whose acts come in order; at an instant, acts come before orders."""
    spans = split(acts, orders)
    first_span: dict[str, int] = {}
    first_name: dict[str, str] = {}
    for number, span in enumerate(spans):
        for act in span:
            if act.cart_id is not None:
                first_span.setdefault(act.cart_id, number)
                first_name.setdefault(act.cart_id, act.name)

    names: dict[str, str] = {}  # cart id → the id under which its cart began
    carts: dict[Any, Cart] = {}
    everything: list[tuple[Any, Act]] = []
    for number, span in enumerate(spans):
        begun: list[str] = []  # ids new in this span, in the order in which they were first seen
        waiting: list[Act] = []
        for act in span:
            if act.cart_id is None:
                if begun:
                    everything.append((names[begun[-1]], act))
                else:
                    waiting.append(act)
                continue
            if first_span[act.cart_id] == number and act.cart_id not in begun:
                added = [seen for seen in begun if first_name[seen] == "add"]
                is_new_name = first_name[act.cart_id] != "add" and added
                names[act.cart_id] = added[-1] if is_new_name else act.cart_id
                begun.append(act.cart_id)
            everything.append((names[act.cart_id], act))
        key = names[begun[0]] if begun else ("span", number)
        everything += [(key, act) for act in waiting]

    place = {id(act): position for position, act in enumerate(acts)}
    for key, act in sorted(everything, key=lambda pair: place[id(pair[1])]):
        cart = carts.setdefault(key, Cart())
        if cart.opened is None and (act.name == "add" or act.cart_id is not None):
            cart.opened = len(cart.acts)
        cart.acts.append(act)
    opened = [cart for cart in carts.values() if cart.opened is not None]
    for cart in opened:
        cart.acts, cart.opened = cart.acts[cart.opened :], 0
    for bought in orders:
        before = [cart for cart in opened if cart.opened_when <= bought.when]
        if before:
            last = max(before, key=lambda cart: place[id(cart.acts[0])])
            last.order = last.order or bought
    for cart in opened:
        cart.acts = [act for act in cart.acts if cart.order is None or act.when <= cart.order.when]
    return opened


def split(acts: list[Act], orders: list[Order]) -> list[list[Act]]:
    """A person's acts between orders and long silences (of acts and orders)."""
    spans: list[list[Act]] = [[]]
    last: int | None = None
    both: list[Act | Order] = [*acts, *orders]
    for thing in sorted(both, key=lambda thing: (thing.when, isinstance(thing, Order))):
        if last is not None and thing.when - last > LIMIT:
            spans.append([])
        last = thing.when
        if isinstance(thing, Order):
            spans.append([])
        else:
            spans[-1].append(thing)
    return spans


def contents(acts: list[Act]) -> tuple[float | None, int | None, float | None, bool]:
    """Pieces, lines, value and whether something is in it, after these acts."""
    if not any(act.name in CHANGES for act in acts):
        return None, None, acts[-1].price, True  # a checkout of something that no add was seen of
    pieces, price = products(acts)
    left = {product: count for product, count in pieces.items() if count > 0}
    return (
        sum(left.values()),
        len(left),
        None if left.keys() - price else sum(count * price[product] for product, count in left.items()),
        bool(left),
    )


def products(acts: list[Act]) -> tuple[dict[str, float], dict[str, float]]:
    """Of each product that was added or removed, the pieces left after these acts, and the last price seen."""
    pieces: dict[str, float] = {}
    price: dict[str, float] = {}
    for act in acts:
        for product, quantity, paid in act.items if act.name in CHANGES else []:
            count = 1 if quantity is None else quantity
            pieces[product] = max(0.0, pieces.get(product, 0.0) + CHANGES[act.name] * count)
            if paid is not None:
                price[product] = paid
    return pieces, price


def lines(acts: list[Act]) -> tuple[tuple[str, float | None, float | None], ...]:
    """Products, pieces and value of a cart after these acts."""
    if not any(act.name in CHANGES for act in acts):
        return (("unknown", None, acts[-1].price),)
    pieces, price = products(acts)
    worth = {name: 0.0 if not n else n * price[name] if name in price else None for name, n in pieces.items()}
    return tuple(sorted((name, n, worth[name]) for name, n in pieces.items()))


def visits(acts: list[Act]) -> list[list[Act]]:
    """A person's acts, split where half an hour passes without one."""
    found: list[list[Act]] = []
    for act in acts:
        if not found or act.when - found[-1][-1].when > HOUR // 2:
            found.append([])
        found[-1].append(act)
    return found


def session_of(bought: Order, acts: list[Act]) -> list[Act] | None:
    """What the person did in the session of an order: the last that ended within a day before it, or went on."""
    fitting = [one for one in visits(acts) if one[0].when <= bought.when <= one[-1].when + DAY]
    return fitting[-1] if fitting else None


def told(cart: Cart, known: int, acts: list[Act]) -> dict[str, Any]:
    """Everything that is said of a cart at the data cut-off; `acts` are all those of its person."""
    ordered = cart.order.when if cart.order else None
    silences = []
    for number, act in enumerate(cart.acts):
        following = cart.acts[number + 1].when if number + 1 < len(cart.acts) else ordered
        if following is None or following - act.when > SILENCE:
            silences.append((number, following))
    abandoned = [(n, following) for n, following in silences if contents(cart.acts[: n + 1])[3]]
    left, back = abandoned[-1] if abandoned else (None, None)
    buying = session_of(cart.order, acts) if cart.order else None
    if cart.order and left == len(cart.acts) - 1 and buying and buying[0].when > cart.acts[left].when:
        back = buying[0].when
    pieces, lines, value, has_items = contents(cart.acts)
    seen = cart.acts if left is None else cart.acts[: left + 1]
    in_time = ordered is not None and ordered - cart.opened_when <= HORIZON
    was_abandoned = bool(abandoned) and known - cart.acts[abandoned[0][0]].when >= SILENCE
    if cart.order and cart.order.fate != "stands":
        state = cart.order.fate
    elif cart.order:
        state = "recovered" if was_abandoned and in_time else "purchased"
    elif not has_items:
        state = "emptied"
    else:
        state = "abandoned" if known - cart.acts[-1].when >= SILENCE else "active"
    early = [act for act in cart.acts if act.when - cart.opened_when <= HORIZON]
    has_held = any(contents(cart.acts[: n + 1])[3] for n in range(len(cart.acts)))
    checkouts = [act.when for act in cart.acts if act.name == "checkout"]
    return {
        "opened_at": instant(cart.opened_when),
        "last_activity_at": instant(cart.acts[-1].when),
        "checkout_at": instant(checkouts[0]) if checkouts else None,
        "silent_since": instant(cart.acts[silences[0][0]].when) if silences else None,
        "abandoned_since": instant(cart.acts[abandoned[0][0]].when) if abandoned else None,
        "left_at": None if left is None else instant(cart.acts[left].when),
        "device": cart.acts[0].device,
        "piece_count": pieces,
        "line_count": lines,
        "cart_value": value,
        "has_items": has_items,
        "left_line_count": None if left is None else contents(seen)[1],
        "left_value": None if left is None else contents(seen)[2],
        "payment_method": next((act.payment for act in reversed(seen) if act.payment), None),
        "order_id": cart.order.number if cart.order else None,
        "ordered_at": instant(ordered) if ordered is not None else None,
        "ordered_device": buying[0].device if buying else None,
        "came_back_at": None if back is None else instant(back),
        "came_back_channel": ("direct" if buying else "unknown") if cart.order and left is not None else None,
        "is_emptied": not in_time and not contents(early)[3],
        "level_reached": "checkout" if checkouts else "cart" if has_held else "browse",
        "level_at_horizon": "checkout"
        if any(act.name == "checkout" for act in early)
        else "cart"
        if any(contents(early[: n + 1])[3] for n in range(len(early)))
        else "browse",
        "value_at_horizon": contents(early)[2],
        "payment_method_at_horizon": next((act.payment for act in reversed(early) if act.payment), None),
        "shipping_at_horizon": next((act.shipping for act in reversed(early) if act.shipping is not None), None),
        "state": state,
        "was_abandoned": was_abandoned,
        "was_recovered": was_abandoned and in_time,
        "is_due_for_action": state in ("active", "abandoned") and known - cart.acts[-1].when >= HOUR,
    }


# Instants that meet: whole days and a few microseconds or hours beside them.
instants = strategies.builds(
    lambda day, beside: max(0, day * DAY + beside),
    strategies.one_of(strategies.integers(0, 4), strategies.integers(0, 12), strategies.sampled_from([30, 31, 60, 61])),
    strategies.sampled_from([0, 0, 1, -1, HOUR, 23 * HOUR]),
)
doings = strategies.builds(
    Act,
    instants,
    strategies.sampled_from(["add", "add", "remove", "checkout"]),
    strategies.sampled_from(list(PRICES)),
    strategies.integers(1, 2),
    strategies.sampled_from([None, None, "A", "B"]),
    strategies.sampled_from([None, "card", "invoice"]),
    strategies.sampled_from(["mobile", "desktop"]),
    strategies.lists(
        strategies.tuples(strategies.sampled_from(list(PRICES)), strategies.sampled_from([None, 1, 2])), max_size=2
    ),
    strategies.sampled_from([None, None, *SHIPPING]),
)
buyings = strategies.tuples(instants, strategies.sampled_from(["stands", "stands", "cancelled", "refunded"]))
shoppers = strategies.lists(
    strategies.tuples(
        strategies.lists(doings, max_size=8),
        strategies.lists(buyings, max_size=3),
        strategies.sampled_from(["with ids", "without", "both"]),
    ),
    min_size=20,
    max_size=40,
)


@budget(
    max_examples=examples(4, 40),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(shoppers, strategies.integers(1, 70), strategies.booleans())
def test_equal_to_walking_through_each_persons_days(people: list[Any], known_days: int, backwards: bool) -> None:
    known = known_days * DAY
    events: list[Any] = []
    order_rows: list[Any] = []
    wanted: list[dict[str, Any]] = []
    wanted_lines: list[Any] = []
    everybodys: list[tuple[list[Act], list[Order]]] = []
    for who, (acts, bought) in enumerate(_known(people, known)):
        events += [_event(who, act) for act in acts]
        order_rows += [_order(who, one) for one in bought]
        everybodys.append((acts, bought))
        for cart in ledger(acts, bought):
            wanted.append(told(cart, known, acts))
            left_at = wanted[-1]["left_at"]
            wanted_lines += lines([act for act in cart.acts if left_at is None or instant(act.when) <= left_at])
    numbered = [{"event_id": f"e{number:06d}", **row} for number, row in enumerate(events)]
    if backwards:
        numbered.reverse()
        order_rows.reverse()
    built = warehouse(
        events=numbered,
        order_rows=order_rows,
        build=["metrics.cart_states", "metrics.kpis", *BUILD],
        known_until=instant(known),
    )
    columns = list(wanted[0]) if wanted else ["state"]
    in_states = {"state", "was_abandoned", "was_recovered", "is_due_for_action"}
    names = ", ".join(f"states.{name}" if name in in_states else f"carts.{name}" for name in columns)
    names = names.replace("carts.shipping_at_horizon", "cast(carts.shipping_at_horizon as double)")
    found = rows(built, f"select {names} from journeys.carts join metrics.cart_states as states using (cart_id)")
    expected = Counter(tuple(cart.values()) for cart in wanted)
    only_found, only_expected = Counter(found) - expected, expected - Counter(found)
    assert (columns, only_found, only_expected) == (columns, Counter(), Counter())
    _check_lines(built, wanted_lines)
    _check_figures(built, wanted, instant(known))
    if not rows(built, "from metrics.outage_days where outage = 'tracking'"):
        _check_ways(built, wanted, everybodys, known)
        _check_recovery(built, wanted, instant(known))
    assert_splits_add_up(built)
    assert_lists_are_as_long_as_their_counts(built)


@budget(max_examples=examples(1, 30), deadline=None, suppress_health_check=list(HealthCheck))
@given(shoppers, strategies.integers(8, 40), strategies.integers(1, 30))
def test_later_data_move_nothing_that_was_matured(people: list[Any], known_days: int, later_days: int) -> None:
    until = instant(known_days * DAY).date()

    def matured(days: int) -> Counter[Any] | None:
        """What is counted of more than a horizon before `until`, once so many days are known; null: a day is out."""
        both = _known(people, days * DAY)
        built = warehouse(
            events=[_event(who, act) for who, (acts, _) in enumerate(both) for act in acts],
            order_rows=[_order(who, one) for who, (_, bought) in enumerate(both) for one in bought],
            build=["metrics.cart_attempts"],
            known_until=instant(days * DAY),
        )
        if rows(built, "from metrics.outage_days where outage = 'tracking'"):
            return None
        # A cart whose id is seen late has another id then, and a person whose second device is (and so their sessions):
        # an id is the first of what is linked. What is said of them stays.
        counted = "select * exclude (attempt_id, person_id, session_id) from metrics.cart_attempts"
        return Counter(rows(built, f"{counted} where is_matured and happened_on + 8 <= date '{until}'"))

    early, later = matured(known_days), matured(known_days + later_days)
    assert None in (early, later) or early == later


def _known(people: list[Any], known: int) -> list[tuple[list[Act], list[Order]]]:
    """What each person has done and ordered by an instant, in order."""
    found = []
    for who, (given_acts, bought, ids) in enumerate(people):
        acts = [
            Act(
                act.when,
                act.name,
                act.product,
                act.quantity,
                {"with ids": act.cart_id or "C", "without": None, "both": act.cart_id}[ids],
                act.payment,
                act.device,
                act.others,
                act.shipping,
                30.0 if act.name == "checkout" else PRICES[act.product],
            )
            for act in sorted(given_acts, key=lambda act: act.when)
            if act.when <= known
        ]
        orders = [
            Order(when, f"#{who}-{number}", fate) for number, (when, fate) in enumerate(sorted(bought)) if when <= known
        ]
        found.append((acts, orders))
    return found


def _check_figures(built: Any, wanted: list[dict[str, Any]], known: datetime) -> None:
    """Carts created = sum of states; an order closes one cart; the rates are over the matured ones."""
    states = dict(rows(built, "select state, count(*) from metrics.cart_states group by state"))
    assert states == Counter(cart["state"] for cart in wanted)
    assert rows(built, "select count(*) from journeys.carts") == [(sum(states.values()),)]
    assert rows(built, "select count(order_id) - count(distinct order_id) from journeys.carts") == [(0,)]
    if rows(built, "from metrics.outage_days where outage = 'tracking'"):
        return  # its carts are in no rate
    kept = [cart for cart in wanted if not cart["is_emptied"]]
    matured = [cart for cart in kept if cart["opened_at"] + HORIZON_TIME <= known]
    lost = [cart for cart in matured if not _in_time(cart)]
    left = [cart for cart in matured if _left_in_time(cart)]
    figures = {1: (lost, matured), 5: ([cart for cart in left if _in_time(cart)], left)}
    figures[2] = (
        [cart for cart in lost if cart["checkout_at"] is not None],
        [cart for cart in matured if cart["checkout_at"] is not None],
    )
    counts = "select position, numerator, denominator, open_count from metrics.cart_abandonment order by position"
    found = {position: tuple(counted) for position, *counted in rows(built, counts)}
    for position, (numerator, denominator) in figures.items():
        assert found[position][:2] == (len(numerator), len(denominator)), position
    assert found[1][2] == len(kept) - len(matured)
    assert found[6] == (len(wanted) - len(kept), None, 0)
    headline = "select numerator, denominator from metrics.kpis where kpi = 'cart_abandonment' and period = 'all'"
    assert rows(built, headline) == ([(len(lost), len(matured))] if matured else [])


def _check_lines(built: Any, wanted: list[Any]) -> None:
    """The products of all carts, and of each cart they add up to its value."""
    found = rows(built, "select product_id, piece_count, cast(value as double) from journeys.cart_lines")
    assert Counter(found) == Counter(wanted)
    differ = """
        select cart_id from journeys.carts as carts join journeys.cart_lines as lines using (cart_id)
        group by cart_id, left_at, left_value, cart_value
        having round(case when count(lines.value) = count(*) then sum(lines.value) end, 2)
            is distinct from case when left_at is null then cart_value else left_value end
    """
    assert rows(built, differ) == []


def _check_ways(built: Any, carts: list[dict[str, Any]], everybodys: list[Any], known: int) -> None:
    """What each way counts, by level, payment method, shipping and day."""
    wanted: Counter[tuple[Any, ...]] = Counter()
    for cart in carts:
        is_over = cart["opened_at"] + HORIZON_TIME <= instant(known)
        outcome = (
            "emptied" if cart["is_emptied"] else "open" if not is_over else "ordered" if _in_time(cart) else "abandoned"
        )
        cell = (cart["level_at_horizon"], cart["payment_method_at_horizon"], cart["shipping_at_horizon"])
        wanted["cart abandonment", "cart", cart["opened_at"].date(), outcome, *cell] += 1
        if cart["checkout_at"] is not None:
            wanted["checkout abandonment", "cart", cart["checkout_at"].date(), outcome, *cell] += 1
        if not _in_time(cart):
            wanted["abandoned / (abandoned + orders)", "cart", cart["opened_at"].date(), outcome, *cell] += 1
        if outcome == "open" or (outcome != "emptied" and _left_in_time(cart)):
            wanted["recovery", "cart", cart["opened_at"].date(), outcome, *cell] += 1
    by_order = {cart["order_id"]: cart for cart in carts if cart["order_id"] is not None}
    # Orders tell nothing of carts as long as no cart is matured.
    has_matured = any(
        way == "cart abandonment" and outcome in ("abandoned", "ordered") for way, _, _, outcome, *_ in wanted
    )
    for acts, orders in everybodys:
        for bought in orders if has_matured else []:
            outcome = "ordered" if bought.when + HORIZON <= known else "open"
            closed, session = by_order.get(bought.number), session_of(bought, acts)
            level, *seen = ("no cart", None, None)
            if closed:
                level = closed["level_at_horizon"]
                seen = [closed["payment_method_at_horizon"], closed["shipping_at_horizon"]]
            seen = [
                of_session if of_cart is None else of_cart
                for of_cart, of_session in zip(seen, _seen(session or []), strict=True)
            ]
            cell = (level, *seen)
            wanted["abandoned / (abandoned + orders)", "order", instant(bought.when).date(), outcome, *cell] += 1
        taken = [session_of(bought, acts) for bought in orders]
        for visit in visits(acts):
            is_over = visit[-1].when + DAY <= known
            outcome = "open" if not is_over else "ordered" if visit in taken else "abandoned"
            level = "checkout" if any(act.name == "checkout" for act in visit) else "cart"
            cell = (level, *_seen(visit))
            wanted["1 − orders / sessions with a cart", "session", instant(visit[0].when).date(), outcome, *cell] += 1
    found = rows(
        built,
        "select way, kind, happened_on, outcome, level, nullif(payment_method, 'unknown'), shipping, shipping_band "
        "from metrics.cart_attempts",
    )
    assert all(band == ("unknown" if cost is None else SHIPPING[cost]) for *_, cost, band in found)
    counted = Counter(row[:-1] for row in found)
    assert (counted - wanted, wanted - counted) == (Counter(), Counter())


def _seen(acts: list[Act]) -> list[Any]:
    """The last payment method and shipping cost of some acts."""
    return [
        next((act.payment for act in reversed(acts) if act.payment), None),
        next((act.shipping for act in reversed(acts) if act.shipping is not None), None),
    ]


def _check_recovery(built: Any, carts: list[dict[str, Any]], known: datetime) -> None:
    """Of the carts that were abandoned within their horizon: how many were ordered in each day after they were left."""
    left = [
        cart
        for cart in carts
        if not cart["is_emptied"] and _left_in_time(cart) and cart["opened_at"] + HORIZON_TIME <= known
    ]
    wanted = Counter(
        f"{(cart['ordered_at'] - cart['left_at']) // timedelta(microseconds=1)}" if _in_time(cart) else "not recovered"
        for cart in left
    )
    bands: Counter[str] = Counter()
    for delay, count in wanted.items():
        days = None if delay == "not recovered" else -(-int(delay) // DAY)
        bands[delay if days is None else "over 24 to 48 h" if days == 2 else f"over {days - 1} to {days} days"] += count
    found = rows(built, "select name, cart_count from metrics.cart_recovery where split_by = 'delay'")
    assert dict(found) == bands
    assert {
        count for (count,) in rows(built, "select sum(cart_count) from metrics.cart_recovery group by split_by")
    } == ({len(left)} if left else set())


def _left_in_time(cart: dict[str, Any]) -> bool:
    """It had been abandoned when its horizon ended."""
    since = cart["abandoned_since"]
    return since is not None and since - cart["opened_at"] <= timedelta(microseconds=HORIZON - SILENCE)


def _in_time(cart: dict[str, Any]) -> bool:
    return cart["ordered_at"] is not None and cart["ordered_at"] - cart["opened_at"] <= HORIZON_TIME


def _event(who: int, act: Act) -> Any:
    """The act as an event; the person has a device of each kind, and is logged in."""
    what: dict[str, Any] = {"product_id": act.product, "price": act.price, "quantity": act.quantity}
    if act.name == "checkout":
        what = {"product_id": act.product, "value": act.price}
    elif act.others:
        names = ("product_id", "quantity", "price")
        what = {"items": [dict(zip(names, item, strict=True)) for item in act.items]}
    return event(
        f"{act.device} of {who}",
        instant(act.when).isoformat(),
        act.name,
        customer_id=f"c{who}",
        cart_id=act.cart_id,
        payment_method=act.payment,
        shipping=act.shipping,
        device=act.device,
        **what,
    )


def _order(who: int, bought: Order) -> Any:
    fates: dict[str, dict[str, Any]] = {
        "stands": {},
        "cancelled": {"cancelled_at": instant(bought.when + HOUR)},
        "refunded": {"refunded": 10},
    }
    return order(bought.number, instant(bought.when).isoformat(), customer_id=f"c{who}", **fates[bought.fate])

"""Carts by day, level, segment, payment method and shipping; recovery; the list of abandoned carts: a shop by hand."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from given import at, event, order, rows, settings, warehouse

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
SPLITS = {
    "day": "cast(opened_on as text)",
    "level": "level",
    "device": "device",
    "channel": "channel",
    "country": "country",
    "persona": "persona",
    "new or returning": "new_or_returning",
    "campaign": "campaign",
    "payment method": "payment_method",
    "shipping": "shipping_band",
}
BUILD = [
    "metrics.cart_abandonment",
    "metrics.cart_abandonment_splits",
    "metrics.cart_recovery",
    "metrics.abandoned_carts",
]


def assert_lists_are_as_long_as_their_counts(built: duckdb.DuckDBPyConnection) -> None:
    """Of every value of every split: the carts listed as in the rate are those counted, worth what is lost."""
    for split, column in SPLITS.items():
        listed = rows(
            built,
            f"select {column}, count(*), round(coalesce(sum(value_at_horizon), 0), 2) from metrics.abandoned_carts "
            "where is_in_rate group by 1 order by 1",
        )
        counted = rows(
            built,
            "select coalesce(cast(day as text), name), abandoned_count, cast(coalesce(lost_value, 0) as double) "
            "from metrics.cart_abandonment_splits where way = 'cart abandonment' and abandoned_count > 0 "
            f"and split_by = '{split}' order by 1",
        )
        assert listed == counted, split
    for split, column in SPLITS.items():
        day = column.replace("opened_on", "happened_on")
        behind = rows(
            built,
            f"select way, {day}, outcome, count(*) from metrics.cart_attempts group by all order by all",
        )
        counted = rows(
            built,
            "select way, value, outcome, counted from (select way, coalesce(cast(day as text), name) as value, "
            "unnest(['abandoned', 'ordered', 'open', 'uncovered', 'emptied', 'outage']) as outcome, unnest(["
            "abandoned_count, ordered_count, open_count, uncovered_count, emptied_count, outage_count]) as counted "
            f"from metrics.cart_abandonment_splits where split_by = '{split}') where counted > 0 order by all",
        )
        assert behind == counted, split


def assert_splits_add_up(built: duckdb.DuckDBPyConnection) -> None:
    """Each split counts the same, and `all` is the headline's table."""
    counts = "attempt_count, abandoned_count, ordered_count, open_count, uncovered_count, emptied_count, outage_count"
    sums = ", ".join(f"sum({count})" for count in counts.split(", "))
    summed = rows(built, f"select way, {sums} from metrics.cart_abandonment_splits group by way, split_by")
    assert len(set(summed)) * (len(SPLITS) + 1) == len(summed)
    assert all(whole == sum(parts) for _, whole, *parts in summed)
    whole = "select position, numerator, denominator, open_count, value, low, high from metrics.cart_abandonment"
    parts = whole.replace("cart_abandonment", "cart_abandonment_splits") + " where split_by = 'all'"
    with_carts = rows(built, f"{parts} order by position")
    assert with_carts == [
        row for row in rows(built, f"{whole} order by position") if row[0] in {p[0] for p in with_carts}
    ]


def shopper(who: str, *acts: tuple[float, str, dict[str, Any]], device: str = "mobile") -> list[Any]:
    """What a customer does, on one device, with a mug for 10 unless it is said otherwise."""
    base = {"customer_id": who, "device": device, "product_id": "mug", "price": 10}
    return [event(who, when, name, **{**base, **more}) for when, name, more in acts]


@pytest.fixture(scope="module")
def shop() -> duckdb.DuckDBPyConnection:
    ad = {"campaign_medium": "cpc", "campaign_source": "ads", "campaign_name": "spring"}
    mail = {"campaign_medium": "email", "campaign_source": "reminder"}
    events = [
        # Left in the checkout, by card, with shipping for 4.90; pays attention to a dearer one only after the horizon.
        *shopper(
            "left", (0, "landing", ad), (MINUTE, "add", {"quantity": 2}),
            (2 * MINUTE, "add", {"product_id": "bowl", "price": 2.5}),
            (3 * MINUTE, "checkout", {"payment_method": "card", "shipping": 4.9}),
            (9 * DAY, "checkout", {"payment_method": "invoice", "shipping": 20}),
        ),
        # Left in the cart, checked out after the horizon, ordered then: abandoned, and not to be won any more.
        *shopper("late", (0, "add", {}), (8 * DAY, "checkout", {"shipping": 0}), device="desktop"),
        *shopper("buys", (DAY, "add", {}), (DAY + 1, "checkout", {"payment_method": "card", "shipping": 0})),
        # Left for two days, brought back by a mail.
        *shopper("back", (0, "add", {}), (2 * DAY, "landing", mail), (2 * DAY + 1, "checkout", {"shipping": 7})),
        *shopper("empties", (0, "add", {}), (1, "remove", {})),
        *shopper("fresh", (18 * DAY, "add", {"price": None})),
        *shopper("just now", (20 * DAY - 60, "add", {})),
        *shopper("early", (-3 * DAY, "add", {}), (HOUR, "add", {})),
        # A silence that began after the horizon: not abandoned by its end.
        *shopper("slow", *((n * 20 * HOUR, "add", {}) for n in range(10))),
    ]  # fmt: skip
    orders = [
        order("#1", 8 * DAY + HOUR, customer_id="late"),
        order("#2", DAY + HOUR, customer_id="buys"),
        order("#3", 2 * DAY + HOUR, customer_id="back"),
        order("#4", 3 * DAY, customer_id="no cart"),
        order("#5", 19 * DAY, customer_id="fresh order"),
        order("#6", 4 * DAY, customer_id="till", sales_channel="till"),
    ]
    contacts = [
        {"contact_id": "1", "customer_id": "left", "country": "France", "created_at": at(-30 * DAY)},
        {"contact_id": "2", "customer_id": "late", "country": "France", "created_at": at(9 * DAY)},
    ]
    return warehouse(
        events=events,
        order_rows=orders,
        contacts=contacts,
        build=BUILD,
        known_until=at(20 * DAY),
        known_from={"events": at(-5 * DAY), "order_rows": at(0)},
        shop=settings(),
    )


def split(built: duckdb.DuckDBPyConnection, by: str, way: str = "cart abandonment") -> dict[Any, Any]:
    """Abandoned, ordered, in no rate, and value lost, by the values of a split."""
    found = rows(
        built,
        "select coalesce(cast(day as text), name), abandoned_count, ordered_count, attempt_count - denominator, "
        f"cast(lost_value as double) from metrics.cart_abandonment_splits where split_by = '{by}' and way = '{way}'",
    )
    return {name: tuple(counts) for name, *counts in found}


def test_each_way_counts_what_its_name_says(shop: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        shop, "select position, numerator, denominator, open_count from metrics.cart_abandonment order by position"
    )
    assert found == [
        (1, 3, 5, 2),  # left, late and slow of these, buys and back; fresh and just now are open, early uncovered
        (2, 2, 4, 0),  # left and late of these, buys and back
        (3, 3, 7, 3),  # and the web orders #1, #2, #3, #4; #5 is open
        (4, 17, 20, 1),  # 21 sessions with a cart since all is known; #1, #2 and #3 belong to one each
        (5, 1, 3, 2),  # back of left, late and back: slow was not silent yet
        (6, 1, None, 0),
    ]  # fmt: skip


def test_a_cell_holds_what_was_so_within_the_horizon(shop: duckdb.DuckDBPyConnection) -> None:
    # late checked out after its horizon; slow added a tenth mug after it.
    assert split(shop, "level") == {"checkout": (1, 2, 0, 22.5), "cart": (2, 0, 4, 100.0)}
    assert split(shop, "payment method") == {"card": (1, 1, 0, 22.5), "unknown": (2, 1, 4, 100.0)}
    assert split(shop, "shipping") == {
        "over 2 to 5": (1, 0, 0, 22.5),
        "free": (0, 1, 0, None),
        "over 5 to 10": (0, 1, 0, None),
        "unknown": (2, 0, 4, 100.0),
    }


def test_segments_are_those_of_the_session_of_opening(shop: duckdb.DuckDBPyConnection) -> None:
    assert split(shop, "channel") == {"paid search": (1, 0, 0, 22.5), "direct": (2, 2, 4, 100.0)}
    assert split(shop, "campaign") == {"spring": (1, 0, 0, 22.5), "none": (2, 2, 4, 100.0)}
    assert split(shop, "country")["France"] == (1, 0, 0, 22.5), "of whom the CRM came to know later it is not said"
    assert split(shop, "device")["desktop"] == (1, 0, 0, 10.0)


def test_carts_and_orders_are_split_by_what_the_order_is_of(shop: duckdb.DuckDBPyConnection) -> None:
    found = split(shop, "level", "abandoned / (abandoned + orders)")
    assert found["no cart"] == (0, 1, 1, None) and found["checkout"][:2] == (1, 2)


def test_recovery_by_delay_and_channel(shop: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        shop,
        "select split_by, name, cart_count, cart_count_so_far, abandoned_count, open_count, value, cart_value, "
        "unvalued_count, up_to_hours from metrics.cart_recovery order by split_by, position",
    )
    third = pytest.approx(1 / 3)
    rest = pytest.approx(2 / 3)
    assert found == [
        ("channel", "e-mail", 1, 1, 3, 2, third, 10, 0, None),
        ("channel", "not recovered", 2, 3, 3, 2, rest, 32.5, 0, None),
        ("delay", "over 2 to 3 days", 1, 1, 3, 2, third, 10, 0, 72),
        ("delay", "not recovered", 2, 3, 3, 2, rest, 32.5, 0, None),
        ("outcome", "recovered", 1, 1, 3, 2, third, 10, 0, None),
        ("outcome", "not recovered", 2, 3, 3, 2, rest, 32.5, 0, None),
    ]


def test_the_list_says_what_can_still_be_won_and_what_is_in_it(shop: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        shop,
        "select customer_id, state, outcome, is_in_rate, can_be_won, value, products, last_touchpoint, last_stage, "
        "level, level_reached from metrics.abandoned_carts order by value desc nulls last, customer_id",
    )
    assert found == [
        ("slow", "abandoned", "abandoned", True, True, 100.0, ["mug"], "add", "cart", "cart", "cart"),
        ("left", "abandoned", "abandoned", True, True, 22.5, ["mug", "bowl"], *["checkout"] * 4),
        ("early", "abandoned", "uncovered", False, True, 20.0, ["mug"], "add", "cart", "cart", "cart"),
        ("late", "purchased", "abandoned", True, False, 10.0, ["mug"], "checkout", "checkout", "cart", "checkout"),
        ("fresh", "abandoned", "open", False, True, None, ["mug"], "add", "cart", "cart", "cart"),
    ]  # fmt: skip


def test_splits_add_up_and_lists_are_as_long_as_their_counts(shop: duckdb.DuckDBPyConnection) -> None:
    assert_splits_add_up(shop)
    assert_lists_are_as_long_as_their_counts(shop)


def test_without_orders_nothing_is_in_a_rate() -> None:
    built = warehouse(events=shopper("ann", (0, "add", {})), build=BUILD, without=["order_rows"])
    assert split(built, "all") == {None: (0, 0, 1, None)}
    assert rows(built, "select numerator, denominator, value from metrics.cart_abandonment where position = 1") == [
        (0, 0, None)
    ]
    assert rows(built, "from metrics.cart_recovery") == []

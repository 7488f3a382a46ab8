"""Amounts in other currencies than the shop's: converted where a rate is known, else in no sum, counted and named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from canonical_shops import File, canonical_project, contents, difference, load_files, open_canonical
from given import at, event, order, rows, settings, warehouse

from parcours.loading.currency_rates import RatesError, write_currency_rates
from parcours.loading.nothing_new import what_is_read
from parcours.project import ROOT, Project
from parcours.settings.file import SettingsError, load_settings
from parcours.settings.schema import JourneySettings
from parcours.tables.catalogue import all_tables, build_all

DAY = 86400.0
LEFT_OUT = "select kind, currency, row_count, left_out_count from metrics.currencies order by kind, currency"


def shop(**rates: float) -> JourneySettings:
    """A shop in EUR that knows these rates on all days."""
    return settings(currencies={"rates": rates})


def carts(known: JourneySettings | None, *events: Any) -> list[Any]:
    built = warehouse(events=events, build=["journeys.carts", "metrics.currencies"], shop=known or settings())
    return rows(built, "select piece_count, cart_value from journeys.carts") + rows(built, LEFT_OUT)


def test_a_price_in_another_currency_is_never_taken_for_the_shops() -> None:
    yen = event("d", 0, "add", product_id="tea", price=8000, currency="JPY")
    assert carts(None, yen) == [(1.0, None), ("events", "JPY", 1, 1)]
    assert carts(shop(JPY=0.00625), yen) == [(1.0, 50.0), ("events", "JPY", 1, 0)]
    assert carts(shop(USD=0.9), yen) == [(1.0, None), ("events", "JPY", 1, 1)]


def test_items_values_and_shipping_are_converted_by_the_currency_of_their_event() -> None:
    items = [{"product_id": "tea", "price": 8000}, {"product_id": "cup", "price": 1600, "quantity": 2}]
    yen = {"currency": "JPY", "cart_id": "k", "shipping": 800}
    events = [event("d", 0, "add", items=items, **yen), event("d", 1, "checkout", value=11200, **yen)]
    known = warehouse(events=events, build=["journeys.carts"], shop=shop(JPY=0.00625))
    touched = "select cast(value as double), cast(shipping as double) from journeys.touchpoints order by occurred_at"
    assert rows(known, touched) == [(70.0, 5.0), (70.0, 5.0)]
    assert rows(known, "select cart_value, cast(shipping as double) from journeys.carts") == [(70.0, 5.0)]
    unknown = warehouse(events=events, build=["journeys.carts"])
    assert rows(unknown, touched) == [(None, None), (None, None)]
    assert rows(unknown, "select piece_count, cart_value, shipping from journeys.carts") == [(3.0, None, None)]


def test_an_amount_of_the_shops_currency_or_of_none_stays_to_the_last_digit() -> None:
    events = [
        event("d", 0, "product", price="999999999999.9999", currency="EUR"),
        event("d", 1, "product", price="0.1234"),
    ]
    built = warehouse(events=events, build=["staging.event_items", "metrics.currencies"], shop=shop(JPY=0.00625))
    prices = "select cast(price as text) from staging.event_items order by event_id"
    assert rows(built, prices) == [("999999999999.9999",), ("0.1234",)]
    assert rows(built, LEFT_OUT) == []


def test_a_deal_is_worth_its_amount_on_the_day_of_closing() -> None:
    deals = [
        {"deal_id": "1", "email_hash": "h", "created_at": at(0), "amount": 800, "currency": "JPY"},
        {"deal_id": "2", "email_hash": "h", "created_at": at(0), "amount": 100, "currency": "EUR"},
    ]
    known = warehouse(deals=deals, build=["staging.deals", "metrics.currencies"], shop=shop(JPY=0.00625))
    values = "select cast(amount as double), cast(value as double) from staging.deals order by deal_id"
    assert rows(known, values) == [(800.0, 5.0), (100.0, 100.0)]
    unknown = warehouse(deals=deals, build=["journeys.touchpoints", "metrics.currencies"])
    assert rows(unknown, values) == [(800.0, None), (100.0, 100.0)]
    assert rows(unknown, LEFT_OUT) == [("deals", "JPY", 1, 1)]


def with_file(folder: Path, text: str, **rates: float) -> Project:
    """A canonical shop in Paris whose rates are in a file."""
    (folder / "rates.csv").write_text(text, encoding="utf-8")
    sections: dict[str, Any] = {
        "currencies": {"file": "rates.csv", "rates": rates},
        "shop": {"name": "Tea", "time_zone": "Europe/Paris", "currency": "EUR", "language": "en"},
    }
    return canonical_project(folder, settings(**sections))


FILE = "day,currency,rate\n2026-01-06,JPY,0.5\n2026-01-08,JPY,0.25\n2026-01-06,USD,2\n"
INSTANTS = ("2026-01-05T22:59:59", "2026-01-05T23:00:00", "2026-01-07T22:59:59", "2026-01-07T23:00:00", "2026-03-01")


@pytest.mark.parametrize(("always", "first"), [({}, None), ({"JPY": 1.5}, 150.0)])
def test_the_last_rate_on_or_before_the_shop_day_holds(
    tmp_path: Path, always: dict[str, float], first: float | None
) -> None:
    project = with_file(tmp_path, FILE, **always)
    events = [
        {"event_id": f"e{number}", **event("d", instant, "product", product_id="tea", price=100, currency="JPY")}
        for number, instant in enumerate(INSTANTS)
    ]
    with open_canonical(project) as connection:
        load_files(connection, project, [File("events", 1, tuple(events))])
        build_all(connection, project, ["staging.event_items"])
        found = rows(connection, "select cast(price as double) from staging.event_items order by event_id")
    assert found == [(first,), (50.0,), (50.0,), (25.0,), (25.0,)]


def test_a_new_days_rate_touches_the_rows_in_that_currency_and_gives_what_a_full_build_does(tmp_path: Path) -> None:
    project = with_file(tmp_path, FILE)
    events = tuple(
        {"event_id": f"e{n}", **event(f"d{n}", f"2026-01-{5 + n % 6:02d}", "add", price=100, product_id="tea", **paid)}
        for n, paid in enumerate([{"currency": code} for code in ("JPY", "USD", "EUR", "CHF")] * 6)
    )
    deals = tuple(
        {"deal_id": f"d{n}", "email_hash": "a", "created_at": at(n * DAY), "amount": 100, "currency": "JPY"}
        for n in range(5)
    )
    orders = tuple(order(f"#{n}", n * DAY, value=100, customer_id=f"c{n}", currency="JPY") for n in range(5))
    files = [File("events", 1, events), File("deals", 1, deals), File("order_rows", 1, orders)]
    with open_canonical(project) as connection:
        load_files(connection, project, files)
        build_all(connection, project)
        (project.journey_file.parent / "rates.csv").write_text(FILE + "2026-01-09,JPY,0.125\n", encoding="utf-8")
        write_currency_rates(connection, project)
        refreshed = {found.table: found.touched for found in build_all(connection, project)}
        incremental = contents(connection)
        build_all(connection, project, full_refresh=True)
        assert difference(incremental, contents(connection), [table.name for _, table in all_tables(project)]) == ""
    dearer = sum(row["currency"] == "JPY" and row["occurred_at"] >= at(4 * DAY) for row in events)
    assert (refreshed["staging.events"], refreshed["staging.deals"]) == (dearer, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "found the header ''"),
        ("date,currency,rate\n", "found the header 'date,currency,rate', expected the columns day, currency, rate"),
        ("day,currency,rate\n6.1.2026,JPY,1\n", "line 2: found the day '6.1.2026', expected one as 2026-07-14"),
        ("day,currency,rate\n2026-01-06,EUR,1\n", "line 2: found the currency 'EUR', expected an ISO 4217 code other"),
        ("day,currency,rate\n2026-01-06,YEN,1\n", "line 2: found the currency 'YEN'"),
        ("day,currency,rate\n\n2026-01-06,JPY,0\n", "line 3: found the rate '0', expected a number over 0"),
        ("day,currency,rate\n2026-01-06,JPY,nan\n", "line 2: found the rate 'nan'"),
        ('day,currency,rate\n2026-01-06,JPY,"0,5"\n', "line 2: found the rate '0,5'"),
        ("day,currency,rate\n2026-01-06,JPY\n", "line 2: has too few columns"),
        (f"{FILE}2026-01-06,JPY,3\n", "line 5: a second rate of JPY on 2026-01-06, expected one"),
    ],
)
def test_a_wrong_line_of_the_rates_stops_the_run_by_name(tmp_path: Path, text: str, said: str) -> None:
    project = with_file(tmp_path, text)
    with open_canonical(project) as connection, pytest.raises(RatesError) as refused:
        load_files(connection, project, [])
    assert str(refused.value).startswith(f"{tmp_path / 'rates.csv'}: ") and said in str(refused.value)


def test_other_rates_are_something_new(tmp_path: Path) -> None:
    project = with_file(tmp_path, FILE)
    before = what_is_read(project)
    assert what_is_read(project) == before
    (tmp_path / "rates.csv").write_text(f"{FILE}2026-01-09,JPY,3\n", encoding="utf-8")
    assert what_is_read(project) != before


def test_a_file_of_rates_that_is_not_there_stops_the_run_by_name(tmp_path: Path) -> None:
    project = with_file(tmp_path, FILE)
    (tmp_path / "rates.csv").unlink()
    with open_canonical(project) as connection, pytest.raises(RatesError, match=r"rates[.]csv: No such file"):
        load_files(connection, project, [])


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        ("{EUR: 1}", "currencies.rates.EUR: is the shop's own currency"),
        ("{YEN: 1}", "expected an ISO 4217 code, as JPY"),
        ("{JPY: 0}", "currencies.rates.JPY: found 0"),
        ("{JPY: .nan}", "currencies.rates.JPY: found '.nan'"),
    ],
)
def test_a_wrong_rate_in_journey_yaml_is_named(tmp_path: Path, rates: str, said: str) -> None:
    text = (ROOT / "journey.yaml").read_text(encoding="utf-8")
    file = tmp_path / "journey.yaml"
    file.write_text(f"{text}\ncurrencies:\n  rates: {rates}\n", encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        load_settings(file)
    assert said in str(refused.value)


def test_a_sale_in_another_currency_counts_as_an_order_and_its_value_only_by_a_rate() -> None:
    ordered = [
        order("#1", 60, value=8000, customer_id="c", currency="JPY"),
        order("#2", DAY, value=30, customer_id="c", currency="EUR"),
        order("#3", 2 * DAY, value=10, customer_id="c"),
    ]
    visits = [event("d", n * DAY, "product", customer_id="c") for n in range(3)]
    asked = ["metrics.order_value", "metrics.currencies", "metrics.conversion", "metrics.order_states"]
    unknown = warehouse(events=visits, order_rows=ordered, build=asked)
    known = warehouse(events=visits, order_rows=ordered, build=asked, shop=shop(JPY=0.00625))
    orders = "select order_id, cast(net_revenue as double) from journeys.order_sessions order by 1"
    assert rows(unknown, orders) == [("#1", None), ("#2", 30.0), ("#3", 10.0)]
    assert rows(known, orders) == [("#1", 50.0), ("#2", 30.0), ("#3", 10.0)]
    worth = "select order_count, cast(average_order_value as double) from metrics.order_value"
    assert (rows(unknown, worth), rows(known, worth)) == ([(2, 20.0)], [(3, 30.0)])
    assert (rows(unknown, LEFT_OUT), rows(known, LEFT_OUT)) == ([("orders", "JPY", 1, 1)], [("orders", "JPY", 1, 0)])
    assert rows(unknown, "select total from metrics.order_states") == [(40,)]
    converted = "select numerator, denominator from metrics.conversion order by all"
    assert rows(unknown, converted) == rows(known, converted) and (3, 3) in rows(unknown, converted)


def test_a_refund_and_a_cancelled_order_are_in_the_shops_currency_too() -> None:
    back = {"customer_id": "c", "currency": "JPY"}
    ordered = [
        order("#1", 0, value=8000, refunded=4000, refunded_at=at(DAY), **back),
        order("#2", 0, value=8000, cancelled_at=at(DAY), **back),
    ]
    build = ["journeys.touchpoints", "staging.orders"]
    known = warehouse(order_rows=ordered, build=build, shop=shop(JPY=0.00625))
    values = (
        "select event_name, cast(value as double) from journeys.touchpoints "
        "where event_name <> 'order placed' order by event_name"
    )
    assert rows(known, values) == [("order cancelled", 0.0), ("order refunded", 25.0)]
    unknown = warehouse(order_rows=ordered, build=build)
    assert rows(unknown, values) == [("order cancelled", 0.0), ("order refunded", None)]
    assert rows(unknown, "select cast(net_amount as double), net_revenue from staging.orders order by order_id") == [
        (4000.0, None),
        (0.0, 0),
    ]


def test_an_order_whose_rows_name_several_currencies_has_no_known_value() -> None:
    lines = [
        order("#1", 0, value=30, currency="EUR"),
        {"order_id": "#1", "row_key": "line 2", "quantity": 1, "unit_price": 5, "currency": "USD"},
    ]
    built = warehouse(order_rows=lines, build=["staging.orders", "metrics.currencies"], shop=shop(USD=2))
    assert rows(built, "select currency, net_revenue from staging.orders") == [("USD", None)]
    assert rows(built, LEFT_OUT) == [("orders", "USD", 1, 1)]


@pytest.mark.parametrize(
    ("currency", "value", "found"),
    [
        ("JPY", 8000, (0, 0.0, 0)),
        ("JPY", 8800, (1, 5.0, 0)),
        ("EUR", 50, (0, 0.0, 1)),
        (None, 8000, (0, 0.0, 1)),
    ],
)
def test_an_event_is_compared_with_its_order_in_the_orders_currency(
    currency: str | None, value: int, found: tuple[int, float, int]
) -> None:
    built = warehouse(
        events=[event("d", 0, "purchased", order_id="#1", value=value, currency=currency)],
        order_rows=[order("#1", 0, value=8000, currency="JPY")],
        build=["metrics.reconciliation"],
        shop=shop(JPY=0.00625),
    )
    compared = (
        "select amount_difference_count, cast(amount_difference as double), other_currency_count "
        "from metrics.reconciliation"
    )
    assert rows(built, compared) == [found]

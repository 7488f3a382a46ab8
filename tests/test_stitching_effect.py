"""The effect of stitching: the same figures with people and with every identifier on its own."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from given import Row, at, event, examples, order, rows, settings, warehouse
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
BUILD = ["metrics.stitching_effect", "metrics.conversion", "metrics.funnel_steps", "journeys.sessions"]
FIGURES = (
    "person_count, session_count, order_count, ordered_session_count, matured_session_count, converted_session_count, "
    "conversion_per_session, visitor_count, converted_visitor_count, conversion_per_person, "
    "funnel_entered_count, funnel_converted_count, funnel_conversion_rate"
)


def effect(connection: duckdb.DuckDBPyConnection, columns: str) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Columns without stitching, and with it."""
    query = f"select view, {columns} from metrics.stitching_effect"
    found = {view: tuple(rest) for view, *rest in rows(connection, query)}
    return found["without stitching"], found["with stitching"]


def test_one_person_on_phone_and_laptop_is_two_identifiers_without_stitching() -> None:
    built = warehouse(
        events=[
            event("phone", 0, "product"),
            event("phone", 60, "add", customer_id="c1"),
            event("laptop", 120, "checkout", customer_id="c1"),
        ],
        order_rows=[order("#1", 180, customer_id="c1")],
        build=BUILD,
    )
    without, with_ = effect(built, "person_count, session_count, order_count, ordered_session_count")
    assert (without, with_) == ((2, 2, 1, 1), (1, 1, 1, 1))
    without, with_ = effect(built, "conversion_per_session, conversion_per_person")
    assert (without, with_) == ((0.5, 0.5), (1.0, 1.0))


def test_a_device_that_logs_in_only_later_is_a_third_identifier_beside_the_e_mail() -> None:
    built = warehouse(
        events=[
            event("phone", 0, "product"),
            event("laptop", 60, "landing", email_hash="h1"),
            event("laptop", 120, "landing", email_hash="h1", customer_id="c1"),
            event("phone", DAY, "landing", customer_id="c1"),
        ],
        build=BUILD,
    )
    without, with_ = effect(built, "person_count, session_count")
    assert (without, with_) == ((3, 4), (1, 2))


def test_guests_are_not_one_person_without_stitching() -> None:
    guests = ["guest", "0", "null", "guest"]
    built = warehouse(
        order_rows=[order(f"#{i}", i * DAY, customer_id=who) for i, who in enumerate(guests)], build=BUILD
    )
    without, with_ = effect(built, "person_count, order_count")
    assert (without, with_) == ((4, 4), (4, 4))


def test_a_funnel_across_devices_is_converted_with_stitching_and_dropped_without() -> None:
    built = warehouse(
        events=[
            event("phone", 0, "product", customer_id="c1"),
            event("laptop", DAY, "landing", customer_id="c1"),
            event("laptop", DAY + 60, "add", customer_id="c1"),
            event("tablet", 0, "product"),
            event("tablet", 60, "add", email_hash="h9"),
            event("tablet", 120, "checkout", email_hash="h9"),
            event("phone", 2 * DAY, "checkout", customer_id="c1"),
        ],
        build=BUILD,
    )
    without, with_ = effect(built, "funnel_id, funnel_entered_count, funnel_converted_count, funnel_conversion_rate")
    assert (without, with_) == (("buy", 2, 1, 0.5), ("buy", 2, 2, 1.0))


def test_attempts_whose_window_has_not_ended_are_in_neither_view() -> None:
    events = [event("phone", 0, "product"), event("phone", 60, "add", customer_id="c1")]
    built = warehouse(events=events, build=BUILD, known_until=at(6 * DAY))
    assert effect(built, "funnel_entered_count, funnel_conversion_rate") == ((0, None), (0, None))


def test_the_funnel_is_the_first_that_counts_persons() -> None:
    steps = [{"touchpoint": "product"}, {"touchpoint": "add"}]
    funnels = [
        {"id": "z", "name": "Z", "unit": "session", "steps": steps},
        {"id": "y", "name": "Y", "unit": "person", "steps": steps},
        {"id": "a", "name": "A", "unit": "person", "steps": steps},
    ]
    built = warehouse(events=[event("u", 0, "product")], build=BUILD, shop=settings(funnels=funnels))
    assert effect(built, "funnel_id, funnel_name, funnel_entered_count") == (("y", "Y", 1), ("y", "Y", 1))
    assert rows(built, "select distinct funnel_id from journeys.unstitched_attempts order by 1") == [("a",), ("y",)]


def test_without_a_funnel_of_persons_the_other_figures_stay() -> None:
    funnels = [{"id": "s", "name": "S", "unit": "session", "steps": [{"touchpoint": "product"}]}]
    built = warehouse(events=[event("u", 0, "product")], build=BUILD, shop=settings(funnels=funnels))
    assert effect(built, "person_count, funnel_id, funnel_entered_count") == ((1, None, None), (1, None, None))


def test_a_guests_order_that_only_a_purchase_event_names_has_no_session_without_stitching() -> None:
    built = warehouse(events=[event("u", 0, "purchased", order_id="#1")], order_rows=[order("#1", 0)], build=BUILD)
    without, with_ = effect(built, "person_count, session_count, order_count, ordered_session_count")
    assert (without, with_) == ((2, 1, 1, 0), (1, 1, 1, 1))


def test_a_runaway_session_of_one_device_is_left_out_and_the_others_stay() -> None:
    shop = settings(sessions={"runaway_touchpoints": 3})
    events = [event("phone", n, "landing") for n in range(4)] + [event("laptop", 9, "landing", customer_id="c1")]
    built = warehouse(events=[*events, event("phone", DAY, "landing", customer_id="c1")], build=BUILD, shop=shop)
    without, with_ = effect(built, "session_count")
    assert (without, with_) == ((2,), (1,))  # the customer's two; with stitching the first is in the runaway session


def identifier_of(row: Row) -> dict[str, str]:
    """The one identifier that a row keeps without stitching: the customer's, else the e-mail's, else the device's."""
    for column in ("customer_id", "email_hash", "anonymous_id"):
        if row.get(column):
            return {column: row[column]}
    return {}


def alone(row: Row) -> Row:
    """The row of a shop where nothing links two identifiers."""
    kept = {name: value for name, value in row.items() if name not in ("customer_id", "email_hash", "anonymous_id")}
    return kept | identifier_of(row)


people = st.fixed_dictionaries(
    {"anonymous_id": st.sampled_from(["d1", "d2", "d3", "d4"])},
    optional={"customer_id": st.sampled_from(["c1", "c2"]), "email_hash": st.sampled_from(["h1", "h2"])},
)
instants = st.one_of(
    st.integers(0, 30).map(lambda n: at(n * 10 * MINUTE)), st.integers(0, 20).map(lambda n: at(n * 12 * HOUR))
)
clicks = st.builds(
    lambda who, when, name, campaign: {**who, "occurred_at": when, "event_name": name, **campaign},
    people,
    instants,
    st.sampled_from(["landing", "product", "product", "add", "checkout", "purchased"]),
    st.sampled_from([{}, {}, {"campaign_name": "may"}, {"campaign_name": "june"}]),
)
buyers = st.sampled_from([{"customer_id": "c1"}, {"customer_id": "c2"}, {"email_hash": "h1"}, {}])
options = st.fixed_dictionaries(
    {
        "timeout_minutes": st.sampled_from([10.0, 30.0]),
        "maximum_hours": st.sampled_from([1.0, 24.0]),
        "cut_at_midnight": st.booleans(),
        "cut_at_campaign_change": st.booleans(),
        "runaway_touchpoints": st.sampled_from([3, 1000]),
    }
)


@pytest.mark.random
@budget(max_examples=examples(3, 20), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(clicks, min_size=1, max_size=40), st.lists(st.tuples(buyers, instants), max_size=5), options)
def test_without_stitching_is_the_shop_in_which_nothing_links_two_identifiers(
    seen: list[Row], orders: list[tuple[Row, Any]], sessions: dict[str, Any]
) -> None:
    shop = settings(sessions=sessions, measures={"identity_link_limit": 2})
    bought = [order(f"#{n}", when.isoformat(), **who) for n, (who, when) in enumerate(orders)]
    linked = warehouse(events=seen, order_rows=bought, build=BUILD, shop=shop, known_until=at(12 * DAY))
    apart = warehouse(
        events=[alone(row) for row in seen], order_rows=bought, build=BUILD, shop=shop, known_until=at(12 * DAY)
    )
    without, with_ = effect(linked, FIGURES)
    outages = [rows(built, "from metrics.outage_days order by all") for built in (linked, apart)]
    if outages[0] == outages[1]:
        assert without == effect(apart, FIGURES)[0] == effect(apart, FIGURES)[1]

    # With stitching the figures are those of all other tables.
    named = dict(zip(FIGURES.split(", "), with_, strict=True))
    found = rows(linked, "select numerator, denominator from metrics.conversion")
    assert (named["converted_session_count"], named["matured_session_count"]) in found
    assert (named["converted_visitor_count"], named["visitor_count"]) in found
    assert rows(linked, "select count(*) from journeys.sessions") == [(named["session_count"],)]
    steps = rows(linked, "select reached_count from metrics.funnel_steps where funnel_id = 'buy' order by step_number")
    assert (steps[0], steps[-1]) == ((named["funnel_entered_count"],), (named["funnel_converted_count"],))

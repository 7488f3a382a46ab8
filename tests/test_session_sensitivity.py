"""Session sensitivity: how sessions, conversion and the ranking of stages move with the rule that cuts sessions.

Given visits, then figures by variant. A slow and obvious second implementation, in plain Python, agrees on random
visits; and the variant that is the shop's own setting gives the figures of all other tables.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from given import FAR, at, event, examples, order, rows, settings, warehouse
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st
from test_sessions_by_hand import MAP, STAGES, Options, options, sessions_by_hand, visits

MINUTE, HOUR = 60.0, 3600.0
BUILD = ["metrics.session_sensitivity", "metrics.conversion", "journeys.sessions"]
VARIANTS = [(minutes, cut) for minutes in (15.0, 30.0, 60.0) for cut in (False, True)]
PARIS = {"name": "Test shop", "time_zone": "Europe/Paris", "currency": "EUR", "language": "en"}


def by_variant(connection: duckdb.DuckDBPyConnection, columns: str) -> dict[tuple[float, bool], tuple[Any, ...]]:
    """Columns of each variant, by its timeout in minutes and its cut at midnight."""
    query = (
        f"select timeout_minutes, cuts_at_midnight, {columns} from metrics.session_sensitivity "
        "where not cuts_by_tracker order by 1, 2"
    )
    return {(minutes, cut): tuple(rest) for minutes, cut, *rest in rows(connection, query)}


def session_counts(connection: duckdb.DuckDBPyConnection) -> list[int]:
    """Sessions of the six variants."""
    found = by_variant(connection, "session_count")
    return [found[variant][0] for variant in VARIANTS]


def test_a_gap_cuts_where_it_is_strictly_greater_than_the_variants_timeout() -> None:
    gaps = [
        15 * MINUTE,
        15 * MINUTE + 0.000001,
        30 * MINUTE,
        30 * MINUTE + 0.000001,
        60 * MINUTE,
        60 * MINUTE + 0.000001,
    ]
    instants = [sum(gaps[:number]) for number in range(len(gaps) + 1)]
    built = warehouse(events=[event("u", when, "landing") for when in instants], build=BUILD)
    assert session_counts(built) == [6, 6, 4, 4, 2, 2]


def test_the_midnight_is_that_of_the_shop() -> None:
    # 23:00 UTC in January is midnight in Paris; midnight UTC is nothing there.
    around = ["2026-01-05T22:55:00", "2026-01-05T23:00:00", "2026-01-05T23:55:00", "2026-01-06T00:00:00"]
    built = warehouse(events=[event("u", when, "landing") for when in around], build=BUILD, shop=settings(shop=PARIS))
    assert session_counts(built) == [2, 3, 2, 3, 1, 2]


def test_a_setting_of_the_shops_own_is_a_variant_beside_the_six() -> None:
    shop = settings(sessions={"timeout_minutes": 45})
    instants = (0, 40 * MINUTE, 90 * MINUTE)
    built = warehouse(events=[event("u", when, "landing") for when in instants], build=BUILD, shop=shop)
    query = "select variant, is_chosen, session_count from metrics.session_sensitivity order by variant_number"
    assert rows(built, query) == [
        ("15 min", False, 3),
        ("15 min, cut at midnight", False, 3),
        ("30 min", False, 3),
        ("30 min, cut at midnight", False, 3),
        ("45 min", True, 2),
        ("60 min", False, 1),
        ("60 min, cut at midnight", False, 1),
    ]


def test_a_setting_that_is_one_of_the_six_is_no_seventh() -> None:
    built = warehouse(events=[event("u", 0, "landing")], build=BUILD, shop=settings(sessions={"cut_at_midnight": True}))
    chosen = by_variant(built, "is_chosen")
    assert [variant for variant, (is_chosen,) in chosen.items() if is_chosen] == [(30.0, True)] and len(chosen) == 6


def test_conversion_moves_with_the_number_of_sessions_an_order_belongs_to_one_of_them() -> None:
    built = warehouse(
        events=[event("u", 0, "product", customer_id="c"), event("u", 20 * MINUTE, "add", customer_id="c")],
        order_rows=[order("#1", 21 * MINUTE, customer_id="c")],
        build=BUILD,
    )
    found = by_variant(built, "ordered_session_count, matured_count, converted_count, conversion_rate")
    assert found[15.0, False] == (1, 2, 1, 0.5)
    assert found[30.0, False] == found[60.0, False] == (1, 1, 1, 1.0)


def test_only_sessions_whose_attribution_time_is_over_are_in_the_rate() -> None:
    events = [event("u", 0, "product"), event("u", 20 * MINUTE, "add")]
    built = warehouse(events=events, build=BUILD, known_until=at(24 * HOUR))
    found = by_variant(built, "session_count, matured_count, converted_count, conversion_rate")
    assert found[15.0, False] == (2, 1, 0, 0.0)
    assert found[30.0, False] == (1, 0, 0, None)


def test_a_session_that_only_a_long_timeout_makes_a_runaway_is_left_out_of_that_variant_alone() -> None:
    built = warehouse(
        events=[event("u", number * 20 * MINUTE, "landing", customer_id="c") for number in range(4)],
        order_rows=[order("#1", 61 * MINUTE, customer_id="c")],
        build=BUILD,
        shop=settings(sessions={"runaway_touchpoints": 3}),
    )
    found = by_variant(built, "session_count, ordered_session_count")
    assert (found[15.0, False], found[30.0, False], found[60.0, False]) == ((4, 1), (0, 0), (0, 0))


def test_the_ranking_of_stages_moves_with_the_timeout() -> None:
    # Three people come back to their cart after 20 minutes and buy; one leaves a cart for good.
    later = 20 * MINUTE
    names = [(0.0, "product"), (later, "add"), (later + 1, "checkout"), (later + 2, "purchased")]
    events = [event(who, when, name) for who in "abc" for when, name in names]
    events += [event("d", 0, "product"), event("d", 1, "add")]
    built = warehouse(events=events, build=BUILD, shop=settings(measures={"small_cell": 1}))
    found = by_variant(built, "highest_drop_off_stage, highest_drop_off_rate, stage_ranking, is_ranked_as_chosen")
    assert found[15.0, False] == ("consideration", 3 / 7, "consideration > cart > discovery > checkout", False)
    assert found[30.0, False] == ("cart", 1 / 4, "cart > discovery > consideration > checkout", True)
    assert rows(
        built,
        "select stage, reached_count, dropped_count, drop_off_rank from metrics.session_sensitivity_stages "
        "where variant = '15 min' order by stage_position",
    ) == [
        ("discovery", 7, 0, 3),
        ("consideration", 7, 3, 1),
        ("cart", 4, 1, 2),
        ("checkout", 3, 0, 4),
        ("purchase", 3, None, None),
    ]


def test_stages_with_few_sessions_are_counted_and_not_ranked() -> None:
    built = warehouse(events=[event("u", 0, "product")], build=BUILD, shop=settings(measures={"small_cell": 2}))
    assert by_variant(built, "stage_ranking")[30.0, False] == (None,)
    counts = "select reached_count, dropped_count from metrics.session_sensitivity_stages where stage = 'consideration'"
    assert rows(built, counts) == [(1, 1)] * 6


def test_a_shop_without_visits_has_no_sessions_whatever_the_variant() -> None:
    found = by_variant(warehouse(build=BUILD), "session_count, ordered_session_count, matured_count, conversion_rate")
    assert found == dict.fromkeys(VARIANTS, (0, 0, 0, None))


def figures_by_hand(
    seen: list[dict[str, Any]],
    orders: list[tuple[str, datetime]],
    how: Options,
    known_until: datetime,
    outages: Collection[date],
) -> tuple[tuple[int, ...], list[tuple[int, int]]]:
    """Sessions, with an order, matured, converted; and of each required stage matured sessions: reached, no further."""
    sessions = [s for s in sessions_by_hand(seen, how) if len(s) <= how.runaway_touchpoints]
    ordered = set()
    for who, placed in orders:
        candidates = [
            (session[0]["occurred_at"], -number)
            for number, session in enumerate(sessions)
            if session[0]["anonymous_id"] == who
            and session[0]["occurred_at"] <= placed
            and placed - session[-1]["occurred_at"] <= timedelta(hours=24)
        ]
        if candidates:
            ordered.add(-max(candidates)[1])
    matured = [
        number
        for number, session in enumerate(sessions)
        if known_until - session[-1]["occurred_at"] >= timedelta(hours=24)
        and _day(session[0]["occurred_at"], how.time_zone) not in outages
    ]
    required = [stage for stage in MAP if stage != "support"]
    furthest = [
        max((required.index(STAGES[v["event_name"]]) for v in sessions[n] if STAGES.get(v["event_name"]) in required),
            default=-1)
        for n in matured
    ]  # fmt: skip
    return (len(sessions), len(ordered), len(matured), len(ordered & set(matured))), [
        (sum(far >= place for far in furthest), sum(far == place for far in furthest)) for place in range(len(required))
    ]


def _day(instant: datetime, time_zone: str) -> date:
    return instant.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(time_zone)).date()


@pytest.mark.random
@budget(max_examples=examples(4, 8), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    visits,
    options,
    st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 60).map(lambda n: at(n * HOUR / 2))), max_size=6),
    st.sampled_from([at(30 * HOUR), at(48 * HOUR), FAR]),
)
def test_every_variant_equals_walking_through_each_persons_touchpoints(
    seen: list[dict[str, Any]], how: Options, orders: list[tuple[str, datetime]], known_until: datetime
) -> None:
    built = built_for(seen, how, orders, known_until)
    seen = [{"event_id": f"e{number:06d}", **visit} for number, visit in enumerate(seen)]
    found = by_variant(built, "session_count, ordered_session_count, matured_count, converted_count")
    outages = {day for (day,) in rows(built, "select outage_on from metrics.outage_days where outage = 'tracking'")}
    stages = (
        "select reached_count, coalesce(dropped_count, reached_count) from metrics.session_sensitivity_stages as s "
        "inner join settings.session_variants as v on s.variant_number = v.variant_number "
        "where v.timeout_seconds = {} and v.cuts_at_midnight = {} and v.cuts_by_tracker = {} order by stage_position"
    )
    for minutes, cut in {*VARIANTS, (how.timeout_minutes, how.cut_at_midnight)}:
        variant = replace(how, timeout_minutes=minutes, cut_at_midnight=cut, cut_by="timeout")
        figures, by_stage = figures_by_hand(seen, orders, variant, known_until, outages)
        assert found[minutes, cut] == figures, (minutes, cut)
        assert rows(built, stages.format(minutes * 60, cut, False)) == by_stage, (minutes, cut)
    by_tracker = rows(
        built,
        "select session_count, ordered_session_count, matured_count, converted_count from metrics.session_sensitivity "
        "where cuts_by_tracker",
    )
    if how.cut_by == "tracker" or any(visit.get("tracker_session_id") for visit in seen):
        variant = replace(how, cut_by="tracker")
        figures, by_stage = figures_by_hand(seen, orders, variant, known_until, outages)
        assert by_tracker == [figures]
        assert rows(built, stages.format(how.timeout_minutes * 60, how.cut_at_midnight, True)) == by_stage
    else:
        assert by_tracker == []


def built_for(
    seen: list[dict[str, Any]], how: Options, orders: list[tuple[str, datetime]], known_until: datetime
) -> duckdb.DuckDBPyConnection:
    """A warehouse in which everybody is logged in, so that orders find their visits."""
    return warehouse(
        events=[{**visit, "customer_id": visit["anonymous_id"]} for visit in seen],
        order_rows=[order(f"#{n}", when.isoformat(), customer_id=who) for n, (who, when) in enumerate(orders)],
        build=BUILD,
        known_until=known_until,
        shop=settings(**how.sections()),
    )


@pytest.mark.parametrize(
    "how",
    [
        Options(),
        Options(timeout_minutes=45),
        Options(timeout_minutes=15, cut_at_midnight=True, time_zone="Asia/Tokyo"),
        Options(timeout_minutes=60, maximum_hours=1, cut_at_campaign_change=True, runaway_touchpoints=4),
        Options(cut_by="tracker", cut_at_midnight=True),
    ],
    ids=str,
)
def test_the_shops_own_setting_gives_the_figures_of_all_other_tables(how: Options) -> None:
    gaps = [5, 10, 15, 16, 20, 30, 31, 44, 46, 60, 61, 200, 700]
    seen, when = [], 0.0
    for number in range(150):
        when += gaps[number * 7 % len(gaps)] * MINUTE
        campaign = {"campaign_name": ["may", "june"][number % 2]} if number % 5 == 0 else {}
        name = list(STAGES)[number * 5 % len(STAGES)]
        own = {"tracker_session_id": f"s{number // 4}"} if number % 7 else {}
        visit = {"anonymous_id": "abc"[number // 50], "occurred_at": at(when), "event_name": name}
        seen.append({**visit, **campaign, **own})
    orders = [("abc"[number // 10], at(number * 8 * HOUR)) for number in range(30)]
    built = built_for(seen, how, orders, at(9 * 24 * HOUR))
    query = (
        "select session_count, ordered_session_count, converted_count, matured_count, conversion_rate "
        "from metrics.session_sensitivity where is_chosen"
    )
    ((sessions, ordered, converted, matured, rate),) = rows(built, query)
    counts = rows(built, "select count(*), count(*) filter (where order_count > 0) from journeys.sessions")
    assert counts == [(sessions, ordered)]
    headline = "select numerator, denominator, value from metrics.conversion where way like 'sessions with an order /%'"
    assert rows(built, headline) == [(converted, matured, rate)]
    assert sessions > matured > converted > 0

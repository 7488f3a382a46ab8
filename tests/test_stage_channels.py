"""By what journeys come to a stage: a case by hand, and a plain count on random data."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import duckdb
import pytest
from given import event, examples, order, rows, warehouse
from hypothesis import given as drawn
from hypothesis import settings as how
from hypothesis import strategies as st

BUILD = ["metrics.stage_channels"]
BY_MAIL = {"campaign_source": "news", "campaign_medium": "email"}
BY_SEARCH = {"referrer_host": "www.google.com"}
HOUR = 3600


def found(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], tuple[int, int, float]]:
    """Journeys and share by stage and channel."""
    query = "select stage, channel, journey_count, stage_journey_count, journey_share from metrics.stage_channels"
    return {(stage, channel): tuple(rest) for stage, channel, *rest in rows(connection, query)}  # type: ignore[misc]


def test_a_journey_counts_in_each_channel_and_the_shops_doing_in_none() -> None:
    connection = warehouse(
        events=[
            event("d1", 0, "landing", **BY_MAIL),
            event("d1", 60, "product"),  # the visit's channel is its first touchpoint's
            event("d1", 5 * HOUR, "product", **BY_SEARCH),
            event("d2", 0, "product"),
            event("d2", 60, "purchased", order_id="1"),
        ],
        order_rows=[order("1", 60, customer_id="c2")],
        build=BUILD,
    )
    assert found(connection) == {
        ("discovery", "e-mail"): (1, 1, 1),
        ("consideration", "e-mail"): (1, 2, 0.5),
        ("consideration", "organic search"): (1, 2, 0.5),
        ("consideration", "direct"): (1, 2, 0.5),
        ("purchase", "direct"): (1, 1, 1),
    }


acts = st.tuples(
    st.sampled_from(["d1", "d2", "d3"]),
    st.integers(0, 60 * 24 * 90).map(lambda minutes: minutes * 60),
    st.sampled_from(["landing", "product", "add", "purchased", "help", "elsewhere"]),
    st.sampled_from([{}, BY_MAIL, BY_SEARCH]),
)


@pytest.mark.random
@how(max_examples=examples(6, 60), deadline=None)
@drawn(st.lists(acts, max_size=25))
def test_equal_to_a_plain_count(drawn_acts: list[tuple[str, int, str, dict[str, Any]]]) -> None:
    connection = warehouse(
        events=[event(device, when, name, **columns) for device, when, name, columns in drawn_acts],
        order_rows=[order("7", HOUR, customer_id="c1")],
        build=BUILD,
    )
    of_visits = dict(rows(connection, "select session_id, channel from journeys.sessions"))
    came: dict[tuple[str, str], set[str]] = defaultdict(set)
    for journey, stage, channel, session in rows(
        connection, "select journey_id, stage, channel, session_id from journeys.journey_touchpoints"
    ):
        by = of_visits[session] if session else channel
        if stage and by not in ("order", "shop"):
            came[stage, by].add(journey)
    whole = {stage: len(set().union(*(who for key, who in came.items() if key[0] == stage))) for stage, _ in came}
    assert found(connection) == {
        (stage, by): (len(who), whole[stage], pytest.approx(len(who) / whole[stage]))
        for (stage, by), who in came.items()
    }

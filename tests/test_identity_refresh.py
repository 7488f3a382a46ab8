"""After every load, identity by refresh equals identity built whole: few names, low limits, rows that come and go."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from given import Row, at, examples, load, order, project, rows, settings, warehouse
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st

from parcours.tables.catalogue import build_all
from parcours.warehouse.canonical import KINDS
from parcours.warehouse.refresh_log import touch

BUILD = ["journeys.identity_history", "journeys.people", "journeys.touchpoints"]
TABLES = (
    "journeys.identity_evidence",
    "journeys.identities",
    "journeys.identity_history",
    "journeys.device_spells",
    "journeys.people",
    "journeys.screened_people",
    "journeys.visits",
    "journeys.touchpoints",
)
SHOP = settings(measures={"identity_link_limit": 2})


def maybe(names: str, count: int) -> st.SearchStrategy[str | None]:
    """One of a few identifiers, or none."""
    return st.one_of(st.none(), *(st.just(f"{names}{number}") for number in range(count)))


who = {"customer_id": maybe("c", 4), "email_hash": maybe("e", 4)}
events = st.fixed_dictionaries(
    {
        "event_id": st.uuids().map(str),
        "occurred_at": st.integers(0, 9).map(lambda number: at(number * 900)),
        "event_name": st.just("product"),
        "anonymous_id": maybe("a", 3),
        "is_person_caused": st.sampled_from([True, True, False]),
        "is_bot": st.sampled_from([False] * 9 + [True]),
        "order_id": st.sampled_from([None, None, None, "o0", "o1", "r0", "r1"]),
        "customer_id": st.one_of(st.none(), maybe("c", 4)),
        "email_hash": st.one_of(st.none(), st.none(), maybe("e", 4)),
    }
)
orders = st.builds(
    lambda order_id, when, **more: order(order_id, when, **more),
    st.sampled_from(["o0", "o1", "o2", "r0"]),
    st.integers(0, 9),
    order_reference=st.sampled_from([None, "r0", "r1"]),
    **who,
)
merged = st.sampled_from([None, None, "k1", "k0;k3"])
contacts = st.fixed_dictionaries(
    {"contact_id": st.sampled_from(["k0", "k1", "k2"]), "merged_contact_ids": merged, **who}
)
tickets = st.fixed_dictionaries(
    {
        "ticket_id": st.sampled_from(["t0", "t1"]),
        "created_at": st.integers(0, 9).map(at),
        "contact_id": maybe("k", 4),
        **who,
    }
)
answers = st.fixed_dictionaries(
    {"answer_id": st.sampled_from(["f0", "f1"]), "answered_at": st.integers(0, 9).map(at), **who}
)

loads = st.fixed_dictionaries(
    {
        "events": st.lists(events, max_size=4),
        "order_rows": st.lists(orders, max_size=2),
        "contacts": st.lists(contacts, max_size=2),
        "tickets": st.lists(tickets, max_size=1),
        "feedback": st.lists(answers, max_size=1),
        "gone": st.sampled_from([None, None, None, "events", "order_rows", "contacts", "tickets", "feedback"]),
    }
)


def state(built: duckdb.DuckDBPyConnection) -> dict[str, list[Any]]:
    """The rows of the tables."""
    return {table: rows(built, f"from {table} order by all") for table in TABLES}


def restate(built: duckdb.DuckDBPyConnection, kind: str, kept: list[Row]) -> None:
    """Only these rows of an export are left."""
    key = KINDS[kind].key
    touch(built, f"raw.{kind}", key, f"select {key} from raw.{kind}")
    built.execute(f"delete from raw.{kind}")
    load(built, kind, kept)


@pytest.mark.random
@given(st.lists(loads, min_size=2, max_size=6))
@budget(max_examples=examples(1, 40), deadline=None, suppress_health_check=list(HealthCheck))
def test_after_each_load_the_people_are_those_of_one_build(steps: list[dict[str, Any]]) -> None:
    """Refresh after every step, and compare with a warehouse that has the same rows from the beginning."""
    known: dict[str, list[Row]] = {kind: [] for kind in steps[0] if kind != "gone"}
    built = warehouse(build=BUILD, shop=SHOP)
    version = 0
    for step in steps:
        for kind, old in known.items():
            new = [{**row, "source_updated_at": at(version + number)} for number, row in enumerate(step[kind])]
            version += len(new)
            if step["gone"] == kind and old:
                known[kind] = old[1:] + new
                restate(built, kind, known[kind])
            elif new:
                known[kind] = old + new
                load(built, kind, new)
        build_all(built, project(SHOP), BUILD)
        with warehouse(build=BUILD, shop=SHOP, **known) as whole:  # type: ignore[arg-type]
            assert state(built) == state(whole)
    built.close()

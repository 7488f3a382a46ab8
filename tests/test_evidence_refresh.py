"""Of which identifiers the evidence is another after a load: found from what changed, as whole builds would say."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from given import Row, at, event, examples, load, order, project, rows, warehouse
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st
from test_identity_refresh import SHOP, loads, restate

from parcours.people.evidence import EVIDENCE
from parcours.tables.catalogue import build_all

Known = dict[str, list[Row]]

BUILD = [EVIDENCE]


def evidence(built: duckdb.DuckDBPyConnection) -> dict[str, list[Any]]:
    """The rows of each identifier."""
    found: dict[str, list[Any]] = {}
    for identifier, *row in rows(built, f"from {EVIDENCE} order by all"):
        found.setdefault(identifier, []).append(row)
    return found


def touched_by_refresh(built: duckdb.DuckDBPyConnection) -> set[str]:
    """The identifiers that a refresh notes as touched."""
    noted = f"from refresh_log.touched where table_name = '{EVIDENCE}' and key_name = 'identifier'"
    [(before,)] = rows(built, f"select coalesce(max(number), 0) {noted}")
    build_all(built, project(SHOP), BUILD)
    return {key for (key,) in rows(built, f"select key {noted} and number > {before}")}


def whole(known: Known) -> dict[str, list[Any]]:
    """The evidence of all rows, built at once."""
    with warehouse(build=BUILD, shop=SHOP, **known) as built:  # type: ignore[arg-type]
        return evidence(built)


def differ(one: dict[str, list[Any]], other: dict[str, list[Any]]) -> set[str]:
    """The identifiers of which two states say something else."""
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


def after(first: Known, kind: str, kept: list[Row]) -> set[str]:
    """Refresh after a kind's rows became others; checks the evidence and returns whom it touched."""
    with warehouse(build=BUILD, shop=SHOP, **first) as built:  # type: ignore[arg-type]
        before = evidence(built)
        restate(
            built, kind, [{"event_id": f"e{n:06d}", **row} if kind == "events" else row for n, row in enumerate(kept)]
        )
        touched, wanted = touched_by_refresh(built), whole(first | {kind: kept})
        assert evidence(built) == wanted
        assert touched == differ(before, wanted)
        return touched


def seen(anonymous: str, when: float = 0, **more: Any) -> Row:
    """A page view of a browser."""
    return event(anonymous, when, "product", **more)


def contact(contact_id: str, **who: str) -> Row:
    """A row of the CRM."""
    return {"contact_id": contact_id, **who}


BYSTANDERS = [seen("b1", customer_id="c8"), seen("b2", email_hash="e8", customer_id="c9")]
HUB = [seen("tablet", customer_id="c1"), seen("tablet", customer_id="c2"), *BYSTANDERS]
"""A tablet that meets two customers, as many as the limit allows."""


def test_a_pair_comes_and_goes() -> None:
    alone, together = [seen("a1"), *BYSTANDERS], [seen("a1", customer_id="c1"), *BYSTANDERS]
    assert after({"events": alone}, "events", together) == {"anonymous:a1"}
    assert after({"events": together}, "events", alone) == {"anonymous:a1"}


def test_a_pair_that_is_named_once_more_or_earlier_touches_only_for_its_instant() -> None:
    once = [seen("a1", 9, customer_id="c1"), *BYSTANDERS]
    assert after({"events": once}, "events", [*once, seen("a1", 10, customer_id="c1")]) == set()
    assert after({"events": once}, "events", [*once, seen("a1", 1, customer_id="c1")]) == {"anonymous:a1"}


def test_a_hub_that_crosses_the_limit_takes_all_its_pairs_along_and_brings_them_back() -> None:
    crowded = [*HUB, seen("tablet", customer_id="c3")]
    assert after({"events": HUB}, "events", crowded) == {"anonymous:tablet"}
    assert after({"events": crowded}, "events", HUB) == {"anonymous:tablet"}


def test_pairs_of_which_the_hub_is_the_other_end_are_touched_too() -> None:
    mails = [seen("a1", email_hash="office"), seen("a2", customer_id="c1", email_hash="office"),
             seen("a3", customer_id="c2", email_hash="office"), *BYSTANDERS]  # fmt: skip
    crowded = [*mails, seen("a4", customer_id="c3", email_hash="office")]
    touched = {
        "anonymous:a1",
        "anonymous:a2",
        "anonymous:a3",
        "anonymous:a4",
        "customer:c1",
        "customer:c2",
        "customer:c3",
    }
    assert after({"events": mails}, "events", crowded) == touched


def test_an_orders_other_identifier_makes_a_hub_of_whom_the_order_names() -> None:
    # The tablet meets its third customer behind an order that it names.
    first = {"events": [*HUB, seen("tablet", order_id="o1")], "order_rows": [order("o1", 0)]}
    named = [order("o1", 0, customer_id="c3")]
    touched = after(first, "order_rows", named)
    assert "anonymous:tablet" in touched and not touched & {"anonymous:b1", "anonymous:b2"}
    assert after(first | {"order_rows": named}, "order_rows", first["order_rows"]) == touched


def test_a_contacts_other_identifier_makes_a_hub_of_whom_the_contact_names() -> None:
    first = {"events": [seen("a1", email_hash="e1"), *BYSTANDERS],
             "contacts": [contact(f"k{n}", customer_id=f"c{n}", email_hash="e1") for n in (1, 2)]}  # fmt: skip
    crowded = [*first["contacts"], contact("k3", customer_id="c3", email_hash="e1")]
    touched = after(first, "contacts", crowded)
    assert {"anonymous:a1", "contact:k1", "contact:k2", "contact:k3"} <= touched and "anonymous:b1" not in touched
    assert after(first | {"contacts": crowded}, "contacts", first["contacts"]) == touched


def test_whoever_is_only_near_a_change_is_not_touched() -> None:
    first = [seen("a1", customer_id="c1"), seen("a2", customer_id="c1"), *BYSTANDERS]
    assert after({"events": first}, "events", [*first, seen("a3", customer_id="c1")]) == {"anonymous:a3"}


@pytest.mark.random
@given(st.lists(loads, min_size=2, max_size=5))
@budget(max_examples=examples(2, 40), deadline=None, suppress_health_check=list(HealthCheck))
def test_whom_each_load_touches_is_whose_evidence_differs_between_whole_builds(steps: list[dict[str, Any]]) -> None:
    known: Known = {kind: [] for kind in steps[0] if kind != "gone"}
    version = 0
    with warehouse(build=BUILD, shop=SHOP) as built:
        before = evidence(built)
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
            touched, wanted = touched_by_refresh(built), whole(known)
            assert evidence(built) == wanted
            assert touched == differ(before, wanted)
            before = wanted

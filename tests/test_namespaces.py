"""Ids belong to their export, or to the namespace that several declare: what two sources call 1001 are two things, and
nothing refers to the other one by chance."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from canonical_shops import KEY, canonical_project, contents, difference
from given import at, rows, settings
from test_incremental import in_order

from parcours.forget_people import forget_people
from parcours.loading.load import load_exports
from parcours.loading.settings_tables import write_settings
from parcours.project import ROOT, Project
from parcours.settings.schema import JourneySettings
from parcours.tables.catalogue import build_all
from parcours.warehouse.canonical import KINDS
from parcours.warehouse.connection import open_warehouse, prepare

STAGED = {"order_rows": "orders"} | {kind: kind for kind in KINDS if kind != "order_rows"}
CHECKS = ROOT / "sql" / "checks"


def exports(*given: tuple[str, str, str | None]) -> JourneySettings:
    """Settings whose exports have these names, formats and namespaces."""
    files = [
        {"name": name, "path": f"{name}/*", "format": format_name, "namespace": namespace}
        for name, format_name, namespace in given
    ]
    return settings(exports={"folder": "exports", "files": files})


def shop_with(folder: Path, *given: tuple[str, str, str | None]) -> Project:
    return replace(canonical_project(folder), settings=exports(*given))


def put(shop: Project, export: str, *given: Mapping[str, Any], file: str = "1.jsonl") -> None:
    path = shop.exports_folder / export / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, default=str) + "\n" for row in given), encoding="utf-8")


@contextmanager
def opened() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as connection:
        prepare(connection, KEY)
        yield connection


def load(connection: duckdb.DuckDBPyConnection, shop: Project, *build: str) -> list[str]:
    """Load, and build these tables with all that they read; returns what was said."""
    said: list[str] = []
    write_settings(connection, shop.settings)
    for found in load_exports(connection, shop, said.append):
        assert found.status == "loaded" and not found.rows_rejected, found
    if build:
        build_all(connection, shop, build)
    return said


def event(number: str, **columns: Any) -> dict[str, Any]:
    return {"event_id": number, "event_name": "product", "occurred_at": at(0), **columns}


def order(number: str, total: int, **columns: Any) -> dict[str, Any]:
    line = {"row_key": "line 1", "quantity": 1, "unit_price": total, "product_id": f"worth {total}"}
    return {"order_id": number, "ordered_at": at(0), "total": total, **line, **columns}


def ticket(number: str, **columns: Any) -> dict[str, Any]:
    return {"ticket_id": number, "created_at": at(0), **columns}


ONE_OF = {
    "events": event("17"),
    "order_rows": order("17", 20),
    "contacts": {"contact_id": "17"},
    "deals": {"deal_id": "17", "created_at": at(0)},
    "tickets": ticket("17"),
    "feedback": {"answer_id": "17", "survey": "s", "scale_low": 1, "scale_high": 5, "satisfied_from": 4},
}


@pytest.mark.parametrize("kind", KINDS)
def test_two_sources_with_the_same_ids_keep_all_their_rows(tmp_path: Path, kind: str) -> None:
    shop = shop_with(tmp_path, ("one", f"canonical_{kind}", None), ("two", f"canonical_{kind}", None))
    put(shop, "one", ONE_OF[kind])
    put(shop, "two", ONE_OF[kind], file="other.jsonl")
    (shop.exports_folder / "two" / "other.jsonl").write_text(json.dumps(ONE_OF[kind], default=str) + "\n\n")
    with opened() as connection:
        load(connection, shop, f"staging.{STAGED[kind]}")
        key = KINDS[kind].key
        assert rows(connection, f"select {key} from staging.{STAGED[kind]} order by 1") == [("one:17",), ("two:17",)]


@pytest.mark.parametrize("kind", KINDS)
def test_overlapping_exports_of_one_namespace_count_their_rows_once(tmp_path: Path, kind: str) -> None:
    shop = shop_with(tmp_path, ("one", f"canonical_{kind}", "both"), ("two", f"canonical_{kind}", "both"))
    put(shop, "one", ONE_OF[kind])
    (shop.exports_folder / "two").mkdir()
    (shop.exports_folder / "two" / "2.jsonl").write_text(json.dumps(ONE_OF[kind], default=str) + "\n\n")
    with opened() as connection:
        load(connection, shop, f"staging.{STAGED[kind]}")
        assert rows(connection, f"select {KINDS[kind].key} from staging.{STAGED[kind]}") == [("17",)]
        assert rows(connection, "select sum(rows_duplicate) from raw.loads") == [(1,)]
        # The one that had the row first is taken out: the other has it still.
        load(connection, replace(shop, settings=exports(("two", f"canonical_{kind}", "both"))))
        assert rows(connection, f"select {KINDS[kind].key}, export from raw.{kind}") == [("17", "two")]


def test_a_day_that_one_tracker_restates_stays_as_it_was_in_the_other(tmp_path: Path) -> None:
    shop = shop_with(tmp_path, ("one", "canonical_events", None), ("two", "canonical_events", None))
    put(shop, "one", event("1", part="day 1", delivery="1"))
    put(shop, "two", event("1", part="day 1", delivery="2", value=3))
    with opened() as connection:
        load(connection, shop, "staging.events")
        assert rows(connection, "select event_id from staging.events order by 1") == [("one:1",), ("two:1",)]


def test_two_storefronts_with_the_same_number_keep_their_own_money_and_lines(tmp_path: Path) -> None:
    shop = shop_with(tmp_path, ("mugs", "canonical_order_rows", None), ("tea", "canonical_order_rows", None))
    put(shop, "mugs", order("#1001", 100))
    put(shop, "tea", order("#1001", 7))
    with opened() as connection:
        load(connection, shop, "staging.orders", "staging.order_lines")
        told = "select order_id, total, product_id from staging.orders join staging.order_lines using (order_id)"
        assert rows(connection, f"{told} order by 1") == [("mugs:#1001", 100, "worth 100"), ("tea:#1001", 7, "worth 7")]


def test_an_order_that_two_exports_of_one_shop_have_is_worth_what_the_newest_says(tmp_path: Path) -> None:
    shop = shop_with(tmp_path, ("old", "canonical_order_rows", "mugs"), ("new", "canonical_order_rows", "mugs"))
    put(shop, "old", order("#1001", 100, shipping=5))
    put(shop, "new", order("#1001", 90, shipping=5), order("#1002", 10, ordered_at=at(60)))
    with opened() as connection:
        load(connection, shop, "staging.orders")
        told = "select order_id, goods, shipping, line_count from staging.orders order by 1"
        assert rows(connection, told) == [("#1001", 90, 5, 1), ("#1002", 10, 0, 1)]


TWO_SHOPS = (
    ("mugs", "canonical_order_rows", "mugs"),
    ("tea", "canonical_order_rows", "tea"),
    ("clicks", "canonical_events", "tea"),
    ("desk", "canonical_tickets", "mugs"),
    ("survey", "canonical_feedback", None),
)


def test_a_reference_means_the_order_of_its_own_namespace_or_none(tmp_path: Path) -> None:
    shop = shop_with(tmp_path, *TWO_SHOPS)
    put(shop, "mugs", order("#1001", 100, order_reference="r1"))
    put(shop, "tea", order("#1001", 7, order_reference="r1"))
    put(shop, "clicks", event("e", order_id="r1", anonymous_id="a"))
    put(shop, "desk", ticket("t", order_id="#1001"))
    put(shop, "survey", ONE_OF["feedback"] | {"order_id": "#1001", "answered_at": at(0), "score": 5})
    with opened() as connection:
        load(connection, shop, "journeys.record_identifiers", "journeys.identifier_activity")
        meant = (
            "select kind, order_id from journeys.record_identifiers where preference = 1 and kind <> 'order' order by 1"
        )
        assert rows(connection, meant) == [("answer", None), ("ticket", "mugs:#1001")]
        assert rows(connection, "select order_id from journeys.identifier_activity") == [("tea:#1001",)]
        astray = (CHECKS / "references_have_a_namespace.sql").read_text()
        assert rows(connection, astray) == [("survey", "order_id", 1, "mugs, tea")]


def test_a_deal_and_a_ticket_mean_the_contact_of_their_own_crm(tmp_path: Path) -> None:
    shop = shop_with(
        tmp_path,
        ("people", "canonical_contacts", "one"),
        ("leads", "canonical_contacts", "two"),
        ("deals", "canonical_deals", "two"),
        ("desk", "canonical_tickets", None),
    )
    put(shop, "people", {"contact_id": "5", "customer_id": "ann"})
    put(shop, "leads", {"contact_id": "5", "customer_id": "bob"})
    put(shop, "deals", {"deal_id": "d", "contact_id": "5", "created_at": at(0)})
    put(shop, "desk", ticket("t", contact_id="5"))
    with opened() as connection:
        load(connection, shop, "journeys.record_owners")
        owned = (
            "select o.kind, i.identifier from journeys.record_owners o left join journeys.identities i "
            "on o.person_id = i.person_id and i.identifier like 'customer:%' "
            "where o.kind in ('deal', 'ticket') order by 1"
        )
        assert rows(connection, owned) == [("deal", "customer:bob"), ("ticket", None)]


def test_shops_that_declare_a_namespace_have_customers_of_their_own(tmp_path: Path) -> None:
    shop = shop_with(tmp_path, *TWO_SHOPS[:4])
    put(shop, "mugs", order("#1", 100, customer_id="17", email_hash="0f" * 32))
    put(shop, "tea", order("#1", 7, customer_id="17"))
    put(shop, "clicks", event("e", customer_id="17", cart_id="c", anonymous_id="a"))
    put(shop, "desk", ticket("t", customer_id="17"))
    with opened() as connection:
        load(connection, shop, "journeys.identities")
        people = (
            "select list(left(identifier, 18) order by identifier) from journeys.identities where has_evidence "
            "group by person_id order by 1"
        )
        assert rows(connection, people) == [
            (["anonymous:a", "customer:tea:17", "order:tea:#1"],),
            (["customer:mugs:17", "email:0f0f0f0f0f0f", "order:mugs:#1"],),
        ]
        assert rows(connection, "select cart_id from raw.events") == [("tea:c",)]


def test_shops_that_declare_none_share_customers_and_a_check_says_so(tmp_path: Path) -> None:
    shop = shop_with(tmp_path, ("web", "canonical_order_rows", None), ("till", "canonical_order_rows", None))
    put(shop, "web", order("#1", 100, customer_id="17"))
    put(shop, "till", order("#1", 7, customer_id="17"))
    with opened() as connection:
        load(connection, shop, "journeys.identities")
        assert rows(connection, "select count(distinct person_id) from journeys.identities where has_evidence") == [
            (1,)
        ]
        assert rows(connection, (CHECKS / "namespaces_are_declared.sql").read_text()) == [("orders", "till, web")]


def test_an_id_that_names_nobody_names_nobody_in_any_namespace(tmp_path: Path) -> None:
    shop = shop_with(tmp_path, *TWO_SHOPS[:4])
    put(shop, "mugs", order("0", 100, customer_id="guest"))
    put(shop, "tea", order("0", 7, customer_id="18"))
    put(shop, "clicks", event("e", customer_id=" 0 ", order_id="guest", anonymous_id="a"))
    with opened() as connection:
        load(connection, shop)
        told = "select order_id, own_identifier, customer_id from raw.order_rows order by 1"
        assert rows(connection, told) == [("mugs:0", None, None), ("tea:0", None, "tea:18")]
        assert rows(connection, "select customer_id, order_id from raw.events") == [(None, None)]


def test_lines_and_payments_in_exports_of_their_own_are_of_the_orders(tmp_path: Path) -> None:
    shop = shop_with(tmp_path, ("orders", "heads", None), ("items", "lines", None), ("desk", "canonical_tickets", None))
    header = "-- loads: order_rows\n-- reads: csv\n-- needs: number\n"
    for name, columns in {
        "heads": "'order' as row_key, \"at\" as ordered_at",
        "lines": "'line 1' as row_key, 1 as quantity, \"price\" as unit_price",
    }.items():
        source = f'{header}select line, "number" as order_id, {columns} from file_rows\n'
        (shop.journey_file.parent / "sources" / f"{name}.sql").write_text(source)
    for export, text in {"orders": "number,at\n1,2026-07-01\n", "items": "number,price\n1,20\n"}.items():
        (shop.exports_folder / export).mkdir()
        (shop.exports_folder / export / "1.csv").write_text(text)
    put(shop, "desk", ticket("t", order_id="1"))
    with opened() as connection:
        load(connection, shop, "staging.order_keys")
        assert rows(connection, "select order_id, goods from staging.orders") == [("1", 20)]


def test_formats_of_one_place_have_a_namespace_as_long_as_each_is_exported_once(tmp_path: Path) -> None:
    names = "select distinct export, namespace from raw.namespaces order by 1"
    once = (("crm", "hubspot_contacts", None), ("deals", "hubspot_deals", None), ("other", "canonical_contacts", None))
    shop = shop_with(tmp_path, *once)
    put(shop, "other", ONE_OF["contacts"])
    with opened() as connection:
        load(connection, shop)
        assert rows(connection, names) == [("crm", "hubspot"), ("deals", "hubspot"), ("other", "other")]
        load(connection, replace(shop, settings=exports(*once, ("french", "hubspot_contacts", None))))
        assert rows(connection, names) == [
            ("crm", "crm"), ("deals", "hubspot"), ("french", "french"), ("other", "other")
        ]  # fmt: skip


ALONE, WITH_TEA = TWO_SHOPS[:1], TWO_SHOPS[:2]


def test_a_second_shop_leaves_the_first_ones_orders_its_own_also_those_of_files_that_are_gone(tmp_path: Path) -> None:
    shop = shop_with(tmp_path, *ALONE, TWO_SHOPS[3])
    put(shop, "mugs", order("#1", 1), order("#2", 2))
    put(shop, "mugs", order("#2", 20), order("#3", 3), file="2.jsonl")
    put(shop, "desk", ticket("t", order_id="#1"))
    ids = "select order_id, total from staging.orders order by 1"
    with opened() as connection:
        load(connection, shop, "staging.orders")
        assert rows(connection, ids) == [("#1", 1), ("#2", 20), ("#3", 3)]
        (shop.exports_folder / "mugs" / "1.jsonl").unlink()
        put(shop, "tea", order("#1", 7))
        two = replace(shop, settings=exports(*WITH_TEA, TWO_SHOPS[3]))
        assert load(connection, two, "staging.orders", "staging.tickets") == [
            "mugs: 1 file read again; changed since: namespaces",
            "desk: 1 file read again; changed since: namespaces",
        ]
        of_both = [("mugs:#1", 1), ("mugs:#2", 20), ("mugs:#3", 3), ("tea:#1", 7)]
        assert rows(connection, ids) == of_both
        assert rows(connection, "select order_id from staging.tickets") == [("mugs:#1",)]
        assert rows(connection, "select count(*) from raw.loads where read_otherwise is not null") == [(0,)]
        assert load(connection, two) == []
        # And the other way round.
        load(connection, shop, "staging.orders")
        assert rows(connection, ids) == [("#1", 1), ("#2", 20), ("#3", 3)]


def test_rows_of_a_file_that_is_gone_stay_where_the_export_now_reads_another_kind(tmp_path: Path) -> None:
    shop = shop_with(tmp_path, ("a", "canonical_events", None), ("b", "canonical_events", None))
    put(shop, "a", event("1"))
    put(shop, "b", event("1", value=2))
    with opened() as connection:
        load(connection, shop)
        (shop.exports_folder / "a" / "1.jsonl").unlink()
        put(shop, "a", ticket("1"), file="2.jsonl")
        shop = replace(shop, settings=exports(("a", "canonical_tickets", None), ("b", "canonical_events", None)))
        for _ in range(2):
            load(connection, shop)
            assert rows(connection, "select event_id from raw.events order by 1") == [("1",), ("a:1",)]
        told = "select path, starts_with(read_otherwise, 'format') from raw.loads where read_otherwise is not null"
        assert rows(connection, told) == [("a/1.jsonl", True)]


@pytest.mark.fuzz
def test_a_second_shop_gives_the_tables_of_a_new_warehouse(tmp_path: Path) -> None:
    shop = shop_with(tmp_path, *TWO_SHOPS[:1], *TWO_SHOPS[2:])
    put(shop, "mugs", order("#1", 100, customer_id="17"), order("#2", 50, customer_id="18"))
    put(shop, "clicks", event("e", customer_id="17", order_id="#1"))
    put(shop, "desk", ticket("t", order_id="#2"))
    with opened() as connection:
        load(connection, shop, "metrics.kpis")
        put(shop, "tea", order("#1", 7, customer_id="17"))
        shop = replace(shop, settings=exports(*TWO_SHOPS))
        load(connection, shop)
        build_all(connection, shop)
        with opened() as new:
            load(new, shop)
            build_all(new, shop)
            assert not difference(contents(connection), contents(new), in_order(shop))


def test_somebody_who_was_forgotten_stays_so_when_ids_get_their_namespace(tmp_path: Path) -> None:
    shop = shop_with(tmp_path, *ALONE)
    put(shop, "mugs", order("#1", 1, customer_id="17"), order("#2", 2, customer_id="18"))
    with open_warehouse(shop) as connection:
        load(connection, shop)
        build_all(connection, shop)
    forget_people(shop, [("customer", "17")])
    put(shop, "tea", order("#1", 7, customer_id="17"))
    two = replace(shop, settings=exports(*WITH_TEA))
    with open_warehouse(two) as connection:
        write_settings(connection, two.settings)
        load_exports(connection, two)
        assert rows(connection, "select order_id, customer_id from raw.order_rows order by 1") == [
            ("mugs:#2", "mugs:18"), ("tea:#1", "tea:17")
        ]  # fmt: skip


def test_a_namespace_is_a_name() -> None:
    with pytest.raises(ValueError, match="namespace"):
        exports(("a", "canonical_events", "Two shops"))

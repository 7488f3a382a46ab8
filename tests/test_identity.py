"""Identity: deterministic evidence links, blocked and shared values don't, and the order of rows does not matter."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Any

import duckdb
import pytest
from given import Row, at, event, order, rows, settings, warehouse
from hypothesis import HealthCheck, given, strategies
from hypothesis import settings as budget

from parcours.project import ROOT
from parcours.settings.schema import JourneySettings

PEOPLE = ["journeys.people"]


def groups(built: duckdb.DuckDBPyConnection) -> set[frozenset[str]]:
    """The identifiers of each person."""
    found: dict[str, set[str]] = {}
    for identifier, person in rows(built, "select identifier, person_id from journeys.identities"):
        found.setdefault(person, set()).add(identifier)
    return {frozenset(identifiers) for identifiers in found.values()}


def contact(contact_id: str, **more: Any) -> Row:
    """A CRM row."""
    return {"contact_id": contact_id, **more}


def test_a_login_links_the_device_to_the_customer_for_all_its_events() -> None:
    built = warehouse(
        events=[
            event("phone", 0, "landing"),
            event("phone", 60, "landing", customer_id="c1"),
            event("laptop", 120, "landing", customer_id="c1"),
            event("tablet", 180, "landing"),
        ],
        build=["journeys.people", "journeys.touchpoints"],
    )
    assert groups(built) == {
        frozenset({"anonymous:phone", "anonymous:laptop", "customer:c1"}),
        frozenset({"anonymous:tablet"}),
    }
    counts = rows(built, "select identifier_count, device_count, customer_id_count from journeys.people order by all")
    assert counts == [(1, 1, 0), (3, 2, 1)]
    assert rows(built, "select count(*) from journeys.touchpoints group by person_id order by all") == [(1,), (3,)]


def test_an_order_ties_its_email_its_customer_and_the_device_that_placed_it() -> None:
    built = warehouse(
        events=[event("phone", 0, "checkout", order_id="ref-1"), event("laptop", 0, "checkout", order_id="#2")],
        order_rows=[
            order("#1", 10, order_reference="ref-1", email_hash="e1", customer_id="c1"),
            order("#2", 20, email_hash="e1"),
        ],
        build=PEOPLE,
    )
    together = {"anonymous:phone", "anonymous:laptop", "customer:c1", "email:e1", "order:#1", "order:#2"}
    assert groups(built) == {frozenset(together)}


def test_a_crm_row_ties_customer_and_email() -> None:
    built = warehouse(
        events=[event("phone", 0, "landing", email_hash="e1"), event("laptop", 0, "landing", customer_id="c1")],
        contacts=[contact("k1", customer_id="c1", email_hash="e1"), contact("k2")],
        build=PEOPLE,
    )
    together = {"anonymous:phone", "anonymous:laptop", "customer:c1", "email:e1", "contact:k1"}
    assert groups(built) == {frozenset(together), frozenset({"contact:k2"})}


def test_an_event_that_names_customer_and_order_ties_them_without_a_device() -> None:
    built = warehouse(
        events=[{"event_name": "checkout", "occurred_at": at(0), "customer_id": "c1", "order_id": "#1"}],
        order_rows=[order("#1", 10)],
        build=PEOPLE,
    )
    assert groups(built) == {frozenset({"customer:c1", "order:#1"})}


BLOCKED = ["", " ", "null", "NULL", "0", "-1", "anonymous", "Anonymous", "0000", "---", "undefined", "None"]
BLOCKED += ["00000000-0000-0000-0000-000000000000"]


@pytest.mark.parametrize("column", ["customer_id", "email_hash"])
def test_blocked_values_link_nothing(column: str) -> None:
    events = [
        event(f"device {i} {j}", i, "landing", **{column: value}) for i, value in enumerate(BLOCKED) for j in range(2)
    ]
    built = warehouse(
        events=events,
        order_rows=[order(f"#{i}", i, **{column: value}) for i, value in enumerate(BLOCKED)],
        contacts=[contact(f"k{i}", **{column: value}) for i, value in enumerate(BLOCKED)],
        build=PEOPLE,
    )
    found = groups(built)
    assert len(found) == 4 * len(BLOCKED)
    assert all(len(identifiers) == 1 for identifiers in found)


def test_a_blocked_device_links_nothing_and_the_login_still_counts() -> None:
    built = warehouse(
        events=[event("0", 0, "landing", customer_id="c1"), event("0", 1, "landing", customer_id="c2")],
        build=["journeys.people", "journeys.touchpoints"],
    )
    assert groups(built) == {frozenset({"customer:c1"}), frozenset({"customer:c2"})}
    assert rows(built, "select count(distinct person_id), count(*) from journeys.touchpoints") == [(2, 2)]


@pytest.mark.parametrize("customers", [3, 4])
def test_a_shared_tablet_links_nothing_and_stays_in_the_evidence(customers: int) -> None:
    events = [event("tablet", i, "landing", customer_id=f"c{i}") for i in range(customers)]
    events += [event(f"phone {i}", 60, "landing", customer_id=f"c{i}") for i in range(customers)]
    built = warehouse(events=events, build=PEOPLE, shop=settings(measures={"identity_link_limit": 3}))
    assert groups(built) - {frozenset({"anonymous:tablet"})} == {
        frozenset({f"anonymous:phone {i}", f"customer:c{i}"}) for i in range(customers)
    }
    assert rows(built, "select count(*), max(device_count) from journeys.people") == [(customers, 1)]
    used = rows(
        built,
        "select is_used, count(*) from journeys.identity_evidence "
        "where identifier = 'anonymous:tablet' and other_identifier is not null group by 1",
    )
    assert used == [(customers <= 3, customers)]
    others = "select bool_and(is_used) from journeys.identity_evidence where identifier like 'anonymous:phone%'"
    assert rows(built, f"{others} and other_identifier is not null") == [(True,)]


def test_a_tablet_with_forty_logins_is_forty_people_and_is_reported() -> None:
    events = [event("tablet", i, "landing", customer_id=f"c{i:02d}") for i in range(40)]
    built = warehouse(events=events, build=["journeys.people", "journeys.touchpoints", "journeys.shared_identifiers"])
    assert rows(built, "select count(*), min(customer_id_count), max(device_count) from journeys.people") == [
        (40, 1, 0)
    ]
    assert rows(built, "select count(distinct person_id), count(*) from journeys.touchpoints") == [(40, 40)]
    check = (ROOT / "sql/checks/identifiers_are_not_shared.sql").read_text(encoding="utf-8")
    assert rows(built, check) == [("anonymous:tablet", 40)]
    # Kind, identifiers, their logins, the most logins of one.
    shared = (ROOT / "sql/metrics/shared_identifiers.sql").read_text(encoding="utf-8")
    assert rows(built, shared) == [("anonymous", 1, 40, 40)]


def test_an_office_address_with_many_customers_links_nothing() -> None:
    orders = [order(f"#{i}", i, customer_id=f"c{i}", email_hash="office") for i in range(4)]
    contacts = [contact(f"k{i}", customer_id=f"c{i}", email_hash="office") for i in range(4)]
    built = warehouse(
        order_rows=orders, contacts=contacts, build=PEOPLE, shop=settings(measures={"identity_link_limit": 3})
    )
    # The order and the CRM row still tie to their customer: only the address is left out.
    assert groups(built) == {
        *(frozenset({f"order:#{i}", f"customer:c{i}", f"contact:k{i}"}) for i in range(4)),
    }


def test_every_shared_identifier_is_reported_whichever_side_of_its_pairs_it_is_on() -> None:
    # The tablet meets its customers behind their orders only; the address stands second in every pair of its.
    orders = [order(f"#{i}", i, customer_id=f"c{i}", email_hash="office") for i in range(12)]
    built = warehouse(
        events=[event("tablet", i, "checkout", order_id=f"#{i}") for i in range(12)],
        order_rows=orders,
        build=[*PEOPLE, "journeys.shared_identifiers"],
    )
    check = (ROOT / "sql/checks/identifiers_are_not_shared.sql").read_text(encoding="utf-8")
    # The address is named with 12 orders and 12 customers.
    assert sorted(rows(built, check)) == [("anonymous:tablet", 12), ("email:office", 24)]
    shown = (ROOT / "sql/metrics/shared_identifiers.sql").read_text(encoding="utf-8")
    assert sorted(rows(built, shown)) == [("anonymous", 1, 0, 0), ("email", 1, 12, 12)]


@pytest.mark.parametrize("number", ["0", "unknown", "-"])
def test_an_order_or_contact_whose_own_key_names_nobody_stays_and_links_nothing(number: str) -> None:
    built = warehouse(
        events=[event("phone", 0, "checkout", order_id=number), event("laptop", 0, "checkout", order_id=number)],
        order_rows=[order(number, 0, customer_id="c1")],
        contacts=[contact(number, customer_id="c1"), contact(number, customer_id="c2")],
        build=[*PEOPLE, "staging.orders", "staging.contacts"],
    )
    assert groups(built) == {frozenset({"anonymous:phone"}), frozenset({"anonymous:laptop"})}
    assert rows(built, "select order_id from staging.orders union all select contact_id from staging.contacts") == [
        (number,),
        (number,),
    ]


def test_a_shop_tablet_that_placed_the_orders_of_many_customers_links_nothing() -> None:
    events = [event("tablet", i, "checkout", order_id=f"#{i}") for i in range(4)]
    orders = [order(f"#{i}", i, customer_id=f"c{i}") for i in range(4)]
    built = warehouse(
        events=events, order_rows=orders, build=PEOPLE, shop=settings(measures={"identity_link_limit": 3})
    )
    assert groups(built) == {
        frozenset({"anonymous:tablet"}),  # its own events name nobody else
        *(frozenset({f"order:#{i}", f"customer:c{i}"}) for i in range(4)),
    }


def test_a_blocked_email_has_no_pseudonym() -> None:
    built = warehouse(build=["journeys.identities"])
    assert rows(built, "select pseudonym(''), pseudonym(' '), pseudonym('null'), pseudonym('Anonymous')") == [
        (None,) * 4
    ]


def with_personas() -> JourneySettings:
    """A shop with two personas, of which the first that fits counts."""
    return settings(
        personas=[
            {
                "id": "pro",
                "label": "Professional",
                "where": [
                    {"attribute": "lifecycle_stage", "is": ["customer", "evangelist"]},
                    {"attribute": "country", "is": "FR"},
                ],
            },
            {"id": "known", "label": "Known", "where": [{"attribute": "is_contact", "is": "yes"}]},
        ]
    )


def test_the_first_persona_that_fits_all_its_conditions() -> None:
    built = warehouse(
        events=[event(f"d{i}", 0, "landing", customer_id=f"c{i}") for i in range(5)],
        contacts=[
            contact("k0", customer_id="c0", lifecycle_stage="customer", country="FR"),
            contact("k1", customer_id="c1", lifecycle_stage="evangelist", country="FR"),
            contact("k2", customer_id="c2", lifecycle_stage="customer", country="BE"),
            contact("k3", customer_id="c3"),
        ],
        build=PEOPLE,
        shop=with_personas(),
    )
    found = rows(
        built,
        "select i.identifier, persona, is_contact from journeys.people join journeys.identities as i using (person_id) "
        "where i.identifier like 'customer:%' order by 1",
    )
    assert found == [
        ("customer:c0", "pro", True),
        ("customer:c1", "pro", True),
        ("customer:c2", "known", True),
        ("customer:c3", "known", True),
        ("customer:c4", "unassigned", False),
    ]


def test_the_newest_contact_of_a_person_speaks() -> None:
    built = warehouse(
        contacts=[
            contact("k1", customer_id="c", created_at=at(0), country="BE"),
            contact("k2", customer_id="c", created_at=at(10), country="FR"),
            contact("k3", customer_id="c", country="IT"),
        ],
        build=PEOPLE,
    )
    assert rows(built, "select country from journeys.people") == [("FR",)]


values = strategies.sampled_from([None, "0", "null", "1", "2", "3", "4", "5", "6", "7", "8"])
devices = strategies.sampled_from([None, "-1", "a", "b", "c", "d", "e", "f", "g", "h"])
rarely = strategies.one_of(strategies.none(), strategies.none(), values)
seen = strategies.lists(strategies.tuples(devices, rarely, rarely, rarely), max_size=14)
ordered = strategies.lists(strategies.tuples(values, values), max_size=6)


@budget(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seen, ordered, ordered, strategies.integers(1, 3), strategies.randoms(use_true_random=False))
def test_equal_to_union_find_whatever_the_order_of_rows(
    visits: list[Any], orders: list[Any], crm: list[Any], limit: int, shuffle: random.Random
) -> None:
    shop = settings(measures={"identity_link_limit": limit})
    # Events name the first orders by number, of which some are unknown.
    event_rows: list[Row] = [
        {
            "event_id": f"e{i}",
            "event_name": "landing",
            "occurred_at": at(i),
            "anonymous_id": device,
            "customer_id": customer,
            "email_hash": email,
            "order_id": f"#{number}" if device and number not in (None, "0", "null") else None,
        }
        for i, (device, customer, email, number) in enumerate(visits)
    ]
    order_rows = [
        order(f"#{i}", i, customer_id=customer, email_hash=email) for i, (customer, email) in enumerate(orders, 1)
    ]
    contacts = [contact(f"k{i}", customer_id=customer, email_hash=email) for i, (customer, email) in enumerate(crm)]
    wanted = _components(event_rows, order_rows, contacts, limit)
    query = "from journeys.identities order by all"
    given_rows: dict[str, Any] = {"events": event_rows, "order_rows": order_rows, "contacts": contacts}
    first = warehouse(**given_rows, build=["journeys.identities"], shop=shop)
    assert groups(first) == wanted
    for table in given_rows.values():
        shuffle.shuffle(table)
    second = warehouse(**given_rows, build=["journeys.identities"], shop=shop)
    assert rows(first, query) == rows(second, query)


def _components(events: list[Row], orders: list[Row], contacts: list[Row], limit: int) -> set[frozenset[str]]:
    """The slow, obvious form: all pairs of a row, then union–find over the pairs without a shared end."""
    kinds = {"anonymous_id": "anonymous", "customer_id": "customer", "email_hash": "email", "contact_id": "contact"}
    known_orders = {row["order_id"] for row in orders}
    rows_of_names = []
    for row in [*events, *orders, *contacts]:
        names = {f"{kind}:{row[column]}" for column, kind in kinds.items() if row.get(column) is not None}
        names -= {name for name in names if name.split(":")[1] in ("0", "null", "-1")}
        if row.get("order_id") in known_orders:
            names.add(f"order:{row['order_id']}")
        rows_of_names.append(names)
    pairs = {(a, b) for names in rows_of_names for a in names for b in names if a != b}
    through = {(a, c) for a, b in pairs for b2, c in pairs if b == b2 and b.split(":")[0] in ("order", "contact")}

    def is_shared(name: str) -> bool:
        """Meets more customers, or more e-mails, than the limit: in a row, or through an order or a CRM row."""
        kind = name.split(":")[0]
        counted = {"anonymous": ("customer", "email"), "contact": ("customer", "email"), "email": ("customer",)}
        counted |= {"customer": ("email",), "order": ()}
        return any(
            len({b for a, b in pairs | through if a == name and b.startswith(f"{other}:")}) > limit
            for other in counted[kind]
        )

    used = {pair for pair in pairs if not any(map(is_shared, pair))}
    # A shared name that owns nothing of its own is nobody.
    alone = {name for pair in used for name in pair}
    for row, names in zip([*events, *orders, *contacts], rows_of_names, strict=True):
        kind = "" if "event_id" in row else "order" if "order_id" in row else "contact"
        own = (
            [name for name in names if name.split(":")[0] == kind]
            if kind
            else sorted(
                (name for name in names if not name.startswith("order:")),
                key=lambda name: ["customer", "email", "anonymous"].index(name.split(":")[0]),
            )[:1]
        )
        alone |= {*own}
    return _people(alone, used)


def _people(names: set[str], pairs: set[tuple[str, str]]) -> set[frozenset[str]]:
    """Accounts and the devices (and nameless orders) that reach one of them only, by walking from each."""

    def walk(start: str, beyond: Callable[[str], bool]) -> frozenset[str]:
        """What is reached from a name, going on from those that `beyond` says."""
        found, ahead = {start}, [start]
        while ahead:
            here = ahead.pop()
            new = {b for a, b in pairs if a == here} - found if here == start or beyond(here) else set()
            found |= new
            ahead += new
        return frozenset(found)

    def without_devices(start: str) -> frozenset[str]:
        if start.startswith("anonymous:"):
            return frozenset({start})
        kept = {(a, b) for a, b in pairs if not (a + b).count("anonymous:")}
        found, size = {start}, 0
        while len(found) > size:
            size = len(found)
            found |= {b for a, b in kept if a in found}
        return frozenset(found)

    account = {name: without_devices(name) for name in names}
    is_account = {name: any(not one.startswith(("anonymous:", "order:")) for one in account[name]) for name in names}

    def accounts(found: Iterable[str]) -> set[frozenset[str]]:
        return {account[name] for name in found if is_account[name]}

    def person(name: str) -> object:
        everything = walk(name, lambda _: True)
        all_accounts = accounts(everything)
        kinds = [{one.split(":")[0] for one in found} & {"customer", "email"} for found in all_accounts]
        if len(all_accounts) < 2 or sorted(map(sorted, kinds)) == [["customer"], ["email"]]:
            return everything
        if is_account[name]:
            return account[name]
        reached = accounts(walk(name, lambda one: not is_account[one]))
        met = accounts(b for a, b in pairs if a in account[name])
        return next(iter(reached if len(reached) == 1 else met)) if 1 in (len(reached), len(met)) else account[name]

    people = {name: person(name) for name in names}
    return {frozenset(name for name in names if people[name] == one) for one in people.values()}

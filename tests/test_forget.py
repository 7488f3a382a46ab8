"""Forgetting a person: no row is left anywhere, and loading the files again does not bring the person back."""

from __future__ import annotations

from pathlib import Path

import pytest
from given import rows
from shops import first_days

from pipelines.build import build_warehouse
from pipelines.forget import forget
from pipelines.project import Project
from pipelines.warehouse import open_warehouse


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    """The made-up shop with twelve days of its events, its orders and its CRM, built."""
    project = first_days(tmp_path, 12)
    build_warehouse(project)
    return project


def test_a_forgotten_person_is_nowhere_and_does_not_come_back(shop: Project) -> None:
    with open_warehouse(shop) as connection:
        # Somebody who ordered, is in the CRM and visited: every kind of row.
        [(person, customer)] = rows(
            connection,
            "select person_id, min(identifier)[10:] from journeys.identities where identifier like 'customer:%' "
            "and person_id in (select person_id from journeys.order_sessions where session_id is not null) "
            "and person_id in (select person_id from journeys.people where is_contact) group by 1 order by 1 limit 1",
        )
        whose = f"select identifier from journeys.identities where person_id = '{person}'"
        identifiers = [identifier for (identifier,) in rows(connection, whose)]
        people = rows(connection, "select count(*) from journeys.people")[0][0]
        orders = rows(connection, "select count(*) from staging.orders")[0][0]
    assert len(identifiers) >= 4

    done = forget(shop, customer_id=customer)
    assert done.identifier_count == len(identifiers)
    assert all(done.rows[f"raw.{kind}"] >= 1 for kind in ("events", "order_rows", "contacts"))
    build_warehouse(shop)
    _nowhere(shop, identifiers, people - 1, orders)

    for path in (shop.warehouse, shop.published):
        path.unlink()
    loads = build_warehouse(shop)
    assert sum(load.rows_read for load in loads) == sum(
        load.rows_loaded + load.rows_duplicate + load.rows_rejected for load in loads
    )
    _nowhere(shop, identifiers, people - 1, orders)
    with open_warehouse(shop) as connection:
        query = "select count(*), max(text) from raw.rejected_rows where reason = 'belongs to a forgotten person'"
        [(count, text)] = rows(connection, query)
    assert count >= sum(done.rows.values()) and text == ""


def _nowhere(shop: Project, identifiers: list[str], people: int, orders: int) -> None:
    with open_warehouse(shop) as connection:
        left = rows(connection, "select identifier from journeys.identities")
        assert not {(identifier,) for identifier in identifiers} & set(left)
        assert rows(connection, "select count(*) from journeys.people") == [(people,)]
        assert rows(connection, "select count(*) from staging.orders")[0][0] < orders
    values = [identifier.split(":", 1)[1].encode() for identifier in identifiers]
    for path in (shop.warehouse, shop.published):
        content = path.read_bytes()
        assert [value for value in values if len(value) > 5 and value in content] == [], path.name


def test_a_person_that_nobody_knows_changes_nothing(shop: Project) -> None:
    with open_warehouse(shop) as connection:
        before = rows(connection, "from raw.events order by all")
    assert forget(shop, email="nobody@example.com").rows == dict.fromkeys(
        ("raw.events", "raw.order_rows", "raw.contacts", "raw.feedback"), 0
    )
    with open_warehouse(shop) as connection:
        assert rows(connection, "from raw.events order by all") == before
    assert oct(shop.forgotten_file.stat().st_mode)[-3:] == "600"


def test_somebody_must_be_named(shop: Project) -> None:
    with pytest.raises(ValueError, match="Give an e-mail or a customer id"):
        forget(shop)

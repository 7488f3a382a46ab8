"""Forgetting a person: no row is left anywhere, and loading the files again does not bring the person back."""

from __future__ import annotations

import json
from pathlib import Path

import dagster as dg
import pytest
from conftest import BuiltOnce
from given import rows
from shops import copy_of, first_days

from parcours.people.forget import forget
from parcours.project import ROOT, Project
from parcours.run import build_warehouse
from parcours.warehouse.connection import open_warehouse
from pipelines.code_location import build_defs


@pytest.fixture(scope="module")
def built(built_once: BuiltOnce) -> Project:
    """The made-up shop with twelve days of its events, its orders and its CRM, built once; only read."""

    def build(folder: Path) -> Project:
        project = first_days(folder, 12)
        build_warehouse(project)
        return project

    project: Project = built_once("twelve days", build)
    return project


@pytest.fixture
def shop(built: Project, tmp_path: Path) -> Project:
    """A copy of that shop."""
    return copy_of(built, tmp_path)


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
    # Six digits of a contact stand in some hash by chance, in one run of ten.
    values = [value.encode() for identifier in identifiers if len(value := identifier.split(":", 1)[1]) >= 8]
    assert len(values) >= 3
    for path in (shop.warehouse, shop.published):
        content = path.read_bytes()
        assert [value for value in values if value in content] == [], path.name


def test_a_person_that_nobody_knows_changes_nothing(shop: Project) -> None:
    with open_warehouse(shop) as connection:
        before = rows(connection, "from raw.events order by all")
    assert forget(shop, email="nobody@example.com").rows == dict.fromkeys(
        ("raw.events", "raw.order_rows", "raw.contacts", "raw.deals", "raw.tickets", "raw.feedback"), 0
    )
    with open_warehouse(shop) as connection:
        assert rows(connection, "from raw.events order by all") == before
    assert oct(shop.forgotten_file.stat().st_mode)[-3:] == "600"


def test_somebody_must_be_named(shop: Project) -> None:
    with pytest.raises(ValueError, match="Give an e-mail or a customer id"):
        forget(shop)


def test_the_dagster_job_forgets_whom_the_file_names_and_writes_down_what_it_did(tmp_path: Path) -> None:
    project = first_days(tmp_path, 3)
    build_warehouse(project)
    truth = json.loads((ROOT / "data" / "sample" / "truth.json").read_text(encoding="utf-8"))
    with open_warehouse(project) as connection:
        known = rows(connection, "select email_hash from staging.contacts")
        emails = [
            e for e in truth["personal_data"]["emails"] if rows(connection, f"select pseudonym('{e}')")[0] in known
        ]
    customers = ["c-nobody-knows"]
    project.forget_requests.write_text(f"# asked on Monday\n{emails[0]}\n\n{customers[0]}\n", encoding="utf-8")
    job = build_defs(project).resolve_job_def("forget_people")
    with dg.instance_for_test() as instance:
        result = job.execute_in_process(instance=instance)
        stored = [str(entry) for entry in instance.all_logs(result.run_id)] + [
            str(instance.get_run_by_id(result.run_id))
        ]
    assert result.success and not [text for text in stored if emails[0] in text]
    assert project.forget_requests.read_text(encoding="utf-8") == ""
    with open_warehouse(project) as connection:
        done = rows(connection, "select table_name, row_count from raw.forgettings where row_count > 0")
        left = rows(connection, f"from staging.contacts where email_hash = pseudonym('{emails[0]}')")
    assert ("raw.contacts", 1) in done and left == []
    assert project.report.exists() and project.quality_report.exists()

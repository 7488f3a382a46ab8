"""Forgetting a person: no row is left anywhere, and loading the files again does not bring the person back."""

from __future__ import annotations

import gzip
import json
from collections.abc import Collection
from pathlib import Path
from unittest.mock import Mock

import dagster as dg
import duckdb
import pytest
from conftest import BuiltOnce
from given import rows
from shops import copy_of, first_days, load, query

from parcours.forget_people import build_without, forget_people
from parcours.people.forget import Forgotten
from parcours.project import ROOT, Project
from parcours.report.write import write_quality, write_report
from parcours.run import build_warehouse
from parcours.tables.gate import NotPublished
from parcours.warehouse.connection import open_warehouse
from pipelines.__main__ import main
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

    done = forget_people(shop, [("customer", customer)])
    assert done.identifier_count == len(identifiers)
    assert all(done.rows[f"raw.{kind}"] >= 1 for kind in ("events", "order_rows", "contacts"))
    build_without(shop)
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


def test_nobody_found_is_said_and_nothing_is_changed(shop: Project, capsys: pytest.CaptureFixture[str]) -> None:
    def left() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in shop.output.glob("*.duckdb")}

    (shop.output / "journey.yaml").write_bytes((ROOT / "journey.yaml").read_bytes())
    before = left()
    arguments = ["forget", "--journey", str(shop.output / "journey.yaml"), "--exports", str(shop.exports_folder)]
    assert main([*arguments, "--email", "nobody@example.com"]) == 1
    said = capsys.readouterr()
    assert said.err == "Nobody found with that e-mail: nothing was changed for it. Check the spelling.\n"
    assert said.out == ""
    assert left() == before and not shop.forgotten_file.exists()


def test_somebody_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["forget"]) == 2
    assert capsys.readouterr().err == "Whom to forget? Give --email or --customer-id.\n"


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
        result = job.execute_in_process(instance=instance, raise_on_error=False)
        stored = [str(entry) for entry in instance.all_logs(result.run_id)] + [
            str(instance.get_run_by_id(result.run_id))
        ]
    assert not [text for text in stored if emails[0] in text or customers[0] in text]
    # Whom nobody knows fails the run and stays; the others are forgotten all the same.
    assert not result.success and [text for text in stored if "Nobody found for 1 of 2 lines" in text]
    assert project.forget_requests.read_text(encoding="utf-8") == "c-nobody-knows\n"
    with open_warehouse(project) as connection:
        done = rows(connection, "select table_name, row_count from raw.forgettings where row_count > 0")
        left = rows(connection, f"from staging.contacts where email_hash = pseudonym('{emails[0]}')")
    assert ("raw.contacts", 1) in done and left == []
    assert project.report.exists() and project.quality_report.exists()


def personal_values(published: Path, person: str) -> set[str]:
    """Every id in the published rows of a person, by any column that is one."""
    with duckdb.connect(str(published), read_only=True) as connection:
        columns = rows(
            connection,
            "select schema_name || '.' || table_name, list(column_name) from duckdb_columns() where not internal and "
            "data_type = 'VARCHAR' and (ends_with(column_name, '_id') or column_name in ('identifier', 'cart_key')) "
            "and column_name not in ('funnel_id', 'product_id', 'file_id', 'line_id', 'change_id', 'retention_id') "
            "group by all",
        )
        found = {person}
        for table, names in columns:
            if "person_id" in names:
                whose = f"where person_id = '{person}'"
                found |= {
                    value
                    for row in rows(connection, f"select {', '.join(names)} from {table} {whose}")
                    for value in row
                }
        whose = f"where identifier in (select identifier from journeys.identities where person_id = '{person}')"
        found |= {value for (value,) in rows(connection, f"select event_id from staging.events {whose}")}
    return {value for value in found if value and not value.startswith("span ")}  # spans number everybody's carts


def somebody(shop: Project) -> tuple[str, str]:
    """The id and the customer id of a person who ordered, visited, answered and is in the CRM."""
    with duckdb.connect(str(shop.published), read_only=True) as connection:
        [found] = rows(
            connection,
            "select person_id, min(identifier)[10:] from journeys.identities where identifier like 'customer:%' "
            "and person_id in (select person_id from journeys.order_sessions where session_id is not null) "
            "and person_id in (select person_id from journeys.survey_answers) "
            "and person_id in (select person_id from journeys.people where is_contact) group by 1 order by 1 limit 1",
        )
    return found


def is_left(shop: Project, values: Collection[str]) -> dict[str, list[str]]:
    """Which of the values still stand in a file that people read: as text of a table, or anywhere in its bytes."""
    found = {}
    with duckdb.connect(str(shop.published), read_only=True) as connection:
        for table, column in rows(
            connection,
            "select schema_name || '.' || table_name, column_name from duckdb_columns() "
            "where not internal and data_type = 'VARCHAR'",
        ):
            held = {value for (value,) in rows(connection, f'select distinct "{column}" from {table}')}
            if still := sorted({value for value in values if value in held}):
                found[f"{table}.{column}"] = still
    for path in (shop.published, shop.report, shop.quality_report):
        content = path.read_bytes()
        if still := sorted(value for value in values if len(value) >= 8 and value.encode() in content):
            found[path.name] = still
    return found


def test_a_person_leaves_the_published_file_and_the_pages_though_the_gate_refuses(shop: Project) -> None:
    person, customer = somebody(shop)
    values = personal_values(shop.published, person)
    order = min(value for value in values if value.startswith("#"))
    of_check = "check_name = 'orders_have_lines'"
    # A check showed their order, and something is wrong with the shop that has nothing to do with them.
    with duckdb.connect(str(shop.published)) as connection:
        shown = json.dumps([{"order_id": order, "status": "paid"}, {"order_id": "#0", "status": "paid"}])
        connection.execute(
            "update metrics.check_results set samples = ? where check_name = 'orders_have_lines'", [shown]
        )
    for write, page in ((write_report, shop.report), (write_quality, shop.quality_report)):
        write(shop.published, page)
    (shop.exports_folder / "orders" / "orders_export_9.csv").write_text("Order,Mail\n1,2\n")
    with pytest.raises(NotPublished, match="no_file_is_refused"):
        build_warehouse(shop)
    with duckdb.connect(str(shop.published), read_only=True) as connection:
        before = rows(connection, "select count(*) from staging.orders")[0][0]
    assert len(values) > 20 and len(is_left(shop, values)) > 20

    assert forget_people(shop, [("customer", customer)]).identifier_count >= 4
    with pytest.raises(NotPublished, match="no_file_is_refused"):
        build_without(shop)
    assert is_left(shop, values) == {}
    assert not shop.forgetting_file.exists()
    with duckdb.connect(str(shop.published), read_only=True) as connection:
        assert rows(connection, f"select samples from metrics.check_results where {of_check}") == [
            ('[{"order_id": "#0", "status": "paid"}]',)
        ]
        orders = sum(value.startswith("#") for value in values)
        assert rows(connection, "select count(*) from staging.orders")[0][0] == before - orders
        assert rows(connection, "select wilson_low(3, 10) > 0") == [(True,)]
        assert rows(connection, "select count(*) from duckdb_columns() where not internal and comment is null") == [
            (0,)
        ]


@pytest.mark.parametrize("killed_in", ["leave_warehouse", "leave_published", "_write_pages"])
def test_forgetting_that_was_killed_is_finished_by_the_next_run(
    shop: Project, killed_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, customer = somebody(shop)
    values = personal_values(shop.published, person)
    with monkeypatch.context() as killing, pytest.raises(KeyboardInterrupt):
        killing.setattr(f"parcours.forget_people.{killed_in}", Mock(side_effect=KeyboardInterrupt))
        forget_people(shop, [("customer", customer)])
    assert oct(shop.forgetting_file.stat().st_mode)[-3:] == "600"
    with dg.instance_for_test() as instance:
        build_defs(shop).resolve_job_def("publish_and_report").execute_in_process(
            instance=instance, raise_on_error=False
        )
    assert is_left(shop, values) == {} and not shop.forgetting_file.exists()
    # Asked again: known to be forgotten, and nothing is left to delete.
    again = forget_people(shop, [("customer", customer)])
    assert again == Forgotten()


def test_a_second_person_is_found_though_the_tables_could_not_be_built_after_the_first(shop: Project) -> None:
    person, customer = somebody(shop)
    forget_people(shop, [("customer", customer)])
    person, customer = somebody(shop)
    values = personal_values(shop.published, person)
    assert forget_people(shop, [("customer", customer)]).identifier_count >= 4
    assert is_left(shop, values) == {}


def test_what_was_loaded_and_not_stitched_yet_is_forgotten_too(shop: Project) -> None:
    # The run stopped at a check, behind the load: nobody has stitched the new device to the customer.
    _, customer = somebody(shop)
    line = {"messageId": "new-1", "type": "track", "event": "Product Viewed", "timestamp": "2026-07-12T10:00:00Z"}
    seen = [line | {"anonymousId": "an-new-device", "userId": customer}]
    seen += [line | {"messageId": "new-2", "anonymousId": "an-new-device"}]
    with gzip.open(shop.exports_folder / "events" / "events-2026-07-13.jsonl.gz", "wt") as file:
        file.writelines(json.dumps(event) + "\n" for event in seen)
    load(shop)
    forget_people(shop, [("customer", customer)])
    assert query(shop, "select event_id from raw.events where event_id like 'new-%'") == []

"""Forgetting a person: no row is left anywhere, and loading the files again does not bring the person back."""

from __future__ import annotations

import gzip
import json
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import Mock

import dagster as dg
import duckdb
import pytest
from conftest import BuiltOnce
from given import rows
from shops import copy_of, first_days, load, query

from parcours.forget_people import build_without, finish_forgetting, forget_people
from parcours.nights.close import record_run
from parcours.nights.record import read_records, records_file
from parcours.people.forget import Forgotten
from parcours.project import ROOT, Project
from parcours.report.write import write_quality, write_report
from parcours.run import build_warehouse
from parcours.tables.gate import NotPublished
from parcours.troubles import Trouble
from parcours.warehouse.connection import open_warehouse
from pipelines.__main__ import main
from pipelines.code_location import build_defs
from pipelines.history import leave_history


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


@pytest.mark.nights
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


@pytest.mark.nights
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


def test_the_page_is_written_though_all_that_a_check_had_shown_was_of_the_person(shop: Project) -> None:
    person, customer = somebody(shop)
    order = min(value for value in personal_values(shop.published, person) if value.startswith("#"))
    with duckdb.connect(str(shop.published)) as connection:
        connection.execute(
            "update metrics.check_results set verdict = 'warned', offending_count = 1, samples = ? "
            "where check_name = 'orders_have_lines'",
            [json.dumps([{"order_id": order, "status": "paid"}])],
        )
    write_quality(shop.published, shop.quality_report)
    assert order in shop.quality_report.read_text(encoding="utf-8")
    assert not forget_people(shop, [("customer", customer)]).unknown
    assert not shop.forgetting_file.exists()
    page = shop.quality_report.read_text(encoding="utf-8")
    assert "Orders without a line: 1" in page and order not in page


@pytest.mark.parametrize(
    "killed_in",
    [
        pytest.param("find_asked", marks=pytest.mark.nights),
        pytest.param("leave_warehouse", marks=pytest.mark.nights),
        pytest.param("leave_published", marks=pytest.mark.nights),
        pytest.param("leave_records", marks=pytest.mark.nights),
        "_write_pages",
    ],
)
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


@pytest.mark.nights
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


def order_of(shop: Project, person: str) -> str:
    """An order of a person."""
    orders = f"select min(row_id) from journeys.record_owners where person_id = '{person}' and kind = 'order'"
    with duckdb.connect(str(shop.published), read_only=True) as connection:
        return str(rows(connection, orders)[0][0])


def write_events(shop: Project, *events: dict[str, object] | str) -> None:
    """A file of events, some of them no events at all."""
    lines = [event if isinstance(event, str) else json.dumps(event) for event in events]
    with gzip.open(shop.exports_folder / "events" / "events-2026-07-14.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)


def test_rejected_texts_about_the_person_go_and_those_of_others_stay(shop: Project) -> None:
    person, customer = somebody(shop)
    order = order_of(shop, person)
    seen = {"messageId": "r", "type": "track", "event": "Product Viewed", "timestamp": "never"}
    write_events(
        shop,
        seen | {"userId": customer},
        seen | {"userId": "c-other", "properties": {"order_id": "#0"}},
        seen | {"anonymousId": "x", "properties": {"order_id": order}},
        f'{{"userId": "{customer}", "event": "cut',
        f'{{"userId": "{customer}0", "event": "cut',
    )
    load(shop)
    ours = "from raw.rejected_rows where file_id = (select file_id from raw.loads where path like '%07-14%')"
    assert [text == "" for (text,) in query(shop, f"select text {ours} order by line")] == [False] * 5
    forget_people(shop, [("customer", customer)])
    found = query(shop, f"select text = '', contains(reason, ': '), named is null {ours} order by line")
    assert [is_empty for is_empty, *_ in found] == [True, False, True, True, False]
    assert found[0] == (True, False, True)


@pytest.mark.nights
def test_events_of_others_that_name_an_order_of_the_person_go_and_do_not_come_back(shop: Project) -> None:
    person, customer = somebody(shop)
    bought = {"type": "track", "event": "Order Viewed", "timestamp": "2026-07-12T10:00:00Z"}
    order = order_of(shop, person)
    bought["properties"] = {"order_id": order}
    # A tablet that a whole store uses links nothing, so that its events are stitched to nobody.
    tablet = [{**bought, "messageId": f"t-{n}", "anonymousId": "tablet", "userId": f"c-guest-{n}"} for n in range(20)]
    write_events(shop, *tablet)
    load(shop)
    assert query(shop, "select count(*) from raw.events where event_id like 't-%'") == [(20,)]
    forget_people(shop, [("customer", customer)])
    assert query(shop, f"select count(*) from raw.events where order_id = '{order}'") == [(0,)]
    with gzip.open(shop.exports_folder / "events" / "events-2026-07-15.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write(json.dumps({**bought, "messageId": "t-21", "anonymousId": "phone"}) + "\n")
    load(shop)
    assert query(shop, f"select count(*) from raw.events where order_id = '{order}'") == [(0,)]


def test_records_and_digest_of_runs_name_the_person_no_more(shop: Project) -> None:
    person, customer = somebody(shop)
    trouble = Trouble("t", "Orders", f"order_id {order_of(shop, person)}, identifier customer:{customer}", "Look")
    record_run(shop, "night", datetime(2026, 7, 13, 2, tzinfo=UTC), troubles=[trouble])
    left = [records_file(shop), shop.report.with_name("digest.txt"), shop.report.with_name("digest.html")]
    assert [customer in path.read_text() for path in left] == [True] * 3
    forget_people(shop, [("customer", customer)])
    assert [customer in path.read_text() for path in left] == [False] * 3
    [record] = read_records(shop)
    assert "order_id [forgotten], identifier [forgotten]" in {one.cause for one in record.troubles}
    assert oct(records_file(shop).stat().st_mode)[-3:] == "600"


@pytest.mark.nights
def test_what_fails_keeps_nobody_elsewhere_and_is_tried_again(shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    person, customer = somebody(shop)
    values = personal_values(shop.published, person)
    with monkeypatch.context() as failing, pytest.raises(OSError, match="disk"):
        failing.setattr("parcours.forget_people.leave_warehouse", Mock(side_effect=OSError("disk")))
        forget_people(shop, [("customer", customer)])
    assert is_left(shop, values) == {} and shop.forgetting_file.exists()
    assert query(shop, f"select count(*) from raw.contacts where customer_id = '{customer}'") == [(1,)]
    finish_forgetting(shop)
    assert query(shop, f"select count(*) from raw.contacts where customer_id = '{customer}'") == [(0,)]
    assert not shop.forgetting_file.exists()


@pytest.mark.nights
def test_runs_whose_history_names_the_person_leave_dagster(shop: Project, tmp_path: Path) -> None:
    _, customer = somebody(shop)

    @dg.op(config_schema=str)
    def say(context) -> None:  # type: ignore[no-untyped-def]
        context.log.info(f"looked at identifier customer:{context.op_config}")

    job = dg.JobDefinition(name="say", graph_def=dg.GraphDefinition(name="say", node_defs=[say]))
    home = tmp_path / "history"
    home.mkdir()
    with dg.DagsterInstance.local_temp(str(home)) as instance:
        for whom in (customer, f"{customer}9"):
            job.execute_in_process(run_config={"ops": {"say": {"config": whom}}}, instance=instance)
        forget_people(shop, [("customer", customer)], lambda traces: leave_history(instance, traces))
        assert len(instance.get_run_records()) == 1
    content = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert f"customer:{customer}9".encode() in content
    assert not re.search(rf"{customer}(?!9)".encode(), content)


@pytest.mark.nights
def test_a_wrong_journey_yaml_and_a_refused_file_keep_nobody(shop: Project, capsys: pytest.CaptureFixture[str]) -> None:
    person, customer = somebody(shop)
    values = personal_values(shop.published, person)
    (shop.output / "journey.yaml").write_text("shop: [", encoding="utf-8")
    (shop.exports_folder / "orders" / "orders_export_9.csv").write_text("Order,Mail\n1,2\n")
    arguments = ["forget", "--journey", str(shop.output / "journey.yaml"), "--exports", str(shop.exports_folder)]
    assert main([*arguments, "--customer-id", customer]) == 2
    assert "identifiers forgotten, everywhere" in capsys.readouterr().out
    assert is_left(shop, values) == {} and not shop.forgetting_file.exists()


FORGET = """
import sys
from pathlib import Path
from parcours.forget_people import forget_people
from parcours.project import load_project
folder = Path(sys.argv[1])
project = load_project(Path("journey.yaml"), folder / "exports", folder)
print("forgetting", flush=True)
forget_people(project, [("customer", sys.argv[2])])
"""


@pytest.mark.nights  # some minutes
def test_killed_at_twenty_random_points_nothing_of_the_person_is_left_after_the_next_run(
    built: Project, tmp_path: Path
) -> None:
    person, customer = somebody(built)
    values = {value for value in personal_values(built.published, person) if len(value) >= 6}
    before = copy_of(built, tmp_path / "before")
    (before.exports_folder / "orders" / "orders_export_9.csv").write_text("Order,Mail\n1,2\n")
    for write, page in ((write_report, before.report), (write_quality, before.quality_report)):
        write(before.published, page)
    chance, whole, finished = random.Random(1), 0.0, 0
    for number in range(21):
        shop = copy_of(before, tmp_path / str(number))
        process = subprocess.Popen(
            [sys.executable, "-c", FORGET, str(shop.output), customer], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout and process.stdout.readline() == "forgetting\n"
        began = time.monotonic()
        if number == 0:  # how long it takes when nothing kills it
            assert process.wait() == 0
            whole = time.monotonic() - began
        else:
            time.sleep(chance.uniform(0, whole))
            process.kill()
            process.wait()
        if process.returncode and not shop.forgetting_file.exists() and not shop.forgotten_file.exists():
            assert query(shop, f"select count(*) > 0 from raw.contacts where customer_id = '{customer}'") == [(True,)]
            forget_people(shop, [("customer", customer)])  # it was killed before it could note the request
        finished += shop.forgetting_file.exists()
        finish_forgetting(shop)
        assert [one.path for one in load(shop) if one.status == "refused"] == ["orders/orders_export_9.csv"]
        assert is_left(shop, values) == {} and not shop.forgetting_file.exists(), number
        left = {
            str(path.relative_to(shop.output)): [value for value in values if value.encode() in path.read_bytes()]
            for path in shop.output.rglob("*")
            if path.is_file() and not path.is_relative_to(shop.exports_folder)
        }
        assert {path: found for path, found in left.items() if found} == {}, number
        with open_warehouse(shop) as connection:
            for table, column in rows(
                connection,
                "select schema_name || '.' || table_name, column_name from duckdb_columns() "
                "where not internal and data_type = 'VARCHAR' and database_name = current_database()",
            ):
                held = {value for (value,) in rows(connection, f'select distinct "{column}" from {table}')}
                assert not held & values, f"{table}.{column}"
        shutil.rmtree(shop.output)
    assert finished > 5, "few kills fell between the request and its end"

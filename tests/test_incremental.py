"""A refresh after every load gives what one full build gives, row for row in every table.

Random shops are loaded by the real loader, in any order and over several loads, and the tables are refreshed after
each; beside it stands a warehouse that is loaded at once and built at once. The last tests show that a faulty refresh
is seen.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb
import pytest
from canonical_shops import (
    File,
    canonical_project,
    contents,
    difference,
    load_files,
    open_canonical,
    reading_canonical,
)
from given import at, examples, rows, settings
from hypothesis import HealthCheck, Phase, assume, given
from hypothesis import settings as budget
from hypothesis import strategies as st
from random_shops import shop_settings, shops_and_loads

from parcours.forget_people import forget_people
from parcours.loading.settings_tables import write_settings
from parcours.project import Project
from parcours.settings.schema import JourneySettings
from parcours.tables.catalogue import all_models, build_all
from parcours.warehouse.connection import table_columns
from parcours.warehouse.raw_tables import COMPUTED, RAW_TABLES, make_raw_tables

DAY, HOUR = 86400.0, 3600.0


def few(count: int) -> budget:
    """A budget of a few builds of all tables, of a second each: what fails is not made smaller."""
    return _budget(count, (Phase.explicit, Phase.reuse, Phase.generate))


def many(count: int) -> budget:
    """A budget of many; what fails is made smaller."""
    return _budget(count, tuple(Phase))


def _budget(count: int, phases: tuple[Phase, ...]) -> budget:
    return budget(max_examples=count, deadline=None, phases=phases, suppress_health_check=list(HealthCheck))


@contextmanager
def shop(settings_of_shop: JourneySettings | None = None) -> Iterator[tuple[Project, duckdb.DuckDBPyConnection]]:
    """A canonical shop in a folder of its own, with an empty warehouse in memory."""
    with tempfile.TemporaryDirectory() as folder:
        project = canonical_project(Path(folder), settings_of_shop or shop_settings())
        with open_canonical(project) as connection:
            yield project, connection


def in_order(project: Project) -> list[str]:
    """The tables, upstreams first, so that the first one that differs is named."""
    return [model.table for model in all_models(project)]


def built_at_once(files: Sequence[File], settings_of_shop: JourneySettings | None = None) -> dict[str, Any]:
    """What the tables hold after one load of all files and one build."""
    with shop(settings_of_shop) as (project, connection):
        load_files(connection, project, files)
        build_all(connection, project)
        return contents(connection)


def rebuilt(connection: duckdb.DuckDBPyConnection, project: Project) -> dict[str, Any]:
    """What a full build makes of the same raw rows, in a warehouse that has never seen anything else."""
    with open_canonical(project) as other:
        make_raw_tables(other)
        for table in RAW_TABLES:
            # Arrow has no integer as long as a hash: it travels as text.
            stored = [name for name, _ in table_columns(other, table) if name not in COMPUTED]
            columns = ", ".join("cast(row_hash as text) as row_hash" if name == "row_hash" else name for name in stored)
            found = connection.sql(f"select {columns} from {table}").to_arrow_table()
            other.register("found", found).execute(f"insert into {table} by name select * from found")
        build_all(other, project)
        return contents(other)


def of_two_keys(connection: duckdb.DuckDBPyConnection, project: Project) -> list[str]:
    """The columns that a file declares to be within its key, and of which a value belongs to two keys."""
    found = []
    for model in all_models(project):
        for column in {*model.within} & {name for name, _ in table_columns(connection, model.table)}:
            of_two = f"group by {column} having count(distinct {model.keyed_by}) > 1"
            if rows(connection, f"select {column} from {model.table} where {column} is not null {of_two} limit 1"):
                found.append(f"{model.table}.{column}")
    return found


def refreshed_after_every_load(files: Sequence[File], parts: Sequence[Sequence[File]]) -> None:
    with shop() as (project, connection):
        for part in parts:
            load_files(connection, project, part)
            build_all(connection, project)
        assert not difference(contents(connection), built_at_once(files), in_order(project))
        assert not of_two_keys(connection, project)


@pytest.mark.fuzz
@few(2)
@given(shops_and_loads())
def test_loads_in_any_order_with_a_refresh_after_each_are_one_full_build(drawn: Any) -> None:
    refreshed_after_every_load(*drawn)


@pytest.mark.fuzz
@many(examples(4, 25))
@given(shops_and_loads(at_most=6))
def test_many_loads_in_any_order_with_a_refresh_after_each_are_one_full_build(drawn: Any) -> None:
    refreshed_after_every_load(*drawn)


@pytest.mark.fuzz
@few(2)
@given(shops_and_loads())
def test_the_order_of_the_files_changes_no_person_and_no_table(drawn: Any) -> None:
    files, parts = drawn
    assert not difference(built_at_once([file for part in parts for file in part][::-1]), built_at_once(files))


@pytest.mark.fuzz
@few(2)
@given(shops_and_loads())
def test_a_refresh_without_new_rows_changes_nothing(drawn: Any) -> None:
    files, _ = drawn
    with shop() as (project, connection):
        load_files(connection, project, files)
        build_all(connection, project)
        before = contents(connection)
        build_all(connection, project)
        assert not difference(contents(connection), before, in_order(project))
        load_files(connection, project, [File(file.export, file.number + 500, file.rows) for file in files[:2]])
        build_all(connection, project)
        assert not difference(contents(connection), rebuilt(connection, project), in_order(project))


class Interrupted(Exception):
    """What a run that is killed looks like from inside."""


class Counting:
    """A connection that dies at its n-th statement; without a number it only counts. Rolling back stays possible."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, dies_at: int | None = None) -> None:
        self.connection, self.dies_at, self.count = connection, dies_at, 0

    def execute(self, query: str, *parameters: Any) -> Any:
        """Run a statement, unless it is the last."""
        if not query.startswith("comment on"):
            self.count += 1
            if self.count == self.dies_at:
                raise Interrupted
        return self.connection.execute(query, *parameters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)


def dying(connection: duckdb.DuckDBPyConnection, project: Project, dies_at: int | None = None) -> int:
    """Build until the n-th statement; returns how many there were."""
    counting = Counting(connection, dies_at)
    with suppress(Interrupted):
        build_all(counting, project)  # type: ignore[arg-type]
    return counting.count


def interrupted_builds(drawn: Any, chances: Sequence[float]) -> None:
    """The builds after each load die somewhere, once by each chance; the one at the end does not."""
    files, parts = drawn
    with tempfile.TemporaryDirectory() as folder:
        project = canonical_project(Path(folder), shop_settings())
        statements = None
        for part in parts:
            with open_canonical(project, str(project.warehouse)) as connection:
                load_files(connection, project, part)
                if statements is None:
                    statements = dying(connection, project)
            for chance in chances:
                # The next run is another process: what was temporary is gone.
                with open_canonical(project, str(project.warehouse)) as connection:
                    dying(connection, project, 1 + int(chance * statements))
        with open_canonical(project, str(project.warehouse)) as connection:
            build_all(connection, project)
            assert not difference(contents(connection), built_at_once(files), in_order(project))


@pytest.mark.fuzz
@few(2)
@given(shops_and_loads(2), st.lists(st.floats(0, 0.999), min_size=1, max_size=2))
def test_a_build_that_died_anywhere_is_repaired_by_the_next(drawn: Any, chances: list[float]) -> None:
    interrupted_builds(drawn, chances)


@pytest.mark.fuzz
@many(examples(3, 10))
@given(shops_and_loads(3), st.lists(st.floats(0, 0.999), min_size=1, max_size=3))
def test_many_builds_that_died_anywhere_are_repaired_by_the_next(drawn: Any, chances: list[float]) -> None:
    interrupted_builds(drawn, chances)


TOUCHPOINTS = [{**rule.model_dump(by_alias=True), "event": rule.event} for rule in shop_settings().touchpoints]
OTHER_SETTINGS = {
    "a shorter timeout": {"sessions": {"timeout_minutes": 10}},
    "the tracker's own sessions": {"sessions": {"cut_by": "tracker"}},
    "another stage of a touchpoint": {
        "touchpoints": [
            {**rule, "stage": "cart" if rule["touchpoint"] == "product" else rule["stage"]} for rule in TOUCHPOINTS
        ]
    },
    "a stage less": {
        "stages": [stage.model_dump(by_alias=True) for stage in settings().stages if stage.id != "support"],
        "touchpoints": [
            {**rule, "stage": None if rule["stage"] == "support" else rule["stage"]} for rule in TOUCHPOINTS
        ],
    },
    "nobody is screened": {"screening": {"leave_out": False}},
    "devices are shared sooner": {"measures": {"identity_link_limit": 1}},
    "journeys end sooner": {"measures": {"identity_link_limit": 2, "inactivity_days": 1}},
    "another time zone": {"shop": {"name": "Test shop", "time_zone": "Asia/Tokyo", "currency": "EUR"}},
    "no persona": {"personas": []},
}


@pytest.mark.fuzz
@few(3)
@given(shops_and_loads(2), st.sampled_from(sorted(OTHER_SETTINGS)))
def test_other_settings_between_two_builds_are_a_full_build_with_them(drawn: Any, changed: str) -> None:
    files, parts = drawn
    other = shop_settings(**OTHER_SETTINGS[changed])
    with shop() as (project, connection):
        load_files(connection, project, parts[0])
        build_all(connection, project)
        for part in parts[1:]:
            load_files(connection, project, part)
        project = Project(project.journey_file, reading_canonical(other), project.exports_folder, project.output)
        write_settings(connection, project.settings)
        build_all(connection, project)
        assert not difference(contents(connection), built_at_once(files, other), in_order(project)), changed


@pytest.mark.fuzz
def test_other_settings_and_back_again() -> None:
    first, second = TELLING
    with shop() as (project, connection):
        load_files(connection, project, [*first, *second])
        build_all(connection, project)
        wanted = contents(connection)
        for sections in (OTHER_SETTINGS["a shorter timeout"], {}):
            write_settings(connection, reading_canonical(shop_settings(**sections)))
            build_all(connection, project)
        assert not difference(contents(connection), wanted, in_order(project))


@pytest.mark.fuzz
@few(2)
@given(shops_and_loads(2), st.sampled_from(["c1", "c2", "c3", "c6"]))
def test_forgetting_somebody_between_two_builds_is_a_full_build_without_them(drawn: Any, customer: str) -> None:
    _, parts = drawn
    with tempfile.TemporaryDirectory() as folder:
        project = canonical_project(Path(folder), shop_settings())
        with open_canonical(project, str(project.warehouse)) as connection:
            load_files(connection, project, parts[0])
            build_all(connection, project)
        # Who is not there is not remembered: nothing is changed.
        assume(not forget_people(project, [("customer", customer)]).unknown)
        with open_canonical(project, str(project.warehouse)) as connection:
            build_all(connection, project)
            assert not difference(contents(connection), rebuilt(connection, project), in_order(project))
            assert not rows(connection, f"from journeys.identities where identifier = 'customer:{customer}'")
            for part in parts[1:]:
                load_files(connection, project, part, may_reject=True)
                build_all(connection, project)
            assert not difference(contents(connection), rebuilt(connection, project), in_order(project))
            assert not rows(connection, f"from journeys.identities where identifier = 'customer:{customer}'")


@pytest.mark.fuzz
@few(2)
@given(shops_and_loads(2), st.data())
def test_a_file_written_again_in_its_place_is_a_full_build_of_what_is_there_then(drawn: Any, data: Any) -> None:
    _, parts = drawn
    with shop() as (project, connection):
        for part in parts:
            load_files(connection, project, part)
            build_all(connection, project)
        everything = [file for part in parts for file in part]
        again = data.draw(st.sampled_from(everything))
        kept = tuple(data.draw(st.lists(st.sampled_from(again.rows), min_size=1, unique_by=repr)))
        load_files(connection, project, [File(again.export, again.number, kept)])
        build_all(connection, project)
        assert not difference(contents(connection), rebuilt(connection, project), in_order(project))


def click(who: dict[str, str], seconds: float, name: str, number: int, **more: Any) -> dict[str, Any]:
    """An event with an id of its own."""
    return {"event_id": f"e{number:03d}", "event_name": name, "occurred_at": at(seconds), **who, **more}


def bought(order_id: str, seconds: float, **more: Any) -> dict[str, Any]:
    """An order of one line."""
    line = {"row_key": "line 1", "quantity": 1, "unit_price": "10", "subtotal": "10", "total": "10"}
    return {"order_id": order_id, "ordered_at": at(seconds), **line, **more}


def answered(answer_id: str, seconds: float, **more: Any) -> dict[str, Any]:
    """An answer to a survey on 1–5."""
    scale = {"scale_low": 1, "scale_high": 5, "satisfied_from": 4, "score": 5}
    return {"answer_id": answer_id, "survey": "review", "answered_at": at(seconds), **scale, **more}


LAPTOP, PHONE, TABLET = ({"anonymous_id": name} for name in ("laptop", "phone", "tablet"))
CARLA, DAVID = {"customer_id": "c1"}, {"customer_id": "c2"}
ROBOT = {"anonymous_id": "robot", "customer_id": "c7"}
TELLING: tuple[list[File], list[File]] = (
    [
        File("events", 1, (
            click(LAPTOP | CARLA, 0, "product", 1), click(LAPTOP | CARLA, 60, "add", 2, product_id="mug", price="10"),
            click(PHONE, HOUR, "landing", 3), click(PHONE, HOUR + 60, "checkout", 4),
            click(TABLET | DAVID, 0, "product", 5), click(TABLET | DAVID, 2 * DAY, "add", 6, price="5"),
            click(ROBOT, 0, "landing", 7),
        )),
        File("order_rows", 1, (
            bought("#1", 2 * HOUR, **CARLA), bought("#2", 3 * DAY, **DAVID), bought("#4", DAY, customer_id="c7"),
        )),
        File("contacts", 1, ({"contact_id": "x1", "country": "FR", **CARLA},)),
        File("feedback", 1, (answered("a1", 4 * DAY, order_id="#3"), answered("a2", 3 * DAY, **DAVID))),
        File("tickets", 1, ({"ticket_id": "t1", "created_at": at(DAY), **DAVID},)),
        File("deals", 1, ({"deal_id": "s1", "created_at": at(DAY), "is_won": False, **CARLA},)),
    ],
    [
        # The phone logs in: it is Carla's. Order 1 is refunded, order 3 was David's; an event comes late. Somebody is
        # a robot; David's tablet reloads its page for hours.
        File("events", 2, (
            click(PHONE | CARLA, 5 * DAY, "product", 8, attributes=[
                {"attribute": "plan", "said": "pro"}, {"attribute": "size", "said": "L"},
            ]),
            click(TABLET | DAVID, 20 * 60, "add", 9, product_id="bowl"),
            *(click(ROBOT, n, "landing", 20 + n) for n in range(8)),
            *(click(TABLET | DAVID, 6 * DAY + n * 20 * 60, "failed", 30 + n) for n in range(7)),
        )),
        File("order_rows", 2, (
            bought("#1", 2 * HOUR, refunded="10", delivered_at=at(4 * DAY), **CARLA), bought("#3", 40 * DAY, **DAVID),
        )),
        File("contacts", 2, ({"contact_id": "x1", "country": "DE", "created_at": at(DAY), **CARLA},)),
        File("tickets", 2, ({"ticket_id": "t1", "created_at": at(DAY), "solved_at": at(2 * DAY), **DAVID},)),
        File("deals", 2, (
            {"deal_id": "s1", "created_at": at(DAY), "closed_at": at(9 * DAY), "is_won": True, **CARLA},
        )),
    ],
)  # fmt: skip
"""A second load that changes something in every table that is computed by person."""


@pytest.mark.fuzz
def test_what_belongs_to_nobody_is_refreshed_too() -> None:
    first = [File("feedback", 1, (answered("a1", DAY, order_id="#unknown"),))]
    second = [
        File("feedback", 2, (answered("a2", 2 * DAY), answered("a3", 2 * DAY, customer_id="null"))),
        File("events", 1, (click({"anonymous_id": "0"}, 0, "product", 1),)),
    ]
    refreshed_after_every_load([*first, *second], [first, second])


@pytest.mark.fuzz
def test_the_second_load_may_come_first() -> None:
    first, second = TELLING
    refreshed_after_every_load([*first, *second], [second, first])


def test_the_second_load_merges_two_people_and_restates_an_order() -> None:
    first, second = TELLING
    with shop() as (project, connection):
        load_files(connection, project, first)
        build_all(connection, project)
        whose = "select count(distinct person_id) from journeys.identities where identifier in "
        carlas = f"{whose} ('anonymous:laptop', 'anonymous:phone', 'customer:c1')"
        assert rows(connection, carlas) == [(2,)]
        load_files(connection, project, second)
        build_all(connection, project)
        assert rows(connection, carlas) == [(1,)]
        assert rows(connection, "select net_revenue, is_void from journeys.order_sessions where order_id = '#1'") == [
            (0, True)
        ]
        assert rows(connection, "select attached_to from journeys.survey_answers where answer_id = 'a1'") == [
            ("order",)
        ]
        assert not difference(contents(connection), built_at_once([*first, *second]), in_order(project))


def test_the_first_tracker_session_adds_its_variant_to_everybodys_sessions() -> None:
    """Of whom the load says nothing, too: before it no variant by the tracker's ids was compared."""
    files = [
        File("events", 1, (event_of("a", 1, 0.0), event_of("a", 2, 2 * HOUR))),
        File("events", 2, (event_of("b", 3, 0.0, tracker_session_id="s1"),)),
    ]
    refreshed_after_every_load(files, [[file] for file in files])


def test_an_account_that_many_use_is_on_its_own_with_each_of_them() -> None:
    """What one of them does changes no attempt of the others, who bought by the same account on the same day."""
    using = [{"customer_id": "everybody", "email_hash": f"h{n}"} for n in range(3)]
    files = [
        File("order_rows", 1, tuple(bought(f"#{n}", n * HOUR, **who) for n, who in enumerate(using))),
        File("events", 1, tuple(click({"email_hash": f"h{n}"}, n * HOUR, "product", n) for n in range(3))),
        File("events", 2, (click({"email_hash": "h0"}, 2 * DAY, "product", 9),)),
    ]
    with shop() as (project, connection):
        for part in (files[:2], files[2:]):
            load_files(connection, project, part)
            build_all(connection, project)
        of_account = "where funnel_id = 'large' and identifier = 'customer:everybody' order by all"
        select = f"select person_id, entered_at from journeys.unstitched_attempts {of_account}"
        assert len(rows(connection, f"select distinct person_id from ({select})")) == 3
        assert sorted(entered_at for _, entered_at in rows(connection, select)) == [at(n * HOUR) for n in range(3)]
        assert not difference(contents(connection), built_at_once(files), in_order(project))
        assert not of_two_keys(connection, project)


def event_of(who: str, number: int, seconds: float, **fields: Any) -> dict[str, Any]:
    """A page that a device sees."""
    said = {"event_id": f"e{number}", "event_name": "product", "occurred_at": at(seconds), "anonymous_id": who}
    return said | fields


@pytest.mark.fuzz
def test_a_restated_row_touches_its_person_though_no_event_is_new() -> None:
    # Five people with a visit and one row of another kind each: what one of them touches hides nothing of the others.
    bought_by, asked_by, dealt_with, known, answered_by = ({"customer_id": f"c{n}"} for n in range(11, 16))
    visits = [bought_by, asked_by, dealt_with, known, answered_by]
    first = [
        File("events", 1, tuple(click(who, n * HOUR, "product", n) for n, who in enumerate(visits))),
        File("order_rows", 1, (bought("#1", DAY, **bought_by),)),
        File("tickets", 1, ({"ticket_id": "t1", "created_at": at(DAY), **asked_by},)),
        File(
            "deals", 1, ({"deal_id": "s1", "created_at": at(DAY), "closed_at": at(DAY), "amount": "5", **dealt_with},)
        ),
        File("contacts", 1, ({"contact_id": "x1", "created_at": at(DAY), **known},)),
        File("feedback", 1, (answered("a1", DAY, **answered_by),)),
    ]
    second = [
        File("order_rows", 2, (bought("#1", DAY, delivered_at=at(3 * DAY), **bought_by),)),
        File("tickets", 2, ({"ticket_id": "t1", "created_at": at(DAY), "solved_at": at(2 * DAY), **asked_by},)),
        File("deals", 2, ({"deal_id": "s1", "created_at": at(2 * DAY), "amount": "7", **dealt_with},)),
        File("contacts", 2, ({"contact_id": "x1", "created_at": at(DAY), "lifecycle_stage": "lead", **known},)),
        File("feedback", 2, (answered("a1", 2 * DAY, **answered_by),)),
    ]
    refreshed_after_every_load([*first, *second], [first, second])


def by_person(project: Project) -> list[str]:
    """The tables that are computed person by person."""
    return [model.table for model in all_models(project) if model.keyed_by == "person_id"]


@pytest.mark.fuzz
def test_a_refresh_that_did_nothing_would_be_seen_in_every_table_by_person() -> None:
    first, second = TELLING
    with shop() as (project, connection):
        load_files(connection, project, first)
        build_all(connection, project)
        stale, wanted = contents(connection), built_at_once([*first, *second])
        tables = by_person(project)
        assert len(tables) >= 5
        assert [table for table in tables if not difference({**wanted, table: stale[table]}, wanted)] == []


@pytest.mark.fuzz
def test_one_wrong_row_in_any_table_would_be_seen() -> None:
    first, second = TELLING
    with shop() as (project, connection):
        load_files(connection, project, [*first, *second])
        build_all(connection, project)
        wanted = contents(connection)
        filled = [table for table, (_, found) in wanted.items() if found]
        assert len(filled) > 30
        for table in filled:
            changes: list[Callable[[list[str]], list[str]]] = [
                lambda found: found[1:],
                lambda found: [*found, found[0]],
                lambda found: [found[0] + " ", *found[1:]],
            ]
            columns, found = wanted[table]
            for change in changes:
                seen = difference({**wanted, table: (columns, change(found))}, wanted, in_order(project))
                assert seen.startswith(table), (table, seen)
        connection.execute(
            "update journeys.sessions set duration_seconds = duration_seconds + 1e-12 where view_count > 0"
        )
        assert difference(contents(connection), wanted, in_order(project)).startswith("journeys.sessions")


def touched_by_the_second_build(second: Sequence[File]) -> dict[str, int | None]:
    """Of each table computed by person how many people the build after a second load touched."""
    first, _ = TELLING
    with shop() as (project, connection):
        load_files(connection, project, first)
        build_all(connection, project)
        if second:
            load_files(connection, project, second)
        refreshed = build_all(connection, project)
        return {found.table: found.touched for found in refreshed if found.table in by_person(project)}


def test_a_refresh_without_new_rows_touches_nobody() -> None:
    touched = touched_by_the_second_build([])
    assert len(touched) >= 5 and set(touched.values()) == {0}


@pytest.mark.fuzz
def test_a_refresh_touches_whom_the_new_rows_name_and_nobody_else() -> None:
    touched = touched_by_the_second_build([File("events", 2, (click(TABLET | DAVID, 9 * DAY, "landing", 50),))])
    assert touched["journeys.touchpoints"] == touched["journeys.sessions"] == 1
    assert max(count for count in touched.values() if count is not None) == 1 and None not in touched.values()


@pytest.mark.fuzz
def test_a_crm_that_exports_every_contact_again_touches_whose_contact_is_another_only() -> None:
    known = {"contact_id": "x1", "country": "FR", **CARLA}
    with shop() as (project, connection):
        load_files(connection, project, [*TELLING[0], File("contacts", 2, ({"contact_id": "x2", **DAVID},))])
        build_all(connection, project)
        load_files(connection, project, [File("contacts", 3, (known, {"contact_id": "x2", "country": "DE", **DAVID}))])
        noted = "select distinct key from refresh_log.touched where table_name = 'raw.contacts'"
        assert rows(connection, noted) == [("x2",)]
        touched = {found.table: found.touched for found in build_all(connection, project)}
        assert touched["staging.contacts"] == touched["journeys.people"] == 1
        assert rows(connection, "select contact_id, country from staging.contacts order by 1") == [
            ("x1", "FR"), ("x2", "DE"),
        ]  # fmt: skip


@pytest.mark.fuzz
def test_the_rows_of_whom_nothing_touched_are_not_computed_again_unless_all_are() -> None:
    first, _ = TELLING
    marked = "select count(*) filter (where exit_path = 'marked'), count(*) from journeys.sessions where person_id in "
    his, hers = (
        f"(select person_id from journeys.identities where identifier = 'customer:{customer}')"
        for customer in ("c2", "c1")
    )
    with shop() as (project, connection):
        load_files(connection, project, first)
        build_all(connection, project)
        connection.execute("update journeys.sessions set exit_path = 'marked'")
        load_files(connection, project, [File("events", 2, (click(TABLET | DAVID, 9 * DAY, "landing", 50),))])
        build_all(connection, project)
        assert rows(connection, marked + his) == [(0, 3)]
        assert rows(connection, marked + hers) == [(1, 1)]
        build_all(connection, project, full_refresh=True)
        assert rows(connection, marked + hers) == [(0, 1)]

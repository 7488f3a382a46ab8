"""What changed since the last report: matured values that moved, each with its causes, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
from canonical_shops import File, canonical_project, load_files, open_canonical, reading_canonical
from given import START, event, examples, order, rows
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as budget
from random_shops import shop_settings, shops_and_loads

from parcours.loading.settings_tables import write_settings
from parcours.project import Project
from parcours.settings.schema import JourneySettings
from parcours.tables.catalogue import build_all
from parcours.tables.gate import compare_with_last_report
from parcours.warehouse.published import write_published

Value = tuple[float, int]
"""Numerator and denominator."""

HOUR, DAY = 3600, 86_400
COMPARED = ("metrics.kpi_daily", "metrics.kpi_cut_off", "journeys.quarantined_sessions", "staging.currency_rates")
"""And what they read: all that the comparison needs."""


@dataclass
class Reports:
    """A shop that is reported on after each load."""

    project: Project
    connection: duckdb.DuckDBPyConnection

    def report(self, files: Iterable[File] = (), shop: JourneySettings | None = None) -> list[tuple[Any, ...]]:
        """Load, build, compare and publish; what changed, as (kpi, day of the month, cause, numerator, denominator)."""
        if shop:
            self.project = Project(
                self.project.journey_file, reading_canonical(shop), self.project.exports_folder, self.project.output
            )
            write_settings(self.connection, self.project.settings)
        load_files(self.connection, self.project, files)
        build_all(self.connection, self.project, COMPARED)
        self.publish()
        return rows(
            self.connection,
            "select kpi, day(happened_on), cause, numerator_change, denominator_change from metrics.restatements "
            "where not starts_with(kpi, 'step_conversion') and not starts_with(kpi, 'stage_passage') order by all",
        )

    def publish(self) -> None:
        """Compare with what is published, and publish."""
        compare_with_last_report(self.connection, self.project)
        write_published(self.connection, self.project.published)


@pytest.fixture
def reports(tmp_path: Path) -> Reports:
    project = canonical_project(tmp_path, shop_settings())
    return Reports(project, open_canonical(project))


def seen(number: int, who: str, when: float, name: str = "product", **more: Any) -> dict[str, Any]:
    """An event, as a line of an export."""
    return {"event_id": f"e{number}", **event(who, when, name, **more)}


def events(number: int, *found: dict[str, Any]) -> File:
    """A file of the click-stream."""
    return File("events", number, found)


FIRST = (
    events(1, seen(1, "a", 0, order_id="o1"), seen(2, "b", HOUR), seen(3, "c", 30 * DAY)),
    File("order_rows", 1, (order("o1", 600), order("o9", 30 * DAY, anonymous_id="z"))),
)
"""Two visits on January 5, one with an order, and what makes that day matured."""


def test_nothing_is_listed_where_nothing_of_a_matured_day_arrived(reports: Reports) -> None:
    assert reports.report(FIRST) == []
    assert rows(reports.connection, "from metrics.report_before") == [(False, None, None, None, None)]
    assert reports.report([events(2, seen(4, "a", 31 * DAY))]) == []
    until = START + timedelta(days=30)
    assert rows(reports.connection, "select * exclude matured_count from metrics.report_before") == [
        (True, until, 0, 1)
    ]


def test_a_late_row_is_the_cause_of_what_its_person_did(reports: Reports) -> None:
    reports.report(FIRST)
    assert reports.report([events(2, seen(4, "d", 2 * HOUR))]) == [("conversion", 5, "late rows", 0, 1)]
    value = "select value_before, value_now, attempt_count from metrics.restatements where kpi = 'conversion'"
    assert rows(reports.connection, value) == [(1 / 2, 1 / 3, 1)]
    # Publishing again what was published leaves what is said.
    assert reports.report() == [("conversion", 5, "late rows", 0, 1)]


def test_a_restated_order_is_the_cause_of_its_value(reports: Reports) -> None:
    reports.report(FIRST)
    newer = (order("o1", 600, value=25), order("o10", 31 * DAY))
    assert reports.report([File("order_rows", 2, newer)]) == [("net_order_value", 5, "restated orders", 15, 0)]


def test_a_login_that_makes_two_people_one_is_an_identity_link(reports: Reports) -> None:
    # Two visits an hour apart are one when both devices are one person's, and the session timeout allows it.
    first = (events(1, seen(1, "a", 0), seen(2, "b", 600), seen(3, "c", 30 * DAY)), FIRST[1])
    reports.report(first)
    logins = [seen(4, "a", 31 * DAY, customer_id="c1"), seen(5, "b", 32 * DAY, customer_id="c1")]
    assert reports.report([events(2, *logins)]) == [("conversion", 5, "identity links", 0, -1)]


@pytest.mark.fuzz
def test_a_bot_that_is_found_out_takes_its_visits_along(reports: Reports) -> None:
    reports.report(FIRST)
    quick = [seen(10 + n, "b", 31 * DAY + n) for n in range(7)]
    assert reports.report([events(2, *quick)]) == [("conversion", 5, "screening", 0, -1)]


def test_settings_and_sql_are_causes_where_nothing_else_is(reports: Reports) -> None:
    reports.report(FIRST)
    sooner = shop_settings(measures={"identity_link_limit": 2, "inactivity_days": 30, "attribution_hours": 0.1})
    assert reports.report(shop=sooner) == [("conversion", 5, "settings", -1, 0)]
    # As if the SQL of then had counted neither visit.
    reports.report()
    version = "update refresh_log.reported set version = 'other' where table_name = 'metrics.kpi_attempts'"
    reports.connection.execute(version)
    with duckdb.connect(str(_writable(reports.project.published))) as published:
        published.execute("delete from metrics.kpi_attempts where kpi = 'conversion' and numerator = 0")
        published.execute("update metrics.kpi_daily set denominator = denominator - 2 where kpi = 'conversion'")
    assert reports.report() == [("conversion", 5, "SQL", 0, 2)]


def test_whom_a_report_must_forget_leaves_a_move_without_attempts(reports: Reports) -> None:
    reports.report(FIRST)
    with duckdb.connect(str(_writable(reports.project.published))) as published:
        published.execute("delete from metrics.kpi_attempts where kpi = 'conversion' and numerator = 0")
    reports.connection.execute("delete from raw.events where event_id = 'e2'")
    reports.connection.execute("delete from refresh_log.tables where not starts_with(table_name, 'raw.')")
    assert reports.report() == [("conversion", 5, "forgotten people", 0, -1)]


@pytest.mark.fuzz
def test_a_last_report_of_another_version_is_not_compared(reports: Reports) -> None:
    reports.report(FIRST)
    with duckdb.connect(str(_writable(reports.project.published))) as published:
        published.execute("drop table metrics.kpi_cut_off")
    assert reports.report([events(2, seen(4, "d", 2 * HOUR))]) == []
    assert rows(reports.connection, "from metrics.report_before") == [(False, None, None, None, None)]


def _writable(path: Path) -> Path:
    path.chmod(0o600)
    return path


Days = dict[tuple[str, date], Value]


def matured_days(published: Path) -> tuple[Days, dict[str, tuple[date, date]]]:
    """What a report says of each figure and day, and the days that it has as matured."""
    with suppress(duckdb.IOException), duckdb.connect(str(published), read_only=True) as connection:
        days = rows(connection, "select kpi, happened_on, numerator, denominator from metrics.kpi_daily")
        spans = rows(connection, "select kpi, first_on, last_on from metrics.kpi_cut_off")
        return {(kpi, day): (n, d) for kpi, day, n, d in days}, {kpi: (first, last) for kpi, first, last in spans}
    return {}, {}


def moves(before: Days, spans: dict[str, tuple[date, date]], now: Days) -> Days:
    """The second count: subtracting each day's sums."""
    found = {}
    for kpi, day in before.keys() | now.keys():
        numerator, denominator = before.get((kpi, day), (0, 0))
        change = (now.get((kpi, day), (0, 0))[0] - numerator, now.get((kpi, day), (0, 0))[1] - denominator)
        if kpi in spans and spans[kpi][0] <= day <= spans[kpi][1] and change != (0, 0):
            found[kpi, day] = (round(change[0], 2), change[1])
    return found


@pytest.mark.fuzz
@pytest.mark.random
@budget(max_examples=examples(1, 40), deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(shops_and_loads(at_most=4))
def test_the_causes_of_a_day_add_up_to_its_move(found: tuple[list[File], list[list[File]]]) -> None:
    with TemporaryDirectory() as folder:
        project = canonical_project(Path(folder), shop_settings())
        with open_canonical(project) as connection:
            reports = Reports(project, connection)
            for load in found[1]:
                before, spans = matured_days(project.published)
                reports.report(load)
                now, _ = matured_days(project.published)
                summed = rows(
                    connection,
                    "select kpi, happened_on, round(sum(numerator_change), 2), sum(denominator_change) "
                    "from metrics.restatements group by all",
                )
                by_cause = {(kpi, day): (n, d) for kpi, day, n, d in summed if (n, d) != (0, 0)}
                assert by_cause == moves(before, spans, now)
                causes = {cause for (cause,) in rows(connection, "select cause from metrics.restatements")}
                assert causes <= {"late rows", "restated orders", "restated records", "identity links", "screening",
                                  "outage days", "known span"}  # fmt: skip

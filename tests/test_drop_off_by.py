"""Drop-off by segment, day and week: by hand, and adding up to the whole on the sample."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import duckdb
import pytest
from given import at, event, rows, settings, warehouse

DAY = 86400.0


@pytest.fixture(scope="module")
def built() -> duckdb.DuckDBPyConnection:
    """Two days of a week and one of the next; a window of a day. u comes by a campaign, v without one."""
    steps = [{"touchpoint": name} for name in ("landing", "product", "add")]
    by_mail = {"campaign_medium": "email", "campaign_name": "spring"}
    return warehouse(
        events=[
            event("u", 0, "landing", device="mobile", **by_mail),
            event("u", 10, "product", device="mobile"),
            event("u", DAY, "landing", device="desktop"),
            event("u", DAY + 10, "product", device="desktop"),
            event("u", DAY + 20, "add", device="desktop"),
            event("v", 30, "landing", device="mobile"),
            event("v", 7 * DAY, "landing", device="mobile"),
            event("v", 7 * DAY + 9, "product", device="mobile"),
            event("w", 29 * DAY, "landing", device="desktop"),
        ],
        build=["metrics.funnel_by_segment", "metrics.funnel_by_day", "metrics.funnel_by_week", "metrics.funnel_steps"],
        shop=settings(funnels=[{"id": "f", "name": "F", "window_days": 1, "steps": steps}]),
        known_until=at(30 * DAY),
    )


def test_an_attempt_in_one_row(built: duckdb.DuckDBPyConnection) -> None:
    assert rows(
        built,
        "select entered_on - date '2026-01-05', device, channel, campaign, new_or_returning, furthest_label, outcome, "
        "is_best from metrics.funnel_attempts order by entered_at",
    ) == [
        (0, "mobile", "e-mail", "spring", "new", "product", "dropped", False),
        (0, "mobile", "direct", None, "new", "landing", "dropped", False),
        (1, "desktop", "direct", None, "returning", "add", "converted", True),
        (7, "mobile", "direct", None, "returning", "product", "dropped", True),
        (29, "desktop", "direct", None, "new", "landing", "open", True),
    ]


def counts(built: duckdb.DuckDBPyConnection, table: str, cell: str) -> list[tuple[Any, ...]]:
    """Per cell and step: entered, reached, dropped, open."""
    return rows(
        built,
        f"select {cell}, step_number, entered_count, reached_count, dropped_count, open_count from metrics.{table} "
        "where funnel_id = 'f' order by all",
    )


def test_by_segment_a_unit_stands_where_its_best_attempt_entered(built: duckdb.DuckDBPyConnection) -> None:
    found = counts(built, "funnel_by_segment", "dimension, value")
    assert [one for one in found if one[0] == "device"] == [
        ("device", "desktop", 1, 1, 1, 0, 1),
        ("device", "desktop", 2, 1, 1, 0, 0),
        ("device", "desktop", 3, 1, 1, 0, 0),
        ("device", "mobile", 1, 1, 1, 0, 0),
        ("device", "mobile", 2, 1, 1, 0, 0),
        ("device", "mobile", 3, 1, 0, 1, 0),
    ]
    assert {one[1] for one in found if one[0] == "campaign"} == {"not known"}
    assert {one[1] for one in found if one[0] == "new or returning"} == {"new", "returning"}


def test_by_day_attempts_count_and_by_week_units(built: duckdb.DuckDBPyConnection) -> None:
    day = counts(built, "funnel_by_day", "entered_on - date '2026-01-05'")
    assert day[:6] == [
        (0, 1, 2, 2, 0, 0),
        (0, 2, 2, 1, 1, 0),
        (0, 3, 2, 0, 1, 0),
        (1, 1, 1, 1, 0, 0),
        (1, 2, 1, 1, 0, 0),
        (1, 3, 1, 1, 0, 0),
    ]
    assert day[-3:] == [(29, 1, 0, 0, 0, 1), (29, 2, 0, 0, 0, 0), (29, 3, 0, 0, 0, 0)]
    week = counts(built, "funnel_by_week", "week_on - date '2026-01-05'")
    assert week[:3] == [(0, 1, 2, 2, 0, 0), (0, 2, 2, 1, 1, 0), (0, 3, 2, 1, 0, 0)]


SUMS = "sum(entered_count), sum(reached_count), sum(dropped_count), sum(open_count), sum(uncovered_count)"


def test_segments_add_up_to_the_headline_and_days_to_the_attempts(published_sample: Path) -> None:
    with duckdb.connect(str(published_sample), read_only=True) as connection:
        dimensions = rows(connection, "select distinct dimension from metrics.funnel_by_segment")
        assert {"device", "channel", "campaign", "country", "new or returning"} <= {one for (one,) in dimensions}
        whole = rows(
            connection,
            "select funnel_id, step_number, entered_count, reached_count, dropped_count, open_count, uncovered_count "
            "from metrics.funnel_steps order by all",
        )
        for (dimension,) in dimensions:
            parts = f"select funnel_id, step_number, {SUMS} from metrics.funnel_by_segment where dimension = $d"
            found = connection.execute(f"{parts} group by all order by all", {"d": dimension}).fetchall()
            assert [one for one in found if one[0] != "map:stages"] == whole, dimension
            # A stage loses before the next one what the map says it loses: there it is "got no further".
            lost = (
                "select lag(dropped_count) over (order by stage_position), matured_count from metrics.stage_drop_off "
            )
            stages = rows(connection, f"{lost} where is_required and is_measured order by stage_position")
            of_map = [(one[4], one[3]) for one in found if one[0] == "map:stages"]
            assert of_map == [(dropped or 0, matured) for dropped, matured in stages], dimension
        attempts = rows(
            connection,
            "select funnel_id, count(*) filter (where is_matured), count(*) filter (where state = 'open') "
            "from metrics.funnel_attempts group by 1 order by 1",
        )
        by_day = "from metrics.funnel_by_day where step_number = 1 group by 1 order by 1"
        assert rows(connection, f"select funnel_id, sum(entered_count), sum(open_count) {by_day}") == attempts
        # The page's weeks leave days without tracking out; of the others they are these.
        differ = """
            select count(*) from metrics.kpi_weekly as kpis inner join settings.kpis as known using (kpi)
            inner join metrics.funnel_by_week as weeks
                on weeks.funnel_id = known.funnel_id and weeks.step_number = known.step_number
                and weeks.week_on = kpis.week_on
            where (kpis.numerator, kpis.denominator)
                is distinct from (weeks.reached_count, weeks.reached_count + weeks.dropped_count)
                and not exists (
                    select 1 from metrics.outage_days
                    where outage = 'tracking' and date_trunc('week', outage_on) = weeks.week_on
                )
        """
        assert rows(connection, differ) == [(0,)]


def test_stages_by_segment_add_up_to_the_map_and_tell_no_small_cell(published_sample: Path) -> None:
    with duckdb.connect(str(published_sample), read_only=True) as connection:
        cells = rows(
            connection,
            "select dimension, stage, value, matured_count, dropped_count, is_left_out "
            "from metrics.stage_drop_off_by_segment",
        )
        whole = rows(connection, "select stage, matured_count, dropped_count from metrics.stage_drop_off")
        small = rows(connection, "select small_cell from settings.shop")[0][0]
    on_map = {stage: (matured, dropped) for stage, matured, dropped in whole if dropped is not None}
    by_stage = defaultdict(list)
    for dimension, stage, value, *counts in cells:
        by_stage[dimension, stage].append((value, *counts))
    assert {"device", "channel", "campaign", "country", "new or returning", "month"} <= {of for of, _ in by_stage}
    for (dimension, stage), found in by_stage.items():
        rest = on_map[stage][0] - sum(one[1] for one in found)  # in months that are not matured
        if dimension != "month":
            assert (rest, sum(one[2] for one in found)) == (0, on_map[stage][1])
        few = sorted((one[1], one[0]) for one in found if 0 < one[1] < small)
        others = sorted((one[1], one[0]) for one in found if one[1] >= small)
        are_few = 0 < sum(count for count, _ in few) + rest < small
        hidden = {value for _, value in (few + others[:1] if are_few else few)}
        assert {one[0] for one in found if one[3]} == hidden, (dimension, stage)
    assert any(
        one[3] and one[1] >= small for found in by_stage.values() for one in found
    )  # a second one, in the sample


@pytest.mark.parametrize(("over", "found"), [(19, [("2026-01-01", 19, 1)]), (18, [])])
def test_a_month_is_compared_once_one_in_twenty_is_open(over: int, found: list[tuple[Any, ...]]) -> None:
    steps = [{"touchpoint": name} for name in ("landing", "product")]
    connection = warehouse(
        events=[*(event(f"u{number}", 0, "landing") for number in range(over)), event("w", 20 * DAY, "landing")],
        build=["metrics.matured_months"],
        shop=settings(funnels=[{"id": "f", "name": "F", "window_days": 1, "steps": steps}]),
        known_until=at(20.5 * DAY),
    )
    months = "select cast(month_on as text), matured_count, open_count from metrics.matured_months"
    assert rows(connection, f"{months} where funnel_id = 'f'") == found


def test_what_is_left_out_together_is_never_fewer_than_a_small_cell() -> None:
    """Of 5 on tablets and 6 on watches together, 11, the others would tell: the next larger segment is left out too."""
    devices = {"tablet": 5, "watch": 6, "mobile": 31, "desktop": 40}
    people = [f"{device} {number}" for device, count in devices.items() for number in range(count)]
    connection = warehouse(
        events=[event(who, 0, "landing", device=who.split()[0]) for who in people],
        build=["metrics.stage_drop_off_by_segment"],
        known_until=at(60 * DAY),
    )
    left_out = "select value from metrics.stage_drop_off_by_segment where is_left_out and stage = 'discovery'"
    assert rows(connection, f"{left_out} and dimension = 'device' order by 1") == [("mobile",), ("tablet",), ("watch",)]

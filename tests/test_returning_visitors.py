"""Shops in which nothing happened and visitors return: attempts by day of entry show nothing, best ones of all time do.

The attempts are made by the SQL of `journeys.attempt_steps`, over simulated touchpoints.
"""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from given import examples, settings, warehouse
from simulated_figures import two_errors_above

from parcours.engine.model import read_model
from parcours.inference.blocks import Change, DailyFigure, weeks_around
from parcours.inference.estimator import Estimate, estimate_changes
from parcours.project import ROOT
from parcours.tables.funnel_parts import funnel_parts

pytestmark = pytest.mark.statistics

SHOPS, NEW_A_DAY, RATE = examples(80, 150), 200, 0.4
WEEKS, GUARD, WARM_UP = 16, 1, 120
HORIZON = 1
START = date(2026, 1, 5)
DAYS = 7 * WEEKS + 2 * GUARD + HORIZON + 28
CHANGE = Change("nothing", START + timedelta(days=7 * WEEKS + GUARD + HORIZON))
BY_DAY = "select shop, entered_on, furthest_step = 2 as converted, person_id from attempts where step_number = 1"
OF_ALL_TIME = (
    f"{BY_DAY} qualify row_number() over (partition by person_id order by furthest_step desc, entered_at desc) = 1"
)


def visits(rng: np.random.Generator, returning: float, spread: float) -> pa.Table:
    """Visits to all shops: people who come for the first time, and then again and again with a probability.

    A person converts at each visit with a rate of their own, Beta with variance `spread` · p(1 − p).
    """
    new = rng.poisson(NEW_A_DAY, (SHOPS, DAYS + WARM_UP))
    shop, first = (place.repeat(new.ravel()) for place in (index.ravel() for index in np.indices(new.shape)))
    people = np.arange(len(first))
    size = 1 / spread - 1
    own_rate = rng.beta(RATE * size, (1 - RATE) * size, len(people))
    person, day = [people], [first.astype(float)]
    while len(person[-1]):
        again = rng.random(len(person[-1])) < returning
        person.append(person[-1][again])
        day.append(day[-1][again] + rng.exponential(14, int(again.sum())))
    whose, when = np.concatenate(person), np.concatenate(day) - WARM_UP
    seen = (when >= 0) & (when < DAYS)
    whose, when = whose[seen], when[seen]
    return pa.table(
        {"shop": shop[whose], "person": whose, "day": when, "buys": rng.random(len(whose)) < own_rate[whose]}
    )


def attempts(returning: float, spread: float) -> duckdb.DuckDBPyConnection:
    """A warehouse with `attempts`: those of journeys.attempt_steps, and whose shop they are."""
    shop = settings(
        funnels=[
            {"id": "f", "name": "F", "window_days": HORIZON, "steps": [{"touchpoint": n} for n in ("visit", "order")]}
        ],
        touchpoints=[{"touchpoint": n, "event": n, "stage": "discovery"} for n in ("visit", "order")],
    )
    connection = warehouse(build=["journeys.attempt_steps"], shop=shop)
    given = visits(np.random.default_rng(20_261_126), returning, spread)
    connection.register("given", given)
    connection.execute(
        "create temp table seen as select cast(shop as bigint) as shop, cast(person as text) as person_id, "
        f"timestamp '{START}' + to_microseconds(cast(day * 86400000000 as bigint)) as occurred_at, buys from given"
    )
    connection.execute(
        "insert into journeys.touchpoints by name select person_id || ' ' || occurred_at as touchpoint_id, person_id, "
        "occurred_at, 'visit' as touchpoint, 'discovery' as stage from seen union all by name "
        "select person_id || ' o ' || occurred_at as touchpoint_id, person_id, "
        "occurred_at + interval 1 second as occurred_at, 'order' as touchpoint, 'discovery' as stage "
        "from seen where buys"
    )
    model = read_model(ROOT / "sql" / "journeys" / "attempt_steps.sql", funnel_parts(2))
    connection.execute(
        f"create temp table attempts as select made.*, shops.shop from ({model.sql}) as made "
        "inner join (select distinct person_id, shop from seen) as shops using (person_id)"
    )
    return connection


def estimates(connection: duckdb.DuckDBPyConnection, counted: str) -> list[Estimate]:
    """What is concluded four weeks after the change that was none, in each shop."""
    before = f"entered_on < date '{CHANGE.starts_on}'"
    figures = connection.execute(
        f"with counted as ({counted}), daily as (select shop, entered_on, count(*) as n, "
        "count(*) filter (where converted) as x from counted group by all), "
        "rates as (select shop, avg(cast(converted as integer)) as p, count(*) as n from counted "
        f"where {before} group by shop), "
        "clusters as (select shop, person_id, sum(cast(converted as integer) - p) as off from counted "
        f"inner join rates using (shop) where {before} "
        "group by shop, person_id, date_trunc('week', entered_on)), "
        "effects as (select shop, greatest(sum(off * off) / max(p * (1 - p) * n), 1) as design_effect "
        "from clusters inner join rates using (shop) group by shop) "
        "select list(n order by entered_on), list(x order by entered_on), any_value(design_effect) "
        "from daily inner join effects using (shop) group by shop order by shop"
    ).fetchall()
    blocks = []
    for entered, converted, design_effect in figures:
        figure = DailyFigure(
            first_day=START,
            numerators=np.array(converted, float),
            denominators=np.array(entered, float),
            is_counted=np.ones(len(entered), bool),
            horizon=HORIZON,
            design_effect=design_effect,
        )
        last = CHANGE.starts_on + timedelta(days=GUARD + 27)
        blocks.append(weeks_around(figure, CHANGE, last, guard=GUARD).blocks)
    return estimate_changes(blocks)


def shares(found: list[Estimate]) -> tuple[float, float]:
    """Of the shops those with a p-value below 5 %, and of these those that look worse."""
    told = [estimate for estimate in found if estimate.p < 0.05]
    return len(told) / len(found), sum(estimate.estimate < 0 for estimate in told) / len(found)


@pytest.mark.parametrize(("returning", "spread"), [(0.3, 0.3), (0.5, 0.3), (0.5, 0.05)])
def test_who_returns_moves_no_attempt_by_day_of_entry(returning: float, spread: float) -> None:
    # 5 % of 150 shops and two standard errors are 9 %, 2.5 % are 5 %.
    connection = attempts(returning, spread)
    told, worse = shares(estimates(connection, BY_DAY))
    moved, moved_down = shares(estimates(connection, OF_ALL_TIME))
    print({"by day": (told, worse), "best of all time": (moved, moved_down)})
    assert told <= two_errors_above(0.05, SHOPS) and worse <= two_errors_above(0.025, SHOPS)
    assert moved_down > 2 * worse

"""How often a driver is told where there is none, and how often one that was planted is (make test-statistics).

Shops are simulated unit by unit and touchpoint by touchpoint; the sums and the test are the very SQL of the tables.
"""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest
from given import KEY, examples
from numpy.typing import NDArray
from simulated_figures import two_errors_above

from parcours.project import ROOT
from parcours.warehouse.connection import prepare

pytestmark = pytest.mark.statistics

SHOPS = examples(40, 200)
UNITS = 2500
ACTS = 30
NEVER = 10_000
SHAPES = {
    # How leaving and passing change from touchpoint to touchpoint, and with the length of the path before.
    "path length makes no difference": (0.10, 0.0, 0.15, 0.0, 0.0),
    "who does much drops less": (0.20, -0.012, 0.08, 0.012, -0.06),
    "who does much drops more": (0.04, 0.012, 0.25, -0.012, 0.06),
}
EXTRA = 1 / 3
"""Share of those who would have passed that a planted driver has drop: where 57 % drop anyhow, a lift of 1.25."""


def simulated(shape: str, seed: int, planted: str = "") -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of metrics.drop_off_risks and metrics.friction_trials of many shops, a funnel each.

    At each touchpoint a unit leaves, passes the step, or does something else, which is friction (a step back) one time
    in fifteen. One time in fifteen what it does fails first, and it does it again: an error that changes nothing.
    """
    quits, quits_by, passes, passes_by, by_length = SHAPES[shape]
    rng = np.random.default_rng(seed)
    count = SHOPS * UNITS
    length = np.minimum(rng.geometric(0.2, count), 40)
    device = rng.choice(["desktop", "mobile", "tablet"], count, p=[0.4, 0.5, 0.1])
    channel = rng.choice(["direct", "e-mail", "paid search", "social"], count, p=[0.4, 0.2, 0.2, 0.2])
    visitor = np.where(rng.random(count) < 0.6, "new", "returning")
    tendency = np.exp(by_length * np.minimum(length, 20))
    shop = np.repeat(np.arange(SHOPS), UNITS)

    slot, done = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    back, failed = np.full(count, NEVER), np.full(count, NEVER)
    has_passed, again, alive = np.zeros(count, bool), np.full(count, -1), np.ones(count, bool)
    for number in range(1, ACTS):
        leave = np.clip((quits + quits_by * done) * tendency, 0.02, 0.9)
        go_on = np.clip(passes + passes_by * done, 0.02, 1) * (1 - leave)
        drawn = rng.random(count)
        meant = np.where(drawn < leave, 0, np.where(drawn < leave + go_on, 1, 2))
        meant = np.where(again >= 0, again, meant)
        fails = alive & (again < 0) & (meant > 0) & (rng.random(count) < 1 / 15)
        failed = np.where(fails & (failed == NEVER), number, failed)
        again = np.where(fails, meant, -1)
        done += ~fails
        steps_back = alive & ~fails & (meant == 2) & (rng.random(count) < 1 / 15)
        back = np.where(steps_back & (back == NEVER), number, back)
        leaves = alive & ~fails & (meant == 0)
        if planted == "friction":
            leaves = leaves | (steps_back & (back == number) & (rng.random(count) < EXTRA))
        over = alive & ~fails & (meant == 1)
        has_passed |= over
        slot = np.where(alive & (meant > 0), number, slot)
        alive &= ~(over | leaves)
    is_dropped = ~has_passed
    if planted == "segment":
        is_dropped |= (channel == "social") & (rng.random(count) < EXTRA)
    frame = pd.DataFrame(
        {
            "funnel_id": shop.astype(str), "step_number": 2, "unit_id": np.arange(count).astype(str),
            "is_dropped": is_dropped, "entry_session_id": "", "path_length": length, "device": device,
            "channel": channel, "country": None, "persona": None, "new_or_returning": visitor,
            "campaign": rng.choice(["spring", "sale", "brand"], count),
            "product_id": rng.integers(1, 9, count).astype(str),
            # Who looks longer finds dearer things, and coupons.
            "price": np.where(rng.gamma(2, 20, count) + 2 * length > 50, "highest quarter", "lowest quarter"),
            "coupon": np.where(rng.random(count) < 0.02 * length, "used", "none"),
            "shipping_cost": None, "shipping_number": None, "payment_method": None, "payment_number": None,
        }
    )  # fmt: skip
    trials = pd.concat(
        [
            # Passing is no touchpoint at which one may step back; it is one that may fail.
            _trials(frame, "back_step", np.minimum(slot - has_passed, back), back),
            _trials(frame, "payment_failure", np.minimum(slot, failed), failed),
        ]
    )
    return frame, trials


def _trials(frame: pd.DataFrame, signal: str, last: NDArray[np.int64], met: NDArray[np.int64]) -> pd.DataFrame:
    """A row per touchpoint of each unit until it met the signal."""
    who = np.repeat(np.arange(len(frame)), last)
    number = np.arange(len(who)) - np.repeat(np.cumsum(last) - last, last) + 1
    columns = ["funnel_id", "step_number", "unit_id", "device", "new_or_returning", "is_dropped"]
    return frame[columns].iloc[who].assign(
        signal=signal, act_number=number, last_touchpoint="product", is_met=number == met[who]
    )  # fmt: skip


def told(risks: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """What each shop's table tells, and how many levels were tested."""
    connection = duckdb.connect()
    prepare(connection, KEY)
    sql = {name: (ROOT / f"sql/metrics/{name}.sql").read_text() for name in ("driver_cells", "drop_off_drivers")}
    for schema in ("metrics", "settings", "journeys"):
        connection.execute(f"create schema if not exists {schema}")
    texts = (
        "country text, persona text, payment_method text, shipping_cost text, payment_number bigint, "
        "shipping_number bigint"
    )
    named = ", ".join(one for one in risks if one not in texts)
    nulls = ", ".join(f"cast(null as {one.split()[1]}) as {one.split()[0]}" for one in texts.split(", "))
    connection.execute(f"create table all_risks as select {named}, {nulls} from risks")
    connection.execute("create table metrics.friction_trials as select * from trials")
    connection.execute("create table settings.shop as select 30 as small_cell")
    connection.execute("create table metrics.order_value as select 50.0 as average_order_value")
    connection.execute("create table journeys.session_segments (session_id text, dimension text, value text)")
    connection.execute("create view metrics.drop_off_risks as from all_risks")
    connection.execute(f"create table all_cells as {sql['driver_cells']}")
    connection.execute(
        "create table metrics.drop_off_steps as "
        "select distinct funnel_id, step_number, 'Step' as step_label from all_risks"
    )
    found = []
    for shop in range(SHOPS):
        for view, table in (("driver_cells", "all_cells"), ("drop_off_risks", "all_risks")):
            connection.execute(f"create or replace view metrics.{view} as from {table} where funnel_id = '{shop}'")
        found.append(connection.execute(sql["drop_off_drivers"]).df())
    return pd.concat(found)


@pytest.mark.parametrize("shape", SHAPES)
def test_where_nothing_sets_droppers_apart_nothing_is_told(shape: str) -> None:
    """At most 5 % of shops have any driver at all, of some thirty that are tested (drivers are told at 4 %)."""
    found = told(*simulated(shape, 31))
    tested = found[found["p"].notna()]
    assert tested.groupby("funnel_id").size().min() >= 20
    assert {"back_step", "payment_failure"} <= {*tested["level"]}
    share = tested.groupby("funnel_id")["is_told"].any().mean()
    print(shape, share, tested.groupby("factor")["lift"].median().to_dict())
    assert share <= two_errors_above(0.05, SHOPS)
    friction = tested[tested["factor"] == "friction"]
    assert friction.groupby("level")["lift"].median().between(0.95, 1.05).all()
    held = (friction["difference_low"] <= 0) & (friction["difference_high"] >= 0)
    assert held.mean() >= 0.92


@pytest.mark.parametrize(("planted", "level"), [("segment", "social"), ("friction", "back_step")])
def test_what_makes_a_quarter_more_drop_is_told(planted: str, level: str) -> None:
    found = told(*simulated("who does much drops less", 32, planted))
    ours = found[found["level"] == level]
    print(planted, ours["is_told"].mean(), ours["lift"].median(), ours["with_count"].median())
    assert len(ours) == SHOPS
    assert 1.2 < ours["lift"].median() < 1.4
    assert ours["is_told"].mean() >= 0.8

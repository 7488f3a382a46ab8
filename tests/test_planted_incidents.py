"""A payment outage, a device bug and a dead channel that nobody logged, through exports, loader and tables: found with
place, segment and days. Nothing is found in shops in which nothing happened (make test-statistics)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from given import examples, rows
from shops import load

from parcours.made_up_shop import write_exports
from parcours.made_up_shop.incidents import Incident
from parcours.project import ROOT, load_project
from parcours.tables.catalogue import build_all
from parcours.warehouse.connection import open_warehouse

pytestmark = pytest.mark.statistics

DAYS, SMALL, LARGE = 120, 12_000, 36_000
MOBILE, NEWSLETTER = 0, 1
PAYMENT_STEPS = {"visit:checkout", "step_conversion:purchase:4", "checkout_abandonment"}
CART_STEPS = {"visit:cart", "step_conversion:purchase:3"}
START = date(2026, 7, 1)


def incidents_of(folder: Path, people: int, seed: int, planted: Sequence[Incident]) -> list[tuple[Any, ...]]:
    write_exports(folder / "exports", people=people, days=DAYS, seed=seed, incidents=planted)
    project = load_project(ROOT / "journey.yaml", folder / "exports", folder)
    load(project)
    with open_warehouse(project) as connection:
        build_all(connection, project, ["metrics.incidents"])
        return rows(
            connection,
            "select step, dimension, value, began_on, ended_on, size_low, size_high, payment_failure_count, "
            "usual_payment_failure_count from metrics.incidents",
        )


ALL, ON_MOBILE, BY_MAIL = ("all", "all"), ("device", "mobile"), ("channel", "e-mail")
SMALL_AND_LARGE = [
    (SMALL, Incident(4, 70, 77, 0.8, is_payment=True), PAYMENT_STEPS, ALL),
    (SMALL, Incident(3, 80, 89, 0.5, device=MOBILE), CART_STEPS, ON_MOBILE),
    (SMALL, Incident(1, 85, 96, 0.95, campaign=NEWSLETTER), {"visit:visit"}, BY_MAIL),
    (LARGE, Incident(4, 70, 74, 0.8, is_payment=True), PAYMENT_STEPS, ALL),
    (LARGE, Incident(3, 80, 84, 0.5, device=MOBILE), CART_STEPS, ON_MOBILE),
    (LARGE, Incident(1, 85, 88, 0.95, campaign=NEWSLETTER), {"visit:visit"}, BY_MAIL),
]
"""Payments, a device and a channel; in a large shop an incident of half as many days is seen."""


@pytest.mark.parametrize(("people", "planted", "steps", "segment"), SMALL_AND_LARGE[: examples(3, 6)])
def test_what_was_planted_is_found(
    tmp_path: Path, people: int, planted: Incident, steps: set[str], segment: tuple[str, str]
) -> None:
    found = incidents_of(tmp_path, people, 1, [planted])
    print(found)
    [(step, dimension, value, began_on, ended_on, low, high, failures, usual_failures)] = found
    assert step in steps
    assert (dimension, value) == segment
    assert abs(began_on - (START + timedelta(planted.first_day))) <= timedelta(1)
    assert abs(ended_on - (START + timedelta(planted.last_day))) <= timedelta(1)
    # Those who come to a stage on these days, in whichever visit, are stopped; a step may be entered the day before.
    assert low - 0.05 <= -planted.share <= high + 0.05
    assert (failures > 5 * usual_failures) == planted.is_payment


@pytest.mark.parametrize("seed", range(11, 11 + examples(3, 10)))
def test_nothing_is_found_where_nothing_happened(tmp_path: Path, seed: int) -> None:
    assert incidents_of(tmp_path, SMALL, seed, []) == []

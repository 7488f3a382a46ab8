"""How often the incident finder is wrong, and how often it finds what was planted (make test-statistics).

The thresholds hold two standard errors for these numbers of shops.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from given import examples
from incident_shops import Planted, day, null_shops, simulated_shop
from simulated_figures import two_errors_above

from parcours.inference.alarms import nightly_notices
from parcours.inference.incidents import find_incidents

pytestmark = pytest.mark.statistics

VISITS = (120, 400, 2000)
WANDERS = ((0.0, 0.0), (0.1, 0.9))
SETTINGS = tuple(product(VISITS, WANDERS))
FIRST_NIGHT = 200
NULL_SHOPS, SHOPS, NIGHTLY_SHOPS = examples(25, 100), examples(50, 100), examples(10, 40)


def test_nothing_is_found_in_shops_in_which_nothing_happened() -> None:
    """40 cells, a year, shops of each size and wander; of a hundred 9 % is two standard errors above 4.5 %."""
    found = {
        (visits, wander): np.mean([bool(find_incidents(shop)) for shop in null_shops(NULL_SHOPS, 11, visits, *wander)])
        for visits, wander in SETTINGS
    }
    print(found)
    assert max(found.values()) <= two_errors_above(0.045, NULL_SHOPS)
    assert np.mean(list(found.values())) <= 0.04


@pytest.mark.parametrize(
    ("visits", "wander", "days", "least"),
    [(400, (0.0, 0.0), 10, 0.88), (2000, (0.1, 0.9), 3, 0.80)],
    ids=["400 visits a day, ten days", "2,000 visits a day and wander, three days"],
)
def test_half_of_a_device_s_payments_is_missed(
    visits: float, wander: tuple[float, float], days: int, least: float
) -> None:
    """Step and segment are right, the days nearly always; the interval of the size holds what was planted."""
    rng = np.random.default_rng(12)
    planted = Planted("payment", 200, 199 + days, 0.5, "device", "mobile")
    right, to_a_day, within, others = [], [], [], 0
    for _ in range(SHOPS):
        found = find_incidents(simulated_shop(rng, visits, planted, spread=wander[0], memory=wander[1]))
        right.append(bool(found) and found[0].cell == planted.cell)
        others += len(found[1:])
        if right[-1]:
            off = abs((found[0].first_day - day(planted.first)).days), abs((found[0].last_day - day(planted.last)).days)
            to_a_day.append(max(off) <= 2)
            within.append(found[0].low <= -0.5 <= found[0].high)
    print(visits, wander, np.mean(right), np.mean(to_a_day), np.mean(within), others)
    assert np.mean(right) >= least
    assert np.mean(to_a_day) >= 0.8
    assert np.mean(within) >= 0.87
    assert others <= 4


@pytest.mark.parametrize(("visits", "wander"), SETTINGS)
def test_a_false_alarm_is_rarer_than_one_in_sixty_nights(visits: float, wander: tuple[float, float]) -> None:
    """Shops of 40 cells, 165 nights each."""
    opened = sum(
        notice.word == "open"
        for shop in null_shops(NIGHTLY_SHOPS, 13, visits, *wander)
        for notice in nightly_notices(shop, day(FIRST_NIGHT))
    )
    print(visits, wander, opened / (NIGHTLY_SHOPS * 165 / 60))
    assert opened <= NIGHTLY_SHOPS * 165 / 60


def test_an_alarm_comes_within_days_of_the_incident() -> None:
    """Half of a device's payments missed in a shop of 2,000 visits a day: told in the first week, and of the device."""
    rng = np.random.default_rng(14)
    planted = Planted("payment", 200, 214, 0.5, "device", "mobile")
    in_time, right = [], []
    for _ in range(NIGHTLY_SHOPS):
        shop = simulated_shop(rng, 2000, planted, days=222)
        opened = [notice for notice in nightly_notices(shop, day(FIRST_NIGHT)) if notice.cell.step == "payment"]
        in_time.append(bool(opened) and opened[0].night <= day(206))
        right.append(bool(opened) and opened[0].cell == planted.cell)
    print(np.mean(in_time), np.mean(right))
    assert np.mean(in_time) >= 0.9
    assert np.mean(right) >= 0.8

"""Error, power and coverage of the verdicts on changes, over made-up shops of which the truth is known.

The thresholds allow for two standard errors of a share at the number of shops that is simulated here.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise
from typing import Any

import numpy as np
import pytest
from given import examples
from simulated_figures import (
    DRIFTS,
    RESTLESS,
    STEADY,
    Drift,
    change_day,
    conversion,
    day,
    detectable_effect,
    figure,
    looks_at_shops,
    ten_figures,
    two_errors_above,
)

from parcours.inference.blocks import Change, DailyFigure
from parcours.inference.estimator import Estimate
from parcours.inference.looks import Looks
from parcours.inference.verdicts import ALPHA, Cause, FigureLooks, Verdict, Word, judge

pytestmark = pytest.mark.statistics

NULL_SHOPS = examples(100, 400)
SHOPS = 400
MOVED = (Word.IMPROVED, Word.WORSENED)


def conversions(
    seed: int, days: int, drift: Drift = STEADY, effect: Any = 0.0, rate: float = 0.035, shops: int = SHOPS
) -> list[dict[str, DailyFigure]]:
    """Shops of 400 sessions a day with one figure."""
    rng = np.random.default_rng(seed)
    return [{"conversion": conversion(rng, days, 400, rate, drift, effect)} for _ in range(shops)]


def only(shops: Sequence[Sequence[FigureLooks]]) -> list[Looks]:
    """The looks of each shop's only figure."""
    return [found.looks for [found] in shops]


def last(shops: Sequence[Sequence[FigureLooks]]) -> list[Estimate]:
    """The estimates of the last looks of each shop's only figure."""
    estimates = [found.seen[-1].own for found in only(shops) if found.seen[-1].look.is_last]
    return [estimate for estimate in estimates if estimate is not None]


def from_day(days: int, first: int, effect: float) -> Any:
    """An effect that holds from a day on."""
    return np.where(np.arange(days) >= first, effect, 0.0)


def test_a_shop_in_which_nothing_happened_is_seldom_told_otherwise() -> None:
    # Ten figures, 28 nights. Verdicts are never taken back (see below), so the last night shows them all. 4.6 % is the
    # highest share that 2,000 shops have shown: of 400 shops 7 %.
    false: dict[tuple[int, int, str], float] = {}
    for weeks in (6, 16, 26, 51):
        for a_day in (120, 400):
            for number, (name, drift) in enumerate(DRIFTS.items()):
                rng, start = np.random.default_rng([weeks, a_day, number]), change_day(weeks)
                shops = [ten_figures(rng, start + 30, a_day, drift) for _ in range(NULL_SHOPS)]
                looks = looks_at_shops(shops, Change("nothing", day(start)), start + 29)
                told = [any(verdict.word in MOVED for verdict in judge(figures)) for figures in looks]
                false[weeks, a_day, name] = float(np.mean(told))
    print({"worst": max(false, key=false.__getitem__), **false, "mean": np.mean(list(false.values()))})
    assert max(false.values()) <= two_errors_above(0.046, NULL_SHOPS)
    assert np.mean(list(false.values())) <= 0.04


@pytest.mark.parametrize("drift", [STEADY, RESTLESS], ids=["no drift", "drift of persistence .9"])
def test_a_young_shop_that_changes_something_every_week_is_seldom_told_otherwise(drift: Drift) -> None:
    # Ten figures, five other changes a week or two apart: 4 to 12 weeks of history, of which few can tell them apart.
    false = []
    for weeks in (4, 6, 9, 12):
        rng, start = np.random.default_rng([12, weeks]), change_day(weeks)
        shops = [ten_figures(rng, start + 60, 200, drift) for _ in range(NULL_SHOPS)]
        others = tuple(Change(f"other {days}", day(start + days)) for days in (-14, -7, 7, 14, 21))
        looks = looks_at_shops(shops, Change("nothing", day(start)), start + 40, others=others)
        false.append(float(np.mean([any(verdict.word in MOVED for verdict in judge(figures)) for figures in looks])))
    print({"false": false})
    assert max(false) <= two_errors_above(0.046, NULL_SHOPS)


def test_an_effect_somewhat_above_the_detectable_one_is_found() -> None:
    start = change_day(51)
    effect = 1.4 * detectable_effect(0.035, 400)
    shops = conversions(31, start + 30, effect=from_day(start + 30, start, -effect))
    looks = only(looks_at_shops(shops, Change("fall", day(start)), start + 29))
    smallest = np.array([min(seen.p / seen.look.weight for seen in found.seen) for found in looks])
    alone = [judge([FigureLooks("conversion", True, found)])[0].word is Word.WORSENED for found in looks]
    as_one_of_ten, by_itself = (smallest <= ALPHA / 10).mean(), np.mean(alone)
    print({"effect": effect, "as one of ten": as_one_of_ten, "alone": by_itself})
    assert np.mean(alone) == (smallest <= ALPHA).mean()
    assert as_one_of_ten >= 0.84
    assert by_itself >= 0.96


@pytest.mark.parametrize("drift", [STEADY, RESTLESS], ids=["no drift", "drift of persistence .9"])
@pytest.mark.parametrize("effect", [-0.4, 0.0, 0.5])
def test_intervals_hold_the_true_difference(drift: Drift, effect: float) -> None:
    start = change_day(26)
    shops = conversions(41, start + 30, drift, from_day(start + 30, start, effect))
    estimates = last(looks_at_shops(shops, Change("change", day(start)), start + 29))
    covered = np.mean([found.difference_low <= effect * 0.035 <= found.difference_high for found in estimates])
    print({"covered": covered})
    assert len(estimates) == SHOPS
    assert 0.90 <= covered <= 0.99


@pytest.mark.parametrize("drift", [STEADY, RESTLESS], ids=["no drift", "drift of persistence .9"])
@pytest.mark.parametrize("days_ago", [112, 168, 330])
def test_an_irrelevant_change_of_long_ago_costs_next_to_nothing(drift: Drift, days_ago: int) -> None:
    start = change_day(51)
    shops = conversions(51, start + 30, drift, shops=200)
    other = (Change("irrelevant", day(start - days_ago)),)
    without = last(looks_at_shops(shops, Change("nothing", day(start)), start + 29))
    beside = last(looks_at_shops(shops, Change("nothing", day(start)), start + 29, others=other))
    sd, known_sd = (np.median([found.sd for found in estimates]) for estimates in (without, beside))
    effect, known_effect = (np.median([found.estimate for found in estimates]) for estimates in (without, beside))
    print({"sd": known_sd / sd, "estimate": known_effect - effect})
    assert known_sd == pytest.approx(sd, rel=0.05)
    assert known_effect == pytest.approx(effect, abs=0.01)


@pytest.mark.parametrize("drift", [STEADY, RESTLESS], ids=["no drift", "drift of persistence .9"])
@pytest.mark.parametrize("weeks", [26, 51])
def test_what_another_change_did_is_not_this_ones(weeks: int, drift: Drift) -> None:
    start = change_day(weeks)
    shops = conversions(61, start + 30, drift, from_day(start + 30, start - 21, 0.4))
    other = (Change("true", day(start - 21)),)
    estimates = last(looks_at_shops(shops, Change("nothing", day(start)), start + 29, others=other))
    false = np.mean([found.p < 0.05 for found in estimates])
    print({"p < .05": false})
    # Where figures wander this much, 5 to 8 % of shops without any other change have such a p, and 7 to 9 % with one.
    assert false <= (0.07 if drift is STEADY else 0.12)


@pytest.mark.parametrize("drift", [STEADY, RESTLESS], ids=["no drift", "drift of persistence .9"])
@pytest.mark.parametrize("weeks", [26, 51])
def test_two_changes_a_week_apart_have_each_its_own(weeks: int, drift: Drift) -> None:
    start = change_day(weeks)
    first, second = Change("first", day(start)), Change("second", day(start + 7))
    both = from_day(start + 40, start, 0.3) + from_day(start + 40, start + 7, 0.3)
    shops = conversions(71, start + 40, drift, both)
    for change, other in ((first, second), (second, first)):
        looks = looks_at_shops(shops, change, start + 37, others=(other,))
        effect = np.median([found.difference for found in last(looks)]) / 0.035
        verdicts = [verdict for [verdict] in map(judge, looks)]
        words: dict[str, int] = {word.value: sum(verdict.word is word for verdict in verdicts) for word in Word}
        words["of both"] = sum(verdict.word is Word.IMPROVED and verdict.together_with != () for verdict in verdicts)
        print({"change": change.name, "estimate": effect, **words})
        assert 0.25 <= effect <= 0.35
        # Where it is the figure's wandering that hides one of them, not the other change, that is what is said.
        neither = [verdict for verdict in verdicts if verdict.word not in (Word.IMPROVED, Word.INSEPARABLE)]
        assert len(neither) <= (0 if drift is STEADY else 0.02 * SHOPS)
        apart = [verdict for verdict in verdicts if verdict.word is Word.INSEPARABLE]
        assert all(verdict.together_with == (other.name,) for verdict in apart)


def test_days_on_which_payments_failed_change_nothing_in_the_incident_that_they_are() -> None:
    start = change_day(26)
    days = np.arange(start + 40)
    during = (days >= start) & (days < start + 10)
    plain = conversions(91, len(days), effect=np.where(during, -0.4, 0.0), shops=200)
    flagged = [
        {name: figure(found.numerators, found.denominators, is_outage=during) for name, found in shop.items()}
        for shop in plain
    ]
    incident = Change("payments fail", day(start), day(start + 9))
    one, other = (looks_at_shops(shops, incident, start + 30) for shops in (plain, flagged))
    assert [[seen.own for seen in found.seen] for found in only(one)] == [
        [seen.own for seen in found.seen] for found in only(other)
    ]
    effects = [found.estimate for found in last(other)]
    verdicts = [verdict for [verdict] in map(judge, other)]
    found = np.mean([verdict.word is Word.WORSENED for verdict in verdicts])
    print({"estimate": np.median(effects), "worsened": found})
    assert np.median(effects) == pytest.approx(-0.4, abs=0.03)
    assert found >= 0.9


@pytest.mark.parametrize("drift", [STEADY, RESTLESS], ids=["no drift", "drift of persistence .9"])
def test_read_on_every_night_a_verdict_is_given_at_a_look_and_never_taken_back(drift: Drift) -> None:
    start = change_day(26)
    change, incident = Change("change", day(start)), Change("incident", day(start), day(start + 9))
    days = np.arange(start + 50)
    moved = np.where((days >= start) & (days < start + 10), -0.3, 0.0)
    rng = np.random.default_rng(101)
    shops = [ten_figures(rng, len(days), 400, drift, {"step 2": moved}) for _ in range(8)]
    for judged, due in ((change, {8, 15, 29}), (incident, {8, 25})):
        read: list[list[Verdict]] = []
        for night in range(45):
            # A night knows its own days only, and not yet the end of an incident that still runs.
            known = [{name: until(found, start + night) for name, found in shop.items()} for shop in shops]
            is_over = judged.ends_on is not None and judged.ends_on < day(start + night)
            seen = looks_at_shops(known, judged if is_over else Change(judged.name, judged.starts_on), start + night)
            read.append(list(chain(*map(judge, seen))))
        changed = set()
        for night, (before, after) in enumerate(pairwise(read), 1):
            for old, new in zip(before, after, strict=True):
                if said(old) != said(new):
                    changed.add(night)
                if old.crossed:
                    assert (new.word, new.crossed.days if new.crossed else None) == (old.word, old.crossed.days)
                    assert new.is_faded or not old.is_faded
        print({"change": judged.name, "changed in nights": changed, "words": {v.word.value for v in read[-1]}})
        assert changed <= due
        assert any(verdict.word in MOVED for verdict in read[-1])


def until(found: DailyFigure, days: int) -> DailyFigure:
    """A figure of which only so many days are known."""
    return figure(found.numerators[:days], found.denominators[:days], variation=found.variation)


def said(verdict: Verdict) -> tuple[Any, ...]:
    """Words and numbers of a verdict, but for when it is read next: that depends on when an incident ends."""
    return verdict.word, verdict.crossed, verdict.is_faded, verdict.estimate


def test_what_was_not_measured_before_is_said_to_be_so_and_small_figures_tell_too_little() -> None:
    start = change_day(26)
    days = np.arange(start + 30)
    effect = from_day(len(days), start, -0.5)
    rng = np.random.default_rng(111)
    whole = [conversion(rng, len(days), 400, 0.035, STEADY, effect) for _ in range(50)]
    began = [
        {
            "conversion": figure(
                np.where(days < start, 0, found.numerators), found.denominators, is_counted=days >= start
            )
        }
        for found in whole
    ]
    small = [{"conversion": conversion(rng, len(days), 8, 0.035, STEADY, effect)} for _ in range(50)]
    change = Change("change", day(start))
    for shops, word, cause in ((began, Word.NOT_MEASURED_BEFORE, None), (small, Word.TOO_LITTLE, Cause.FEW)):
        verdicts = [verdict for [verdict] in map(judge, looks_at_shops(shops, change, start + 29))]
        assert {(verdict.word, verdict.cause) for verdict in verdicts} == {(word, cause)}

"""The model of a figure and a change: known cases, a slow second implementation, and what a case must come to."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dense_change_model import measure
from given import examples
from hypothesis import given, settings, strategies

from parcours.inference.estimator import Blocks, Estimate, estimate_change, estimate_changes

CASES = [json.loads(line) for line in (Path(__file__).parent / "cases" / "change_cases.jsonl").read_text().splitlines()]
MEASURED = ("p", "estimate", "sd", "low", "high", "level", "drift")


def blocks_of(case: dict[str, Any]) -> Blocks:
    """The blocks of a case."""
    arrays = {name: np.array(case[name], dtype=float) for name in ("numerators", "denominators", "middles", "step")}
    return Blocks(
        **arrays,
        others=tuple(np.array(dose, dtype=float) for dose in case["others"]),
        variation=case["variation"],
        design_effect=case["design_effect"],
    )


def weeks(before: int, after: int, **more: Any) -> Blocks:
    """A share of 4 % of 3,000 units in each week but for noise of a fixed seed, and a change after some of them."""
    size = before + after
    return Blocks(
        numerators=np.random.default_rng(7).binomial(3000, 0.04, size).astype(float),
        denominators=np.full(size, 3000.0),
        middles=np.arange(size) * 7.0 + 3,
        step=(np.arange(size) >= before).astype(float),
        **more,
    )


def from_week(size: int, first: int) -> Any:
    """The dose of a change that holds from a week on."""
    return (np.arange(size) >= first).astype(float)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{len(case['middles'])} weeks, {case['numerators'][0]:g}")
def test_known_cases_come_out(case: dict[str, Any]) -> None:
    estimate = estimate_change(blocks_of(case))
    assert {name: getattr(estimate, name) for name in MEASURED} == pytest.approx(case["expected"], abs=1e-6, rel=0)


def test_many_at_once_are_as_one_by_one() -> None:
    many = [blocks_of(case) for case in CASES] + [weeks(10, 2), weeks(10, 2, others=(from_week(12, 5),))]
    together = estimate_changes(many * 30)
    for position, alone in enumerate(map(estimate_change, many)):
        for measured in MEASURED:
            assert getattr(together[position + 3 * len(many)], measured) == pytest.approx(
                getattr(alone, measured), abs=1e-12
            )


@strategies.composite
def shops(draw: strategies.DrawFn) -> Blocks:
    """Few or many weeks of a small or large share or mean, with gaps, other changes and an effect."""
    rng = np.random.default_rng(draw(strategies.integers(0, 2**32)))
    before, after = draw(strategies.integers(4, 30)), draw(strategies.integers(1, 4))
    size = before + after
    units = rng.poisson(draw(strategies.sampled_from([20, 300, 5000])), size) + 1.0
    true = draw(strategies.sampled_from([0.02, 0.4, 0.9])) * (1 + rng.uniform(-0.1, 0.1, size))
    variation = draw(strategies.sampled_from([0.0, 0.0, 0.8]))
    noise = rng.normal(0, 1, size) * np.sqrt(units)
    sums = (units + variation * noise) * 60 * true if variation else rng.binomial(units.astype(int), true)
    others = tuple(
        np.clip(np.arange(size) - draw(strategies.integers(1, size - 1)) + rng.uniform(), 0, 1)
        for _ in range(draw(strategies.integers(0, 3)))
    )
    pulse = np.zeros(size)
    pulse[draw(strategies.integers(0, size - 1))] = 0.4
    return Blocks(
        numerators=np.asarray(sums, dtype=float),
        denominators=units,
        middles=np.cumsum(rng.choice([7.0, 7.0, 7.0, 4.5, 11.0], size)),
        step=from_week(size, before) * draw(strategies.sampled_from([1.0, 0.7])),
        others=others,
        pulses=(pulse,) if draw(strategies.booleans()) else (),
        variation=variation,
        design_effect=draw(strategies.sampled_from([0.5, 1.0, 2.5])),
        together_with=(0,) if others and draw(strategies.booleans()) else (),
        near=(0, 2) if others and draw(strategies.booleans()) else (),
    )


@pytest.mark.random
@settings(deadline=None, max_examples=examples(25, 500))
@given(blocks=shops())
def test_the_filter_equals_a_matrix_over_all_weeks(blocks: Blocks) -> None:
    estimate = estimate_change(blocks)
    dense = measure(
        blocks.numerators,
        blocks.denominators,
        blocks.middles,
        blocks.step,
        [*blocks.others, *blocks.pulses],
        blocks.variation,
        blocks.design_effect,
        blocks.together_with,
        blocks.near,
    )
    assert vars(estimate) == pytest.approx(dense, abs=1e-6, rel=1e-6)


def test_a_change_of_a_quarter_is_seen_in_points_and_as_a_share_of_what_was_expected() -> None:
    blocks = weeks(26, 4)
    fallen = replace(blocks, numerators=np.where(blocks.step > 0, 90.0, 120.0))
    estimate = estimate_change(fallen)
    assert estimate.difference == pytest.approx(-0.01, abs=0.0005)
    assert estimate.after == pytest.approx(0.03)
    assert estimate.expected == pytest.approx(0.04, abs=0.0005)
    assert estimate.relative == pytest.approx(-0.25, abs=0.01)
    assert estimate.difference_low < -0.01 < estimate.difference_high < 0
    assert estimate.p < 0.001


def test_what_holds_in_every_week_or_in_none_says_nothing() -> None:
    plain = estimate_change(weeks(20, 4))
    assert estimate_change(weeks(20, 4, others=(np.ones(24), np.zeros(24)), pulses=(np.zeros(24),))) == plain


def test_two_changes_of_one_day_share_what_happened() -> None:
    blocks = weeks(26, 4, others=(from_week(30, 26),))
    risen = replace(blocks, numerators=np.where(blocks.step > 0, 180.0, 120.0))
    one, both = estimate_changes([replace(risen, near=(0,)), replace(risen, together_with=(0,))])
    assert one.sd > 0.9  # nothing tells them apart but that an effect beyond 100 % is odd
    assert one.sd_but_for_near < 0.1
    assert both.relative == pytest.approx(0.5, abs=0.02)
    assert both.sd < 0.1


def test_a_figure_that_wanders_is_believed_less() -> None:
    calm = weeks(40, 4)
    wander = np.repeat([1.0, 1.25, 0.8, 1.2, 0.75, 1.1, 0.9, 1.15, 0.85, 1.2, 1.0], 4)
    restless = replace(calm, numerators=calm.numerators * wander)
    steady, uneasy = estimate_changes([calm, restless])
    assert steady.drift < 0.05 < 0.1 < uneasy.drift
    assert uneasy.sd > 2 * steady.sd
    assert uneasy.sampling_sd == pytest.approx(steady.sampling_sd, rel=0.1)


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_a_share_of_nothing_or_all_has_an_answer(rate: float) -> None:
    blocks = weeks(10, 2)
    estimate = estimate_change(replace(blocks, numerators=blocks.denominators * rate))
    assert all(np.isfinite(getattr(estimate, name)) for name in MEASURED)
    assert estimate.p > 0.5


def test_without_weeks_on_both_sides_there_is_no_answer() -> None:
    blocks = weeks(10, 2)
    for step in (np.zeros(12), np.ones(12)):
        with pytest.raises(ValueError, match="blocks without it"):
            estimate_change(replace(blocks, step=step))
    with pytest.raises(ValueError, match="one value of each kind"):
        estimate_change(replace(blocks, others=(np.zeros(11),)))


def test_an_estimate_is_plain_numbers() -> None:
    assert {type(value) for value in vars(estimate_change(weeks(10, 2))).values()} == {float}
    assert isinstance(estimate_change(weeks(10, 2)), Estimate)

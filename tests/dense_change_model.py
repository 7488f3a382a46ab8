"""The model of a change once more, slowly: a covariance matrix over all blocks, one pair of spread and persistence at
a time, textbook generalised least squares. What `parcours/inference/estimator.py` must equal."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import norm

Floats = NDArray[np.float64]

PAIRS = [(0.0, 0.0, 0.2)] + [
    (spread, persistence, 0.8 / 20)
    for spread, persistence in itertools.product((0.03, 0.06, 0.10, 0.15, 0.25), (0.0, 0.4, 0.7, 0.9))
]


def measure(
    numerators: Floats,
    denominators: Floats,
    middles: Floats,
    step: Floats,
    doses: list[Floats],
    variation: float = 0.0,
    design_effect: float = 1.0,
    together_with: tuple[int, ...] = (),
    near: tuple[int, ...] = (),
) -> dict[str, float]:
    """What an estimate holds; `together_with` adds the effects of those doses, `near` takes those as known."""
    units = np.maximum(denominators, 0.5)
    size, first = len(numerators), int(np.flatnonzero(step > 0)[0])
    is_share = variation == 0
    overall = max(numerators.sum() / units.sum(), 1e-9)
    days = (middles - middles[max(first - 1, 0)]) / 90
    used = [number for number, dose in enumerate(doses) if dose.min() < dose.max()]
    design = np.column_stack([np.ones(size), step, *[doses[number] for number in used], days])
    contrast = np.array([0.0, 1.0] + [1.0 if number in together_with else 0.0 for number in used] + [0.0])

    weighted = np.linalg.pinv(design.T @ np.diag(units) @ design)
    rough = weighted @ design.T @ numerators / overall
    unit_variance = max(overall * (1 - overall), 1e-9) if is_share else (variation * overall) ** 2
    for j in range(len(rough)):
        signal = rough[j] ** 2
        rough[j] *= max(0.0, 1 - 2 * unit_variance * weighted[j, j] / overall**2 / signal) if signal else 0.0
    trend = np.clip(1 + rough[-1] * (days - np.average(days, weights=units)), 0.4, 2.5)
    left = np.clip(1 + design[:, 2:-1] @ rough[2:-1], 0.3, 3.0)
    left = left / np.average(left, weights=units)
    level = np.minimum(overall * trend, 0.98) if is_share else overall * trend
    figure = numerators / units / level
    prior = np.diag([0.0, 0.0] + [1.0] * len(used) + [1 / 0.2**2])
    weeks = np.concatenate([[0.0], np.cumsum(np.maximum(np.diff(middles) / 7, 0.1))])

    unknown = [0, 1, *(2 + position for position, number in enumerate(used) if number not in near), design.shape[1] - 1]

    def fits(scale: Floats) -> tuple[Floats, ...]:
        share = np.clip(level * scale, 1e-6, 0.98)
        unit = (1 - share) / share if is_share else np.full(size, variation**2)
        sampling = np.diag(max(design_effect, 1) * unit * scale**2 / units)
        found = []
        for spread, persistence, weight in PAIRS:
            apart = np.abs(np.subtract.outer(weeks, weeks))
            correlation = np.eye(size) if persistence == 0 else persistence**apart
            inverse = np.linalg.inv(sampling + spread**2 * np.outer(scale, scale) * correlation)
            precision = design.T @ inverse @ design + prior
            coefficients = np.linalg.solve(precision, design.T @ inverse @ figure)
            residual = figure @ inverse @ figure - coefficients @ design.T @ inverse @ figure
            log_likelihood = -(residual - np.linalg.slogdet(inverse)[1] + np.linalg.slogdet(precision)[1]) / 2
            variance = contrast @ np.linalg.solve(precision, contrast)
            reduced = np.linalg.inv(precision[np.ix_(unknown, unknown)])[1, 1]
            weighed = np.log(weight) + log_likelihood
            found.append((weighed, contrast @ coefficients, np.sqrt(variance), coefficients[1], np.sqrt(reduced)))
        log_weights, *rest = np.array(found).T
        weights = np.exp(log_weights - log_weights.max())
        return (weights / weights.sum(), *rest)

    weights, effects, errors, own, but_for_near = fits(left)
    mean = weights @ effects
    above = weights @ norm.sf(effects / errors)
    during = numerators[step > 0].sum()
    fitted = np.clip(1 + (weights @ own) * step, max(0.1, 1 / max(during, 1)), 5)
    mix, centres, widths, *_ = fits(left * fitted)

    def quantile(probability: float) -> float:
        reach = np.abs(centres).max() + 12 * widths.max()
        return float(brentq(lambda x: mix @ norm.cdf((x - centres) / widths) - probability, -reach, reach, xtol=1e-13))

    return {
        "p": 2 * min(above, 1 - above),
        "estimate": mean,
        "sd": float(np.sqrt(weights @ (errors**2 + effects**2) - mean**2)),
        "low": quantile(0.025),
        "high": quantile(0.975),
        "level": overall * trend[first],
        "drift": float(weights @ [spread for spread, _, _ in PAIRS]),
        "sampling_sd": errors[0],
        "sd_but_for_near": float(np.sqrt(weights @ (but_for_near**2 + own**2) - (weights @ own) ** 2)),
        "after": during / units[step > 0].sum(),
    }

"""How much a change moved a figure, from the figure's weeks: the effect, its interval, and how far it could be chance.

Here: the model of one figure and one change, for many of them at once. Not here: which days a block holds
(`blocks.py`), when it is read (`looks.py`), and what is said of it (`verdicts.py`).

The model, on a relative scale: in block b, with y = numerators / (denominators · level),

    y = 1 + effect · step + Σ effect of another change · its dose + slope · days / 90 + wander + sampling.

The other changes' effects are thought to be within about ±100 % (prior SD 1) and the slope within ±20 % in 90 days;
the level and the effect may be anything. A figure also *wanders* by itself: an autoregression over weeks, whose
spread and persistence nobody knows. So the model is fitted for each of 21 pairs of them, and the answers are mixed,
each weighted by how well it explains the weeks (restricted likelihood). A figure that wanders gets a wide interval.

The fits are generalised least squares. Weeks that follow an autoregression need no matrix over all weeks: a Kalman
filter run over the regressors as over the figure gives the same sums in one pass (Harvey, *Forecasting, Structural
Time Series Models and the Kalman Filter*, 1989, 3.4). All pairs, and all figures with as many blocks, pass together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Floats = NDArray[np.float64]

SPREADS = (0.03, 0.06, 0.10, 0.15, 0.25)
PERSISTENCES = (0.0, 0.4, 0.7, 0.9)
NO_WANDER = 0.2
"""Prior probability that a figure does not wander; the pairs share the rest evenly."""
SLOPE_SD = 0.20
"""Relative, per 90 days."""
DOSE_SD = 1.0
KNOWN = 1e9
"""The precision of an effect that is known: far above any that weeks of data have."""
AT_ONCE = 64
"""Fits that pass together: more of them leave the processor's cache, fewer cost Python's loop over the blocks."""

_PAIRS = [(spread, persistence) for spread in SPREADS for persistence in PERSISTENCES]
_SPREAD, _PERSISTENCE = np.array([(0.0, 0.0), *_PAIRS]).T
_LOG_PRIOR = np.log([NO_WANDER] + [(1 - NO_WANDER) / len(_PAIRS)] * len(_PAIRS))


@dataclass(frozen=True)
class Blocks:
    """One figure around one change, by block (mostly weeks), in the order of time. Each array has a value per block."""

    numerators: Floats
    denominators: Floats
    """As many units as an even mix of weekdays would make of them."""
    middles: Floats
    """The middle day of each block, counted from anywhere."""
    step: Floats
    """Share of the block's days on which the change holds."""
    others: tuple[Floats, ...] = ()
    """Shares of the block's days on which another change holds, an array for each of them."""
    pulses: tuple[Floats, ...] = ()
    """The same for what the calendar says: holidays, sales."""
    variation: float = 0.0
    """A mean's standard deviation of one unit over the mean (coefficient of variation); 0 for a share."""
    design_effect: float = 1.0
    """Variance with units of one person together over the variance without; at least 1 is taken."""
    together_with: tuple[int, ...] = ()
    """Which of `others` are measured together with the change: the estimate is the sum of the effects."""
    near: tuple[int, ...] = ()
    """Which of `others` may be hard to tell apart from the change."""


@dataclass(frozen=True)
class Estimate:
    """What the blocks say of the change. `estimate`, `sd`, `low` and `high` are relative to `level`."""

    p: float
    """Two-sided, from the mixture's tails."""
    estimate: float
    sd: float
    low: float
    high: float
    """The 95 % interval, with the variances that the fitted level brings."""
    level: float
    """What the figure is measured against: its overall level and trend, at the first block of the change."""
    drift: float
    """By how much the figure wanders by itself, a relative standard deviation."""
    sampling_sd: float
    """The standard deviation that the estimate would have if the figure did not wander."""
    sd_but_for_near: float
    """The one that the change's own effect would have if the effects of the `near` changes were known."""
    after: float
    """The figure in the blocks of the change."""

    @property
    def difference(self) -> float:
        """The effect in the figure's own unit."""
        return self.estimate * self.level

    @property
    def difference_low(self) -> float:
        """The interval's lower end in the figure's own unit."""
        return self.low * self.level

    @property
    def difference_high(self) -> float:
        """The interval's upper end in the figure's own unit."""
        return self.high * self.level

    @property
    def expected(self) -> float:
        """What the figure would have been without the change."""
        return self.after - self.difference

    @property
    def relative(self) -> float | None:
        """The effect relative to what was expected; None where nothing was."""
        return self.difference / self.expected if self.expected > 0 else None


def estimate_change(blocks: Blocks) -> Estimate:
    """The effect of one change on one figure. See `estimate_changes`."""
    return estimate_changes([blocks])[0]


def estimate_changes(many: Sequence[Blocks]) -> list[Estimate]:
    """The effect of each change on its figure, in the order given; under a millisecond each where many are alike.

    Raises:
        ValueError: arrays of different lengths, or no block with or none without the change.
    """
    alike: dict[tuple[int, int], list[int]] = defaultdict(list)
    designs = [_design(blocks) for blocks in many]
    for number, design in enumerate(designs):
        alike[design.regressors.shape].append(number)
    estimates: dict[int, Estimate] = {}
    for numbers in alike.values():
        for start in range(0, len(numbers), AT_ONCE):
            batch = numbers[start : start + AT_ONCE]
            fitted = _estimate_alike([many[number] for number in batch], [designs[number] for number in batch])
            estimates.update(zip(batch, fitted, strict=True))
    return [estimates[number] for number in range(len(many))]


class _Design(NamedTuple):
    """The regressors of a fit, blocks × (level, step, doses, slope); which are added up, and which are near."""

    regressors: Floats
    contrast: Floats
    near: Floats


def _design(blocks: Blocks) -> _Design:
    """A dose that is the same in all blocks says nothing and is left out."""
    size = len(blocks.numerators)
    doses = [*blocks.others, *blocks.pulses]
    for values in (blocks.denominators, blocks.middles, blocks.step, *doses):
        if len(values) != size:
            raise ValueError(f"a block has one value of each kind: {size} numerators, but an array of {len(values)}")
    if not (blocks.step > 0).any() or not (blocks.step <= 0).any():
        raise ValueError("a change is measured against blocks without it: the step is 0 in some and above 0 in others")
    telling = [number for number, dose in enumerate(doses) if np.ptp(dose) > 0]
    first = int(np.argmax(blocks.step > 0))
    ninety_days = (blocks.middles - blocks.middles[max(first - 1, 0)]) / 90
    columns = [np.ones(size), blocks.step, *(doses[number] for number in telling), ninety_days]
    contrast = [0.0, 1.0, *(float(number in blocks.together_with) for number in telling), 0.0]
    near = [0.0, 0.0, *(float(number in blocks.near) for number in telling), 0.0]
    return _Design(np.column_stack(columns), np.array(contrast), np.array(near))


def _estimate_alike(many: Sequence[Blocks], designs: Sequence[_Design]) -> list[Estimate]:
    """`estimate_changes` of fits whose designs have one shape. First axis of all arrays: the fit; second: the block."""
    numerators = np.stack([blocks.numerators for blocks in many]).astype(float)
    denominators = np.maximum(np.stack([blocks.denominators for blocks in many]), 0.5)
    middles = np.stack([blocks.middles for blocks in many])
    step = np.stack([blocks.step for blocks in many])
    variation = np.array([blocks.variation for blocks in many])[:, None]
    design_effect = np.maximum([blocks.design_effect for blocks in many], 1.0)[:, None]
    regressors = np.stack([design.regressors for design in designs])
    contrast = np.stack([design.contrast for design in designs])
    near = np.stack([design.near for design in designs])
    is_share = variation == 0

    overall = np.maximum(numerators.sum(axis=1) / denominators.sum(axis=1), 1e-9)
    trend, by_others = _preliminary(numerators, denominators, regressors, overall, variation[:, 0])
    level = overall[:, None] * trend
    level = np.where(is_share, np.minimum(level, 0.98), level)
    figure = numerators / denominators / level

    def fit(scale: Floats) -> _Mixture:
        """With the variances of a figure that is `scale` times its level in each block."""
        share = np.clip(level * scale, 1e-6, 0.98)
        unit = np.where(is_share, (1 - share) / share, variation**2)
        sampling = design_effect * unit * scale**2 / denominators
        return _fit(figure, regressors, contrast, near, middles, scale, sampling)

    first = fit(by_others)
    # The interval asks what else could be true, so its variances are those of the level that was found; a count of
    # zero is no proof of a variance of zero.
    during = (numerators * (step > 0)).sum(axis=1)
    floor = np.maximum(0.1, 1 / np.maximum(during, 1))[:, None]
    second = fit(by_others * np.clip(1 + first.own()[:, None] * step, floor, 5))
    low, high = second.quantile(0.025), second.quantile(0.975)
    p, estimate, sd = first.p(), first.mean(), first.sd()
    drift = first.weights @ _SPREAD
    but_for_near = first.sd_but_for_near()
    begins = np.argmax(step > 0, axis=1)
    after = during / (denominators * (step > 0)).sum(axis=1)
    return [
        Estimate(
            p=float(p[i]),
            estimate=float(estimate[i]),
            sd=float(sd[i]),
            low=float(low[i]),
            high=float(high[i]),
            level=float(overall[i] * trend[i, begins[i]]),
            drift=float(drift[i]),
            sampling_sd=float(first.errors[i, 0]),
            sd_but_for_near=float(but_for_near[i]),
            after=float(after[i]),
        )
        for i in range(len(many))
    ]


def _preliminary(
    numerators: Floats, denominators: Floats, regressors: Floats, overall: Floats, variation: Floats
) -> tuple[Floats, Floats]:
    """A first weighted fit without wander: the trend, which is divided out, and the level that other changes leave.

    Both are relative, a value per block, and shrunk by their own noise. The second sets variances only.
    """
    unit_variance = np.where(variation > 0, (variation * overall) ** 2, np.maximum(overall * (1 - overall), 1e-9))
    # A tiny cut-off: two changes of one day have the same doses, and their sum must not blow up by rounding.
    weighted = regressors * denominators[:, :, None]
    inverse = np.linalg.pinv(np.swapaxes(regressors, 1, 2) @ weighted, rcond=1e-12)
    effects = np.einsum("fpq,fbq,fb->fp", inverse, regressors, numerators) / overall[:, None]
    diagonal = np.diagonal(inverse, axis1=1, axis2=2)
    noise = np.maximum(unit_variance[:, None] * diagonal, 0) / overall[:, None] ** 2
    effects = effects * np.maximum(0, 1 - 2 * noise / np.maximum(effects**2, 1e-12))

    total = denominators.sum(axis=1, keepdims=True)
    days = regressors[:, :, -1]
    centre = (denominators * days).sum(axis=1, keepdims=True) / total
    trend = np.clip(1 + effects[:, -1:] * (days - centre), 0.4, 2.5)
    by_others = np.clip(1 + np.einsum("fbp,fp->fb", regressors[:, :, 2:-1], effects[:, 2:-1]), 0.3, 3.0)
    return trend, by_others / ((denominators * by_others).sum(axis=1, keepdims=True) / total)


class _Mixture(NamedTuple):
    """An effect's distribution: normals, one per pair of spread and persistence. Arrays: fits × pairs."""

    weights: Floats
    effects: Floats
    errors: Floats
    own_effects: Floats
    """The effects of the change alone."""
    own_errors: Floats
    """Their standard errors if the near changes' effects were known."""

    def own(self) -> Floats:
        """The mean effect of the change alone."""
        return np.asarray((self.weights * self.own_effects).sum(axis=1))

    def sd_but_for_near(self) -> Floats:
        square = (self.weights * (self.own_errors**2 + self.own_effects**2)).sum(axis=1)
        return np.asarray(np.sqrt(np.maximum(square - self.own() ** 2, 1e-18)))

    def p(self) -> Floats:
        standardised = self.effects / self.errors
        tails = [(self.weights * ndtr(sign * standardised)).sum(axis=1) for sign in (-1, 1)]
        return np.asarray(2 * np.minimum(*tails))

    def mean(self) -> Floats:
        return np.asarray((self.weights * self.effects).sum(axis=1))

    def sd(self) -> Floats:
        square = (self.weights * (self.errors**2 + self.effects**2)).sum(axis=1)
        return np.asarray(np.sqrt(np.maximum(square - self.mean() ** 2, 1e-18)))

    def quantile(self, probability: float) -> Floats:
        """By bisection."""
        reach = 10 * self.sd()
        low, high = self.mean() - reach, self.mean() + reach
        for _ in range(44):
            middle = (low + high) / 2
            below = (self.weights * ndtr((middle[:, None] - self.effects) / self.errors)).sum(axis=1) < probability
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return (low + high) / 2


def _fit(
    figure: Floats,
    regressors: Floats,
    contrast: Floats,
    near: Floats,
    middles: Floats,
    scale: Floats,
    sampling: Floats,
) -> _Mixture:
    """The effects that `contrast` adds up, for each pair of spread and persistence, and the pairs' weights."""
    squares, log_variance = _whitened_squares(np.dstack([regressors, figure]), middles, scale, sampling)
    size = regressors.shape[2]
    precision = squares[..., :size, :size].copy()
    doses = np.arange(2, size - 1)
    precision[..., doses, doses] += 1 / DOSE_SD**2
    precision[..., -1, -1] += 1 / SLOPE_SD**2
    covariance = np.linalg.inv(precision)
    known = covariance
    if near.any():
        # What is known has a prior without width.
        known = np.linalg.inv(precision + (KNOWN * near)[:, None, :, None] * np.eye(size))
    products = squares[..., :size, size]
    coefficients = np.einsum("fgpq,fgq->fgp", covariance, products)
    residual = squares[..., size, size] - (coefficients * products).sum(axis=-1)
    log_weight = _LOG_PRIOR - (residual + log_variance + np.linalg.slogdet(precision)[1]) / 2
    weights = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    return _Mixture(
        weights=weights,
        effects=np.einsum("fgp,fp->fg", coefficients, contrast),
        errors=np.sqrt(np.einsum("fp,fgpq,fq->fg", contrast, covariance, contrast)),
        own_effects=coefficients[..., 1],
        own_errors=np.sqrt(known[..., 1, 1]),
    )


def _whitened_squares(columns: Floats, middles: Floats, scale: Floats, sampling: Floats) -> tuple[Floats, Floats]:
    """Z'V⁻¹Z and log det V of each fit and pair, for the columns Z and the covariance V of the blocks.

    V is the sampling variance plus scale · spread² · persistence^weeks · scale.

    Args:
        columns: fits × blocks × columns.
        middles, scale, sampling: fits × blocks.

    Returns:
        Fits × pairs × columns × columns, and fits × pairs.
    """
    fits, blocks, size = columns.shape
    weeks = np.maximum(np.diff(middles, axis=1) / 7, 0.1)
    variance = np.broadcast_to(_SPREAD**2, (fits, len(_SPREAD))).copy()
    state = np.zeros((fits, len(_SPREAD), size))
    white = np.empty((blocks, fits, len(_SPREAD), size))
    log_variance = np.zeros((fits, len(_SPREAD)))
    for block in range(blocks):
        if block:
            kept = _PERSISTENCE ** weeks[:, block - 1, None]
            state *= kept[..., None]
            variance = _SPREAD**2 + kept**2 * (variance - _SPREAD**2)
        times = scale[:, block, None]
        spread = times * variance
        total = times * spread + sampling[:, block, None]
        innovation = columns[:, block, None, :] - times[..., None] * state
        np.divide(innovation, np.sqrt(total)[..., None], out=white[block])
        log_variance += np.log(total)
        gain = spread / total
        state += gain[..., None] * innovation
        variance = variance * (1 - gain * times)
    by_fit = np.moveaxis(white, 0, 2)
    return np.swapaxes(by_fit, 2, 3) @ by_fit, log_variance

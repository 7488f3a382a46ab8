"""Which behaviours a score goes with: the share of its variance that each explains, on arrays alone.

A linear model of the score on all behaviours explains R² of its variance. Each behaviour's part of that is what it
adds, averaged over all orders in which the behaviours can come: Shapley's value, with which the parts add up to R²
(Lindeman, Merenda and Gold 1980, "LMG"; Grömping, The American Statistician 61, 2007). A part also holds what a
behaviour shares with others; whether it tells anything that the others do not is a test of its own (Wald, Holm's
correction over all of them). Answers of one person are taken together in intervals and tests.

Not here: which behaviours and answers there are (`parcours/tables/satisfaction_drivers.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc, ndtri

Floats = NDArray[np.float64]
Labels = NDArray[Any]
LEVEL = 0.01
"""Of all behaviours together: how often one of them is told though none has anything to do with the score. The rows of
several surveys are read together, and each night again: one in twenty would be met often."""
SMALLEST = 1e-9
"""Of a direction's size beside the largest: a smaller one is rounding, and no direction."""


@dataclass(frozen=True)
class Part:
    """What one behaviour explains.

    Attributes:
        explained: of the variance, 0–1; the parts add up to R².
        low: the lower end of its interval, less what would be expected by chance; 0: it may be nothing.
        high: the upper end.
        chance: what as many values would explain of a score that has nothing to do with them.
        alone: what it explains when nothing else is looked at.
        beyond: what it adds to all others.
        p_value: that it adds nothing to the others; corrected for the number of behaviours.
        is_told: it is below LEVEL.
        effects: by value, how far the score is from the mean over answers, all else equal; none where it can't be told
            from the others.
    """

    explained: float
    low: float
    high: float
    chance: float
    alone: float
    beyond: float
    p_value: float
    is_told: bool
    effects: Mapping[str, float]


def explain(scores: Floats, behaviours: Mapping[str, Labels], persons: Labels) -> dict[str, Part]:
    """The part of each behaviour.

    Args:
        scores: of each answer; not all the same.
        behaviours: by name the value of each answer, of two values at least.
        persons: who gave each answer.
    """
    return _Model(scores, behaviours, persons).parts()


class _Model:
    def __init__(self, scores: Floats, behaviours: Mapping[str, Labels], persons: Labels) -> None:
        self.names = [*behaviours]
        coded = [np.unique(behaviours[name], return_inverse=True) for name in self.names]
        # Answers with the same values are one profile: what is computed for each subset is so for few rows.
        self.profiles, profile_of = np.unique(
            np.column_stack([codes for _, codes in coded]), axis=0, return_inverse=True
        )
        self.profile_of = profile_of.reshape(-1)
        _, self.person_of = np.unique(persons, return_inverse=True)
        self.values = [values for values, _ in coded]
        self.scores = scores - scores.mean()
        self.count = len(scores)
        self.variance = float(np.mean(self.scores**2))
        columns = [
            (self.profiles[:, [place]] == np.arange(1, len(values))).astype(float)
            for place, values in enumerate(self.values)
        ]
        self.blocks = np.repeat(np.arange(len(columns)), [part.shape[1] for part in columns])
        weights = np.bincount(self.profile_of, minlength=len(self.profiles)).astype(float)
        design = np.concatenate(columns, axis=1)
        self.weights, self.design = weights, design - weights @ design / self.count
        self.gram = self.design.T @ (weights[:, None] * self.design) / self.count
        sums = np.bincount(self.profile_of, weights=self.scores, minlength=len(self.profiles))
        self.with_scores = self.design.T @ sums / self.count

    def parts(self) -> dict[str, Part]:
        explained, deviations = self._shares()
        tests = [self._adds(block) for block in range(len(self.names))]
        corrected = _holm([p_value for p_value, _ in tests])
        width = float(ndtri(0.975))
        found = {}
        for block, name in enumerate(self.names):
            chance = (len(self.values[block]) - 1) / (self.count - 1)
            # On the scale of the root, where a small share is as uncertain as a large one.
            root = np.sqrt(max(explained[block], 0.0))
            spread = width * deviations[block] / (2 * root) if root > 0 else 0.0
            others = self._share(self.blocks != block)
            found[name] = Part(
                explained=float(explained[block]),
                low=max(float(max(root - spread, 0.0) ** 2) - chance, 0.0),
                high=min(float((root + spread) ** 2), 1.0),
                chance=chance,
                alone=self._share(self.blocks == block),
                beyond=max(self._share(self.blocks >= 0) - others, 0.0),
                p_value=corrected[block],
                is_told=corrected[block] <= LEVEL,
                effects=self._effects(block) if tests[block][1] else {},
            )
        return found

    def _slopes(self, among: NDArray[np.bool_]) -> Floats:
        """The least squares of the score on some columns; 0 for the others."""
        slopes = np.zeros(len(self.blocks))
        if among.any():
            inverse = np.linalg.pinv(self.gram[np.ix_(among, among)], rcond=SMALLEST, hermitian=True)
            slopes[among] = inverse @ self.with_scores[among]
        return slopes

    def _share(self, among: NDArray[np.bool_]) -> float:
        return float(self._slopes(among) @ self.with_scores) / self.variance

    def _shares(self) -> tuple[Floats, Floats]:
        """Each behaviour's share of the variance, and its standard deviation.

        A share is a sum of variances left over, each with a weight. What one answer moves of such a variance is its
        squared residual (the slopes are at their minimum), and so of the share a sum of these: with the score y and
        what a subset fits, f, that is Σ w (y − f)² = −2 y Σ w f + Σ w f², for the weights add up to nothing.
        """
        size = len(self.names)
        shares = np.zeros(size)
        fits, squares = np.zeros((2, size, len(self.profiles)))
        orders = [factorial(n) * factorial(size - n - 1) / factorial(size) for n in range(size)]
        for number in range(2**size):
            within = (number >> np.arange(size)) & 1 == 1
            slopes, joined = self._slopes(within[self.blocks]), int(within.sum())
            fitted = self.design @ slopes
            share = float(slopes @ self.with_scores) / self.variance
            weights = np.where(within, orders[joined - 1], -orders[min(joined, size - 1)])
            shares += weights * share
            fits += weights[:, None] * fitted
            squares += weights[:, None] * fitted**2
        # Of a share, not of what is left over: the sign is turned round.
        moved = (2 * self.scores * fits[:, self.profile_of] - squares[:, self.profile_of]) / self.variance
        moved -= shares[:, None] * self.scores**2 / self.variance
        moved_by_person = np.stack([self._of_persons(one) for one in moved])
        return shares, np.sqrt((moved_by_person**2).sum(axis=1)) / self.count

    def _of_persons(self, values: Floats) -> Floats:
        return np.asarray(np.bincount(self.person_of, weights=values), dtype=float)

    @cached_property
    def _residuals(self) -> Floats:
        """What the model leaves of each score, as if it had not seen it (HC3): values of few answers fit too well."""
        fitted = self.design @ self._slopes(self.blocks >= 0)
        inverse = np.linalg.pinv(self.gram, rcond=SMALLEST, hermitian=True)
        pulls = (((self.design @ inverse) * self.design).sum(axis=1) + 1) / self.count
        unseen = 1 - np.minimum(pulls, 1 - SMALLEST)
        return np.asarray((self.scores - fitted[self.profile_of]) / unseen[self.profile_of], dtype=float)

    def _adds(self, block: int) -> tuple[float, bool]:
        """The p-value that a behaviour adds nothing to the others, and whether all its values can be told from them."""
        own, others = self.blocks == block, self.blocks != block
        inverse = np.linalg.pinv(self.gram[np.ix_(others, others)], rcond=SMALLEST, hermitian=True)
        left = self.design[:, own] - self.design[:, others] @ inverse @ self.gram[np.ix_(others, own)]
        sizes, directions = np.linalg.eigh(left.T @ (self.weights[:, None] * left) / self.count)
        kept = sizes > SMALLEST * np.diag(self.gram).max()
        if not kept.any():
            return 1.0, False
        axes = left @ directions[:, kept] / sizes[kept]
        slopes = np.array([axis[self.profile_of] @ self.scores for axis in axes.T]) / self.count
        moved = np.stack([self._of_persons(axis[self.profile_of] * self._residuals) for axis in axes.T]) / self.count
        persons, free = moved.shape[1], int(kept.sum())
        beside = self.count - int(np.linalg.matrix_rank(self.gram, tol=SMALLEST, hermitian=True)) - 1
        if persons < 2 or beside < 1:
            return 1.0, bool(kept.all())
        if np.mean(self._residuals**2) <= SMALLEST**2 * self.variance:  # nothing is left to doubt by
            return float(not np.abs(slopes).max() > SMALLEST), bool(kept.all())
        spread = np.linalg.pinv(persons / (persons - 1) * moved @ moved.T, hermitian=True)
        statistic = float(slopes @ spread @ slopes) / free
        return float(fdtrc(free, min(persons - 1, beside), statistic)), bool(kept.all())

    def _effects(self, block: int) -> dict[str, float]:
        slopes = self._slopes(self.blocks >= 0)
        effects = np.concatenate([[0.0], slopes[self.blocks == block]])
        counts = np.bincount(self.profiles[:, block], weights=self.weights, minlength=len(effects))
        return dict(zip(map(str, self.values[block]), effects - counts @ effects / self.count, strict=True))


def _holm(p_values: list[float]) -> list[float]:
    """p-values that hold for all of them together (Holm 1979)."""
    corrected, largest = [1.0] * len(p_values), 0.0
    for place, number in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min((len(p_values) - place) * p_values[number], 1.0))
        corrected[number] = largest
    return corrected

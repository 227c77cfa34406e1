"""How uncertain linear combinations of the parameters are: one class a method, the same four questions for each."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from geneval_scorers._ragged import Floats, Ints
from geneval_scorers.preference._solver import Held, Problem, Solution, maximise

DRAWS = 4000
"""Of the largest studentised difference."""

_BLOCK = 4_000_000


class Spread(Protocol):
    """What is known of the errors of estimates."""

    @property
    def covariance(self) -> Floats:
        """Of the parameters; nothing is said of directions that are not identified."""
        ...

    def interval(self, contrasts: Floats, level: float) -> tuple[Floats, Floats]:
        """Ends of the intervals of linear combinations, [combinations, parameters]."""
        ...

    def largest(self, places: Ints, level: float, seed: int) -> float:
        """What the largest |difference| / standard error of all pairs of these parameters stays below with such odds."""
        ...


def errors(spread: Spread, contrasts: Floats) -> Floats:
    """Standard errors of linear combinations."""
    variances = np.einsum("ki,ij,kj->k", contrasts, spread.covariance, contrasts, optimize=True)
    return np.asarray(np.sqrt(np.maximum(variances, 0.0)))


def pair_errors(covariance: Floats, first: Ints, second: Ints) -> Floats:
    """Standard errors of differences of parameters."""
    diagonal = np.diag(covariance)
    return np.sqrt(np.maximum(diagonal[first] + diagonal[second] - 2 * covariance[first, second], 0.0))


def pair_contrasts(places: Ints, width: int) -> Floats:
    """The differences of all pairs of these parameters, [pairs, parameters]."""
    first, second = np.triu_indices(len(places), 1)
    found = np.zeros((len(first), width))
    found[np.arange(len(first)), places[first]] = 1
    found[np.arange(len(first)), places[second]] = -1
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Curved:
    """Normal errors with a covariance; Student's with `freedom` degrees where that was estimated from few clusters."""

    theta: Floats
    covariance: Floats
    freedom: float = math.inf

    def interval(self, contrasts: Floats, level: float) -> tuple[Floats, Floats]:
        """As `Spread` says."""
        from scipy import stats

        reach = stats.t.ppf((1 + level) / 2, self.freedom) * errors(self, contrasts)
        middle = contrasts @ self.theta
        return middle - reach, middle + reach

    def largest(self, places: Ints, level: float, seed: int) -> float:
        """As `Spread` says, from draws of the errors."""
        rng = np.random.default_rng(seed)
        values, vectors = np.linalg.eigh(self.covariance)
        draws = rng.standard_normal((DRAWS, len(values))) @ (vectors * np.sqrt(np.maximum(values, 0.0))).T
        if math.isfinite(self.freedom):
            draws *= np.sqrt(self.freedom / rng.chisquare(self.freedom, DRAWS))[:, None]
        return _largest(draws[:, places], self.covariance[np.ix_(places, places)], level)


def _largest(draws: Floats, covariance: Floats, level: float) -> float:
    """The quantile of the largest studentised difference over draws of errors, [draws, parameters]."""
    columns = np.ascontiguousarray(draws.T)
    found = np.zeros(len(draws))
    for i in range(1, len(columns)):
        before = np.arange(i)
        scale = 1 / pair_errors(covariance, before, np.full(i, i))
        np.maximum(found, (np.abs(columns[:i] - columns[i]) * scale[:, None]).max(axis=0), out=found)
    return float(np.quantile(found, level))


@dataclass(frozen=True, slots=True, eq=False)
class Wild:
    """The wild cluster score bootstrap, studentised, with two equal tails of |t| (Kline and Santos 2012).

    Scores are those of the linearised jackknife; in each draw they are made anew at that draw's estimate, as residuals
    are in a regression, before the draw's own standard error is taken.

    Attributes:
        theta: the estimates.
        covariance: of the linearised jackknife (CR3).
        signs: of each cluster in each draw, [draws, clusters].
        steps: what each cluster moves, [clusters, parameters]; `covariance` is the sum of their squares.
        shares: of the curvature that each cluster brings, times its inverse, [clusters, parameters, parameters].
    """

    theta: Floats
    covariance: Floats
    signs: Floats
    steps: Floats
    shares: Floats

    def interval(self, contrasts: Floats, level: float) -> tuple[Floats, Floats]:
        """As `Spread` says."""
        ratios = np.concatenate(list(self._ratios(contrasts)), axis=1)
        reach = np.quantile(ratios, level, axis=0) * errors(self, contrasts)
        middle = contrasts @ self.theta
        return middle - reach, middle + reach

    def largest(self, places: Ints, level: float, seed: int) -> float:
        """As `Spread` says, from the same draws."""
        contrasts = pair_contrasts(places, len(self.theta))
        found = np.zeros(len(self.signs))
        for ratios in self._ratios(contrasts):
            np.maximum(found, ratios.max(axis=1, initial=0.0), out=found)
        return float(np.quantile(found, level))

    def _ratios(self, contrasts: Floats) -> Iterator[Floats]:
        """|t| of each combination in each draw, [draws, some combinations]."""
        moved = self.signs @ self.steps
        count = len(self.steps)
        size = max(1, _BLOCK // len(self.signs))
        for start in range(0, len(contrasts), size):
            part = contrasts[start : start + size].T
            squares = np.zeros((len(moved), part.shape[1]))
            for sign, step, share in zip(self.signs.T, self.steps, self.shares, strict=True):
                squares += (np.outer(sign, step @ part) - moved @ (share @ part)) ** 2
            yield np.abs(moved @ part) / np.sqrt(squares * count / (count - 1))


def signs_of(draws: int, clusters: int, seed: int) -> Floats:
    """Random signs, or Webb's six points where there are fewer than 12 clusters and so few patterns of signs."""
    rng = np.random.default_rng(seed)
    points = np.sqrt([0.5, 1.0, 1.5]) if clusters < 12 else np.ones(1)
    return np.asarray(rng.choice(np.concatenate([-points, points]), size=(draws, clusters)))


@dataclass(frozen=True, slots=True, eq=False)
class Refitted:
    """Percentiles of the estimates of resamples (Efron and Tibshirani 1993).

    Attributes:
        draws: estimates, [resamples, parameters].
        covariance: of these.
    """

    theta: Floats
    draws: Floats
    covariance: Floats

    def interval(self, contrasts: Floats, level: float) -> tuple[Floats, Floats]:
        """As `Spread` says."""
        low, high = np.quantile(self.draws @ contrasts.T, [(1 - level) / 2, (1 + level) / 2], axis=0)
        return low, high

    def largest(self, places: Ints, level: float, seed: int) -> float:
        """As `Spread` says."""
        return _largest((self.draws - self.theta)[:, places], self.covariance[np.ix_(places, places)], level)


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """Where the likelihood, times the prior, maximised over all else, is not too far below its maximum.

    Attributes:
        problem: what was maximised.
        solution: its maximum.
        covariance: from the curvature there; for pairs and ranks.
    """

    problem: Problem
    solution: Solution
    covariance: Floats

    def interval(self, contrasts: Floats, level: float) -> tuple[Floats, Floats]:
        """As `Spread` says."""
        from scipy import stats

        reach = float(stats.norm.ppf((1 + level) / 2))
        scales = errors(self, contrasts)
        ends = [
            [self._end(contrast, sign * scale, reach) for contrast, scale in zip(contrasts, scales, strict=True)]
            for sign in (-1, 1)
        ]
        return np.array(ends[0]), np.array(ends[1])

    def largest(self, places: Ints, level: float, seed: int) -> float:
        """As `Spread` says, from the curvature."""
        return Curved(self.solution.theta, self.covariance).largest(places, level, seed)

    def _end(self, contrast: Floats, scale: float, reach: float) -> float:
        """Where the signed root of twice the drop is `reach`: it is nearly straight, so that scaling finds it."""
        middle = float(contrast @ self.solution.theta)
        if scale == 0:
            return middle
        away, theta = scale * reach, self.solution.theta
        for _ in range(60):
            theta = theta + (middle + away - contrast @ theta) * (self.solution.inverse @ contrast) / scale**2
            found = maximise(self.problem, theta, Held(contrast, middle + away))
            if found is None:
                return math.copysign(math.inf, scale)
            theta = found.theta
            root = math.sqrt(max(2 * (self.solution.value - found.value), 0.0))
            if abs(root - reach) < 1e-4:
                return middle + away
            away *= min(reach / max(root, 1e-12), 2.0)
        return math.copysign(math.inf, scale)

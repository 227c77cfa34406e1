"""Means of grades from few judged outputs and all scored ones, with their joint covariance.

Prediction-powered inference (Angelopoulos et al. 2023, Science 382) with power tuning (PPI++, Angelopoulos, Duchi and
Zrnic 2023, arXiv 2311.01453): of n judged and N unjudged outputs with grades y and predictions f

    mean(y) + w * (mean of f over the unjudged - mean of f over the judged),   w = cov(y, f) / ((1 + n / N) var(f)).

Predictions are cross-fitted by item (Zrnic and Candes 2024, "Cross-prediction-powered inference"): no output's grade has
a part in its own prediction. They are straight lines, one slope for all systems: what a scorer gives one system beyond
others is the same in judged and unjudged outputs, and falls out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geneval.agreement._correlations import Floats, Ints
from geneval.underestimation._matched import Spread

FOLDS = 10
"""Parts of the items; a part's predictions come from the other parts' grades."""

LEAST = 40
"""Judged outputs of a system below which nothing is predicted."""

DRAWS = 10_000
"""Of the systems' errors, for ranks."""

ROUNDING = 1e-9
"""Differences of scores below this share of their size are none."""

_NOTHING = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Powered:
    """Mean grades of systems.

    Attributes:
        spread: estimates and their joint covariance over items.
        weight: [systems] how much the predictions count, 0 to 1.
        judged: [systems] how many outputs have a grade.
    """

    spread: Spread
    weight: Floats
    judged: Ints


def folds_of(grade: Floats, seed: int) -> Ints:
    """[items] the part of each item with a grade; -1 for the others."""
    out = np.full(len(grade), -1, np.int64)
    judged = np.flatnonzero(~np.isnan(grade).all(axis=1))
    out[np.random.default_rng(seed).permutation(judged)] = np.arange(len(judged)) % FOLDS
    return out


def of_people(grade: Floats) -> Powered:
    """Mean grades of judged outputs alone.

    Args:
        grade: [items, systems]; NaN where nobody judged.
    """
    return _combined(grade, np.full(grade.shape, np.nan), np.zeros(grade.shape))


def powered(grade: Floats, score: Floats, fold: Ints) -> Powered:
    """Mean grades of all outputs, judged or not.

    Args:
        grade: [items, systems]; NaN where nobody judged.
        score: [items, systems]; NaN where there is no output.
        fold: as `folds_of` gives it.
    """
    centred = score - _mean(score, ~np.isnan(score))
    # Scores that differ by rounding alone are equal.
    centred = np.where(np.abs(centred) <= ROUNDING * float(np.nanmax(np.abs(score), initial=0.0)), 0.0, centred)
    slopes = _slopes(grade, centred, fold)
    judged = ~np.isnan(grade)
    many = np.stack([(judged & (fold == k)[:, None]).sum(axis=0) for k in range(FOLDS)])
    # Each part's line counts among the unjudged as often as among the judged.
    mixed = (slopes[:, None] * many).sum(axis=0) / np.maximum(many.sum(axis=0), 1)
    own = np.where(judged, slopes[np.maximum(fold, 0)][:, None] * centred, 0.0)
    return _combined(grade, np.where(judged, np.nan, mixed * centred), own)


def _mean(values: Floats, mask: np.ndarray) -> Floats:
    return np.asarray(np.where(mask, values, 0.0).sum(axis=0) / np.maximum(mask.sum(axis=0), 1))


def _slopes(grade: Floats, score: Floats, fold: Ints) -> Floats:
    """[folds] least squares of grade on score with an intercept for each system, without the fold's items."""
    out = np.zeros(FOLDS)
    for k in range(FOLDS):
        mask = ~np.isnan(grade) & (fold != k)[:, None]
        x = np.where(mask, score - _mean(score, mask), 0.0)
        y = np.where(mask, grade, 0.0)
        out[k] = (x * y).sum() / spread if (spread := float((x**2).sum())) else 0.0
    return out


def _combined(grade: Floats, unjudged: Floats, own: Floats) -> Powered:
    """Estimates with what each item adds to their errors.

    Args:
        grade: [items, systems]; NaN where nobody judged.
        unjudged: predictions where there is an output and no grade, else NaN.
        own: predictions where there is a grade.
    """
    judged, other = ~np.isnan(grade), ~np.isnan(unjudged)
    n, more = judged.sum(axis=0), other.sum(axis=0)
    weight = _weights(np.where(judged, grade, 0.0), own, np.where(other, unjudged, 0.0), judged, other)
    rest = np.where(judged, grade - weight * own, 0.0)
    mean, beyond = _mean(rest, judged), _mean(unjudged, other)
    value = np.where(n > 0, mean + weight * beyond, np.nan)
    # A slope and a weight that were fitted take a degree of freedom each, as a mean does.
    errors = np.where(judged, rest - mean, 0.0) / np.sqrt(np.maximum(n * (n - 1.0 - 2.0 * (weight > 0)), 1.0))
    errors += np.where(other, weight * (unjudged - beyond), 0.0) / np.sqrt(np.maximum(more * (more - 1.0), 1.0))
    clusters = int((judged | other).any(axis=1).sum())
    return Powered(Spread(value, errors.T @ errors, clusters), weight, n)


def _weights(grade: Floats, own: Floats, unjudged: Floats, judged: np.ndarray, other: np.ndarray) -> Floats:
    """[systems] those of least variance, 0 to 1."""
    n, more = judged.sum(axis=0), other.sum(axis=0)
    shared = (np.where(judged, own - _mean(own, judged), 0.0) * grade).sum(axis=0) / np.maximum(n, 1)
    every = np.where(judged, own, unjudged)
    spread = (np.where(judged | other, every - _mean(every, judged | other), 0.0) ** 2).sum(axis=0)
    whole = spread / np.maximum(n + more - 1, 1) * (1 + n / np.maximum(more, 1))
    found = np.divide(shared, whole, out=np.zeros(len(n)), where=(whole > 0) & (more > 0) & (n >= LEAST))
    return np.asarray(np.clip(found, 0.0, 1.0))


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """Who is where, from estimates and their joint covariance.

    Attributes:
        first, last: [systems] with which probability.
        rank_low, rank_high: [systems] ranks that they may have, all at once with the confidence; 1 is best.
        p: [systems, systems] of no difference, of all pairs at once (largest |t| of all).
        se: [systems, systems] standard errors of differences.
    """

    first: Floats
    last: Floats
    rank_low: Ints
    rank_high: Ints
    p: Floats
    se: Floats


def order_of(found: Powered, confidence: float, seed: int, draws: int = DRAWS) -> Order:
    """Draws errors from the joint covariance, with the freedom of the least judged system."""
    value, covariance = found.spread.value, found.spread.covariance
    rng, freedom = np.random.default_rng(seed), max(int(found.judged.min()) - 1, 1)
    roots, vectors = np.linalg.eigh(covariance)
    errors = rng.standard_normal((draws, len(value))) @ (vectors * np.sqrt(np.maximum(roots, 0.0))).T
    errors *= np.sqrt(freedom / rng.chisquare(freedom, draws))[:, None]
    drawn = value + errors
    first = np.bincount(drawn.argmax(axis=1), minlength=len(value)) / draws
    last = np.bincount(drawn.argmin(axis=1), minlength=len(value)) / draws
    size = np.diag(covariance)
    se = np.sqrt(np.maximum(size[:, None] + size - 2 * covariance, 0.0))
    largest, t = _largest(errors, se), np.abs(value[:, None] - value) / np.maximum(se, _NOTHING)
    p = (1.0 + len(largest) - np.searchsorted(largest, t, "left")) / (1.0 + len(largest))
    above = (p <= 1 - confidence) & (value[:, None] > value)
    return Order(first, last, 1 + above.sum(axis=0), len(value) - above.sum(axis=1), np.minimum(p, 1.0), se)


def _largest(errors: Floats, se: Floats) -> Floats:
    """Of each draw the largest |t| of all pairs of systems, sorted."""
    out = np.zeros(len(errors))
    for one in range(errors.shape[1] - 1):
        apart = np.abs(errors[:, one + 1 :] - errors[:, one : one + 1]) / np.maximum(se[one, one + 1 :], _NOTHING)
        out = np.maximum(out, apart.max(axis=1))
    return np.sort(out)

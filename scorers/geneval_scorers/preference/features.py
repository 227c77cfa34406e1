"""Bradley-Terry with features: what makes people prefer one text to another.

    log P(first) / P(second) = w . (phi(first) - phi(second)), without an intercept

with Davidson's ties (1970): P(tie) is nu times the geometric mean of the two others, up to the norm. With one feature a
system, 1 for its own texts, and no penalty, it is plain Bradley-Terry.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geneval_references import InputError, UsageError
from geneval_scorers._ragged import Bools, Floats, Ints
from geneval_scorers.preference._solver import NotConvergedError

Bounds = list[tuple[float | None, float | None]]

_FAR = 30.0
"""A lead in log-odds that takes 10^13 votes; beyond it weights run away."""

_FLAT = 1e-7
"""A slope of the mean loss below which the bottom is reached."""

_MOST_TIES = 20.0
"""Bound of log nu: 10^8 ties for each vote."""


@dataclass(frozen=True, slots=True, eq=False)
class Duels:
    """Votes on pairs of texts; row i of each array belongs to pair i.

    Attributes:
        features: [pairs, features], the first text's less the second's.
        wins, losses, ties: the weight of the votes for the first, for the second, and for neither.
    """

    features: Floats
    wins: Floats
    losses: Floats
    ties: Floats

    def __len__(self) -> int:
        """How many pairs."""
        return len(self.features)

    @property
    def votes(self) -> Floats:
        """The weight of all votes on each pair."""
        return self.wins + self.losses + self.ties

    def take(self, rows: Ints | Bools) -> Duels:
        """Some of the pairs."""
        return Duels(self.features[rows], self.wins[rows], self.losses[rows], self.ties[rows])

    def times(self, often: Floats) -> Duels:
        """Each pair's votes counted so often."""
        return Duels(self.features, self.wins * often, self.losses * often, self.ties * often)

    def seen_by(self, features: Floats) -> Duels:
        """The same votes with other features."""
        return Duels(features, self.wins, self.losses, self.ties)


@dataclass(frozen=True, slots=True, eq=False)
class FeatureFit:
    """Weights, and nu of ties (0 where there are none)."""

    weights: Floats
    nu: float

    def leads(self, features: Floats) -> Floats:
        """Log-odds that the first is preferred, given no tie."""
        return np.asarray(features @ self.weights)


def fit_features(duels: Duels, *, free: Bools | None = None, l2: float = 1.0) -> FeatureFit:
    """The weights that make the votes most likely, with a penalty of l2 / 2 for each squared weight.

    Args:
        duels: the votes.
        free: which weights may be negative; none by default.
        l2: of the penalty, in units of votes; 0 for none.

    Raises:
        InputError: no vote, or weights that run away, as without a penalty they do where features predict every vote.
        UsageError: a penalty below 0.
        NotConvergedError: the search did not come to an end.
    """
    from scipy.optimize import minimize

    if not 0 <= l2 < np.inf:
        raise UsageError(f"l2={l2} does not fit; allowed: a finite number, 0 or more")
    total = float(duels.votes.sum())
    if not total > 0 or not np.isfinite(duels.features).all():
        raise InputError("there is no vote to learn from, or a feature that is no finite number")
    size = duels.features.shape[1]
    tied = bool(duels.ties.any())
    unbound = np.zeros(size, bool) if free is None else free
    bounds: Bounds = [(None if one else 0.0, None) for one in unbound.tolist()]
    bounds += [(-_MOST_TIES, _MOST_TIES)] * tied
    start = np.zeros(size + tied)
    loss = _Loss(duels, l2, total, tied)
    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 5000, "ftol": 0.0, "gtol": 1e-10}
    )
    theta = np.asarray(found.x, np.float64)
    weights = theta[:size]
    if np.abs(duels.features @ weights).max(initial=0.0) > _FAR:
        raise InputError(
            "the weights run away: the features predict every vote that is there; give a penalty (l2 of 1, say), or more "
            "votes"
        )
    if _slope(theta, loss(theta)[1], bounds) > _FLAT:
        raise NotConvergedError(f"the fit of {size} weights did not converge: {found.message}")
    return FeatureFit(weights, float(np.exp(theta[-1])) if tied else 0.0)


class _Loss:
    """The mean negative log-likelihood with its penalty, and its slope."""

    def __init__(self, duels: Duels, l2: float, total: float, tied: bool) -> None:
        self.duels, self.l2, self.total, self.tied = duels, l2, total, tied
        self.size = duels.features.shape[1]

    def __call__(self, theta: Floats) -> tuple[float, Floats]:
        duels, weights = self.duels, theta[: self.size]
        half = duels.features @ weights / 2
        log_nu = float(theta[-1]) if self.tied else -np.inf
        norm = np.logaddexp(np.logaddexp(half, -half), log_nu)
        ahead = duels.wins - duels.losses
        value = float((duels.votes * norm - ahead * half).sum() - (duels.ties.sum() * log_nu if self.tied else 0.0))
        by_half = duels.votes * (np.exp(half - norm) - np.exp(-half - norm)) - ahead
        slope = np.zeros(len(theta))
        slope[: self.size] = duels.features.T @ by_half / 2 + self.l2 * weights
        if self.tied:
            slope[-1] = (duels.votes * np.exp(log_nu - norm)).sum() - duels.ties.sum()
        return (value + self.l2 * float(weights @ weights) / 2) / self.total, slope / self.total


def _slope(theta: Floats, slope: Floats, bounds: Bounds) -> float:
    """The steepest way down that the bounds leave open."""
    low = np.asarray([-np.inf if one is None else one for one, _ in bounds])
    high = np.asarray([np.inf if one is None else one for _, one in bounds])
    held = ((theta <= low) & (slope > 0)) | ((theta >= high) & (slope < 0))
    return float(np.abs(np.where(held, 0.0, slope)).max(initial=0.0))


def chances(leads: Floats, nu: float) -> tuple[Floats, Floats, Floats]:
    """Probabilities that the first is preferred, the second, neither."""
    half = np.asarray(leads, np.float64) / 2
    log_nu = np.log(nu) if nu > 0 else -np.inf
    norm = np.logaddexp(np.logaddexp(half, -half), log_nu)
    return np.exp(half - norm), np.exp(-half - norm), np.exp(log_nu - norm)

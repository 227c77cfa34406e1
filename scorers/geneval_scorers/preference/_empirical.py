"""How far apart worths are, from the comparisons themselves: empirical Bayes for the width of a Gaussian prior."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geneval_scorers._ragged import Floats
from geneval_scorers.preference._design import Design
from geneval_scorers.preference._existence import fitted
from geneval_scorers.preference._solver import Gaussian, Problem

RANGE = (0.05, 8.0)
"""Widths that are looked at, in log-odds."""


@dataclass(frozen=True, slots=True)
class Width:
    """The width with the largest marginal likelihood.

    Attributes:
        sigma: in log-odds.
        note: what is odd about it, if anything is.
    """

    sigma: float
    note: str | None = None


def empirical_width(design: Design) -> Width:
    """Maximises the marginal likelihood of the comparisons, worths integrated out by Laplace's method."""
    from scipy import optimize

    low, high = np.log(RANGE)
    found = optimize.minimize_scalar(
        lambda scale: -_marginal(design, float(np.exp(scale))),
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-5},
    )
    sigma = float(np.exp(found.x))
    if found.x < low + 0.01:
        return Width(
            RANGE[0], f"empirical Bayes sees no difference between the systems: sigma is at its least, {RANGE[0]}"
        )
    if found.x > high - 0.01:
        return Width(RANGE[1], f"empirical Bayes sees no bound to the differences: sigma is at its largest, {RANGE[1]}")
    return Width(sigma)


def _marginal(design: Design, sigma: float) -> float:
    """The logarithm of the marginal likelihood, up to a constant; -inf where the posterior has no maximum."""
    prior = Gaussian(sigma)
    identified, solution = fitted(design, prior)
    if solution is None:
        return -1e300
    curvature: Floats = Problem(design.only(identified.cells), identified.null, prior).curvature(solution.theta)
    return float(solution.value - design.size * np.log(sigma) - 0.5 * np.linalg.slogdet(curvature)[1])

"""Raters of unequal reliability: Crowd-BT (Chen, Bennett, Collins-Thompson and Horvitz 2013).

With probability eta a rater's choice follows the model, otherwise it is turned round; ties say nothing of eta. The
likelihood is not concave in worths and reliabilities together, and without a prior on the worths it may have no
maximum; the search starts where all raters are alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geneval_scorers._ragged import Floats, Ints
from geneval_scorers.preference._clusters import Fitted
from geneval_scorers.preference._comparisons import TIE, tally
from geneval_scorers.preference._kernels import sigmoid
from geneval_scorers.preference._solver import Gaussian, NotConvergedError, Solution, inverted

BETA = (9.0, 2.0)
"""The prior of a reliability: as if each rater had followed the model 8 times and turned round once."""

_STEP = 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class Crowd:
    """The posterior of worths and reliabilities, as a function of all parameters at once.

    Attributes:
        fit: the fit in which all raters are alike.
        prior: of the log-worths.
        rater: of each comparison.
        raters: how many there are.
    """

    fit: Fitted
    prior: Gaussian
    rater: Ints
    raters: int

    def value(self, x: Floats) -> tuple[float, Floats]:
        """The logarithm of the posterior and its gradient in (parameters, logits of reliabilities)."""
        design, theta = self.fit.design, x[: -self.raters]
        eta = sigmoid(x[-self.raters :])
        lead, tie = design.lead(theta), design.tie(theta)
        likely = np.exp(design.kernel.log_probabilities(lead, tie))
        slopes = design.kernel.scores(lead, tie)
        cell, outcome, weight = design.cell, design.outcome, design.weight
        other = np.where(outcome == TIE, TIE, 1 - outcome)
        chosen, turned = likely[outcome, cell], likely[other, cell]
        own = eta[self.rater]
        mixed = own * chosen + (1 - own) * turned
        follows = own * chosen / mixed
        by_lead, by_tie = (
            tally(cell, weight * (follows * slope[outcome, cell] + (1 - follows) * slope[other, cell]), len(lead))
            for slope in slopes
        )
        none = np.zeros((0, 0))
        value = float((weight * np.log(mixed)).sum()) + self.prior.value(design, theta, none)
        value += float(((BETA[0] - 1) * np.log(eta) + (BETA[1] - 1) * np.log1p(-eta)).sum())
        by_eta = tally(self.rater, weight * (chosen - turned) / mixed, self.raters) * eta * (1 - eta)
        by_eta += (BETA[0] - 1) * (1 - eta) - (BETA[1] - 1) * eta
        by_theta = design.gradient(by_lead, by_tie) + self.prior.gradient(design, theta, none)
        return value, np.concatenate([by_theta, by_eta])

    def curvature(self, x: Floats) -> Floats:
        """Negative second derivatives, from differences of the gradient; null directions held still."""
        found = np.empty((len(x), len(x)))
        for number in range(len(x)):
            move = np.zeros(len(x))
            move[number] = _STEP
            found[number] = (self.value(x - move)[1] - self.value(x + move)[1]) / (2 * _STEP)
        width = self.fit.design.width
        found = (found + found.T) / 2
        found[:width, :width] += self.fit.problem.still
        return found

    def start(self) -> Floats:
        """All raters alike."""
        return np.concatenate([self.fit.solution.theta, np.full(self.raters, np.log((BETA[0] - 1) / (BETA[1] - 1)))])


@dataclass(frozen=True, slots=True, eq=False)
class CrowdFit:
    """The maximum: parameters, logits of reliabilities, and the covariance of all of them."""

    solution: Solution
    logits: Floats
    covariance: Floats


def fit_raters(crowd: Crowd) -> CrowdFit:
    """The maximum nearest to raters who are all alike.

    Raises:
        NotConvergedError: it was not found.
    """
    from scipy import optimize

    def down(x: Floats) -> tuple[float, Floats]:
        value, gradient = crowd.value(x)
        return -value, -gradient

    found = optimize.minimize(
        down, crowd.start(), jac=True, method="L-BFGS-B", options={"maxiter": 5000, "ftol": 1e-13}
    )
    x = np.asarray(found.x)
    for count in range(20):
        try:
            inverse = inverted(crowd.curvature(x))
        except np.linalg.LinAlgError:
            raise NotConvergedError("the fit of raters' reliabilities ended where there is no maximum") from None
        step = inverse @ crowd.value(x)[1]
        x = x + step
        if np.abs(step).max() < 1e-7:
            width = crowd.fit.design.width
            solution = Solution(x[:width], crowd.value(x)[0], inverse[:width, :width], found.nit + count)
            return CrowdFit(solution, x[width:], inverse[width:, width:])
    raise NotConvergedError("the fit of raters' reliabilities did not converge")

"""Newton's method with step halving for a concave log-likelihood, with or without a prior.

The shift of all log-worths, and whatever else the comparisons leave open, is a null space: directions in which the
likelihood is flat. They are held still by adding their projector to the curvature, so that estimates of what is
identified do not depend on how the rest is fixed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from geneval_references import GenevalError
from geneval_scorers._ragged import Floats
from geneval_scorers.preference._design import Design
from geneval_scorers.preference._kernels import Values

STEPS = 200
"""Newton needs 5 to 8; under the Jeffreys prior, where its matrix is approximate, some more."""

_SLOW = 15
"""After so many steps under the Jeffreys prior its exact curvature is worth its price: the approximate one may creep."""

_FAR = 30.0
"""A lead in log-odds, of two systems that were compared, that takes 10^13 comparisons; beyond, gradients are rounding."""

_SMALL = 1e-9
"""A step below this ends the search; Newton's steps square, so that what is left is rounding."""

_SMALL_HELD = 1e-5
"""The same along a profile, of which only the height is asked: that errs by the square of the step."""


class NotConvergedError(GenevalError, ArithmeticError):
    """A fit that did not converge: no number of it can be used."""


class Prior(Protocol):
    """What is added to the log-likelihood."""

    def value(self, design: Design, theta: Floats, curvature: Floats) -> float:
        """The logarithm of the prior."""
        ...

    def gradient(self, design: Design, theta: Floats, inverse: Floats) -> Floats:
        """Its derivatives; `inverse` is that of the curvature."""
        ...

    def curvature(self, design: Design) -> Floats | float:
        """Its negative second derivatives, or 0 where they are left out."""
        ...


@dataclass(frozen=True, slots=True)
class Flat:
    """No prior: maximum likelihood."""

    def value(self, design: Design, theta: Floats, curvature: Floats) -> float:
        """Nothing."""
        return 0.0

    def gradient(self, design: Design, theta: Floats, inverse: Floats) -> Floats:
        """Nothing."""
        return np.zeros(design.width)

    def curvature(self, design: Design) -> float:
        """Nothing."""
        return 0.0


@dataclass(frozen=True, slots=True)
class Gaussian:
    """Log-worths are drawn from N(0, sigma^2); order effect, covariates and ties have no prior."""

    sigma: float

    def value(self, design: Design, theta: Floats, curvature: Floats) -> float:
        """As `Prior` says, up to a constant in theta."""
        return float(-0.5 * (theta[: design.size] ** 2).sum() / self.sigma**2)

    def gradient(self, design: Design, theta: Floats, inverse: Floats) -> Floats:
        """As `Prior` says."""
        found = np.zeros(design.width)
        found[: design.size] = -theta[: design.size] / self.sigma**2
        return found

    def curvature(self, design: Design) -> Floats:
        """As `Prior` says."""
        precision = np.zeros(design.width)
        precision[: design.size] = self.sigma**-2
        return np.diag(precision)


@dataclass(frozen=True, slots=True)
class Jeffreys:
    """Half the log-determinant of the expected information: Firth 1993, "Bias reduction of maximum likelihood estimates"."""

    def value(self, design: Design, theta: Floats, curvature: Floats) -> float:
        """As `Prior` says, up to a constant."""
        return float(0.5 * np.linalg.slogdet(curvature)[1])

    def gradient(self, design: Design, theta: Floats, inverse: Floats) -> Floats:
        """As `Prior` says: derivatives of the information by complex steps, which are exact to rounding."""
        tiny = 1e-30
        total = design.total
        dd, dt, tt = design.products(inverse)
        lead, tie = design.lead(theta), design.tie(theta)

        def weighed(parts: tuple[Values, Values, Values]) -> Floats:
            slopes = [np.imag(part) / tiny for part in parts]
            return np.asarray(0.5 * total * (dd * slopes[0] + 2 * dt * slopes[1] + tt * slopes[2]))

        by_lead = weighed(design.kernel.information(lead + 1j * tiny, tie))
        by_tie = weighed(design.kernel.information(lead, tie + 1j * tiny)) if design.kernel.fits_ties else 0 * lead
        return design.gradient(by_lead, by_tie)

    def curvature(self, design: Design) -> float:
        """Left out, as is usual: the information alone leads to the same maximum."""
        return 0.0


FLAT = Flat()


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """What is maximised.

    Attributes:
        design: the cells that count.
        null: directions that are not identified, orthonormal columns, [parameters, directions].
        prior: what is added to the log-likelihood.
    """

    design: Design
    null: Floats
    prior: Prior = field(default=FLAT)

    def curvature(self, theta: Floats) -> Floats:
        """The negative second derivatives (with a Jeffreys prior: the expected ones), null directions held still."""
        design = self.design
        if isinstance(self.prior, Jeffreys):
            parts = design.kernel.information(design.lead(theta), design.tie(theta))
            found = design.curvature(*(part * design.total for part in parts))
        else:
            terms = design.terms(theta)
            found = design.curvature(terms.dd, terms.dt, terms.tt)
        return found + self.prior.curvature(design) + self.still

    @property
    def still(self) -> Floats:
        """The projector onto the null directions, in the units of the curvature."""
        return np.asarray(self.null @ self.null.T * max(float(self.design.total.mean()), 1e-300))

    def value(self, theta: Floats) -> float:
        """The log-likelihood plus the logarithm of the prior, -inf where it does not exist."""
        likelihood = float(self.design.terms(theta).value.sum())
        if not np.isfinite(likelihood):
            return -np.inf
        needs = isinstance(self.prior, Jeffreys)
        return likelihood + self.prior.value(self.design, theta, self.curvature(theta) if needs else np.zeros((0, 0)))

    def inverse(self, theta: Floats) -> Floats:
        """The covariance of what is identified, from the curvature; nothing else has any."""
        held = inverted(self.curvature(theta))
        return held if not self.null.size else held - self.null @ (self.null.T @ held @ self.null) @ self.null.T

    def uphill(self, theta: Floats, inverse: Floats) -> Floats:
        """What turns the gradient into a step: `inverse`, and under a Jeffreys prior that of its curvature, too.

        A cell's share of the prior is about that of as many more comparisons as the cell has leverage, one half on each
        side (Firth 1993); without them steps may swing to and fro over the maximum for ever.
        """
        if not isinstance(self.prior, Jeffreys):
            return inverse
        design = self.design
        dd, dt, tt = (np.asarray(part) for part in design.kernel.information(design.lead(theta), design.tie(theta)))
        by_lead, by_both, by_tie = design.products(inverse)
        more = design.total * (1 + dd * by_lead + 2 * dt * by_both + tt * by_tie)
        return inverted(design.curvature(dd * more, dt * more, tt * more) + self.still)

    def exact(self, theta: Floats) -> Floats | None:
        """As `uphill`, from differences of the gradient; None where `value` is not concave here."""
        columns = []
        try:
            for way in np.diag(1e-5 * np.maximum(1.0, np.abs(theta))):
                high, low = (self.gradient(end, inverted(self.curvature(end))) for end in (theta + way, theta - way))
                columns.append((low - high) / (2 * way.max()))
            found = np.asarray(columns)
            return inverted((found + found.T) / 2 + self.still)
        except np.linalg.LinAlgError:
            return None

    def gradient(self, theta: Floats, inverse: Floats) -> Floats:
        """Derivatives of `value`."""
        terms = self.design.terms(theta)
        return self.design.gradient(terms.d, terms.t) + self.prior.gradient(self.design, theta, inverse)

    def start(self) -> Floats:
        """All systems equal."""
        theta = np.zeros(self.design.width)
        if self.design.kernel.fits_ties:
            theta[-1] = self.design.kernel.start(self.design.counts)
        return theta


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """A maximum.

    Attributes:
        theta: the parameters.
        value: log-likelihood plus logarithm of the prior.
        inverse: of the curvature there, null directions held still.
        steps: how many it took.
    """

    theta: Floats
    value: float
    inverse: Floats
    steps: int


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A linear combination of the parameters that keeps its value."""

    contrast: Floats
    value: float

    def step(self, theta: Floats, free: Floats, inverse: Floats) -> Floats:
        """The Newton step among parameters that keep it."""
        along = inverse @ self.contrast
        miss = self.value - self.contrast @ (theta + free)
        return free + along * (miss / (self.contrast @ along))


def maximise(problem: Problem, start: Floats | None = None, held: Held | None = None) -> Solution | None:
    """The maximum, or None where the search runs away: it may not exist.

    Raises:
        NotConvergedError: neither came to pass within `STEPS`.
    """
    theta = problem.start() if start is None else start
    value, small = problem.value(theta), _SMALL if held is None else _SMALL_HELD
    for count in range(1, STEPS + 1):
        inverse = _inverse(problem, theta)
        if inverse is None:
            return None
        slow = count > _SLOW and isinstance(problem.prior, Jeffreys)
        sharp = problem.exact(theta) if slow else None
        uphill = problem.uphill(theta, inverse) if sharp is None else sharp
        step = uphill @ problem.gradient(theta, inverse)
        if held is not None:
            step = held.step(theta, step, uphill)
        theta, value, size = _halved(problem, theta, value, step, free=held is None or count > 1)
        if np.abs(problem.design.lead(theta)).max(initial=abs(problem.design.tie(theta))) > _FAR:
            return None
        if size < small * max(1.0, float(np.abs(theta).max())):
            return Solution(theta, value, inverse, count)
    raise NotConvergedError(
        f"the Bradley-Terry fit did not converge in {STEPS} steps; look at the weights and the units of the covariates"
    )


def _inverse(problem: Problem, theta: Floats) -> Floats | None:
    try:
        return inverted(problem.curvature(theta))
    except np.linalg.LinAlgError:
        return None


def inverted(matrix: Floats) -> Floats:
    """The inverse of a positive definite matrix, which need not be well scaled.

    Raises:
        numpy.linalg.LinAlgError: it is not positive definite.
    """
    scale = np.sqrt(np.maximum(np.diag(matrix), np.finfo(float).tiny))
    lower = np.linalg.cholesky(matrix / np.outer(scale, scale))
    half = np.linalg.inv(lower)
    return np.asarray(half.T @ half / np.outer(scale, scale))


def _halved(problem: Problem, theta: Floats, value: float, step: Floats, *, free: bool) -> tuple[Floats, float, float]:
    """Theta after the step, halved until it does not go down; a step that moves onto a constraint may go down."""
    slack = 1e-11 * max(1.0, abs(value))
    for _ in range(40):
        there = problem.value(theta + step)
        if np.isfinite(there) and (not free or there >= value - slack):
            return theta + step, there, float(np.abs(step).max())
        step = step / 2
    raise NotConvergedError(
        "the Bradley-Terry fit found no way up from where it is; look at weights and covariates' units"
    )


def proven(problem: Problem, found: Solution) -> bool:
    """Whether a maximum exists near where the search ended, beyond doubt.

    The log-likelihoods here are generalised self-concordant in the leads (Bach 2010): if Newton's decrement times the
    largest standard deviation of a lead is below 1, there is a maximum within reach. Where it runs off to infinity,
    every step changes some lead by about 1, and the product stays above. What rounding may hide in the gradient is added.
    """
    gradient = problem.gradient(found.theta, found.inverse)
    decrement = math.sqrt(max(float(gradient @ found.inverse @ gradient), 0.0))
    dd, dt, tt = problem.design.products(found.inverse)
    widest: Floats = dd + 2 * np.abs(dt) + tt
    width = float(widest.max())
    rounding = float(np.finfo(float).eps) * float(problem.design.total.sum()) * width
    return decrement * math.sqrt(width) + rounding < 0.1

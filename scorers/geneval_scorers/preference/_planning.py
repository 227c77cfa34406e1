"""How many more judgements, and of which pairs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from geneval_references import UsageError
from geneval_scorers._ragged import Floats
from geneval_scorers.preference._design import Design
from geneval_scorers.preference._kernels import Kernel

WEAK = 2.0
"""Under a Gaussian prior of this width every pair has an uncertainty, those that the comparisons leave open a large one."""


@dataclass(frozen=True, slots=True)
class NextPair:
    """A pair to be judged next.

    Attributes:
        a, b: the systems.
        gain: by how much the judgement is expected to shrink the logarithm of the volume of the worths' confidence
            region, times two; at least 0.
        judged: how often the pair was compared so far, this list's own pairs before it among them.
    """

    a: str
    b: str
    gain: float
    judged: float


def detection_power(difference: float, error: float, *, confidence: float = 0.95) -> float:
    """The probability that a true difference is found significant, 0 to 1.

    Args:
        difference: of log-worths; e to its power are the odds that one is preferred to the other, ties aside.
        error: the standard error of its estimate.
        confidence: of the two-sided test.
    """
    from scipy import stats

    reach = stats.norm.ppf((1 + confidence) / 2)
    return float(stats.norm.cdf(difference / error - reach) + stats.norm.cdf(-difference / error - reach))


def wanted_error(difference: float, power: float, confidence: float) -> float:
    """The standard error with which a difference is found with that probability.

    Raises:
        UsageError: a difference of 0, or a probability that is not between 0 and 1.
    """
    from scipy import stats

    if not math.isfinite(difference) or difference == 0:
        raise UsageError(f"difference is {difference}; give a difference of log-worths other than 0")
    if not 0 < confidence < 1 or not 1 - confidence < power < 1:
        raise UsageError(
            f"power is {power} and confidence {confidence}; both lie between 0 and 1, and power above 1 - confidence"
        )
    return float(abs(difference) / (stats.norm.ppf((1 + confidence) / 2) + stats.norm.ppf(power)))


def information_of(kernel: Kernel, difference: float, tie: float) -> float:
    """What one comparison tells of the difference of its two log-worths, ties' parameter being estimated with it."""
    dd, dt, tt = (part[0] for part in kernel.information(np.array([difference]), tie))
    return float(dd - (dt**2 / tt if tt > 0 else 0.0))


def pairs_by_gain(
    design: Design, theta: Floats, covariance: Floats, count: int, seed: int
) -> list[tuple[int, int, float, float]]:
    """Pairs one after the other, each the one that tells most once those before it are judged (D-optimal, greedy).

    Equal gains go to the pair that was compared less often, then to the one that the seed puts first.

    Args:
        design: the comparisons so far.
        theta: estimates.
        covariance: of these, finite for every pair.
        count: how many pairs.
        seed: of the order among equals.

    Returns:
        The two systems, the gain, and how often they were compared before.
    """
    first, second = np.triu_indices(design.size, 1)
    judged = np.bincount(design.a * design.size + design.b, design.total, design.size**2)[first * design.size + second]
    weight = design.kernel.information(theta[first] - theta[second], design.tie(theta))[0]
    shuffled = np.random.default_rng(seed).permutation(len(first))
    covariance, found = covariance.copy(), []
    for _ in range(count):
        diagonal = np.diag(covariance)
        variance = diagonal[first] + diagonal[second] - 2 * covariance[first, second]
        gain = np.log1p(weight * variance)
        best = int(np.lexsort((shuffled, judged, -np.round(gain, 9)))[0])
        i, j = int(first[best]), int(second[best])
        found.append((i, j, float(gain[best]), float(judged[best])))
        along = covariance[:, i] - covariance[:, j]
        covariance -= np.outer(along, along) * weight[best] / (1 + weight[best] * variance[best])
        judged[best] += 1
    return found

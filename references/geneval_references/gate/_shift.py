"""Is the pool that a gate is applied to like the one that it was certified on?

Where the share of valid ones differs, precision at one threshold differs, and the certificate is void.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geneval_references.gate._bound import Floats

_ROUNDS = 200
_LEAST = 0.005
"""An estimated share nearer to none or to all is no estimate."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Two pools beside each other.

    Attributes:
        there: share of valid candidates that the gate was calibrated on, 0 to 1.
        here: estimated share in this pool.
        mean_there, mean_here: mean probability that the model gives, without any correction.
        error: standard error of the difference of the two means, with items as units.
        implied: precision here at the gate's threshold, if only the share of valid ones differs; None without one.
        limit: standard errors from which on the difference of the means is a shift.
    """

    there: float
    here: float
    mean_there: float
    mean_here: float
    error: float
    implied: float | None
    limit: float = 2.0

    @property
    def saturated(self) -> bool:
        """Whether the estimated share is none or all: there the model is beyond what it knows, and no share is told."""
        return not _LEAST <= self.here <= 1 - _LEAST

    @property
    def seen(self) -> bool:
        """Whether the means differ by more than chance explains."""
        return abs(self.mean_here - self.mean_there) > self.limit * self.error


def share_here(scores: Floats, there: float) -> float:
    """The share of valid candidates in a pool, from probabilities that were calibrated where it was `there`.

    Maximum likelihood, if pools differ in the share alone (Saerens, Latinne and Decaestecker 2002); 0 to 1.
    """
    share = there = min(max(there, 1e-6), 1 - 1e-6)
    for _ in range(_ROUNDS):
        odds = scores * share / there, (1 - scores) * (1 - share) / (1 - there)
        new = float(np.mean(odds[0] / np.maximum(odds[0] + odds[1], 1e-300)))
        if abs(new - share) < 1e-8:
            break
        share = min(max(new, 1e-9), 1 - 1e-9)
    return share


def implied_precision(precision: float, there: float, here: float) -> float:
    """Precision at a threshold where the share of valid ones is `here`, if it is `precision` where it is `there`.

    The odds of being valid, above the threshold, change as those of the pool do: .9 where 54 % are valid is .55 where
    14 % are.

    >>> round(implied_precision(0.9, 0.54, 0.14), 2)
    0.56
    """
    if precision in {0.0, 1.0} or there in {0.0, 1.0}:
        return precision
    odds = precision / (1 - precision) * (here / max(1 - here, 1e-12)) / (there / (1 - there))
    return odds / (1 + odds)


def mean_by_item(scores: Floats, items: npt.NDArray[np.generic]) -> tuple[float, float]:
    """The mean of scores, and its standard error with items as units; an infinite one of a single item."""
    _, place = np.unique(items, return_inverse=True)
    n = int(place.max()) + 1 if len(place) else 0
    mean = float(scores.mean()) if len(scores) else 0.0
    if n < 2:
        return mean, float("inf")
    sums = np.bincount(place, scores - mean)
    return mean, float(np.sqrt(n / (n - 1) * (sums**2).sum()) / len(scores))

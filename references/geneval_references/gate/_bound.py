"""A lower bound of precision from judged candidates that come in items, with unequal sampling probabilities.

Clopper-Pearson takes candidates for independent trials; those of one item are not. Here the item is the trial. With w
the inverse of the probability with which a candidate was drawn for judging, an item c that was drawn from gives, against
a precision p,

    Z_c(p) = sum over its judged candidates above the threshold of w (valid - p)

Where precision is p or less, the mean of Z_c over items is 0 or less (Horvitz and Thompson 1952), whatever goes on within
items. That is tested by betting (`_betting.py`).

Where no item can have more than one judged candidate, items are Bernoulli trials once each is kept with a probability of
its weight over the largest; the exact binomial test then stands in, which needs fewer of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from geneval_references._errors import UsageError
from geneval_references.gate._betting import log_capital

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SLACK = 3.0
"""Betting needs two to three times the candidates of an exact test: twice the items (simulated for .90, where .93 to .97 is
true), and more where heavy items hold bets down."""

_PRECISE = 2e-4
"""To which a bound is found."""
_KEPT = 0.6
"""Share of items that thinning has to leave."""


@dataclass(frozen=True, slots=True)
class Items:
    """Judged candidates above one threshold, summed by item.

    Attributes:
        weight: of each item with a judged candidate, the sum of its weights, above 0.
        valid: of each the sum of the weights of the valid ones, 0 to `weight`.
        reach: the largest weight that any item could have had, whatever had been drawn; None where all candidates of
            these items were judged, so that weights hang on no draw.
        single: no item could have more than one.
        count: judged candidates.
    """

    weight: Floats
    valid: Floats
    reach: float | None
    single: bool
    count: int

    @property
    def precision(self) -> float | None:
        """Weighted share of valid ones, 0 to 1; None where none is judged."""
        return float(self.valid.sum() / self.weight.sum()) if len(self.weight) else None

    @property
    def exact(self) -> bool:
        """Whether items are Bernoulli trials, or become such ones without losing too many."""
        return self.single and len(self.weight) > 0 and float(self.weight.mean()) >= _KEPT * self.top

    @property
    def top(self) -> float:
        """The largest weight."""
        return float(self.weight.max(initial=0.0)) if self.reach is None else self.reach

    @property
    def design_effect(self) -> float:
        """By how much clusters and weights raise the variance of precision above that of independent equal trials."""
        p, total = self.precision or 0.0, self.weight.sum()
        if not 0 < p < 1 or len(self.weight) < 2:
            return 1.0
        n = len(self.weight)
        variance = n / (n - 1) * float(((self.valid - p * self.weight) ** 2).sum()) / total**2
        return float(variance * self.count / (p * (1 - p)))


def by_item(
    item: npt.NDArray[np.generic],
    valid: npt.NDArray[np.bool_],
    weight: Floats,
    *,
    reach: float | None = None,
    single: bool = False,
) -> Items:
    """Sum judged candidates by item.

    Args:
        item: of each judged candidate, any label.
        valid: whether it is a right answer.
        weight: the inverse of the probability with which it was drawn; 1 where all were judged.
        reach: as in `Items`.
        single: as in `Items`; where all candidates were judged it is found out.

    Raises:
        UsageError: a weight is not positive and finite, or an item weighs more than `reach`.
    """
    if not (np.isfinite(weight).all() and (weight > 0).all()):
        raise UsageError("a weight is the inverse of a probability in (0, 1]: positive and finite")
    _, place, many = np.unique(item, return_inverse=True, return_counts=True)
    sums = np.bincount(place, weight)
    most = float(sums.max()) if len(sums) else 1.0
    if single and (many > 1).any():
        raise UsageError("an item has several judged candidates where the draw allows one; were draws mixed up?")
    if reach is not None and most > reach * (1 + 1e-9):
        raise UsageError(f"an item weighs {most:g}, more than the {reach:g} it can reach; were probabilities mixed up?")
    right = np.bincount(place, weight * valid)
    return Items(
        sums.astype(float), right.astype(float), reach, single or (reach is None and bool((many == 1).all())), len(item)
    )


def chance(items: Items, precision: float) -> float:
    """An upper bound of the probability of what was seen, were precision no higher than this; 0 to 1.

    Below alpha it refutes, at that level, that precision is `precision` or less.
    """
    n = len(items.weight)
    if not n:
        return 1.0
    if items.exact:
        # Thinned by the same numbers whatever the precision, so that bounds are monotone.
        kept = np.random.default_rng(0).random(n) < items.weight / items.top
        return binomial_tail(round(float((items.valid / items.weight)[kept].sum())), int(kept.sum()), precision)
    return math.exp(min(0.0, -log_capital(items.valid, items.weight, precision, items.reach)))


def lower_bound(items: Items, alpha: float = 0.05) -> float:
    """The largest precision that is refuted at `alpha`, to 2e-4: true precision lies below with probability alpha at most.

    It holds for one threshold that was chosen without looking at the verdicts.
    """
    low, high = 0.0, items.precision or 0.0
    if high <= 0:
        return 0.0
    while high - low > _PRECISE:
        middle = (low + high) / 2
        if chance(items, middle) <= alpha:
            low = middle
        else:
            high = middle
    return low


def binomial_tail(successes: int, n: int, p: float) -> float:
    """P(X >= successes) of n trials that succeed with probability p: the one-sided test of Clopper and Pearson (1934)."""
    from scipy.stats import binom

    return float(binom.sf(successes - 1, n, p))


@lru_cache(maxsize=256)
def needed(
    precision: float, true: float, *, alpha: float = 0.05, power: float = 0.8, effect: float = 1.0, most: int = 20_000
) -> int | None:
    """How many judged candidates above the threshold certify `precision` with this power, if it is `true` in truth.

    By the exact binomial test, at the first count that has this power; times the design effect.

    Returns:
        A number of candidates; None where even `most` do not do, or `true` is not above `precision`.
    """
    from scipy.stats import binom

    if true <= precision:
        return None
    n = np.arange(1, most + 1)
    # The fewest successes that refute `precision`; above n where none does.
    least = binom.isf(alpha, n, precision).astype(np.int64) + 1
    enough = np.flatnonzero(binom.sf(least - 1, n, true) >= power)
    return math.ceil(int(n[enough[0]]) * max(effect, 1.0)) if len(enough) else None

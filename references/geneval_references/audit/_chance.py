"""Exact tails and intervals of counts, and corrections for how many were looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_EXACT = 3000
"""So many trials are convolved; of more, a bound is taken, which is never too small."""


def binomial_tail(wins: int, trials: int, chance: float = 0.5) -> float:
    """P(X >= wins) of Binomial(trials, chance).

    >>> binomial_tail(5, 5)
    0.03125
    """
    from scipy.stats import binom

    return float(binom.sf(wins - 1, trials, chance))


def trials_tail(total: int, chances: Floats) -> float:
    """P(at least `total` successes) in independent trials, each with a chance of its own (Poisson-binomial).

    Exact up to 3000 trials that are neither sure nor impossible; beyond, the Chernoff bound, which is no less.
    """
    wanted = total - int((chances >= 1).sum())
    open_ = chances[(chances > 0) & (chances < 1)]
    if wanted <= 0:
        return 1.0
    if wanted > len(open_):
        return 0.0
    if len(open_) > _EXACT:
        return _chernoff(wanted, open_)
    law = np.ones(1)
    for chance in open_:
        law = np.convolve(law, [1 - chance, chance])
    return float(law[wanted:].sum())


def _chernoff(wanted: int, chances: Floats) -> float:
    if wanted <= chances.sum():
        return 1.0
    if wanted == len(chances):
        return float(np.exp(np.log(chances).sum()))
    from scipy.optimize import minimize_scalar

    def exponent(tilt: float) -> float:
        return float(np.log1p(chances * np.expm1(tilt)).sum() - tilt * wanted)

    return float(np.exp(minimize_scalar(exponent, bounds=(0.0, 50.0), method="bounded").fun))


def interval(count: int, of: int, confidence: float = 0.95) -> tuple[float, float]:
    """The exact interval of a rate (Clopper and Pearson 1934)."""
    from scipy.stats import beta

    tail = (1 - confidence) / 2
    low = float(beta.ppf(tail, count, of - count + 1)) if count else 0.0
    high = float(beta.ppf(1 - tail, count + 1, of - count)) if count < of else 1.0
    return low, high


def holm(p: Sequence[float]) -> list[float]:
    """p-values corrected for their number (Holm 1979), in the order given.

    >>> holm([0.01, 0.04])
    [0.02, 0.04]
    """
    order = sorted(range(len(p)), key=p.__getitem__)
    out, worst = [0.0] * len(p), 0.0
    for rank, place in enumerate(order):
        worst = max(worst, min(1.0, (len(p) - rank) * p[place]))
        out[place] = worst
    return out


def false_discoveries(p: Floats) -> Floats:
    """p-values corrected to expected shares of false alarms (Benjamini and Hochberg 1995), in the order given."""
    order = np.argsort(p)[::-1]
    scaled = p[order] * len(p) / np.arange(len(p), 0, -1)
    out = np.empty(len(p))
    out[order] = np.minimum(np.minimum.accumulate(scaled), 1.0)
    return out


def count_names(names: Sequence[str]) -> str:
    """Names with how often each occurs, most frequent first: `html 3, list numbering 1`."""
    return ", ".join(f"{name} {n}" for name, n in sorted(Counter(names).items(), key=lambda pair: (-pair[1], pair[0])))

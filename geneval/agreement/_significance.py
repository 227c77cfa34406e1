"""Does one scorer agree with people better than another, or is that chance?

Permutation of two standardised scorers' scores (Deutsch, Dror and Roth 2021, "A Statistical Analysis of Summarization
Evaluation Metrics using Resampling Methods": PERM-BOTH, PERM-INPUTS, PERM-SYSTEMS), with one added to both counts; and
Williams' test of two correlations with one variable in common (Williams 1959; Graham and Baldwin 2014).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple, get_args

import numpy as np

from geneval.agreement._cells import Cells
from geneval.agreement._correlations import Floats, rounded

Permuted = Literal["both", "inputs", "systems"]
"""What two scorers swap: single outputs' scores, those of whole items, or those of whole systems."""
PERMUTED: tuple[Permuted, ...] = get_args(Permuted)

_BLOCK = 2_000_000
"""So many (permutation, cell) are looked at together."""

_EQUAL = 1e-12


class Williams(NamedTuple):
    """Williams' test: t, one-sided p that the first correlation is the greater, and two-sided p."""

    t: float
    p: float
    p_two_sided: float


def williams(first: float, second: float, between: float, n: int, *, absolute: bool = False) -> Williams:
    """Williams' test that a variable correlates with grades more than another one does.

    Args:
        first: correlation of the one with the grades.
        second: correlation of the other with the grades.
        between: correlation of the two.
        n: how many values there are; 4 or more.
        absolute: take the size of each correlation without its sign, as mt-metrics-eval does; a scorer that is worse
            than chance is then rewarded for it.

    Returns:
        NaN in each place where there are fewer than 4 values, or the two are one but for scale.
    """
    r12, r13, r23 = (abs(r) if absolute else r for r in (first, second, between))
    from scipy.stats import t as student

    determinant = 1 - r12**2 - r13**2 - r23**2 + 2 * r12 * r13 * r23
    if n < 4:
        return Williams(math.nan, math.nan, math.nan)
    below = 2 * (n - 1) / (n - 3) * determinant + ((r12 + r13) / 2) ** 2 * (1 - r23) ** 3
    if not below > _EQUAL:
        return Williams(math.nan, math.nan, math.nan)
    t = (r12 - r13) * math.sqrt((n - 1) * (1 + r23) / below)
    return Williams(t, float(student.sf(t, n - 3)), float(2 * student.sf(abs(t), n - 3)))


def standardised(scores: Floats) -> Floats:
    """Of mean 0 and deviation 1; as they are where all are equal."""
    spread = scores.std()
    return rounded((scores - scores.mean()) / (spread if spread > 0 else 1.0))


def permutation_p(
    cells: Cells,
    first: Floats,
    second: Floats,
    statistic: Callable[[Floats], Floats],
    *,
    what: Permuted,
    count: int,
    seed: int,
) -> tuple[float, float]:
    """Two-sided p-value of the difference between two scorers' agreement with people.

    Args:
        cells: what the scores are of.
        first: [cells], not standardised.
        second: [cells].
        statistic: from scores [versions, cells] to [versions].
        what: what the two scorers swap in each permutation, with probability 1/2.
        count: how many permutations.
        seed: of drawing them.

    Returns:
        The difference of the first from the second, and its p-value: the share of permutations with a difference at
        least as large, one added to both counts. NaN where either has no value.
    """
    one, other = standardised(first), standardised(second)
    seen = float(np.subtract(*statistic(np.stack([one, other]))))
    if math.isnan(seen):
        return math.nan, math.nan
    reached = 0
    for swap in _swaps(cells, what, count, seed):
        apart = statistic(np.where(swap, other, one)) - statistic(np.where(swap, one, other))
        # A permutation under which a scorer has no value left is no evidence against chance.
        reached += int((~(np.abs(apart) < abs(seen) - _EQUAL)).sum())
    return seen, (1 + reached) / (1 + count)


def _swaps(cells: Cells, what: Permuted, count: int, seed: int) -> Iterator[np.ndarray]:
    """Which cells are swapped, [permutations, cells] at a time."""
    rng = np.random.default_rng(seed)
    place = {"both": np.arange(len(cells)), "inputs": cells.item, "systems": cells.system}[what]
    size = int(place.max()) + 1
    rows = max(1, _BLOCK // len(cells))
    for start in range(0, count, rows):
        drawn = rng.integers(2, size=(min(rows, count - start), size), dtype=np.int8).astype(bool)
        yield drawn[:, place]

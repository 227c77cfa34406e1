"""How scores order systems, judged by how people do.

Kocmi et al. 2021, "To Ship or Not to Ship" (pairwise accuracy); Thompson et al. 2024, "Improving Statistical
Significance in Human Evaluation of Automatic Metrics via Soft Pairwise Accuracy".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np

from geneval.agreement._cells import Cells, Draws
from geneval.agreement._correlations import CORRELATIONS, FAMILIES, Floats, Ints

PMode = Literal["mid", "at_least"]
"""How draws with just the difference seen count towards a p-value: half, or whole as in mt-metrics-eval."""

FEW_SEGMENTS = 12
"""Up to so many segments every way to swap them is looked at; of more, some are drawn."""

FLIPS = 10_000
"""So many are drawn."""

ALPHA = 0.05
"""Systems differ for people where the two-sided p-value is no more than this."""

PAIRWISE = ("pairwise_accuracy", "pairwise_accuracy_significant", "soft_pairwise_accuracy")
OF_SYSTEMS = ("pearson", "spearman", "kendall_b", *PAIRWISE)
"""Statistics of systems."""

_EQUAL = 1e-9


def soft_pairwise_accuracy(
    grades: Floats, scores: Floats, *, mode: PMode = "mid", flips: Floats | None = None, seed: int = 12345
) -> float:
    """SPA, 0 to 1: 1 less the mean difference, over pairs of systems, of the p-values of grades and of scores.

    Args:
        grades: [systems, segments].
        scores: [systems, segments].
        mode: `mid`, where the order of the systems makes no difference; `at_least` counts draws with just the
            difference seen, as mt-metrics-eval does, and gives other numbers for another order of systems.
        flips: which segments two systems swap in each draw, [draws, segments] of 1 and -1; by default all ways for 12
            segments or fewer, else 10,000 drawn ones.
        seed: of drawing them.
    """
    swaps = flips_of(grades.shape[1], seed) if flips is None else flips
    one, other = (p_values(values, swaps, mode) for values in (grades, scores))
    return float(1 - np.mean(np.abs(one - other))) if len(one) else math.nan


def pairwise_accuracy(grades: Floats, scores: Floats) -> float:
    """The share of pairs of systems, 0 to 1, whose difference has one sign in grades and in scores.

    Args:
        grades: [systems].
        scores: [systems].
    """
    i, j = np.triu_indices(len(grades), 1)
    return float((_sign(grades, i, j) == _sign(scores, i, j)).mean()) if len(i) else math.nan


def flips_of(segments: int, seed: int, draws: int = FLIPS) -> Floats:
    """Ways for two systems to swap segments: all of them for 12 or fewer, else so many, drawn."""
    if segments <= FEW_SEGMENTS:
        return np.asarray(list(product((1.0, -1.0), repeat=segments)))
    rng = np.random.default_rng(seed)
    return rng.integers(2, size=(draws, segments)).astype(np.float64) * 2 - 1


def p_values(values: Floats, flips: Floats, mode: PMode = "mid") -> Floats:
    """One-sided p-values of the paired permutation test that the first of two systems is better, one a pair."""
    i, j = np.triu_indices(len(values), 1)
    apart = values[i] - values[j]
    null = flips @ apart.T
    seen = apart.sum(axis=1)
    rounding = _EQUAL * np.abs(apart).sum(axis=1)
    above, tied = null > seen + rounding, np.abs(null - seen) <= rounding
    return np.asarray((above + (0.5 if mode == "mid" else 1.0) * tied).mean(axis=0))


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Grades and scores of items that every system has both for.

    Attributes:
        grade: [systems, items].
        score: [scorers, systems, items].
    """

    grade: Floats
    score: Floats

    @classmethod
    def of(cls, cells: Cells) -> Table:
        """Of the items that are complete, in their order."""
        whole = cells.complete()
        shape = (len(whole.items), len(whole.systems))
        return cls(
            np.ascontiguousarray(whole.grade.reshape(shape).T),
            np.ascontiguousarray(whole.score.reshape(-1, *shape).transpose(0, 2, 1)),
        )


def exact(table: Table, scores: Floats, seed: int) -> dict[str, float]:
    """Every statistic of systems, once; p-values by permutation.

    Args:
        table: whose grades.
        scores: [systems, items].
        seed: of the permutations.
    """
    flips = flips_of(table.grade.shape[1], seed)
    grades, means = table.grade.mean(axis=1), scores.mean(axis=1)
    found = of_means(grades, means)
    i, j = np.triu_indices(len(grades), 1)
    right = _sign(grades, i, j) == _sign(means, i, j)
    clear = _two_sided(table.grade, flips) <= ALPHA
    return found | {
        "pairwise_accuracy_significant": float(right[clear].mean()) if clear.any() else math.nan,
        "soft_pairwise_accuracy": soft_pairwise_accuracy(table.grade, scores, flips=flips),
    }


def of_means(grades: Floats, scores: Floats) -> dict[str, float]:
    """Correlations and pairwise accuracy of systems' scores; correlations of fewer than three mean nothing."""
    found = dict.fromkeys(CORRELATIONS, math.nan)
    if len(grades) > 2:
        for family in FAMILIES.values():
            found |= {name: float(value[0]) for name, value in family(grades, scores, None).items()}
    del found["kendall_c"]
    return found | {"pairwise_accuracy": pairwise_accuracy(grades, scores)}


def significant_pairs(table: Table, seed: int) -> int:
    """How many pairs of systems differ for people."""
    return int((_two_sided(table.grade, flips_of(table.grade.shape[1], seed)) <= ALPHA).sum())


def drawn(table: Table, scores: Floats, draws: Draws) -> dict[str, Floats]:
    """Every statistic of systems in many draws, or for many versions of the scores.

    p-values are those of the same permutation test in its normal approximation: the sum of n differences that each
    may change sign is about normal, with variance the sum of their squares.

    Args:
        table: whose grades.
        scores: [systems, items], or [versions, systems, items] where nothing is drawn.
        draws: how often items and systems count.
    """
    times = np.ones((1, table.grade.shape[1])) if draws.items is None else draws.items
    total = np.maximum(times.sum(axis=1), 1)[:, None]
    grades = times @ table.grade.T / total
    means = scores.mean(axis=-1) if scores.ndim == 3 else times @ scores.T / total
    i, j = np.triu_indices(table.grade.shape[0], 1)
    right = _sign(grades, i, j) == _sign(means, i, j)
    of_people, p_people = _normal(table.grade[i] - table.grade[j], times)
    _, p_scores = _normal(scores[..., i, :] - scores[..., j, :], times)
    weights = np.ones((1, len(i))) if draws.systems is None else draws.systems[:, i] * draws.systems[:, j]
    found = {
        "pairwise_accuracy": _weighted(right, weights),
        "pairwise_accuracy_significant": _weighted(right, weights * (of_people <= ALPHA)),
        "soft_pairwise_accuracy": 1 - _weighted(np.abs(p_people - p_scores), weights),
    }
    return found | _drawn_correlations(grades, means, draws)


def _drawn_correlations(grades: Floats, means: Floats, draws: Draws) -> dict[str, Floats]:
    """Grades differ from draw to draw as scores do."""
    count = max(len(grades), len(means), draws.count)
    out = {name: np.full(count, np.nan) for name in ("pearson", "spearman", "kendall_b")}
    if grades.shape[1] < 3:
        return out
    one, other = np.broadcast_arrays(grades, means)
    # Where systems are drawn each draw weighs them otherwise, and is a call of its own.
    rows = [slice(None)] if draws.systems is None else [slice(n, n + 1) for n in range(count)]
    one, other = (np.broadcast_to(values, (count, grades.shape[1])) for values in (one, other))
    for row in rows:
        times = None if draws.systems is None else draws.systems[row]
        first, second = (one[row], other[row]) if times is None else (one[row][0], other[row][0])
        for family in FAMILIES.values():
            for name, value in family(first, second, times).items():
                if name in out:
                    out[name][row] = value
    return out


def _normal(apart: Floats, times: Floats) -> tuple[Floats, Floats]:
    """Two-sided p-values and one-sided ones that the first is better, [draws, pairs]."""
    from scipy.special import ndtr

    if apart.ndim == 3:
        total, spread = apart.sum(axis=-1), np.sqrt((apart**2).sum(axis=-1))
    else:
        total, spread = times @ apart.T, np.sqrt(times @ (apart**2).T)
    z = np.divide(total, spread, out=np.zeros_like(total), where=spread > 0)
    return 2 * ndtr(-np.abs(z)), ndtr(-z)


def _two_sided(values: Floats, flips: Floats) -> Floats:
    i, j = np.triu_indices(len(values), 1)
    apart = values[i] - values[j]
    seen, rounding = np.abs(apart.sum(axis=1)), _EQUAL * np.abs(apart).sum(axis=1)
    count = (np.abs(flips @ apart.T) >= seen - rounding).sum(axis=0)
    # All ways include what was seen; drawn ones need not, and p is never 0.
    more = 0 if values.shape[1] <= FEW_SEGMENTS else 1
    return np.asarray((count + more) / (len(flips) + more))


def _sign(values: Floats, i: Ints, j: Ints) -> Floats:
    """Which of two is better; differences that are rounding are none."""
    apart = values[..., i] - values[..., j]
    size = _EQUAL * np.maximum(np.abs(values[..., i]), np.abs(values[..., j]))
    return np.where(np.abs(apart) <= size, 0.0, np.sign(apart))


def _weighted(values: Floats, weights: Floats) -> Floats:
    total = np.broadcast_to(weights, np.broadcast(values, weights).shape).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((weights * values).sum(axis=1) / total)

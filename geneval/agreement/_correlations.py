"""Correlation of scores with grades, for many draws at once: Pearson, Spearman, Kendall's tau_b and tau_c.

Every function takes grades [n] (or [draws, n], where nothing is drawn), scores [n] or [draws, n], and how often each place is drawn, [draws, n] or None for
once; and gives [draws], NaN where all grades or all scores are equal. Two places that were drawn from one are never
compared with each other: that they agree says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterator

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_FEW = 40
"""Up to so many places all pairs are looked at together; of more, scipy sorts one draw at a time."""

_SQUARE = 1_500
"""Up to so many places, draws of one set of scores are quadratic forms."""

_DIGITS = 12


def rounded(values: Floats) -> Floats:
    """Values to 12 significant digits of the largest, so that rounding decides no tie."""
    largest = float(np.max(np.abs(values), initial=0.0, where=np.isfinite(values)))
    if not largest:
        return values
    return np.asarray(np.round(values, _DIGITS - int(np.ceil(np.log10(largest)))))


def pearson(grades: Floats, scores: Floats, times: Floats | None = None) -> dict[str, Floats]:
    """Pearson's r, -1 to 1."""
    return {"pearson": _pearson(_standard(grades), _standard(scores), times)}


def spearman(grades: Floats, scores: Floats, times: Floats | None = None) -> dict[str, Floats]:
    """Spearman's rho, -1 to 1: Pearson's r of ranks, equal values sharing the mean of theirs."""
    return {"spearman": _pearson(_standard(_ranks(grades, times)), _standard(_ranks(scores, times)), times)}


def kendall(grades: Floats, scores: Floats, times: Floats | None = None) -> dict[str, Floats]:
    """Kendall's tau_b and tau_c, -1 to 1 (methods of scipy.stats.kendalltau, variants b and c)."""
    ahead, untied, size = _counted(grades, scores, times)
    with np.errstate(divide="ignore", invalid="ignore"):
        tau_b = ahead / np.sqrt(untied[0] * untied[1])
        classes = np.minimum(_classes(grades, times), _classes(scores, times)).astype(np.float64)
        tau_c = 2 * ahead / (size * (classes - 1) / classes)
    return {"kendall_b": np.where(np.isfinite(tau_b), tau_b, np.nan), "kendall_c": _defined(tau_c, tau_b)}


FAMILIES: Mapping[str, Callable[[Floats, Floats, Floats | None], dict[str, Floats]]] = {
    "pearson": pearson,
    "spearman": spearman,
    "kendall": kendall,
}
"""What is computed together."""

CORRELATIONS: Mapping[str, str] = {
    "pearson": "pearson",
    "spearman": "spearman",
    "kendall_b": "kendall",
    "kendall_c": "kendall",
}
"""Each statistic and its family."""


def _pearson(x: Floats, y: Floats, times: Floats | None) -> Floats:
    x, y = np.atleast_2d(x), np.atleast_2d(y)
    w = np.ones((1, x.shape[1])) if times is None else times
    total = w.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_x, mean_y = (w * x).sum(axis=1) / total, (w * y).sum(axis=1) / total
        dx, dy = x - mean_x[:, None], y - mean_y[:, None]
        xx, yy, xy = (w * dx * dx).sum(axis=1), (w * dy * dy).sum(axis=1), (w * dx * dy).sum(axis=1)
        r = np.clip(xy / np.sqrt(xx * yy), -1.0, 1.0)
    least = 1e-18 * np.maximum(total, 1)  # of numbers that are about 1
    return np.where((xx > least) & (yy > least), r, np.nan)


def _standard(values: Floats) -> Floats:
    """Of mean 0 and deviation 1, so that what is too small to be a deviation can be told."""
    centred = values - values.mean(axis=-1, keepdims=True)
    spread = np.abs(centred).max(axis=-1, keepdims=True, initial=0.0)
    return np.asarray(np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0))


def _ranks(values: Floats, times: Floats | None) -> Floats:
    """Mid-ranks, [n] or [draws, n], where each place counts as often as it is drawn."""
    from scipy.stats import rankdata

    if times is None:
        return np.asarray(rankdata(values, axis=-1), np.float64)
    _, run = np.unique(values, return_inverse=True)
    ends = np.cumsum(_per_class(run, times), axis=1)
    middle = (ends + np.concatenate([np.zeros((len(ends), 1)), ends[:, :-1]], axis=1)) / 2
    return np.asarray(middle[:, run])


def _per_class(run: Ints, times: Floats) -> Floats:
    """How often each class of equal values is drawn, [draws, classes]."""
    order = np.argsort(run, kind="stable")
    starts = np.flatnonzero(np.diff(run[order], prepend=-1))
    return np.asarray(np.add.reduceat(times[:, order], starts, axis=1))


def _classes(values: Floats, times: Floats | None) -> Ints:
    """How many distinct values there are in each draw."""
    if times is None:
        ordered = np.sort(np.atleast_2d(values), axis=1)
        return np.asarray(1 + (np.diff(ordered, axis=1) > 0).sum(axis=1))
    _, run = np.unique(values, return_inverse=True)
    return np.asarray((_per_class(run, times) > 0).sum(axis=1))


def _defined(tau_c: Floats, tau_b: Floats) -> Floats:
    return np.where(np.isfinite(tau_c) & np.isfinite(tau_b), tau_c, np.nan)


def _counted(grades: Floats, scores: Floats, times: Floats | None) -> tuple[Floats, tuple[Floats, Floats], Floats]:
    """Concordant less discordant pairs; pairs untied in the grades and in the scores; n squared."""
    size = grades.shape[-1]
    if size <= _FEW:
        return _few(grades, scores, times)
    if times is not None and len(times) > 1 and size <= _SQUARE:
        return _squared(grades, scores, times)
    return _many(grades, scores, times)


def _squared(grades: Floats, scores: Floats, times: Floats) -> tuple[Floats, tuple[Floats, Floats], Floats]:
    """The same for many draws of one set of scores, as quadratic forms."""
    one = np.sign(grades[:, None] - grades).astype(np.float32)
    other = np.sign(scores[:, None] - scores).astype(np.float32)
    ahead, grades_untied, scores_untied = (_form(times, table) for table in (one * other, np.abs(one), np.abs(other)))
    return ahead, (grades_untied, scores_untied), _square(len(grades), times)


def _form(times: Floats, table: npt.NDArray[np.float32]) -> Floats:
    # Whole numbers below 2**24, which 32 bits hold; their sum may be more.
    return np.asarray(np.einsum("bn,bn->b", (times.astype(np.float32) @ table).astype(np.float64), times) / 2)


def _few(grades: Floats, scores: Floats, times: Floats | None) -> tuple[Floats, tuple[Floats, Floats], Floats]:
    """The same by looking at every pair."""
    i, j = np.triu_indices(grades.shape[-1], 1)
    people, values = np.atleast_2d(grades), np.atleast_2d(scores)
    one = np.sign(people[:, i] - people[:, j])
    other = np.sign(values[:, i] - values[:, j])
    w = np.ones((1, len(i))) if times is None else times[:, i] * times[:, j]
    untied = ((w * np.abs(one)).sum(axis=1), (w * np.abs(other)).sum(axis=1))
    return (w * one * other).sum(axis=1), untied, _square(grades.shape[-1], times)


def _many(grades: Floats, scores: Floats, times: Floats | None) -> tuple[Floats, tuple[Floats, Floats], Floats]:
    """The same by sorting, one draw after the other."""
    from scipy.stats import kendalltau

    found = []
    for x, y in _each(grades, scores, times):
        pairs = len(x) * (len(x) - 1) / 2
        untied = pairs - _tied(x), pairs - _tied(y)
        tau = kendalltau(x, y, variant="b").statistic if min(untied) else 0.0
        found.append((np.rint(tau * np.sqrt(untied[0] * untied[1])), *untied))
    ahead, one, other = np.asarray(found, np.float64).T
    return ahead, (one, other), _square(grades.shape[-1], times)


def _each(grades: Floats, scores: Floats, times: Floats | None) -> Iterator[tuple[Floats, Floats]]:
    if times is None:
        yield from zip(*np.broadcast_arrays(np.atleast_2d(grades), np.atleast_2d(scores)), strict=True)
    else:
        for count in times.astype(np.int64):
            yield np.repeat(grades, count), np.repeat(scores, count)


def _tied(values: Floats) -> float:
    _, many = np.unique(values, return_counts=True)
    return float((many * (many - 1) / 2).sum())


def _square(size: int, times: Floats | None) -> Floats:
    """N squared, less what comparing a place with itself would have added to it."""
    if times is None:
        return np.asarray([float(size * size)])
    total = times.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((total**2 - (times**2).sum(axis=1)) * total / (total - 1))

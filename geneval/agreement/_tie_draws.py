"""acc_eq in many draws of items, over all pairs of outputs at once.

The pairs are as many as outputs squared, so none is looked at twice: for every two items and every step of a grid of
thresholds it is counted how many of their pairs come right by calling them tied. What is right in a draw is then a
quadratic form in how often items are drawn.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from geneval.agreement._cells import Cells, Grouping
from geneval.agreement._correlations import Floats, Ints, rounded

Counts = npt.NDArray[np.float32]

STEPS = 32
"""Thresholds in the grid: 0, and quantiles of the differences between scores."""

MOST_ITEMS, MOST_CELLS = 1_000, 8_000
"""Of more, pairs are drawn."""

_ROWS = 256
_SAMPLE = 200_000


def fits(cells: Cells, grouping: Grouping) -> bool:
    """Whether there are few enough pairs for this."""
    largest = max((len(group) for group in cells.groups(grouping)), default=0)
    return len(cells.items) <= MOST_ITEMS and largest <= MOST_CELLS


def acc_eq_of_items(cells: Cells, scores: Floats, grouping: Grouping, fold: Ints, times: Floats) -> Floats:
    """acc_eq, cross-fitted by item, with thresholds of a grid.

    Args:
        cells: the cells.
        scores: [cells].
        grouping: `none` or `system`.
        fold: of each item.
        times: how often items are drawn, [draws, items].

    Returns:
        [draws], 0 to 1; NaN where there are not two folds with pairs.
    """
    groups = cells.groups(grouping)
    folds = int(fold.max()) + 1
    if not groups or folds < 2:
        return np.full(len(times), np.nan)
    grid = _grid(scores, groups)
    sums = np.empty((len(groups), len(grid) + 1, len(times), folds, folds))
    for number, group in enumerate(groups):
        for step, table in enumerate(_counts(cells, scores, group, grid)):
            sums[number, step] = _by_fold(times, table, fold, folds)
    return _judged(np.cumsum(sums[:, :-1], axis=1), sums[:, -1], folds)


def _judged(won: Floats, total: Floats, folds: int) -> Floats:
    """Each fold is judged at the step that is best on the others; folds count by their pairs, groups alike.

    Args:
        won: [groups, steps, draws, folds, folds].
        total: pairs, [groups, draws, folds, folds].
        folds: how many.
    """
    groups, _, draws = won.shape[:3]
    right, pairs = np.zeros((groups, draws)), np.zeros((groups, draws))
    for part in range(folds):
        others = [other for other in range(folds) if other != part]
        learned = _shares(_within(won, others), _within(total, others)[:, None])
        best = np.argmax(np.round(learned.mean(axis=0), 9), axis=0)
        right += np.take_along_axis(won[..., part, part], best[None, None, :], axis=1)[:, 0]
        pairs += total[..., part, part]
    shares = np.divide(right, pairs, out=np.full(right.shape, np.nan), where=pairs > 0)
    there = ~np.isnan(shares)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(there, shares, 0).sum(axis=0) / there.sum(axis=0))


def _within(sums: Floats, folds: Sequence[int]) -> Floats:
    """Sums over pairs of these folds."""
    return np.asarray(sums[..., folds, :][..., folds].sum(axis=(-1, -2)))


def _shares(won: Floats, pairs: Floats) -> Floats:
    """[groups, steps, draws]; a group without a pair has no say."""
    return np.asarray(np.divide(won, pairs, out=np.zeros(won.shape), where=pairs > 0))


def _grid(scores: Floats, groups: Sequence[Ints]) -> Floats:
    """0, and quantiles of differences within groups."""
    rng = np.random.default_rng(0)
    share = _SAMPLE // len(groups)
    apart = [np.abs(np.subtract(*scores[rng.choice(group, (2, share))])) for group in groups]
    quantiles = np.quantile(np.concatenate(apart), np.linspace(0, 1, STEPS), method="higher")
    return np.unique(rounded(np.append(quantiles, 0.0)))


def _counts(cells: Cells, scores: Floats, group: Ints, grid: Floats) -> Counts:
    """For each step what calling pairs tied gains, of pairs between two items; then all their pairs.

    Returns:
        [steps + 1, items, items]; step 0 holds what is right at the first threshold.
    """
    size = len(cells.items)
    out = np.zeros((len(grid) + 1) * size * size, np.float32)
    item, grade, score = cells.item[group], cells.grade[group], scores[group]
    for start in range(0, len(group), _ROWS):
        rows = slice(start, start + _ROWS)
        apart = rounded(score[rows, None] - score)
        order = np.sign(grade[rows, None] - grade)
        place = item[rows, None] * size + item
        other = np.ones(place.shape, bool)
        other[np.arange(len(place)), start + np.arange(len(place))] = False
        agree = (np.sign(apart) == order) & (order != 0)
        step = np.searchsorted(grid, np.abs(apart))
        gain = (order == 0).astype(np.float32) - agree
        known = other & (step < len(grid))
        np.add.at(out, (step * size * size + place)[known], gain[known])
        np.add.at(out, place[other & agree], np.float32(1))
        np.add.at(out, (len(grid) * size * size + place)[other], np.float32(1))
    return out.reshape(-1, size, size)


def _by_fold(times: Floats, table: Counts, fold: Ints, folds: int) -> Floats:
    """Sums over pairs of items, by the folds of the two, [draws, folds, folds]."""
    weights = times.astype(np.float32)
    part = (fold[:, None] == np.arange(folds)).astype(np.float64)
    out = np.empty((len(times), folds, folds))
    for number in range(folds):
        mine = fold == number
        # Whole numbers, which have one sum in whatever order; what they are multiplied by next may be large.
        out[:, number] = ((weights[:, mine] @ table[mine]).astype(np.float64) * times) @ part
    return out

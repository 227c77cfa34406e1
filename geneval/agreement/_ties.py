"""Accuracy over pairs that knows ties: acc_eq, tau_eq, and how close scores count as tied.

Deutsch, Foster and Freitag 2023, "Ties Matter: Meta-Evaluating Modern Metrics with Pairwise Accuracy and Tie
Calibration". Here the threshold is never chosen on the pairs that it is judged on: items are split in folds, and each
fold's pairs are judged under the threshold that is best on the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from geneval.agreement._cells import Cells, Draws, Grouping
from geneval.agreement._correlations import Floats, Ints, rounded

Bools = npt.NDArray[np.bool_]

Paired = Grouping | Literal["pair"]
"""What pairs are averaged over; `pair`: each was asked about by itself, and counts as often as its item is drawn."""

FOLDS = 5
"""Items are split in so many parts, or in as many as there are items."""

MOST_PAIRS = 1_000_000
"""Of more pairs so many are drawn."""

_BLOCK = 2_000_000
"""So many (draw, pair) are looked at together."""


class Calibrated(NamedTuple):
    """The threshold that serves scores best, and the accuracy under it."""

    epsilon: float
    accuracy: float


def accuracy_with_ties(grades: Floats, scores: Floats, epsilon: float = 0.0) -> float:
    """acc_eq, 0 to 1: pairs that scores order as grades do, ties included, over all pairs.

    Args:
        grades: [n].
        scores: [n].
        epsilon: scores that differ by no more than this count as tied.
    """
    pairs = Pairs.all(rounded(grades))
    return float(pairs.right(pairs.of_scores(rounded(scores)), epsilon).mean())


def calibrate(grades: Floats, scores: Floats) -> Calibrated:
    """The threshold with the best acc_eq on these very pairs, out of 0 and all differences of scores; the lowest such.

    An accuracy so found flatters: the tables of this package never show it.
    """
    pairs = Pairs.all(rounded(grades))
    values = pairs.of_scores(rounded(scores))
    epsilon = float(_best(pairs, values, np.ones((1, len(pairs))))[0])
    return Calibrated(epsilon, float(pairs.right(values, epsilon).mean()))


def tau_like(cells: Cells, scores: Floats, pairs: Pairs, gap: float, draws: Draws | None = None) -> Floats:
    """WMT's Kendall-like tau, -1 to 1: concordant less discordant over all pairs whose grades are `gap` or more apart.

    Scores that are equal count as discordant (Ma et al. 2019, "Results of the WMT19 Metrics Shared Task"). For numbers
    that shall be compared with old ones: `acc_eq` knows what a tie is.

    Returns:
        [draws]; NaN where no pair is that far apart.
    """
    far = np.abs(rounded(cells.grade[pairs.first] - cells.grade[pairs.second])) >= gap
    chosen = pairs.take(np.flatnonzero(far))
    weights = chosen.weights(cells, "pair", draws or Draws())
    agree = np.sign(np.atleast_2d(chosen.of_scores(scores))) == chosen.order
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((weights * (2 * agree - 1)).sum(axis=1) / weights.sum(axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs of cells; place i of each array belongs to pair i.

    Attributes:
        first, second: places of cells.
        order: 1 where people prefer the first, -1 where the second, 0 where neither.
        group: groups are averaged, each over its pairs.
        fold: the part of the items that both cells belong to; -1 where they belong to two.
        folds: of the two cells.
    """

    first: Ints
    second: Ints
    order: Ints
    group: Ints
    folds: tuple[Ints, Ints]

    def __len__(self) -> int:
        """How many pairs."""
        return len(self.first)

    @classmethod
    def all(cls, grades: Floats) -> Pairs:
        """Every pair, in one group and one fold."""
        i, j = np.triu_indices(len(grades), 1)
        zero = np.zeros(len(i), np.int64)
        return cls(i, j, np.sign(grades[i] - grades[j]).astype(np.int64), zero, (zero, zero))

    @classmethod
    def of(cls, cells: Cells, grouping: Grouping, fold: Ints, seed: int, most: int = MOST_PAIRS) -> Pairs:
        """Pairs of cells that are compared with each other; of more than `most` so many, drawn.

        Args:
            cells: the cells.
            grouping: what the groups are.
            fold: of each item.
            seed: of the draw.
            most: in all groups together.
        """
        groups = cells.groups(grouping)
        if sum(len(g) * (len(g) - 1) // 2 for g in groups) <= most:
            drawn = [np.stack([g[i] for i in np.triu_indices(len(g), 1)]) for g in groups]
        else:
            drawn = _drawn_pairs(groups, fold[cells.item], np.random.default_rng(seed), most)
        first, second = np.concatenate([np.zeros((2, 0), np.int64), *drawn], axis=1)
        group = np.repeat(np.arange(len(groups)), [pairs.shape[1] for pairs in drawn])
        order = np.sign(cells.grade[first] - cells.grade[second]).astype(np.int64)
        return cls(first, second, order, group, (fold[cells.item[first]], fold[cells.item[second]]))

    def of_scores(self, scores: Floats) -> Floats:
        """By how much the first cell's score is above the second's, [pairs] or [versions, pairs]."""
        return rounded(scores[..., self.first] - scores[..., self.second])

    def take(self, places: Ints) -> Pairs:
        """Some of the pairs."""
        one, other = self.folds
        return Pairs(
            self.first[places],
            self.second[places],
            self.order[places],
            self.group[places],
            (one[places], other[places]),
        )

    def right(self, values: Floats, epsilon: Floats | float) -> Bools:
        """Which pairs scores order as people do, scores no further apart than epsilon being tied."""
        tied = np.abs(values) <= epsilon
        right: Bools = np.where(tied, self.order == 0, (np.sign(values) == self.order) & (self.order != 0))
        return right

    def weights(self, cells: Cells, grouping: Paired, draws: Draws) -> Floats:
        """What each pair counts for in the mean over groups, [draws or 1, pairs]."""
        if grouping == "pair":
            apart = self.weights(cells, "none", Draws(systems=draws.systems))
            return apart if draws.items is None else apart * draws.items[:, cells.item[self.first]]
        one, other = (draws.of_cells(cells, places, grouping) for places in (self.first, self.second))
        within = np.ones((1, len(self))) if one is None or other is None else one * other
        if grouping == "none" or not len(self):
            return within
        starts = np.flatnonzero(np.diff(self.group, prepend=-1))
        sums = np.add.reduceat(within, starts, axis=1)
        of_group = draws.of_groups(cells, self.first[starts], grouping)
        shares = np.divide(of_group, sums, out=np.zeros(np.broadcast(of_group, sums).shape), where=sums > 0)
        place = np.cumsum(np.diff(self.group, prepend=self.group[0]) > 0)
        return np.asarray(within * shares[:, place])


def folds_of(items: int, seed: int) -> Ints:
    """A fold for each item: as equal in size as can be, shuffled."""
    parts = np.arange(items, dtype=np.int64) % min(FOLDS, max(items, 1))
    return np.random.default_rng(seed).permutation(parts)


def acc_eq(cells: Cells, scores: Floats, pairs: Pairs, grouping: Paired, draws: Draws | None = None) -> Floats:
    """acc_eq with a threshold for ties that is chosen on other items than it is judged on, anew in every draw.

    Args:
        cells: the cells.
        scores: [cells], or [versions, cells] where nothing is drawn.
        pairs: of these cells, by `grouping`.
        grouping: what the groups are.
        draws: how often items and systems count.

    Returns:
        [draws], 0 to 1; NaN where there are not two folds with pairs.
    """
    values = np.atleast_2d(pairs.of_scores(scores))
    splits = list(_splits(pairs))
    if not splits:
        return np.full(max(len(values), draws.count if draws else 1), np.nan)
    rows = max(1, _BLOCK // max(len(pairs), 1))
    once = draws is None or draws.count == 1
    parts = [values[start : start + rows] for start in range(0, len(values), rows)] if once else [values]
    blocks = [draws or Draws()] if draws is None or once else draws.blocks(rows)
    return np.concatenate(
        [
            _cross_fitted(cells, part, pairs, splits=splits, grouping=grouping, draws=block)
            for block in blocks
            for part in parts
        ]
    )


class _Split(NamedTuple):
    train: Ints
    test: Ints


def _splits(pairs: Pairs) -> list[_Split]:
    """For each fold the pairs that have no part in it, and those that are all in it; where there are both."""
    one, other = pairs.folds
    out = []
    for fold in np.unique(one).tolist():
        train, test = np.flatnonzero((one != fold) & (other != fold)), np.flatnonzero((one == fold) & (other == fold))
        if len(train) and len(test):
            out.append(_Split(train, test))
    return out


def _cross_fitted(
    cells: Cells, values: Floats, pairs: Pairs, *, splits: list[_Split], grouping: Paired, draws: Draws
) -> Floats:
    judged = np.sort(np.concatenate([split.test for split in splits]))
    weights = pairs.take(judged).weights(cells, grouping, draws)
    right = np.zeros((max(len(values), len(weights)), len(judged)))
    for train, test in splits:
        chosen = pairs.take(train)
        epsilon = _best(chosen, values[:, train], chosen.weights(cells, grouping, draws))
        right[:, np.searchsorted(judged, test)] = pairs.take(test).right(values[:, test], epsilon[:, None])
    total = weights.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((weights * right).sum(axis=1) / total)


def _best(pairs: Pairs, values: Floats, weights: Floats) -> Floats:
    """The lowest threshold with the best accuracy, [draws].

    Calling a pair tied wins it where people are tied, and loses it where scores had it right.
    """
    values = np.atleast_2d(values)
    size = np.abs(values)
    order = np.argsort(size, axis=1, kind="stable")
    ordered = np.take_along_axis(size, order, axis=1)
    gain = (pairs.order == 0).astype(np.int8) - ((np.sign(values) == pairs.order) & (pairs.order != 0))
    moved = np.take_along_axis(gain, order, axis=1) * (
        weights[:, order[0]] if len(order) == 1 else np.take_along_axis(np.broadcast_to(weights, order.shape), order, 1)
    )
    gained = np.cumsum(moved, axis=1)
    last = np.diff(ordered, axis=1, append=np.inf) > 0
    # Sums that differ by rounding alone are made equal, so that the lowest threshold among them is found.
    gained = np.where(last, np.round(gained, 9), -np.inf)
    best = np.argmax(gained, axis=1)
    rows = np.arange(len(gained))
    epsilon = ordered[rows if len(ordered) > 1 else 0, best]
    # Without a pair of equal scores, no pair at all is tied at 0.
    none_tied = (ordered[:, 0] > 0) & (gained[rows, best] <= 0)
    return np.asarray(np.where(none_tied, 0.0, epsilon), np.float64)


def _drawn_pairs(groups: list[Ints], fold: Ints, rng: np.random.Generator, most: int) -> list[Ints]:
    """Pairs of every group, [2, pairs] each: two in three within a fold, to be judged; one in three, to learn from."""
    out = []
    total = sum(len(group) for group in groups)
    for group in groups:
        count = max(3, most * len(group) // total)
        parts = [group[fold[group] == part] for part in np.unique(fold[group])]
        inside = [part for part in parts if len(part) > 1]
        shares = [(2 * count // 3) * len(part) // len(group) + 1 for part in inside]
        drawn = [_some(part, share, rng) for part, share in zip(inside, shares, strict=True)]
        out.append(np.concatenate([*drawn, _some(group, count // 3, rng)], axis=1))
    return out


def _some(places: Ints, count: int, rng: np.random.Generator) -> Ints:
    """So many pairs of two different places, drawn with replacement."""
    i, j = rng.integers(len(places), size=count), rng.integers(len(places) - 1, size=count)
    return np.stack([places[i], places[j + (j >= i)]])

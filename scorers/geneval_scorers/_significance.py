"""Paired tests of one system against another, on statistics: nothing is scored again.

Paired bootstrap (Koehn 2004, "Statistical Significance Tests for Machine Translation Evaluation", in the form of Moses
and sacrebleu) and approximate randomisation (Riezler and Maxwell 2005, "On Some Pitfalls in Automatic Evaluation and
Significance Testing for MT"); p-values with one added to both counts (Phipson and Smyth 2010, "Permutation P-values
Should Never Be Zero"); Holm 1979, "A Simple Sequentially Rejective Multiple Test Procedure".
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from geneval_scorers._answers import Answers
from geneval_scorers._bootstrap import BLOCK, Resamples, Summed, added, item_layers
from geneval_scorers._ragged import Bools, Floats, Ints
from geneval_scorers._scorer import Scorer
from geneval_scorers._subsets import SEED

_EQUAL = 1e-9
"""Differences below this share of the numbers are rounding, not difference."""

_BITS = 32
"""numpy draws booleans out of so many bits; whole multiples of rows give the same draws in blocks as at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two systems on the items that both have a score for, in the order of the items' units.

    Attributes:
        scorer: whose statistics these are.
        questions: of the first and of the second system, those that count here.
        first, second: rows added up over each item's outputs, [items, columns + 1] for every coordinated draw.
        segment: segment scores of both, [2, items]; the mean where a system gave several outputs.
        left_out: items that one of the two has a score for and the other has not, or neither.
    """

    scorer: Scorer
    questions: tuple[Ints, Ints]
    first: tuple[Floats, ...]
    second: tuple[Floats, ...]
    segment: Floats
    left_out: int

    @classmethod
    def of(cls, answers: Answers, first: Ints, second: Ints, units: Ints) -> Pair:
        """Pairs two systems' answers.

        Args:
            answers: what was asked.
            first: questions of the one system; those without a score are left out, and their items for both systems.
            second: questions of the other.
            units: for every question in `answers` its item's number.
        """
        mine, theirs = shared(answers, first, second, units)
        items, place = np.unique(units[np.concatenate([mine, theirs])], return_inverse=True)
        side = place + np.repeat([0, len(items)], [len(mine), len(theirs)])
        both = np.concatenate([mine, theirs])
        # Both at once, so that draw d of the one goes with draw d of the other.
        layers = list(item_layers(answers, both, side, 2 * len(items)))
        segment = np.bincount(side, weights=answers.segment[both], minlength=2 * len(items))
        many = np.bincount(side, minlength=2 * len(items))
        return cls(
            answers.scorer,
            (mine, theirs),
            tuple(layer[: len(items)] for layer in layers),
            tuple(layer[len(items) :] for layer in layers),
            (segment / many).reshape(2, -1),
            len(np.unique(units[np.concatenate([first, second])])) - len(items),
        )

    @property
    def items(self) -> int:
        """How many items both have a score for."""
        return int(self.segment.shape[1])

    @property
    def scores(self) -> tuple[float, float]:
        """The corpus scores of both over these items, added as the resamples are."""
        once = np.ones((1, self.items))
        first, second = (self._mean([added(once, layer) for layer in side]) for side in (self.first, self.second))
        return float(first[0]), float(second[0])

    def bootstrap(self, resamples: int, seed: int = SEED) -> tuple[Floats, Floats]:
        """Corpus scores of both in draws of items with replacement, the same draws for both, [resamples] each."""
        draws = Resamples(self.items, resamples, seed)
        first, second = (list(map(Summed, layers)) for layers in (self.first, self.second))
        return draws.of_layers(self.scorer, first), draws.of_layers(self.scorer, second)

    def randomised(self, trials: int, seed: int = SEED) -> Floats:
        """Differences second - first after the two systems have swapped each item with probability 1/2, [trials]."""
        gaps = [one - other for one, other in zip(self.first, self.second, strict=True)]
        totals = [(one.sum(axis=0), other.sum(axis=0)) for one, other in zip(self.first, self.second, strict=True)]
        out = np.empty(trials)
        done = 0
        for swapped in self._swaps(np.random.default_rng(seed), trials):
            moved = [added(swapped, gap) for gap in gaps]
            first = self._mean([one - move for (one, _), move in zip(totals, moved, strict=True)])
            second = self._mean([other + move for (_, other), move in zip(totals, moved, strict=True)])
            out[done : done + len(swapped)] = second - first
            done += len(swapped)
        return out

    def _swaps(self, rng: np.random.Generator, trials: int) -> Iterator[Floats]:
        """Which items are swapped in each trial, [some trials, items] at a time."""
        rows = max(1, BLOCK // max(self.items, 1))
        block = _BITS * max(1, rows // _BITS)
        for start in range(0, trials, block):
            drawn = rng.integers(2, size=(min(block, trials - start), self.items), dtype=np.bool_)
            for row in range(0, len(drawn), rows):
                yield drawn[row : row + rows].astype(np.float64)

    def _mean(self, sums: list[Floats]) -> Floats:
        """Corpus scores of summed rows, the mean over coordinated draws."""
        return np.asarray(np.mean([self.scorer.finish(total[:, :-1], total[:, -1]) for total in sums], axis=0))


def shared(answers: Answers, first: Ints, second: Ints, units: Ints) -> tuple[Ints, Ints]:
    """Of two systems' questions those that have a score, about items for which both have one."""
    mine, theirs = first[answers.scored[first]], second[answers.scored[second]]
    both = np.intersect1d(units[mine], units[theirs])
    return mine[np.isin(units[mine], both)], theirs[np.isin(units[theirs], both)]


@dataclass(frozen=True, slots=True)
class PValue:
    """How often chance alone gave a difference like the one seen.

    Attributes:
        trials: how many draws there were.
        above: draws with a larger difference.
        tied: draws with the same difference, up to rounding.
    """

    trials: int
    above: int
    tied: int

    @property
    def p(self) -> float:
        """The share of draws with at least this difference, one added to both counts."""
        return (self.above + self.tied + 1) / (self.trials + 1)

    @property
    def without_ties(self) -> float:
        """What sacrebleu prints: ties are not counted, so that systems that do not differ get the lowest p there is."""
        return (self.above + 1) / (self.trials + 1)


def randomisation_p(pair: Pair, trials: int = 10_000, seed: int = SEED) -> PValue:
    """Two-sided p-value of approximate randomisation.

    The null hypothesis: which of the two systems an output came from makes no difference. Then swapping the two
    systems' outputs of an item changes nothing, and the absolute difference of the corpus scores is as likely to be
    any of those that swapping gives. The test is exact for whatever scorer.
    """
    return _counted(np.abs(pair.randomised(trials, seed)), pair.scores)


def bootstrap_p(first: Floats, second: Floats, scores: tuple[float, float]) -> PValue:
    """p-value of the paired bootstrap as Moses and sacrebleu compute it, from the scores of both in all resamples.

    The absolute differences of resamples, less their mean, stand for the differences that chance gives. Far from 0 that
    is a one-sided test: between systems that do not differ it gives p <= .05 in about 10 % of cases, not 5 %.
    """
    apart = np.abs(second - first)
    return _counted(apart - apart.mean(), scores)


def _counted(drawn: Floats, scores: tuple[float, float]) -> PValue:
    seen = abs(scores[1] - scores[0])
    rounding = _EQUAL * max(map(abs, scores))
    above = int((drawn > seen + rounding).sum())
    return PValue(len(drawn), above, int((drawn >= seen - rounding).sum()) - above)


def holm(p: Floats) -> Floats:
    """Adjusted p-values: rejecting where they are below alpha, some true null hypothesis is rejected with at most alpha.

    The smallest of m is multiplied by m, the next by m - 1, ...; none is below the one before it, none above 1.
    """
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    out = np.empty(len(p))
    out[order] = np.minimum(steps, 1.0)
    return out


def gains(pair: Pair) -> Floats:
    """By how much the second system's segment scores are better than the first's, [items]; 0 where they are equal."""
    first, second = pair.segment
    gain = second - first if pair.scorer.info.direction == "higher" else first - second
    return np.where(_same(first, second), 0.0, gain)


def _same(first: Floats, second: Floats) -> Bools:
    return np.asarray(np.isclose(first, second, rtol=_EQUAL, atol=0.0))


def effect_size(gain: Floats) -> float:
    """d_z, the mean of paired differences over their standard deviation (Cohen 1988, section 2.3.5; Lakens 2013).

    NaN where it is not defined: fewer than two items, or all differences equal.
    """
    if len(gain) < 2:
        return math.nan
    deviation = float(np.std(gain, ddof=1))
    return math.nan if deviation <= _EQUAL * np.abs(gain).max() else float(np.mean(gain)) / deviation

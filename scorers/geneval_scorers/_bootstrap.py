"""Percentile bootstrap over items, on statistics: rows are added up again, nothing is scored again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from geneval_scorers._answer_checks import finished
from geneval_scorers._answers import Answers
from geneval_scorers._ragged import Floats, Ints
from geneval_scorers._scorer import Rows, Scorer
from geneval_scorers._subsets import SEED

BLOCK = 4_000_000
"""How many (resample, item) are looked at together."""

_CHUNK = 1 << 16
"""Whole numbers are multiplied so many items at a time."""


class Layer(Protocol):
    """Rows that are summed over each item already."""

    def sums(self, times: Floats) -> Floats:
        """Sums of items' rows, each taken so many times.

        Args:
            times: [sums, items], whole numbers that add up to `items` at most in each row.

        Returns:
            [sums, columns + 1]; the last column is the weight.
        """


@dataclass(frozen=True, slots=True, eq=False)
class Resamples:
    """Seeded draws of items with replacement, the same for every system and scorer, so that differences are paired.

    Attributes:
        items: how many items there are.
        resamples: how many draws of that many items.
        seed: of numpy's PCG64.
    """

    items: int
    resamples: int = 1000
    seed: int = SEED

    def scores(self, answers: Answers, questions: Ints, units: Ints) -> Floats:
        """Corpus scores of a system in every resample, [resamples]; NaN where a resample holds no scored question.

        Args:
            answers: what was asked.
            questions: this system's, all of them scored.
            units: for each question its item's number, below `items`. A system that gave several outputs for an item
                counts there as one: each weighs 1 / (how many).
        """
        single = bool((np.bincount(units, minlength=self.items) <= 1).all())
        if single and np.issubdtype(answers.rows.dtype, np.integer):
            layers: list[Layer] = [Whole(rows, units) for rows in answers.layers(questions)]
        else:
            layers = [Summed(rows) for rows in item_layers(answers, questions, units, self.items)]
        return self.of_layers(answers.scorer, layers)

    def of_layers(self, scorer: Scorer, layers: Sequence[Layer]) -> Floats:
        """The same of rows that are summed over each item already."""
        totals = np.zeros(self.resamples)
        rng = np.random.default_rng(self.seed)
        block = max(1, BLOCK // max(self.items, 1))
        for start in range(0, self.resamples, block):
            size = min(block, self.resamples - start)
            counts = self._counts(rng, size)
            for layer in layers:
                sums = layer.sums(counts)
                totals[start : start + size] += finished(scorer, sums[:, :-1], sums[:, -1])
        return totals / max(len(layers), 1)

    def _counts(self, rng: np.random.Generator, size: int) -> Floats:
        """How often each item is in each resample, [size, items]."""
        counts = np.empty((size, self.items))
        for row in counts:
            row[:] = np.bincount(rng.integers(self.items, size=self.items), minlength=self.items)
        return counts


@dataclass(frozen=True, slots=True, eq=False)
class Summed:
    """A layer as `item_layers` gives it."""

    rows: Floats

    def sums(self, times: Floats) -> Floats:
        """As `Layer` says."""
        return added(times, self.rows)


@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """A layer of whole numbers, one row an item at most, as small as it came.

    Whole numbers have one sum in whatever order, so that a BLAS product may add them.
    """

    rows: Rows
    units: Ints
    """For each row its item's number."""

    def sums(self, times: Floats) -> Floats:
        """As `Layer` says."""
        out = np.zeros((len(times), self.rows.shape[1] + 1))
        for start in range(0, len(self.units), _CHUNK):
            part = slice(start, start + _CHUNK)
            weights = times[:, self.units[part]]
            out[:, :-1] += weights @ self.rows[part].astype(np.float64)
            out[:, -1] += weights.sum(axis=1)
        return out


def item_layers(answers: Answers, questions: Ints, units: Ints, items: int) -> Iterator[Floats]:
    """Rows added up over each item's outputs, each weighing 1 / (how many), for every coordinated draw.

    Args:
        answers: what was asked.
        questions: which ones, all of them scored.
        units: for each question its item's number, below `items`.
        items: how many there are.

    Yields:
        [items, columns + 1]; the last column is the weight: 1, or 0 for an item without questions.
    """
    share = 1.0 / np.bincount(units, minlength=items)[units]
    for rows in answers.layers(questions):
        summed = np.empty((items, rows.shape[1] + 1))
        for number, column in enumerate(rows.T):
            summed[:, number] = np.bincount(units, weights=share * column, minlength=items)
        summed[:, -1] = np.bincount(units, weights=share, minlength=items)
        yield summed


def added(times: Floats, rows: Floats) -> Floats:
    """Sums of rows, each taken so many times: the same number on every machine and number of threads.

    Args:
        times: [sums, items], whole numbers that add up to `items` at most in each row.
        rows: [items, columns].

    Returns:
        [sums, columns].
    """
    exact = (rows == np.rint(rows)).all() and np.abs(rows).max(initial=0.0) * len(rows) < 2**53
    # Whole numbers have one sum in whatever order; others are added in one order by einsum, not by a BLAS product.
    return np.asarray(times @ rows if exact else np.einsum("bi,id->bd", times, rows))


def percentile_interval(scores: Floats, confidence: float = 0.95) -> tuple[float, float]:
    """The central percentile interval of bootstrap scores (Efron and Tibshirani 1993, chapter 13)."""
    tail = (1.0 - confidence) / 2.0
    low, high = np.nanquantile(scores, [tail, 1.0 - tail])
    return float(low), float(high)

"""Percentile bootstrap over items, on statistics: rows are added up again, nothing is scored again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geneval_scorers._answer_checks import finished
from geneval_scorers._answers import SEED, Answers
from geneval_scorers._ragged import Floats, Ints

_BLOCK = 4_000_000


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
        share = 1.0 / np.bincount(units, minlength=self.items)[units]
        weight = np.bincount(units, weights=share, minlength=self.items)
        layers = []
        for rows in answers.layers(questions):
            columns = [np.bincount(units, weights=share * column, minlength=self.items) for column in rows.T]
            layers.append(np.stack([*columns, weight], axis=1))
        totals = np.zeros(self.resamples)
        rng = np.random.default_rng(self.seed)
        block = max(1, _BLOCK // max(self.items, 1))
        for start in range(0, self.resamples, block):
            size = min(block, self.resamples - start)
            counts = self._counts(rng, size)
            for layer in layers:
                # einsum, unlike a BLAS product, adds in the same order on every machine and number of threads.
                sums = np.einsum("bi,id->bd", counts, layer)
                totals[start : start + size] += finished(answers.scorer, sums[:, :-1], sums[:, -1])
        return totals / max(len(layers), 1)

    def _counts(self, rng: np.random.Generator, size: int) -> Floats:
        """How often each item is in each resample, [size, items]."""
        drawn = rng.integers(self.items, size=(size, self.items))
        drawn += np.arange(size)[:, None] * self.items
        return np.bincount(drawn.ravel(), minlength=size * self.items).reshape(size, self.items).astype(np.float64)


def percentile_interval(scores: Floats, confidence: float = 0.95) -> tuple[float, float]:
    """The central percentile interval of bootstrap scores (Efron and Tibshirani 1993, chapter 13)."""
    tail = (1.0 - confidence) / 2.0
    low, high = np.nanquantile(scores, [tail, 1.0 - tail])
    return float(low), float(high)

"""How scores order two outputs, judged by people who chose between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geneval.agreement._cells import Cells, Draws
from geneval.agreement._correlations import Floats, Ints
from geneval.agreement._ties import Pairs, acc_eq

OF_PAIRS = ("accuracy", "accuracy_strict", "acc_eq")
"""Statistics of preferences."""


@dataclass(frozen=True, slots=True)
class Ceiling:
    """How often one rater is of the others' opinion.

    Attributes:
        value: over choices, those of a tie left out, on pairs where the others and all together prefer one output.
        n: choices counted.
        blind: over all choices on pairs where the others prefer one output: what the pairs are does not depend on
            the choice that is judged, as it does, a little, in `value`.
        n_blind: choices counted there.
    """

    value: float | None
    n: int
    blind: float | None
    n_blind: int

    def to_dict(self) -> dict[str, object]:
        """The object in the printed JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, eq=False)
class Votes:
    """Choices between outputs.

    Attributes:
        cells: the outputs that were chosen between; their grades mean nothing.
        pairs: one a pair of outputs; `order` is what most chose.
        choices: of each pair 1, -1 or 0 of every vote.
    """

    cells: Cells
    pairs: Pairs
    choices: Sequence[Sequence[int]]

    def clear(self) -> Ints:
        """Pairs that more people decided one way than the other."""
        return np.flatnonzero(self.pairs.order != 0)

    def ceiling(self) -> Ceiling:
        """One rater against the others."""
        right = n = blind = n_blind = 0
        for choices in self.choices:
            whole = sum(choices)
            for choice in choices:
                others = _sign(whole - choice)
                if not others or not choice:
                    continue
                n_blind += 1
                blind += choice == others
                if whole:
                    n += 1
                    right += choice == others
        return Ceiling(right / n if n else None, n, blind / n_blind if n_blind else None, n_blind)


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


def of_pairs(votes: Votes, scores: Floats, draws: Draws | None = None) -> dict[str, Floats]:
    """Each statistic of preferences, [draws], 0 to 1.

    `accuracy` and `accuracy_strict` are over pairs that people prefer one output of: the share where scores prefer the
    same; equal scores are half right, and wrong. `acc_eq` is over all pairs, ties included, with a threshold that is
    chosen on other items.

    Args:
        votes: the pairs.
        scores: [cells], or [versions, cells] where nothing is drawn.
        draws: how often items and systems count.
    """
    drawn = draws or Draws()
    pairs = votes.pairs.take(votes.clear())
    values = np.sign(np.atleast_2d(pairs.of_scores(scores))) * pairs.order
    weights = pairs.weights(votes.cells, "pair", drawn)
    total = weights.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        half = (weights * (values + 1) / 2).sum(axis=1) / total if len(pairs) else np.full(drawn.count, math.nan)
        strict = (weights * (values > 0)).sum(axis=1) / total if len(pairs) else half
    tied = acc_eq(votes.cells, scores, votes.pairs, "pair", drawn)
    return {"accuracy": half, "accuracy_strict": strict, "acc_eq": tied}

"""Pair scorers whose rows hold several numbers of a pair: the score first, then all that it was chosen from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from geneval_references import UsageError
from geneval_scorers._ragged import Floats, Ints, Ragged
from geneval_scorers._scorer import PairScorer, Rows, Statistics


@dataclass(frozen=True, repr=False)
class Columns(PairScorer):
    """Rows are [score, *columns]: under `best` those of the winning reference, under `mean` the mean of each.

    `best` keeps the columns of the one reference that wins by the score, which is not the best of each column.
    """

    columns: ClassVar[tuple[str, ...]]
    """What the numbers behind the score are."""

    def _reduced(self, rows: Rows, scores: Floats, places: Ints, references: Ragged) -> Statistics:
        if self.reduction != "mean":
            return super()._reduced(rows, scores, places, references)
        means = [super(Columns, self)._reduced(rows, column, places, references).rows for column in rows.T]
        return Statistics(np.hstack(means))

    def profile(self, rows: Rows) -> dict[str, Floats]:
        """The columns of answers, by name: `scorer.profile(answers.rows)`.

        Args:
            rows: statistics that `scorer.statistics`, `ask_all` and the like gave; not those of expected scores at k,
                which hold the score alone.

        Returns:
            For each of `columns` one number a row.

        Raises:
            UsageError: the rows hold something else.
        """
        if rows.ndim != 2 or rows.shape[1] != 1 + len(self.columns):
            raise UsageError(f"{self.label} has {1 + len(self.columns)} numbers a row, not rows of shape {rows.shape}")
        return {name: np.asarray(rows[:, 1 + at], np.float64) for at, name in enumerate(self.columns)}

"""Scorers of how much the outputs of a set differ; the references play no part in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geneval_scorers._corpus import Corpus
from geneval_scorers._queries import Queries
from geneval_scorers._ragged import Floats
from geneval_scorers._scorer import Rows, Scorer, Statistics
from geneval_scorers._subsets import Subsets


@dataclass(frozen=True, repr=False)
class Diversity(Scorer):
    """A number about two outputs or more. One output differs from nothing: it gets no score (`too_few_outputs`)."""

    @property
    def fewest(self) -> int:
        """Two."""
        return 2

    def spread(self, corpus: Corpus, queries: Queries) -> Floats:
        """One number for each set, of two outputs or more."""
        raise NotImplementedError

    def statistics(self, corpus: Corpus, queries: Queries) -> Statistics:
        """[the number of the set]; kept with the questions, since no references change it."""
        key = ("diversity", id(self))
        if key not in queries.memo:
            enough = np.flatnonzero(queries.candidates.lengths >= self.fewest)
            rows = np.full((len(queries), 1), np.nan)
            if len(enough):
                rows[enough, 0] = self.spread(corpus, queries.take(enough))
            queries.memo[key] = self, rows
        return Statistics(queries.memo[key][1])

    def at_subsets(self, corpus: Corpus, queries: Queries, subsets: Subsets) -> Rows:
        """The same whatever the references."""
        return self.statistics(corpus, queries).rows[subsets.parents]

"""Scorers that look at the candidate and its source, and at no reference."""

from __future__ import annotations

from dataclasses import dataclass

from geneval_scorers._corpus import Corpus
from geneval_scorers._queries import Queries
from geneval_scorers._scorer import Rows, Scorer, Statistics
from geneval_scorers._subsets import Subsets


@dataclass(frozen=True, repr=False)
class OutputOnly(Scorer):
    """A scorer that looks at the candidate and at none of its references: at every k it says the same."""

    def measure(self, corpus: Corpus, queries: Queries) -> Rows:
        """One row of numbers for the candidate of each question, [questions, columns]; NaN where there is none."""
        raise NotImplementedError

    def statistics(self, corpus: Corpus, queries: Queries) -> Statistics:
        """The candidates' rows; no reference wins."""
        return Statistics(self._measured(corpus, queries))

    def at_subsets(self, corpus: Corpus, queries: Queries, subsets: Subsets) -> Rows:
        """The same row for each subset, measured once."""
        return self._measured(corpus, queries)[subsets.parents]

    def _measured(self, corpus: Corpus, queries: Queries) -> Rows:
        """Kept with the questions for the next k."""
        key = ("measured", id(self))
        if key not in queries.memo:
            queries.memo[key] = self, self.measure(corpus, queries)
        rows: Rows = queries.memo[key][1]
        return rows

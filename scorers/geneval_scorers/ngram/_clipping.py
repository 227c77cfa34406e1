"""Clipped n-gram matches of candidates against sets of references, the statistics of BLEU."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial

import numpy as np

from geneval_scorers._queries import Queries
from geneval_scorers._ragged import Index, Ints, Ragged
from geneval_scorers._subsets import Subsets
from geneval_scorers.ngram._shared import Shared, shared_ngrams
from geneval_scorers.ngram._tokens import Tokens


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """BLEU's statistics: [candidate length, closest reference length, matches at 1..orders, n-grams at 1..orders].

    An n-gram counts at most as often as in the one reference that has it most often (Papineni et al. 2002). The
    closest reference length is the shorter one on ties, as in sacrebleu and pycocoevalcap.
    """

    tokens: Tokens
    candidates: Ints
    queries: Queries
    orders: int

    def all(self) -> Index:
        """Against all references, a row a question."""
        return self._rows(None, self.candidates, self.queries.references, Shared.best)

    def among(self, subsets: Subsets) -> Index:
        """Against subsets of them, a row a subset."""
        chosen = subsets.references
        references = Ragged(chosen.offsets, self.queries.references.values[chosen.values])

        def best(shared: Shared) -> Ints:
            return shared.best_among(chosen.values.reshape(-1, subsets.k), subsets.parents)

        return self._rows(subsets, self.candidates[subsets.parents], references, best)

    def _rows(self, key: Hashable, candidates: Ints, references: Ragged, best: Callable[[Shared], Ints]) -> Index:
        lengths = self.tokens.ids.lengths
        out = np.empty((len(candidates), 2 + 2 * self.orders), np.int32)
        out[:, 0] = lengths[candidates]
        out[:, 1] = self._once(
            ("closest", key),
            lambda: closest_length(lengths[candidates], Ragged(references.offsets, lengths[references.values])),
        )
        for n, shared in enumerate(shared_ngrams(self.tokens, self.queries, self.candidates, self.orders)):
            out[:, 2 + n] = self._once((n, key), partial(best, shared))
            out[:, 2 + self.orders + n] = np.maximum(out[:, 0] - n, 0)
        return out

    def _once(self, key: Hashable, make: Callable[[], Ints]) -> Ints:
        """A column that the next scorer of another order finds again."""
        memo, where = self.queries.memo, ("BLEU", id(self.tokens), key)
        if where not in memo:
            memo[where] = make()
        column: Ints = memo[where]
        return column


def closest_length(lengths: Ints, references: Ragged) -> Ints:
    """The reference length closest to each candidate's, the shorter one on ties."""
    apart = np.abs(references.values - lengths[references.rows])
    # One number that sorts by distance, then by length.
    key = apart * (int(references.values.max(initial=0)) + 1) + references.values
    best = np.minimum.reduceat(key, references.offsets[:-1])
    return np.asarray(best % (int(references.values.max(initial=0)) + 1), np.int64)

"""Clipped n-gram matches of candidates against sets of references, the statistics of BLEU."""

from __future__ import annotations

import numpy as np

from geneval_scorers._queries import Queries
from geneval_scorers._ragged import Ints, Ragged
from geneval_scorers.ngram._shared import shared_ngrams
from geneval_scorers.ngram._tokens import Tokens


def bleu_statistics(tokens: Tokens, candidates: Ints, queries: Queries, orders: int) -> Ints:
    """For every question: [candidate length, closest reference length, matches at 1..orders, n-grams at 1..orders].

    An n-gram counts at most as often as in the one reference that has it most often (Papineni et al. 2002). The
    closest reference length is the shorter one on ties, as in sacrebleu and pycocoevalcap.
    """
    references, lengths = queries.references, tokens.ids.lengths
    out = np.empty((len(queries), 2 + 2 * orders), np.int64)
    out[:, 0] = lengths[candidates]
    out[:, 1] = closest_length(out[:, 0], Ragged(references.offsets, lengths[references.values]))
    for n, shared in enumerate(shared_ngrams(tokens, queries, candidates, orders)):
        out[:, 2 + n] = shared.best()
        out[:, 2 + orders + n] = np.maximum(out[:, 0] - n, 0)
    return out


def closest_length(lengths: Ints, references: Ragged) -> Ints:
    """The reference length closest to each candidate's, the shorter one on ties."""
    apart = np.abs(references.values - lengths[references.rows])
    # One number that sorts by distance, then by length.
    key = apart * (int(references.values.max(initial=0)) + 1) + references.values
    best = np.minimum.reduceat(key, references.offsets[:-1])
    return np.asarray(best % (int(references.values.max(initial=0)) + 1), np.int64)

"""Clipped n-gram matches of candidates against sets of references, the statistics of BLEU."""

from __future__ import annotations

import numpy as np

from geneval_scorers._queries import Queries
from geneval_scorers._ragged import Ints, Ragged, ramps
from geneval_scorers.ngram._counts import count_texts
from geneval_scorers.ngram._tokens import Tokens


def bleu_statistics(tokens: Tokens, candidates: Ints, queries: Queries, orders: int) -> Ints:
    """For every question: [candidate length, closest reference length, matches at 1..orders, n-grams at 1..orders].

    An n-gram counts at most as often as in the one reference that has it most often (Papineni et al. 2002). The
    closest reference length is the shorter one on ties, as in sacrebleu and pycocoevalcap.
    """
    references = queries.references
    texts = np.concatenate([candidates, references.values])
    counted, slot = count_texts(tokens, texts, orders)
    asked, refs = slot[: len(candidates)], slot[len(candidates) :]
    lengths = counted.rows.lengths
    pairs, pair = np.unique(asked[references.rows] * len(lengths) + refs, return_inverse=True)
    out = np.zeros((len(queries), 2 + 2 * orders), np.int64)
    out[:, 0] = lengths[asked]
    out[:, 1] = closest_length(lengths[asked], Ragged(references.offsets, lengths[refs]))
    for n, counts in enumerate(counted.orders[:orders]):
        mine, clipped = counts.clipped(pairs // len(lengths), pairs % len(lengths))
        out[:, 2 + n] = _best_sums(clipped, mine, references, pair)
        out[:, 2 + orders + n] = counts.totals()[asked]
    return out


def closest_length(lengths: Ints, references: Ragged) -> Ints:
    """The reference length closest to each candidate's, the shorter one on ties."""
    apart = np.abs(references.values - lengths[references.rows])
    # One number that sorts by distance, then by length.
    key = apart * (int(references.values.max(initial=0)) + 1) + references.values
    best = np.minimum.reduceat(key, references.offsets[:-1])
    return np.asarray(best % (int(references.values.max(initial=0)) + 1), np.int64)


def _best_sums(clipped: Ints, mine: Ragged, references: Ragged, pair: Ints) -> Ints:
    """Sums over a candidate's n-grams of the largest clipped count among its references, [questions].

    All pairs of a question have the same candidate, so their entries in `clipped` stand in the same order.
    """
    first = pair[references.offsets[:-1]]
    grams, many = mine.lengths[first], references.lengths
    cells = grams * many
    # Cell (n-gram g, reference j) of a question, references innermost, so that reduceat finds them side by side.
    inside = ramps(np.zeros(len(cells), np.int64), cells)
    wide = np.repeat(many, cells)
    gram, place = inside // wide, inside % wide
    start = mine.offsets[pair[np.repeat(references.offsets[:-1], cells) + place]]
    values = clipped[start + gram]
    if not len(values):
        return np.zeros(len(references), np.int64)
    per_gram = np.repeat(many, grams)
    best = np.maximum.reduceat(values, np.cumsum(per_gram) - per_gram)
    ends = np.zeros(len(best) + 1, np.int64)
    np.cumsum(best, out=ends[1:])
    stops = np.cumsum(grams)
    return np.asarray(ends[stops] - ends[stops - grams], np.int64)

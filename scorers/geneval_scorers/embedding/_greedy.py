"""Greedy matching: every token of one text with the token of the other that is nearest to it (Zhang et al. 2020)."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from geneval_scorers._ragged import Floats, Ints, Ragged

_CELLS = 2_000_000
"""So many numbers are looked at together: what fits a processor's cache, nearly."""


def matched(ids: Ragged, vectors: NDArray[np.float32], weights: Floats, first: Ints, second: Ints) -> Floats:
    """Precision, recall and their harmonic mean of pairs of texts.

    Pairs with texts of the same two lengths are multiplied together, each by itself, so that no number depends on which
    pairs it is asked with. In bert-score some do: a best match below 0 counts 0 there for a text that its batch pads.

    Args:
        ids: the tokens of texts.
        vectors: one of length 1 for each token, [tokens, dimensions].
        weights: how much each token counts, [tokens]; a text's sum to 1, or to 0 where it has nothing to match.
        first: candidates, text indices.
        second: references, text indices.

    Returns:
        [pairs, 3]: precision and recall from -1 to 1, and F from 0 to 1: it is 0 where one of the two is not above 0.
        Two texts with nothing to match are equal (1); one such text matches nothing (0).
    """
    out = np.zeros((len(first), 3))
    has = np.bincount(ids.rows, weights, minlength=len(ids)) > 0
    out[~has[first] & ~has[second]] = 1.0
    for pairs in _alike(ids.lengths, vectors.shape[1], first, second, np.flatnonzero(has[first] & has[second])):
        mine, theirs = (_places(ids, texts[pairs]) for texts in (first, second))
        near = np.matmul(vectors[mine], vectors[theirs].transpose(0, 2, 1))
        precision = _weighted(near.max(axis=2), weights[mine])
        recall = _weighted(near.max(axis=1), weights[theirs])
        out[pairs] = np.stack([precision, recall, _harmonic(precision, recall)], axis=1)
    return out


def _alike(lengths: Ints, width: int, first: Ints, second: Ints, asked: Ints) -> Iterator[Ints]:
    """Pairs of the same two lengths, as many at a time as memory is meant for."""
    mine, theirs = lengths[first[asked]], lengths[second[asked]]
    order = np.lexsort((theirs, mine))
    ends = np.flatnonzero(np.diff(mine[order]) | np.diff(theirs[order])) + 1
    for group in np.split(order, ends):
        if not len(group):
            continue
        a, b = int(mine[group[0]]), int(theirs[group[0]])
        step = max(_CELLS // (a * b + (a + b) * width), 1)
        for start in range(0, len(group), step):
            yield asked[group[start : start + step]]


def _places(ids: Ragged, texts: Ints) -> Ints:
    """Where the tokens of texts of one length stand, [texts, tokens]."""
    return np.asarray(ids.offsets[texts][:, None] + np.arange(ids.lengths[texts[0]]), np.int64)


def _weighted(best: NDArray[np.float32], weights: Floats) -> Floats:
    return np.asarray((np.clip(best, -1, 1, dtype=np.float64) * weights).sum(axis=1))


def _harmonic(precision: Floats, recall: Floats) -> Floats:
    above = (precision > 0) & (recall > 0)
    return np.where(above, 2 * precision * recall / np.where(above, precision + recall, 1), 0)

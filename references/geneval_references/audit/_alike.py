"""How alike texts of the data are, by whatever similarity was handed in."""

from __future__ import annotations

import numpy as np

from geneval_references._protocols import Similarity
from geneval_references.audit._chance import Floats, Ints
from geneval_references.audit._table import Table

_NEIGHBOURS = 8
"""In items of more than twice as many references (and one), each is compared with so many on either side of it."""


class Alike:
    """Answers questions about pairs of texts, each distinct pair once a call.

    Attributes:
        seed: of all that is drawn.
    """

    def __init__(self, table: Table, similarity: Similarity, seed: int) -> None:
        self.table = table
        self.similarity = similarity
        self.seed = seed

    def of(self, mine: Ints, theirs: Ints) -> Floats:
        """How alike texts are, in the shape of `mine`; NaN where one of them is -1, or it cannot be told."""
        mine, theirs = np.broadcast_arrays(mine, theirs)
        out = np.full(mine.shape, np.nan)
        there = (mine >= 0) & (theirs >= 0)
        if there.any():
            span = len(self.table.texts)
            keys, where = np.unique(mine[there] * span + theirs[there], return_inverse=True)
            out[there] = self.similarity(self.table.texts, keys // span, keys % span)[where]
        return out

    def generator(self) -> np.random.Generator:
        """The same draws for every check that asks."""
        return np.random.default_rng(self.seed)

    def sibling_pairs(self) -> tuple[Ints, Ints]:
        """Numbers of references, each pair of an item once; of large items, neighbours in a ring."""
        pairs = [
            _pairs(int(n)) + first for n, first in zip(self.table.per_item, self.table.first[:-1], strict=True) if n > 1
        ]
        both = np.concatenate(pairs) if pairs else np.zeros((0, 2), np.int64)
        return both[:, 0], both[:, 1]


_KNOWN: dict[int, Ints] = {}


def _pairs(n: int) -> Ints:
    """Pairs of 0 .. n - 1, [pairs, 2]."""
    if n not in _KNOWN:
        if n <= 2 * _NEIGHBOURS + 1:
            _KNOWN[n] = np.stack(np.triu_indices(n, 1), axis=1).astype(np.int64)
        else:
            one = np.repeat(np.arange(n), _NEIGHBOURS)
            _KNOWN[n] = np.stack([one, (one + np.tile(np.arange(1, _NEIGHBOURS + 1), n)) % n], axis=1)
    return _KNOWN[n]

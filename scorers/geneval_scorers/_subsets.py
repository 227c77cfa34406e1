"""Which k of its references each question is asked about: all subsets, or seeded ones where there are too many."""

from __future__ import annotations

import hashlib
import itertools
import math

import numpy as np
import numpy.typing as npt

from geneval_scorers._corpus import Corpus
from geneval_scorers._queries import Queries
from geneval_scorers._ragged import Floats, Ints, Ragged, ramps

DRAWS = 100
"""How many subsets of an item's references stand for all of them, where there are more."""

SEED = 12345

Keys = npt.NDArray[np.uint64]


class Subsets:
    """Subsets of k references, of the questions that have at least so many.

    Drawn by (seed, item id), so that all systems meet the same ones. The references stand in alphabetical order, so
    that no shuffling of the input changes a number.

    Attributes:
        k: references in a subset.
        questions: those with k references or more.
        counts: how many subsets each of them has.
        parents: the question of each subset.
        references: subset -> places in the questions' `references.values`, k each.
    """

    def __init__(self, queries: Queries, keys: Keys, k: int, draws: int) -> None:
        self.k, self.draws = k, draws
        self.questions = np.flatnonzero(queries.references.lengths >= k)
        self.sizes, self.keys = queries.references.lengths[self.questions], keys[self.questions]
        sizes, where = np.unique(self.sizes, return_inverse=True)
        self.counts = np.asarray([min(math.comb(n, k), draws) for n in sizes.tolist()], np.int64)[where]
        self.parents = np.repeat(self.questions, self.counts)
        places = self._places() + queries.references.offsets[:-1][self.parents][:, None]
        self.references = Ragged.from_lengths(np.full(len(places), k, np.int64), places.ravel())

    @classmethod
    def chosen(cls, k: int, parents: Ints, places: Ints) -> Subsets:
        """Subsets that the caller has chosen.

        Args:
            k: references in each.
            parents: the question of each, ascending.
            places: in the questions' `references.values`, k for each subset, end to end.
        """
        one = cls.__new__(cls)
        one.k, one.parents = k, parents
        one.questions, one.counts = np.unique(parents, return_counts=True)
        one.references = Ragged.from_lengths(np.full(len(parents), k, np.int64), places)
        return one

    def between(self, queries: Queries, start: int, stop: int) -> Subsets:
        """Those of the questions from `start` up to `stop`, which are asked by themselves."""
        low, high = np.searchsorted(self.parents, [start, stop])
        places = self.references.values[low * self.k : high * self.k] - queries.references.offsets[start]
        return Subsets.chosen(self.k, self.parents[low:high] - start, places)

    def _places(self) -> Ints:
        """[subsets, k], places in the question's list of references."""
        out = np.empty((int(self.counts.sum()), self.k), np.int64)
        starts = np.cumsum(self.counts) - self.counts
        for n in np.unique(self.sizes).tolist():
            mine = np.flatnonzero(self.sizes == n)
            out[ramps(starts[mine], self.counts[mine])] = self._tables(self.keys[mine], n).reshape(-1, self.k)
        return out

    def _tables(self, keys: Keys, n: int) -> Ints:
        """[items, subsets, k]."""
        if n == self.k:
            return np.broadcast_to(np.arange(n), (len(keys), 1, n))
        if math.comb(n, self.k) <= self.draws:
            # Every subset once; the shuffled places decide which draws go together at corpus level.
            every = np.asarray(list(itertools.combinations(range(n), self.k)), np.int64)
            return np.sort(np.argsort(_priorities(keys, 1, n)[:, 0], axis=1)[:, every], axis=2)
        return np.sort(np.argsort(_priorities(keys, self.draws, n), axis=2)[:, :, : self.k], axis=2)


def item_keys(corpus: Corpus, queries: Queries, seed: int) -> Keys:
    """64 random bits for each question, by (seed, item id)."""
    items, where = np.unique(queries.item, return_inverse=True)
    names = (f"{seed}\0{corpus.ids[item]}".encode("utf-8", "surrogatepass") for item in items.tolist())
    marks = b"".join(hashlib.blake2b(name, digest_size=8).digest() for name in names)
    return np.frombuffer(marks, "<u8").astype(np.uint64)[where]


def _priorities(keys: Keys, draws: int, n: int) -> Keys:
    """Random numbers [items, draws, n]: splitmix64 of each item's key (Steele, Lea and Flood 2014)."""
    step = np.arange(1, draws * n + 1, dtype=np.uint64).reshape(1, draws, n) * np.uint64(0x9E3779B97F4A7C15)
    mark = keys[:, None, None] + step
    mark = (mark ^ (mark >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mark = (mark ^ (mark >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mark ^ (mark >> np.uint64(31)), np.uint64)


def best_of_k_weights(references: Ragged, k: int) -> Floats:
    """C(i-1, k-1) / C(n, k) for the i-th smallest of n scores, in every row; 0 where n is below k.

    E@k of the best is the sum of the scores with these weights.
    """
    lengths = references.lengths
    sizes, where = np.unique(lengths, return_inverse=True)
    tables = [[math.comb(i, k - 1) / max(math.comb(n, k), 1) for i in range(n)] for n in sizes.tolist()]
    table = Ragged.from_lengths(sizes, np.arange(int(sizes.sum()), dtype=np.int64))
    flat = np.asarray([weight for row in tables for weight in row], np.float64)
    return flat[table.positions(where).values]

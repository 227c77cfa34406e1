"""The n-grams of outputs as numbers, and how many of them the outputs of a set share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geneval_scorers._corpus import Corpus
from geneval_scorers._ragged import Floats, Ragged, ramps
from geneval_scorers.ngram._known import known_ngrams


@dataclass(frozen=True, slots=True, eq=False)
class Bags:
    """The n-grams of every text of a corpus.

    Attributes:
        ids: text -> numbers of its n-grams, as often as it has them.
        bound: one more than the largest number.
    """

    ids: Ragged
    bound: int

    def whole_where_short(self, tokens: Ragged) -> Bags:
        """The same, where a text too short for an n-gram has itself for one: it shares that with equal texts only.

        Args:
            tokens: of the texts.
        """
        short = np.flatnonzero(self.ids.lengths == 0)
        known: dict[tuple[int, ...], int] = {}
        numbers = [known.setdefault(tuple(tokens.row(i).tolist()), len(known)) for i in short.tolist()]
        ids = Ragged.from_lengths(
            np.maximum(self.ids.lengths, 1), np.empty(len(self.ids.values) + len(short), np.int64)
        )
        own = np.zeros(len(ids.values), bool)
        own[ids.offsets[:-1][short]] = True
        ids.values[own], ids.values[~own] = self.bound + np.asarray(numbers, np.int64), self.ids.values
        return Bags(ids, self.bound + len(known))


def bags(corpus: Corpus, tokenizer: str, n: int) -> Bags:
    """The n-grams of order `n`; made once."""

    def make() -> Bags:
        order = known_ngrams(corpus, tokenizer, n).orders[n - 1]
        counts = np.bincount(order.owner, minlength=len(corpus.texts)).astype(np.int64)
        return Bags(Ragged.from_lengths(counts, order.codes[order.valid].astype(np.int64)), len(order.hashes))

    return corpus.derive(("bags", tokenizer, n), make)


def distinct_and_all(sets: Ragged, bag: Bags) -> tuple[Floats, Floats]:
    """How many different n-grams, and how many at all, the texts of each set have.

    Args:
        sets: set -> texts.
        bag: n-grams of the texts.
    """
    where = bag.ids.positions(sets.values)
    owner = sets.rows[where.rows]
    different = np.unique(owner * np.int64(bag.bound) + bag.ids.values[where.values]) // max(bag.bound, 1)
    found = (np.bincount(rows, minlength=len(sets)) for rows in (different, owner))
    one, other = (counts.astype(np.float64) for counts in found)
    return one, other


def shared_counts(sets: Ragged, bag: Bags) -> Floats:
    """Dot products of the count vectors of all texts of each set, [cells]: a square table a set, end to end."""
    where = bag.ids.positions(sets.values)
    key, count = np.unique(where.rows * np.int64(bag.bound) + bag.ids.values[where.values], return_counts=True)
    text, gram = np.divmod(key, max(bag.bound, 1))
    # Entries of one n-gram in one set stand together, and each meets all of them.
    order = np.lexsort((text, gram, sets.rows[text]))
    text, gram, count = text[order], gram[order], count[order]
    owner = sets.rows[text]
    first = np.flatnonzero((np.diff(owner, prepend=-1) != 0) | (np.diff(gram, prepend=-1) != 0))
    many = np.diff(first, append=len(text))
    mine = np.repeat(np.arange(len(text)), np.repeat(many, many))
    theirs = ramps(np.repeat(first, many), np.repeat(many, many))
    size = sets.lengths
    local = text - sets.offsets[:-1][owner]
    cell = (np.cumsum(size**2) - size**2)[owner[mine]] + local[mine] * size[owner[mine]] + local[theirs]
    return np.bincount(cell, weights=count[mine] * count[theirs], minlength=int((size**2).sum())).astype(np.float64)

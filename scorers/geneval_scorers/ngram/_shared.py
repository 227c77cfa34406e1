"""n-grams that candidates share with references, the work behind BLEU, chrF, ROUGE-N and CIDEr.

All texts of an item are looked at together, order by order: an n-gram that no candidate and reference of the item have
in common is dropped, and with it every longer one it is part of, so that little is left to do at the higher orders.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from geneval_scorers._numbering import each_once, numbered
from geneval_scorers._queries import Queries
from geneval_scorers._ragged import Bools, Floats, Index, Ints, Ragged, ramps
from geneval_scorers.ngram._tokens import Tokens


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """The n-grams of one order that the candidate of each question shares with some text of its item.

    Cell (n-gram g, reference j) of a question tells how often its j-th reference has its g-th n-gram; cells stand end
    to end, references innermost.

    Attributes:
        grams: question -> entries of `count` and `place`: its candidate's distinct shared n-grams.
        count: how often the candidate has the n-gram.
        place: where the n-gram stands in `Tokens.ids.values`.
        cells: what the references have.
        width: for every n-gram of every question, its number of references.
        pair: for every cell, the place of its reference in `references.values`.
        references: of the questions.
    """

    grams: Ragged
    count: Index
    place: Index
    cells: Index
    width: Ints
    pair: Ints
    references: Ragged

    def clipped(self) -> Index:
        """Cells, none larger than what the candidate has."""
        return np.asarray(np.minimum(self.spread(self.count), self.cells))

    def spread(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """A number for each entry as one for each cell."""
        return np.repeat(values[self.grams.values], self.width)

    def overlap(self) -> Ints:
        """How many n-grams each question's candidate shares with each reference, [pairs]."""
        return self.by_pair(self.clipped()).astype(np.int64)

    def by_pair(self, cells: npt.NDArray[Any]) -> Floats:
        """Sums cells over n-grams, [pairs]."""
        return np.asarray(np.bincount(self.pair, weights=cells, minlength=len(self.references.values)), np.float64)

    def best(self) -> Ints:
        """How many n-grams match where each counts as in the one reference that has it most often, [questions]."""
        if not len(self.width):
            return np.zeros(len(self.grams), np.int64)
        return sums(np.maximum.reduceat(self.clipped(), np.cumsum(self.width) - self.width), self.grams)

    def best_among(self, places: Ints, parents: Ints) -> Ints:
        """The same with some of a question's references only, [subsets].

        Args:
            places: [subsets, k], places in `queries.references.values`.
            parents: the question of each subset.
        """
        grams = self.grams.lengths[parents]
        starts = np.cumsum(self.width) - self.width
        subset = np.repeat(np.arange(len(parents)), grams)
        first = self.references.offsets[:-1][parents]
        where = starts[ramps(self.grams.offsets[:-1][parents], grams)] - first[subset]
        clipped = self.clipped()
        best = np.zeros(len(where), clipped.dtype)
        for column in places.T:
            np.maximum(best, clipped[where + column[subset]], out=best)
        return sums(best, Ragged.from_lengths(grams, where))


def sums(values: Index, rows: Ragged) -> Ints:
    """Exact sums of whole numbers (aligned with `rows.values`) over each row."""
    ends = np.zeros(len(values) + 1, np.int64)
    np.cumsum(values, out=ends[1:])
    return ends[rows.offsets[1:]] - ends[rows.offsets[:-1]]


def shared_ngrams(tokens: Tokens, queries: Queries, candidates: Ints, orders: int) -> list[Shared]:
    """Shared n-grams of orders 1 to `orders`, kept with the questions for the next scorer that asks."""
    key = ("shared", id(tokens))
    if key not in queries.memo:
        slots = _Slots(tokens, queries, candidates)
        queries.memo[key] = [], map(slots.shared, _counted(slots, tokens.bound)), tokens
    found: list[Shared] = queries.memo[key][0]
    found += itertools.islice(queries.memo[key][1], max(orders - len(found), 0))
    return found[:orders]


class _Slots:
    """Every distinct text of every item once, and its tokens."""

    def __init__(self, tokens: Tokens, queries: Queries, candidates: Ints) -> None:
        references = queries.references
        span = len(tokens.ids)
        key = np.concatenate(
            [queries.item * span + candidates, queries.item[references.rows] * span + references.values]
        )
        slots, slot = np.unique(key, return_inverse=True)
        item = slots // span
        starts = np.flatnonzero(np.diff(item, prepend=-1))
        self.references = references
        self.width = np.diff(starts, append=len(slots))
        """How many texts each item has."""
        self.group = np.repeat(np.arange(len(starts), dtype=np.int32), self.width)
        """For each slot, its item, numbered from 0."""
        self.local = (np.arange(len(slots)) - np.repeat(starts, self.width)).astype(np.int32)
        """For each slot, its number among the texts of its item."""
        self.candidate, self.reference = slot[: len(queries)], slot[len(queries) :]
        self._read_roles()
        self.where = tokens.ids.positions(slots % span)
        self.token = tokens.ids.values[self.where.values]
        self.slot = np.repeat(np.arange(len(slots), dtype=np.int32), self.where.lengths)
        """For each token, its text."""
        self.is_asked = self.asked[self.slot]

    def _read_roles(self) -> None:
        count = len(self.group)
        self.asked, self.known, self.alone = np.zeros(count, bool), np.zeros(count, bool), np.zeros(count, bool)
        self.asked[self.candidate] = True
        self.known[self.reference] = True
        # A candidate that is one of its own references shares all n-grams with it, whoever else has them.
        self.alone[self.reference[self.reference == self.candidate[self.references.rows]]] = True
        self.mixed = bool((self.asked & self.known).any())

    def wanted(self, run: Index, place: Index, count: int) -> Bools:
        """Which n-grams (numbered by item) a candidate and a reference of its item have in common."""
        asked = np.flatnonzero(self.is_asked[place])
        by_candidates = np.bincount(run[asked], minlength=count)
        if not self.mixed:
            return (by_candidates > 0) & (np.bincount(run, minlength=count) > by_candidates)
        slot = self.slot[place]
        known, several = np.zeros(count, bool), np.zeros(count, bool)
        known[run[self.known[slot]]] = True
        some = np.empty(count, np.int32)
        some[run] = slot
        several[run[(some[run] != slot) | self.alone[slot]]] = True
        return (by_candidates > 0) & known & several

    def shared(self, counted: _Counted) -> Shared:
        grams = counted.entries.positions(self.candidate)
        width = self.references.lengths[grams.rows]
        pair = ramps(self.references.offsets[:-1][grams.rows], width)
        cell = np.repeat(counted.base[grams.values], width) + self.local[self.reference][pair]
        place = self.where.values[counted.entries.values]
        cells = counted.cells[cell]
        return Shared(grams, counted.count, place, cells, width, pair, self.references)


@dataclass(frozen=True, slots=True, eq=False)
class _Counted:
    """Shared n-grams of one order.

    Attributes:
        entries: slot of a candidate -> its distinct shared n-grams, as places in `_Slots.token`.
        count: how often the slot has it, aligned with `entries.values`.
        base: where the cells of the n-gram begin: one for each text of the item.
        cells: how often each of these texts has it.
    """

    entries: Ragged
    count: Index
    base: Index
    cells: Index


def _counted(slots: _Slots, bound: int) -> Iterator[_Counted]:
    """Order after order, without end."""
    token, slot = slots.token, slots.slot
    place = np.arange(len(token), dtype=np.int32)
    run, count = numbered(slots.group[slot] * np.int64(bound) + token, len(slots.width) * bound)
    for n in itertools.count(1):
        if n > 1:
            # An n-gram is worth a look where both shorter ones in it are shared.
            side_by_side = place[1:] == place[:-1] + 1
            if n == 2:
                side_by_side &= slot[place[1:]] == slot[place[:-1]]
            both = np.flatnonzero(side_by_side)
            place = place[both]
            run, count = numbered(run[both] * np.int64(bound) + token[place + (n - 1)], count * bound)
        keep = slots.wanted(run, place, count)
        kept = np.flatnonzero(keep[run])
        number = np.cumsum(keep, dtype=np.int32) - np.int32(1)
        place, run, count = place[kept], number[run[kept]], int(number[-1]) + 1 if count else 0
        yield _count(slots, place, run, count)


def _count(slots: _Slots, place: Index, run: Index, count: int) -> _Counted:
    slot = slots.slot[place]
    group = np.empty(count, np.int32)
    group[run] = slots.group[slot]
    wide = slots.width[group]
    starts = np.cumsum(wide) - wide
    cell = starts[run] + slots.local[slot]
    cells = np.bincount(cell, minlength=int(wide.sum())).astype(np.int32)
    asked = np.flatnonzero(slots.is_asked[place])
    mine = cell[asked]
    once = each_once(mine, len(cells))
    asked, mine = asked[once], mine[once]
    lengths = np.bincount(slot[asked], minlength=len(slots.local))
    return _Counted(Ragged.from_lengths(lengths, place[asked].astype(np.int64)), cells[mine], starts[run[asked]], cells)

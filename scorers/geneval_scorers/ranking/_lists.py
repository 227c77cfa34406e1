"""What a system ranked: lists of ids, or a matrix of similarities that is put in order some rows at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from geneval_references import InputError
from geneval_scorers._ragged import Bools, Floats, Index, Ints, Ragged
from geneval_scorers.ranking._judgements import Judgements, Names, find, held

BLOCK = 1 << 21
"""So many similarities are looked at together: 16 MiB of doubles, and as much for their order."""


class Ranked(Protocol):
    """What metrics ask of a system, of lists and matrices alike."""

    @property
    def system(self) -> str:
        """Its name."""

    def missing(self, judgements: Judgements) -> Bools:
        """Which queries it has no list for, [Q]."""

    def placed(self, judgements: Judgements) -> Placed:
        """Where the judged items of each query stand."""

    def ordered(self, judgements: Judgements, queries: Ints) -> Ragged:
        """The items of some queries' lists, best first, without what is left out of their galleries."""


@dataclass(frozen=True, eq=False)
class Placed:
    """Where the judged items of each query stand; all that metrics of judged positives need to know.

    Attributes:
        judged: for each of Q queries the numbers of the items that something is known of.
        rank: aligned with `judged.values`: its place in the list, from 1 on; 0 where it is not in the list.
        grade: aligned: above 0 of positives, 0 of what is not right, NaN of what was in the pool and not judged.
        length: how long each list is, [Q].
    """

    judged: Ragged
    rank: Ints
    grade: Floats
    length: Ints

    @property
    def positives(self) -> Ints:
        """R, how many positives each query has, listed or not, [Q]."""
        return np.bincount(self.judged.rows[self.grade > 0], minlength=len(self.judged)).astype(np.int64)

    @property
    def hits(self) -> Ragged:
        """For each query the ranks of its positives that are in the list, ascending."""
        return self.ranks(self.grade > 0)

    def keep(self, mask: Bools) -> Placed:
        """The same where nothing is known of items for which `mask` does not hold."""
        return Placed(self.judged.keep(mask), self.rank[mask], self.grade[mask], self.length)

    def ranks(self, mask: Bools) -> Ragged:
        """The ranks of those judged items for which `mask` holds and that are in the list, ascending in each row."""
        kept = mask & (self.rank > 0)
        rows, ranks = self.judged.rows[kept], self.rank[kept]
        order = np.lexsort((ranks, rows))
        return Ragged.from_lengths(np.bincount(rows, minlength=len(self.judged)).astype(np.int64), ranks[order])


@dataclass(frozen=True, slots=True, eq=False)
class RankedLists:
    """The lists of one system, best first, no item twice.

    Attributes:
        system: its name.
        queries: ids of the queries that have a list.
        items: for each of these the numbers of its items.
        names: of items, shared with the judgements.
    """

    system: str
    queries: Names
    items: Ragged
    names: Names

    @classmethod
    def of(cls, system: str, lists: Mapping[str, Sequence[str]], names: Names) -> RankedLists:
        """Numbers the ids of lists.

        Raises:
            InputError: an item is twice in a list.
        """
        for query, items in lists.items():
            _check_once(system, query, items)
        numbers = [[names.add(item) for item in items] for items in lists.values()]
        return cls(system, Names(lists), Ragged.of(numbers), names)

    def missing(self, judgements: Judgements) -> Bools:
        """As `Ranked` says."""
        return self.queries.numbers(judgements.queries.names) < 0

    def placed(self, judgements: Judgements) -> Placed:
        """As `Ranked` says."""
        lists = self.ordered(judgements, np.arange(len(judgements.queries)))
        rank = np.zeros(len(judgements.judged.values), np.int64)
        where = find(judgements.judged, lists, len(self.names))
        place = np.arange(len(lists.values)) - lists.offsets[:-1][lists.rows] + 1
        rank[where[where >= 0]] = place[where >= 0]
        return Placed(judgements.judged, rank, judgements.grade, lists.lengths)

    def ordered(self, judgements: Judgements, queries: Ints) -> Ragged:
        """As `Ranked` says; a query without a list has an empty one."""
        mine = self.queries.numbers(judgements.queries.names)[queries]
        lengths = np.where(mine >= 0, self.items.lengths[mine] if len(self.items) else 0, 0)
        lists = Ragged.from_lengths(lengths, self.items.take(mine[mine >= 0]).values)
        return lists.keep(~held(judgements.left_out.take(queries), lists, len(self.names)))


def _check_once(system: str, query: str, items: Sequence[str]) -> None:
    if len(set(items)) == len(items):
        return
    places: dict[str, int] = {}
    for place, item in enumerate(items, 1):
        first = places.setdefault(item, place)
        if first != place:
            raise InputError(
                f"system {system!r}, query {query!r}: item {item!r} stands at places {first} and {place}; a ranked list "
                "holds each item once"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Similarities:
    """A system as a matrix of similarities, higher is better; of equal ones the earlier column stands first.

    Attributes:
        system: its name.
        values: [queries, items], finite; may be memory-mapped: it is read some rows at a time.
        queries: ids of the rows.
        columns: the items' numbers.
        names: of items, shared with the judgements.
    """

    system: str
    values: npt.NDArray[Any]
    queries: Names
    columns: Ints
    names: Names

    @classmethod
    def of(
        cls, system: str, values: npt.NDArray[Any], queries: Iterable[str], items: Iterable[str], names: Names
    ) -> Similarities:
        """Numbers the ids of rows and columns.

        Raises:
            InputError: ids repeat, or are not as many as the matrix has rows and columns, or it holds no real numbers.
        """
        rows, columns = list(queries), list(items)
        for what, ids in (("queries", rows), ("items", columns)):
            if len(set(ids)) < len(ids):
                twice = next(id_ for id_ in ids if ids.count(id_) > 1)
                raise InputError(
                    f"{system}: the {what} of the matrix have the id {twice!r} twice; give each one of its own"
                )
        if values.shape != (len(rows), len(columns)):
            raise InputError(
                f"{system}: the matrix has the shape {values.shape}, and there are {len(rows)} ids of queries (rows) and "
                f"{len(columns)} of items (columns)"
            )
        if values.dtype.kind not in "fiu":
            raise InputError(f"{system}: the matrix holds {values.dtype}; real numbers are due")
        return cls(system, values, Names(rows), np.asarray([names.add(item) for item in columns], np.int64), names)

    def missing(self, judgements: Judgements) -> Bools:
        """As `Ranked` says."""
        return self.queries.numbers(judgements.queries.names) < 0

    def placed(self, judgements: Judgements) -> Placed:
        """As `Ranked` says; no more than `BLOCK` similarities are held at a time."""
        column = self._column()
        where = np.where(judgements.judged.values < len(column), column[judgements.judged.values], -1)
        rank = np.zeros(len(where), np.int64)
        length = np.zeros(len(judgements.queries), np.int64)
        for queries, block in self._blocks(judgements, np.arange(len(judgements.queries))):
            length[queries] = np.isfinite(block).sum(axis=1)
            increasing = np.sort(block, axis=1)
            for query, row, steps in zip(queries.tolist(), block, increasing, strict=True):
                mine = slice(judgements.judged.offsets[query], judgements.judged.offsets[query + 1])
                rank[mine] = _ranks(row, steps, where[mine])
        return Placed(judgements.judged, rank, judgements.grade, length)

    def ordered(self, judgements: Judgements, queries: Ints) -> Ragged:
        """As `Ranked` says; asked of a few queries at a time."""
        lengths = np.zeros(len(queries), np.int64)
        rows = []
        place = {query: i for i, query in enumerate(queries.tolist())}
        for mine, block in self._blocks(judgements, queries):
            order = _order(block)
            for query, row, kept in zip(mine.tolist(), order, np.isfinite(block).sum(axis=1).tolist(), strict=True):
                lengths[place[query]] = kept
                rows.append(self.columns[row[:kept]])
        return Ragged.from_lengths(lengths, np.concatenate(rows) if rows else np.zeros(0, np.int64))

    def _column(self) -> Ints:
        """For each item its column, -1 where it has none."""
        column = np.full(len(self.names), -1, np.int64)
        column[self.columns] = np.arange(len(self.columns))
        return column

    def _blocks(self, judgements: Judgements, asked: Ints) -> Iterator[tuple[Ints, npt.NDArray[np.floating[Any]]]]:
        """Some queries and their rows at a time; what is left out of a gallery is -infinity there."""
        row = self.queries.numbers(judgements.queries.names)
        here, column = asked[row[asked] >= 0], self._column()
        step = max(1, BLOCK // max(len(self.columns), 1))
        for start in range(0, len(here), step):
            queries = here[start : start + step]
            block = _floats(self.values[row[queries]])
            self._check(block, queries, judgements)
            out = judgements.left_out.take(queries)
            places = np.where(out.values < len(column), column[np.minimum(out.values, len(column) - 1)], -1)
            block[out.rows[places >= 0], places[places >= 0]] = -np.inf
            yield queries, block

    def _check(self, block: npt.NDArray[Any], queries: Ints, judgements: Judgements) -> None:
        if np.isfinite(block).all():
            return
        row, column = np.argwhere(~np.isfinite(block))[0]
        raise InputError(
            f"{self.system}: the similarity of query {judgements.queries.names[queries[row]]!r} and item "
            f"{self.names.names[self.columns[column]]!r} is {block[row, column]}; finite numbers are due"
        )


def _floats(rows: npt.NDArray[Any]) -> npt.NDArray[np.floating[Any]]:
    """A copy in memory, as it is or, of whole numbers, as doubles."""
    return np.array(rows, dtype=rows.dtype if rows.dtype in (np.float32, np.float64) else np.float64)


def _order(block: npt.NDArray[np.floating[Any]]) -> Ints:
    """The columns of each row, the highest similarity first, of equal ones the earlier column."""
    if block.dtype != np.float32:
        return np.argsort(-block, axis=1, kind="stable")
    # A number and its column in one key, so that a fast sort of whole numbers keeps the order of equal ones: floats go
    # up as their bits do, those below 0 the other way round. Adding 0 makes -0 the 0 that it equals.
    bits = (block + np.float32(0)).view(np.uint32)
    falling = np.where(bits >> 31, bits, ~(bits | np.uint32(1 << 31)))
    keys = falling.astype(np.uint64) << np.uint64(32) | np.arange(block.shape[1], dtype=np.uint64)
    keys.sort(axis=1)
    return np.asarray(keys & np.uint64((1 << 32) - 1), np.int64)


def _ranks(row: npt.NDArray[Any], increasing: npt.NDArray[Any], columns: Index) -> Ints:
    """The ranks of some columns in a row of similarities, of equal ones the earlier column first; 0 of column -1."""
    there = np.flatnonzero(columns >= 0)
    values = row[columns[there]]
    after = np.searchsorted(increasing, values, "right")
    rank = len(row) - after + 1
    for tied in np.flatnonzero(after - np.searchsorted(increasing, values, "left") > 1).tolist():
        rank[tied] += np.count_nonzero(row[: columns[there[tied]]] == values[tied])
    out = np.zeros(len(columns), np.int64)
    out[there] = rank
    return out

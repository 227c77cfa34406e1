"""What is known about which items answer which queries: positives with their evidence, and what was judged to be none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from geneval_references import TIERS, InputError, Tier, UsageError
from geneval_scorers._ragged import Bools, Floats, Ints, Ragged

COUNTED: tuple[Tier, ...] = tuple(tier for tier in TIERS if tier != "unverified")
"""The tiers that count unless told: unverified positives are in no headline number."""


class Names:
    """Ids with their numbers, from 0 on in the order of first appearance."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._numbers: dict[str, int] = {}
        for name in names:
            self.add(name)

    def add(self, name: str) -> int:
        """The number of an id, a new one where it was not there."""
        return self._numbers.setdefault(name, len(self._numbers))

    def get(self, name: str) -> int:
        """The number of an id, -1 where it is not there."""
        return self._numbers.get(name, -1)

    def numbers(self, names: Iterable[str]) -> Ints:
        """The numbers of ids, -1 for those that are not there."""
        return np.asarray([self._numbers.get(name, -1) for name in names], np.int64)

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def names(self) -> tuple[str, ...]:
        """All ids, by number."""
        return tuple(self._numbers)


@dataclass(frozen=True, slots=True)
class Judged:
    """One item that something is known of, for one query.

    Attributes:
        item: its id.
        grade: above 0, how right it is (1 where nobody graded); 0, it was judged and is not right; None, it was in
            the pool that people were to judge, and nobody did.
        tier: how strong the evidence is; of positives only.
        votes: how many people gave each verdict.

    Raises:
        InputError: the grade is negative or not finite, or the tier does not exist.
    """

    item: str
    grade: float | None = 1.0
    tier: Tier = "original"
    votes: Mapping[str, int] | None = None

    def __post_init__(self) -> None:
        if self.grade is not None and not 0 <= self.grade < np.inf:
            raise InputError(f"item {self.item!r} has the grade {self.grade}; a finite number, 0 or more, is due")
        if self.tier not in TIERS:
            raise InputError(f"item {self.item!r} has the tier {self.tier!r}; the tiers are {', '.join(TIERS)}")


@dataclass(frozen=True, slots=True, eq=False)
class Judgements:
    """What is known of every query, with ids as numbers.

    Attributes:
        queries: their ids, Q of them.
        items: ids of all items that lists, matrices and judgements name; shared with these, and growing.
        judged: for each query the numbers of the items that something is known of, ascending.
        grade: aligned with `judged.values`: above 0 of positives, 0 of what was judged not to be right, NaN of what
            was in the pool and not judged.
        tier: aligned: places in `TIERS`, -1 where it is no positive.
        votes: aligned.
        left_out: for each query the items that are not in its gallery, ascending: its own text, above all.
    """

    queries: Names
    items: Names
    judged: Ragged
    grade: Floats
    tier: npt.NDArray[np.int8]
    votes: tuple[Mapping[str, int] | None, ...]
    left_out: Ragged

    @classmethod
    def of(
        cls,
        given: Mapping[str, Iterable[Judged]],
        *,
        items: Names | None = None,
        left_out: Mapping[str, Iterable[str]] | None = None,
        keep_self: bool = False,
    ) -> Judgements:
        """Numbers ids and checks that nothing is said twice.

        Args:
            given: for each query what is known; a query without any positive is counted, and left out of means.
            items: ids that have numbers already.
            left_out: for a query further items that are not in its gallery.
            keep_self: the item that has the query's own id is in its gallery like any other (ids of queries and items
                name different things, or it is to count).

        Raises:
            InputError: an item is there twice for a query.
        """
        names, queries = items if items is not None else Names(), Names(given)
        rows: list[list[tuple[int, Judged]]] = []
        for query, found in given.items():
            row = sorted(((names.add(one.item), one) for one in found), key=lambda entry: entry[0])
            twice = next((a[1].item for a, b in pairwise(row) if a[0] == b[0]), None)
            if twice is not None:
                raise InputError(f"query {query!r}: item {twice!r} is judged twice; keep one judgement of an item")
            rows.append(row)
        flat = [one for row in rows for _, one in row]
        out = [_left_out(query, names, (left_out or {}).get(query, ()), keep_self=keep_self) for query in given]
        every = cls(
            queries,
            names,
            Ragged.of([number for number, _ in row] for row in rows),
            np.asarray([np.nan if one.grade is None else one.grade for one in flat], np.float64),
            np.asarray([TIERS.index(one.tier) if one.grade else -1 for one in flat], np.int8),
            tuple(one.votes for one in flat),
            Ragged.of(out),
        )
        # What is not in a query's gallery is no positive of it.
        return every.keep(~held(every.left_out, every.judged, len(names)))

    def counting(self, tiers: Sequence[str] | None = None) -> Judgements:
        """The same where only positives of these tiers count; others are as if nobody had judged them.

        Args:
            tiers: names; all but `unverified` by default.

        Raises:
            UsageError: there is no such tier.
        """
        return self.keep(self.known(tiers))

    def known(self, tiers: Sequence[str] | None = None) -> Bools:
        """Which of `judged.values` `counting` keeps."""
        wanted = COUNTED if tiers is None else tiers
        for tier in wanted:
            if tier not in TIERS:
                raise UsageError(f"no tier {tier!r}; the tiers are {', '.join(TIERS)}")
        return np.isin(self.tier, [-1, *(TIERS.index(tier) for tier in wanted)])

    @property
    def positives(self) -> Ints:
        """How many positives each query has, [Q]."""
        return np.bincount(self.judged.rows[self.grade > 0], minlength=len(self.queries)).astype(np.int64)

    @property
    def hash(self) -> str:
        """sha256 over what is known of which query, the same on every machine and in whatever order it came."""
        digest, names = hashlib.sha256(), self.items.names
        tiers, grades = self.tier.tolist(), self.grade.tolist()
        rows = zip(self.queries.names, self.judged.offsets[:-1].tolist(), self.judged.offsets[1:].tolist(), strict=True)
        for query, start, stop in sorted(rows):
            known = sorted((names[self.judged.values[i]], repr(grades[i]), tiers[i]) for i in range(start, stop))
            digest.update(json.dumps([query, known]).encode())
        return digest.hexdigest()

    def tiers(self) -> dict[str, int]:
        """How many positives of each tier there are."""
        counts = np.bincount(self.tier[self.tier >= 0], minlength=len(TIERS))
        return {tier: int(count) for tier, count in zip(TIERS, counts, strict=True) if count}

    def keep(self, mask: Bools) -> Judgements:
        """Those of `judged.values` where `mask` holds; all queries stay."""
        votes = tuple(vote for vote, kept in zip(self.votes, mask.tolist(), strict=True) if kept)
        return Judgements(
            self.queries,
            self.items,
            self.judged.keep(mask),
            self.grade[mask],
            self.tier[mask],
            votes,
            self.left_out,
        )


def _left_out(query: str, names: Names, more: Iterable[str], *, keep_self: bool) -> list[int]:
    own = [] if keep_self else [query]
    return sorted({names.add(name) for name in (*own, *more)})


def held(known: Ragged, asked: Ragged, bound: int) -> Bools:
    """Which of the values of `asked` stand in the same row of `known`, whose rows ascend."""
    return find(known, asked, bound) >= 0


def find(known: Ragged, asked: Ragged, bound: int) -> Ints:
    """For each value of `asked` its place among the values of the same row of `known`, whose rows ascend; else -1.

    Args:
        known: whole numbers below `bound`, each row ascending.
        asked: as many rows, in any order.
        bound: more than any number.
    """
    keys = known.rows * bound + known.values
    wanted = asked.rows * bound + asked.values
    place = np.searchsorted(keys, wanted)
    inside = place < len(keys)
    place[~inside] = 0
    there = inside & (keys[place] == wanted) if len(keys) else inside
    return np.where(there, place, -1)

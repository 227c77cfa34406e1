"""Rows of unequal length in two flat arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Index = npt.NDArray[np.integer[Any]]
"""Whole numbers of any width."""
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def ramps(starts: Ints, lengths: Ints) -> Ints:
    """Returns `starts[i], starts[i] + 1, ...` (`lengths[i]` of them) for every i, end to end."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.asarray(np.arange(total, dtype=np.int64) + np.repeat(starts - (ends - lengths), lengths), np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Ragged:
    """Row i is `values[offsets[i]:offsets[i + 1]]`."""

    offsets: Ints
    values: Ints

    @classmethod
    def of(cls, rows: Iterable[Sequence[int]]) -> Ragged:
        """Builds it from lists."""
        kept = list(rows)
        flat = [value for row in kept for value in row]
        return cls.from_lengths(np.fromiter(map(len, kept), np.int64, len(kept)), np.asarray(flat, np.int64))

    @classmethod
    def from_lengths(cls, lengths: Ints, values: Ints) -> Ragged:
        """Builds it from the rows' lengths and the values end to end."""
        offsets = np.zeros(len(lengths) + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        return cls(offsets, values)

    @classmethod
    def singles(cls, values: Ints) -> Ragged:
        """One value a row."""
        return cls(np.arange(len(values) + 1, dtype=np.int64), values)

    def __len__(self) -> int:
        """How many rows."""
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Ints:
        """Length of every row."""
        return np.diff(self.offsets)

    @property
    def rows(self) -> Ints:
        """For every value, the row it stands in."""
        return np.repeat(np.arange(len(self), dtype=np.int64), self.lengths)

    def row(self, i: int) -> Ints:
        """The values of one row."""
        return self.values[self.offsets[i] : self.offsets[i + 1]]

    def positions(self, rows: Ints) -> Ragged:
        """For each asked row, where its values stand in `values`."""
        lengths = self.lengths[rows]
        return Ragged.from_lengths(lengths, ramps(self.offsets[rows], lengths))

    def take(self, rows: Ints) -> Ragged:
        """The asked rows, in the asked order."""
        where = self.positions(rows)
        return Ragged(where.offsets, self.values[where.values])

    def keep(self, mask: Bools) -> Ragged:
        """The values where `mask` (one flag a value) holds; rows stay, possibly empty."""
        kept = np.zeros(len(self.values) + 1, np.int64)
        np.cumsum(mask, out=kept[1:])
        return Ragged(kept[self.offsets], self.values[mask])


def group_max(values: Floats, groups: Ragged, empty: float = np.nan) -> Floats:
    """The largest of `values` (aligned with `groups.values`) in each row; `empty` where a row is empty."""
    out = np.full(len(groups), empty)
    full = groups.lengths > 0
    if full.any():
        out[full] = np.maximum.reduceat(values, groups.offsets[:-1][full])
    return out


def group_sum(values: npt.NDArray[np.float64] | Ints, groups: Ragged) -> Floats:
    """The sum of `values` in each row, added from left to right; 0 where a row is empty."""
    return np.bincount(groups.rows, weights=values, minlength=len(groups)).astype(np.float64)


def first_best(values: Floats, groups: Ragged) -> Ints:
    """Where in its row the largest value stands first; -1 where a row is empty."""
    best = group_max(values, groups)
    rows = groups.rows
    hits = np.flatnonzero(values == best[rows])
    out = np.full(len(groups), -1, np.int64)
    # Written backwards, so that the first hit of a row is what stays.
    out[rows[hits[::-1]]] = (hits - groups.offsets[:-1][rows[hits]])[::-1]
    return out

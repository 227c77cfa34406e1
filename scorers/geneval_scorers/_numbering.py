"""Numbers for things: equal keys get equal numbers, from 0 on, without sorting."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from geneval_scorers._ragged import Ints

Keys = npt.NDArray[np.int64]

_ODD = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0xD6E8FEB86659FD93, 0xA0761D6478BD642F)
"""Multipliers that spread keys over a table, one a round."""

_FEW_BITS = 17
"""A table of so many slots stays in a processor's cache."""


def numbered(keys: Keys, bound: int | None = None, *, few: bool = False) -> tuple[npt.NDArray[np.int32], int]:
    """Numbers keys densely; the numbers follow no order.

    Every key writes its place into a table at a slot that its hash decides, and reads back who is there: keys that find
    an equal one have their representative, the others try again elsewhere. Keys are compared, so that it is exact.

    Args:
        keys: any whole numbers, fewer than 2**31 of them.
        bound: larger than every key and none is negative, where that is known; a small one makes it faster.
        few: there are many keys but few different ones, tens of thousands; knowing it makes it faster.

    Returns:
        A number for each key, and how many numbers there are.
    """
    if bound is not None and bound <= 8 * len(keys) + 1024:
        return _dense(keys, bound)
    return _dense(_representatives(keys, _FEW_BITS if few else 64), len(keys))


def _representatives(keys: Keys, most: int) -> npt.NDArray[np.int32]:
    """For each key the place of one that is equal to it, the same one for all equal keys."""
    bits = min(max(8, (2 * len(keys)).bit_length()), most)
    table = np.empty(1 << bits, np.int32)
    out = np.empty(len(keys), np.int32)
    left = np.arange(len(keys), dtype=np.int32)
    now = keys
    for odd in _ODD:
        slot = (now.view(np.uint64) * np.uint64(odd) >> np.uint64(64 - bits)).view(np.int64)
        table[slot] = left
        found = table[slot]
        out[left] = found
        again = np.flatnonzero(keys[found] != now)
        if not len(again):
            return out
        left, now = left[again], now[again]
    # Keys made to fall together: rare enough for a sort.
    _, first, where = np.unique(now, return_index=True, return_inverse=True)
    out[left] = left[first][where]
    return out


def _dense(keys: npt.NDArray[Any], bound: int) -> tuple[npt.NDArray[np.int32], int]:
    seen = np.zeros(bound + 1, bool)
    seen[keys] = True
    number = np.cumsum(seen, dtype=np.int32)
    return (number - 1)[keys], int(number[-1])


def places_of(numbers: npt.NDArray[np.integer[Any]], count: int) -> npt.NDArray[np.int32]:
    """For each number a place where it stands."""
    place = np.empty(count, np.int32)
    place[numbers] = np.arange(len(numbers), dtype=np.int32)
    return place


def each_once(numbers: npt.NDArray[np.integer[Any]], bound: int) -> Ints:
    """Places that hold each number below `bound` that is there once, ascending."""
    return np.flatnonzero(places_of(numbers, bound)[numbers] == np.arange(len(numbers), dtype=np.int32))


def ascending(hashes: npt.NDArray[np.uint64]) -> Ints:
    """The order that sorts random 64-bit numbers: by two of their digits first, which leaves little to do."""
    order = np.argsort((hashes >> np.uint64(32)).astype(np.uint16), kind="stable")
    order = order[np.argsort((hashes >> np.uint64(48)).astype(np.uint16)[order], kind="stable")]
    return order[np.argsort(hashes[order], kind="stable")]

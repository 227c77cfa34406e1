"""Plausible matches (PCME, Chun et al. 2021): items whose labels differ in at most zeta lend each other references."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from geneval_references._errors import UsageError

_BLOCK = 256


def by_labels(labels: Sequence[Collection[str]], zeta: int) -> Iterator[list[tuple[int, int]]]:
    """For every item the other items whose labels differ in at most `zeta`: those that only one of the two has.

    An item without labels says nothing of what it shows, and matches none.

    Args:
        labels: of every item.
        zeta: 0, 1 or 2 in PCME; any number from 0 on.

    Yields:
        One list an item: (place of the other item, distance), nearest first, then in order.

    Raises:
        UsageError: zeta is negative.
    """
    if zeta < 0:
        raise UsageError(f"zeta={zeta} does not fit; allowed: 0 or more")
    from scipy.sparse import csr_array

    names = {name: place for place, name in enumerate(sorted({name for own in labels for name in own}))}
    sizes = np.asarray([len(set(own)) for own in labels], np.int64)
    owner = np.repeat(np.arange(len(labels)), sizes)
    column = np.asarray([names[name] for own in labels for name in sorted(set(own))], np.int64)
    has = csr_array((np.ones(len(owner), np.int32), (owner, column)), shape=(len(labels), max(len(names), 1)))
    for start in range(0, len(labels), _BLOCK):
        shared = (has[start : start + _BLOCK] @ has.T).toarray()
        mine = sizes[start : start + _BLOCK, None]
        distance = mine + sizes[None, :] - 2 * shared
        distance[(mine == 0) | (sizes[None, :] == 0)] = zeta + 1
        for row, far in enumerate(distance):
            far[start + row] = zeta + 1
            yield _near(far, zeta)


def _near(distance: NDArray[np.int64], zeta: int) -> list[tuple[int, int]]:
    places = np.flatnonzero(distance <= zeta)
    order = np.argsort(distance[places], kind="stable")
    return [(int(p), int(distance[p])) for p in places[order]]


def set_labels(texts: Sequence[Collection[str]], share: float = 0.5) -> frozenset[str]:
    """An item's labels, from those of its references: the ones that at least this share of them has."""
    counts = Counter(name for own in texts for name in set(own))
    return frozenset(name for name, count in counts.items() if count >= share * len(texts))

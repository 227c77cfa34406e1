"""Plausible matches (PCME, Chun et al. 2021): items whose labels differ in at most zeta lend each other references."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from geneval_references._errors import UsageError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_BLOCK = 256


def by_labels(
    asked: Sequence[Collection[str]], labels: Sequence[Collection[str]], zeta: int
) -> Iterator[list[tuple[int, int]]]:
    """For every set of labels the items whose labels differ from it in at most `zeta`: those that only one of both has.

    What has no labels says nothing of what it shows, and matches nothing. An item that is asked about matches itself.

    Args:
        asked: labels of the items that are asked about.
        labels: of all items.
        zeta: 0, 1 or 2 in PCME; any number from 0 on.

    Yields:
        One list a set: (place of the item in `labels`, distance), nearest first, then in order.

    Raises:
        UsageError: zeta is negative.
    """
    if zeta < 0:
        raise UsageError(f"zeta={zeta} does not fit; allowed: 0 or more")
    names = {name: place for place, name in enumerate(sorted({name for own in labels for name in own}))}
    has, sizes = _indicators(labels, names), _sizes(labels)
    for start in range(0, len(asked), _BLOCK):
        block = asked[start : start + _BLOCK]
        mine = _sizes(block)[:, None]
        # Labels that no item has are in the sizes, and shared with none.
        distance = mine + sizes[None, :] - 2 * (_indicators(block, names) @ has.T).toarray()
        distance[(mine == 0) | (sizes[None, :] == 0)] = zeta + 1
        for row in distance:
            places = np.flatnonzero(row <= zeta)
            order = np.argsort(row[places], kind="stable")
            yield [(int(place), int(row[place])) for place in places[order]]


def _sizes(labels: Sequence[Collection[str]]) -> NDArray[np.int64]:
    return np.asarray([len(set(own)) for own in labels], np.int64)


def _indicators(labels: Sequence[Collection[str]], names: Mapping[str, int]) -> csr_array:
    """[sets, names]: 1 where a set has a label."""
    from scipy.sparse import csr_array

    known = [sorted({names[name] for name in own if name in names}) for own in labels]
    owner = np.repeat(np.arange(len(labels)), [len(own) for own in known])
    column = np.asarray([place for own in known for place in own], np.int64)
    return csr_array((np.ones(len(owner), np.int64), (owner, column)), shape=(len(labels), max(len(names), 1)))


def set_labels(texts: Sequence[Collection[str]], share: float = 0.5) -> frozenset[str]:
    """An item's labels, from those of its references: the ones that at least this share of them has."""
    counts = Counter(name for own in texts for name in set(own))
    return frozenset(name for name, count in counts.items() if count >= share * len(texts))

"""The protocol of ECCV Caption (Chun et al. 2022): several different proposers, the best of each, pooled.

What one kind of model likes is half of what is valid; what several kinds like is more of it, and whoever judges the
candidates later can see who proposed them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geneval_references._errors import InputError, UsageError
from geneval_references._fold import fold
from geneval_references.mining._proposers import Floats, Index, Proposer

CELLS = 4_000_000
"""So many scores are held at a time, of some items with all texts: memory grows with neither."""
_SPARE = 16
"""A product of matrices decides between so many more than are asked for; exact scores decide the rest."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """A text of the pool for one item.

    Attributes:
        text: as it stands in the pool.
        by: proposers that have it among their best, with its rank (from 1) and score, in the order of the proposers.
    """

    text: str
    by: tuple[tuple[str, int, float], ...]


class Pool:
    """Texts, each once, that proposers have looked at."""

    def __init__(self, texts: Sequence[str], proposers: Sequence[Proposer]) -> None:
        """Indexes the texts.

        Args:
            texts: the pool; of those that are equal after `fold` the first counts, and empty ones do not.
            proposers: at least one, each of its own name.

        Raises:
            InputError: no text has a character.
            UsageError: no proposer, or two of one name.
        """
        first: dict[str, str] = {}
        for text in texts:
            if key := fold(text):
                first.setdefault(key, text)
        names = [p.name for p in proposers]
        if not first:
            raise InputError("the pool holds no text")
        if not names or len(set(names)) < len(names):
            raise UsageError(f"proposers are {names}; name at least one, and each once")
        self.texts = tuple(first.values())
        self._place = {key: place for place, key in enumerate(first)}
        self._indexes: list[tuple[str, Index]] = [(p.name, p.index(self.texts)) for p in proposers]

    def propose(self, sets: Sequence[Sequence[str]], top: int) -> Iterator[list[tuple[str, list[tuple[int, float]]]]]:
        """For every set, each proposer's best texts.

        Args:
            sets: references of items; blank ones are left out, and a set without any gets nothing.
            top: at most so many of each proposer. A reference's own text is never proposed, nor one that shares nothing
                with them (score 0 or less).

        Yields:
            One list a set, in order: (proposer, [(place in `texts`, score), best first]).
        """
        if top < 1:
            raise UsageError(f"top={top} does not fit; allowed: 1 or more")
        step = max(1, CELLS // len(self.texts))
        for start in range(0, len(sets), step):
            block = [[text for text in texts if text.strip()] for texts in sets[start : start + step]]
            asked = [texts for texts in block if texts]
            own = [self._own(texts) for texts in asked]
            found = [(name, _best(index, asked, own, top)) for name, index in self._indexes] if asked else []
            at = iter(range(len(asked)))
            for texts in block:
                place = next(at) if texts else None
                yield [] if place is None else [(name, lists[place]) for name, lists in found]

    def _own(self, texts: Sequence[str]) -> NDArray[np.int64]:
        places = {self._place[key] for key in map(fold, texts) if key in self._place}
        return np.asarray(sorted(places), np.int64)


def pooled(pool: Pool, sets: Sequence[Sequence[str]], *, top: int = 5, limit: int = 25) -> Iterator[list[Proposed]]:
    """The texts that any proposer has among its best, the first of every proposer before the second of any.

    Args:
        pool: the texts, indexed.
        sets: references of items.
        top: how many each proposer names.
        limit: how many an item gets at most.

    Yields:
        One list a set, in order.
    """
    for found in pool.propose(sets, top):
        ranked: dict[int, list[tuple[str, int, float]]] = {}
        turns = [(rank, turn) for turn, (_, best) in enumerate(found) for rank in range(len(best))]
        for rank, turn in sorted(turns):
            name, best = found[turn]
            place, score = best[rank]
            ranked.setdefault(place, []).append((name, rank + 1, score))
        order = {name: turn for turn, (name, _) in enumerate(found)}
        yield [
            Proposed(pool.texts[place], tuple(sorted(by, key=lambda one: order[one[0]])))
            for place, by in list(ranked.items())[:limit]
        ]


def _best(
    index: Index, sets: Sequence[Sequence[str]], own: Sequence[NDArray[np.int64]], top: int
) -> list[list[tuple[int, float]]]:
    scores = index.scores(sets)
    for row, places in zip(scores, own, strict=True):
        row[places] = -np.inf
    short = _largest(scores, min(top + _SPARE, scores.shape[1]))
    return [
        _exactly(index, texts, np.setdiff1d(places, banned), top)
        for texts, places, banned in zip(sets, short, own, strict=True)
    ]


def _largest(scores: Floats, count: int) -> NDArray[np.int64]:
    """Places of the largest scores of every row, in no order."""
    cut = scores.shape[1] - count
    return np.argpartition(scores, cut, axis=1)[:, cut:] if cut > 0 else np.tile(np.arange(count), (len(scores), 1))


def _exactly(index: Index, texts: Sequence[str], places: NDArray[np.int64], top: int) -> list[tuple[int, float]]:
    """The best of a short list; of equal ones the first of the pool."""
    exact = np.round(index.exact(texts, places), 9)
    order = np.lexsort((places, -exact))[:top]
    return [(int(places[i]), float(exact[i])) for i in order if exact[i] > 0]

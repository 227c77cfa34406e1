"""Which candidates to judge next: drawn at random, with probabilities that are known."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geneval_references._errors import UsageError

LEARNING = 1 / 3
"""Share of items that a model learns from; certifying needs more than learning does."""


@dataclass(frozen=True, slots=True)
class Draw:
    """A sample of candidates.

    Attributes:
        rows: places of the drawn ones in the pool, in random order.
        probability: with which each of them was drawn, in (0, 1].
        limit: no item could have more candidates drawn than this.
        reach: no item could have drawn candidates whose inverse probabilities sum to more than this.
    """

    rows: tuple[int, ...]
    probability: tuple[float, ...]
    limit: int
    reach: float


def draw(items: Sequence[str], texts: Sequence[str], count: int, *, seed: int) -> Draw:
    """Draw candidates with equal probabilities, as nearly as one candidate an item allows.

    Verdicts on one item are alike, so spread judgements tell most. Items are put in random order, with the candidates of
    each in random order, and one is taken at every step along that line, from a random start (systematic sampling; Madow
    1949). As long as there are items enough, none has more than one candidate drawn: an item that is longer than a step
    is cut to one. With more to draw than items, an item with n of N candidates has n count / N drawn, rounded up or down.

    Args:
        items: id of each candidate's item.
        texts: of each candidate.
        count: how many to draw; all, where there are fewer.
        seed: what decides; the order in which candidates are given does not.

    Raises:
        UsageError: `count` is below 1.
    """
    if count < 1:
        raise UsageError(f"{count} candidates to draw; allowed: 1 or more")
    members: dict[str, list[int]] = {}
    for at in sorted(range(len(items)), key=lambda at: _mark(seed, items[at], texts[at])):
        members.setdefault(items[at], []).append(at)
    count = min(count, len(items))
    if not count:
        return Draw((), (), 0, 0.0)
    order = sorted(members, key=lambda item: _mark(seed, item))
    sizes = np.asarray([len(members[item]) for item in order], float)
    # How many of each item are to be expected.
    due = _due(sizes, count)
    marks = np.random.default_rng(seed).random() + np.arange(count)
    ends = np.cumsum(due)
    ends[-1] = count
    taken = np.bincount(np.searchsorted(ends, marks, side="right"), minlength=len(order))
    rows = {at: due[n] / sizes[n] for n, item in enumerate(order) for at in members[item][: taken[n]]}
    shuffled = sorted(rows, key=lambda at: _mark(seed, "shown", items[at], texts[at]))
    limits = np.ceil(due - 1e-9)
    probability = tuple(min(float(rows[at]), 1.0) for at in shuffled)
    return Draw(tuple(shuffled), probability, int(limits.max()), float((limits * sizes / due).max()))


def _due(sizes: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """How many candidates of each item are to be drawn on average; they sum to `count`."""
    if count > len(sizes):
        return np.asarray(sizes * (count / sizes.sum()))
    whole = np.zeros(len(sizes), bool)
    while True:
        left = np.where(whole, 0, sizes)
        due: NDArray[np.float64] = np.where(whole, 1.0, left * (count - whole.sum()) / max(left.sum(), 1))
        if not (due > 1).any():
            return due
        whole |= due > 1


def learns(item: str, seed: int, share: float = LEARNING) -> bool:
    """Whether an item is for learning; else it is for certifying. By its id alone: the same in every round."""
    return int.from_bytes(_mark(seed, "learns", item)[:4]) < share * 2**32


def _mark(seed: int, *words: str) -> bytes:
    return hashlib.sha256("\x1f".join([str(seed), *words]).encode("utf-8", "surrogatepass")).digest()

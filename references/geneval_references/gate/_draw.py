"""Which candidates to judge next: drawn at random, with probabilities that are known."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geneval_references._errors import UsageError

LEARNING = 1 / 3
"""Share of items that a model learns from; certifying needs more than learning does."""


@dataclass(frozen=True, slots=True)
class Draw:
    """A sample of candidates.

    Attributes:
        rows: places of the drawn ones in the pool, in random order.
        probability: with which each candidate of the pool was drawn, in (0, 1]: the same for all.
        limit: no item could have more candidates drawn than this.
    """

    rows: tuple[int, ...]
    probability: float
    limit: int


def draw(items: Sequence[str], texts: Sequence[str], count: int, *, seed: int) -> Draw:
    """Draw candidates so that each has the same probability, and items have as few each as that allows.

    Items are put in random order, with the candidates of each in random order, and every N/count-th is taken from a
    random start (systematic sampling; Madow 1949). An item with n of N candidates has n count / N of them drawn, rounded
    up or down. Verdicts on one item are alike, so spread judgements tell most.

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
    total = len(items)
    if not total:
        return Draw((), 1.0, 0)
    count = min(count, total)
    line = sorted(range(total), key=lambda at: (_mark(seed, items[at]), _mark(seed, items[at], texts[at])))
    step = total / count
    start = np.random.default_rng(seed).random() * step
    taken = [line[min(int(start + step * number), total - 1)] for number in range(count)]
    shuffled = sorted(taken, key=lambda at: _mark(seed, "shown", items[at], texts[at]))
    most = max(Counter(items).values())
    return Draw(tuple(shuffled), count / total, math.ceil(most * count / total))


def learns(item: str, seed: int, share: float = LEARNING) -> bool:
    """Whether an item is for learning; else it is for certifying. By its id alone: the same in every round."""
    return int.from_bytes(_mark(seed, "learns", item)[:4]) < share * 2**32


def _mark(seed: int, *words: str) -> bytes:
    return hashlib.sha256("\x1f".join([str(seed), *words]).encode("utf-8", "surrogatepass")).digest()

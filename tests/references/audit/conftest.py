"""A similarity without scorers, and small worlds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from geneval_references import Reference, ReferenceSet


class Overlap:
    """Words that two texts share, over all words of both."""

    name = "overlap"

    def __call__(self, texts: Sequence[str], mine: np.ndarray, theirs: np.ndarray) -> np.ndarray:
        words = [set(text.split()) for text in texts]
        pairs = zip(mine.tolist(), theirs.tolist(), strict=True)
        return np.asarray([len(words[a] & words[b]) / max(len(words[a] | words[b]), 1) for a, b in pairs], float)


@pytest.fixture
def overlap() -> Overlap:
    return Overlap()


@pytest.fixture
def world():
    """Items with so many references, each of which draws its words from what the item is about and from all words."""

    def make(items: int, references: int, seed: int = 0) -> list[list[str]]:
        draw = np.random.default_rng(seed)
        made = []
        for item in range(items):
            about = [f"w{item}x{n}" for n in range(8)]
            made.append(
                [
                    " ".join([*draw.choice(about, 5), *(f"c{n}" for n in draw.integers(0, 40, 3))])
                    for _ in range(references)
                ]
            )
        return made

    return make


@pytest.fixture
def sets_of():
    """Reference sets of lists of texts, or of dicts of named ones."""

    def make(texts, sources=None) -> list[ReferenceSet]:
        out = []
        for n, entry in enumerate(texts):
            refs = (
                [Reference(t, origin=f"human:{k}") for k, t in entry.items()]
                if isinstance(entry, dict)
                else list(map(Reference, entry))
            )
            out.append(ReferenceSet(str(n), tuple(refs), sources[n] if sources else None))
        return out

    return make


class Said:
    """An output."""

    def __init__(self, id: str, system: str, text: str, sample: int = 0) -> None:  # noqa: A002 - the field's name
        self.id, self.system, self.text, self.sample = id, system, text, sample


@pytest.fixture(scope="session")
def said():
    return Said

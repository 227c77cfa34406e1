"""Corpora for the tests of scorers."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from geneval_references import Reference, ReferenceSet
from geneval_scorers import Corpus

Item = tuple[str, Sequence[str]]

# Words that trip tokenisers: punctuation, entities, numbers, accents, scripts with and without spaces, emoji, RTL.
WORDS = [
    "a",
    "b",
    "c",
    "d",
    "e",
    "the",
    "cat",
    "dog",
    "sat",
    "on",
    "mat.",
    "Mat's",
    "(hi)",
    "3.5",
    "1,000",
    "&quot;",
    "don't",
    "--",
    "été",
    "café",
    "你好世界",
    "مرحبا",
    "👨\u200d👩\u200d👧",
    "👍🏽",
    "U.S.",
    "x-y",
    "שלום",
    ",",
    ".",
    "!",
    "\u3000",
    "A",
    "The",
    "हिन्दी",
    "सरल",
    "ไทย",
    "é",
]


@pytest.fixture(scope="session")
def make_corpus() -> Callable[..., Corpus]:
    """Builds a corpus of (output, references) items; ids are their places."""

    def make(items: Sequence[Item], *, system: str = "s", extra: Sequence[str] = ()) -> Corpus:
        sets = [ReferenceSet(str(i), tuple(map(Reference, references))) for i, (_, references) in enumerate(items)]
        return Corpus(sets, [(str(i), system, text, 0) for i, (text, _) in enumerate(items)], extra=extra)

    return make


@pytest.fixture(scope="session")
def generated_items() -> list[Item]:
    """10,000 seeded items: ragged 1..12 references, empty outputs, double spaces, outputs that equal a reference."""
    rng = random.Random(20261122)

    def text(most: int) -> str:
        return rng.choice([" ", " ", "  ", "\t"]).join(rng.choices(WORDS, k=rng.randint(0, most)))

    items = []
    for _ in range(10_000):
        references = [text(12) for _ in range(rng.randint(1, 12))]
        items.append((rng.choice([text(10), text(10), text(10), rng.choice(references), ""]), references))
    return items


@pytest.fixture(scope="session")
def generated(make_corpus, generated_items) -> Corpus:
    """The corpus of `generated_items`."""
    return make_corpus(generated_items)

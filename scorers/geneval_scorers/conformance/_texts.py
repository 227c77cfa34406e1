"""The texts of the kit: the same on every machine, and unlike what a scorer was written for."""

from __future__ import annotations

import random
from collections.abc import Sequence

Item = tuple[str | tuple[str, ...], Sequence[str]]
"""An output, or several outputs of one system, and the references."""

RARE: Item = ("one two three four five", ["one two three four five"])
"""Words that no other item has give a scorer that weighs words by rarity something to go by."""

OTHER: Item = ("six seven eight nine", ["six seven eight nine"])

_WORDS = [
    "a",
    "b",
    "c",
    "d",
    "the",
    "The",
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
    "👍🏽",
    "U.S.",
    "x-y",
    "שלום",
    ",",
    ".",
    "!",
    "हिन्दी",
    "ไทย",
    "é",
    "A",
]

STRANGE = (
    "",
    " ",
    "\u00a0\u3000",
    "e\u0301 \u00e9",
    "👨\u200d👩\u200d👧 👍🏽",
    "\u202eabc\u202c \u200fשלום",
    "你好世界，再见。",
    "line\u2028separator\u2029here",
    "a\rb\nc\x0bd\x0ce\x85f\tg",
    "a ||| b",
    "nul\x00byte",
    "\ufeffbyte order mark",
    "&quot;<b>bold</b>&amp;",
    "(a) [b] {c} -LRB-",
    "İstanbul ıI ẞß ſ",
    "1,000.50 50% $5 3/4 don't U.S.",
    "x" * 2000,
    "word " * 200,
)
"""Texts that trip programs: separators, invisible and joined characters, markup, sentinels of other tools, length."""


def _made(count: int) -> list[Item]:
    """Seeded items: ragged references, double spaces, outputs that are empty or equal to a reference."""
    rng = random.Random(20261122)

    def text(most: int) -> str:
        return rng.choice([" ", " ", "  ", "\t"]).join(rng.choices(_WORDS, k=rng.randint(0, most)))

    items: list[Item] = []
    for _ in range(count):
        references = [text(9) for _ in range(rng.randint(1, 5))]
        items.append((rng.choice([text(8), text(8), text(8), rng.choice(references), ""]), references))
    return items


ITEMS: tuple[Item, ...] = (RARE, *_made(39))


def _together() -> list[Item]:
    """The same references, each against the outputs of one to four items."""
    rng = random.Random(20261123)
    outputs = [text for text, _ in ITEMS if isinstance(text, str)]
    return [(tuple(rng.sample(outputs, rng.randint(1, 4))), references) for _, references in ITEMS[1:]]


SETS: tuple[Item, ...] = (RARE, *_together())
"""For scorers of sets."""

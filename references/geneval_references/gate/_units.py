"""What a text says, as far as lists of words can tell: content words, numbers, names, colours, negation.

English lists; in other languages the features that rest on them are silent, and the model gives them no weight.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)?")

_COUNTS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_MORE = {"couple": "2", "pair": "2", "dozen": "12", "both": "2", "single": "1", "hundred": "100", "thousand": "1000"}
NUMBERS = {word: str(number) for number, word in enumerate(_COUNTS)} | _MORE
"""Words for numbers, with the number; "one" and "single" are none of them where nobody counts (`number_of`)."""

NEGATIONS = frozenset(
    [
        "no",
        "not",
        "never",
        "none",
        "nobody",
        "nothing",
        "neither",
        "nor",
        "without",
        "cannot",
        "can't",
        "won't",
        "isn't",
        "aren't",
        "wasn't",
        "weren't",
        "don't",
        "doesn't",
        "didn't",
        "hasn't",
        "haven't",
        "hadn't",
        "couldn't",
        "shouldn't",
        "wouldn't",
        "lacks",
        "lacking",
        "absent",
    ]
)
COLOURS = frozenset(
    [
        "red",
        "blue",
        "green",
        "yellow",
        "orange",
        "purple",
        "pink",
        "brown",
        "black",
        "white",
        "grey",
        "gray",
        "golden",
        "silver",
        "beige",
        "turquoise",
    ]
)
_OPPOSITES = (
    "big small, large small, large tiny, huge tiny, long short, tall short, high low, hot cold, warm cold, old new, "
    "old young, empty full, open closed, indoors outdoors, inside outside, up down, left right, front back, top bottom, "
    "above below, over under, wet dry, light dark, bright dark, clean dirty, happy sad, man woman, men women, boy girl, "
    "boys girls, male female, he she, his her, day night, summer winter, sitting standing, sits stands, standing lying, "
    "walking running, sleeping awake, fast slow, good bad, right wrong, true false, more less, many few, first last, "
    "before after, early late, on off, in out, increase decrease, increased decreased, rise fall, rose fell, win lose, "
    "won lost, buy sell, bought sold, agree disagree, accept reject, accepted rejected, love hate, easy difficult, "
    "thick thin, wide narrow, near far, alone together, parked moving, with without, cooked raw, adult child"
)
OPPOSITES: dict[str, frozenset[str]] = {}
for _pair in _OPPOSITES.split(", "):
    for _word, _other in (_pair.split(), _pair.split()[::-1]):
        OPPOSITES[_word] = OPPOSITES.get(_word, frozenset()) | {_other}

_STOP = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "in",
        "on",
        "at",
        "to",
        "for",
        "with",
        "by",
        "from",
        "as",
        "and",
        "or",
        "but",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "being",
        "has",
        "have",
        "had",
        "do",
        "does",
        "did",
        "it",
        "its",
        "this",
        "that",
        "these",
        "those",
        "there",
        "here",
        "he",
        "she",
        "they",
        "them",
        "his",
        "her",
        "their",
        "we",
        "you",
        "i",
        "me",
        "my",
        "our",
        "your",
        "who",
        "which",
        "what",
        "where",
        "when",
        "while",
        "some",
        "any",
        "other",
        "another",
        "very",
        "near",
        "next",
        "into",
        "onto",
        "over",
        "under",
        "up",
        "down",
        "out",
        "off",
        "about",
        "than",
        "then",
        "so",
        "if",
        "also",
        "can",
        "will",
        "would",
        "could",
        "should",
        "may",
        "might",
        "just",
        "only",
        "several",
    ]
)
_MARKS_OF_SENTENCES = ".!?:;"


@dataclass(frozen=True, slots=True)
class Units:
    """What one text says.

    Attributes:
        words: all of them, lower-cased, in order.
        content: stems of content words.
        numbers: as digits.
        names: words with a capital inside a sentence, and acronyms.
        colours: names of colours.
        negations: how many words deny.
    """

    words: tuple[str, ...]
    content: frozenset[str]
    numbers: frozenset[str]
    names: frozenset[str]
    colours: frozenset[str]
    negations: int


@lru_cache(maxsize=200_000)
def units(text: str) -> Units:
    """Read a text."""
    written = [(match.group().replace("’", "'"), match.start()) for match in _WORD.finditer(text)]
    words = tuple(word.lower() for word, _ in written)
    return Units(
        words=words,
        content=frozenset(stem(word) for word in words if word not in _STOP and word not in NUMBERS),
        numbers=frozenset(filter(None, map(number_of, words))),
        names=frozenset(_names(text, written)),
        colours=frozenset(word for word in words if word in COLOURS),
        negations=sum(word in NEGATIONS for word in words),
    )


def number_of(word: str) -> str | None:
    """The number that a word counts, 2 or more, or 0; "one" is as often an article."""
    found = NUMBERS.get(word, word.replace(",", "") if word[0].isdigit() else None)
    return None if found == "1" else found


def stem(word: str) -> str:
    """A word without the commonest English endings: enough to meet its other forms."""
    word = word.removesuffix("'s")
    for ending, least in (("ies", 4), ("ing", 4), ("ed", 4), ("es", 4), ("s", 3)):
        if word.endswith(ending) and len(word) - len(ending) >= least - 1 and not word.endswith("ss"):
            base = word.removesuffix(ending) + ("y" if ending == "ies" else "")
            doubled = len(base) > 3 and base[-1] == base[-2] and base[-1] not in "lse"
            return base[:-1] if doubled else base.removesuffix("e")
    return word.removesuffix("e") if len(word) > 3 else word


def opposed(mine: Iterable[str], theirs: frozenset[str]) -> int:
    """How many words of one text have an opposite in the other, which does not have the word itself."""
    return sum(word not in theirs and not theirs.isdisjoint(OPPOSITES.get(word, ())) for word in set(mine))


def _names(text: str, written: list[tuple[str, int]]) -> Iterable[str]:
    if text.isupper():
        return
    for place, (word, at) in enumerate(written):
        before = text[:at].rstrip()
        opening = place == 0 or (before and before[-1] in _MARKS_OF_SENTENCES)
        if len(word) > 1 and word[0].isupper() and (not opening or word.isupper()):
            yield word.lower()

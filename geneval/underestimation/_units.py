"""Content units of a text: lemmas of content words, numbers, names, and what is denied.

By lists of English words (those of the gate), so that a word is the same unit wherever it stands; lemmas by simplemma
where it is installed, else by the commonest endings; names by spaCy where it is installed, else by capital letters. In
other languages all words count as content.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from typing import Literal

import regex

from geneval_references import MissingDependencyError
from geneval_references.gate import number_of, stem, units

Kind = Literal["lemma", "number", "name"]

_WORD = regex.compile(
    r"\d+(?:[.,]\d+)*|[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]|"
    r"[\p{L}--[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]]"
    r"[[\p{L}\p{M}]--[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]]*"
    r"(?:['’][\p{L}\p{M}]+)?",
    regex.VERSION1,
)
_DENIED_WITHIN = 3
"""Words after a denying one among which the first content word is what it denies."""

_COUNTED_WITHIN = 3
"""Words after a number among which the first content word is what it counts."""

_BEING = frozenset(["is", "are", "was", "were", "be", "being", "been", "get", "gets", "got", "getting"])
_BEFORE_VERBS = _BEING | {"has", "have", "had", "will", "can", "may", "who", "that", "which", "to", "also", "then"}
"""What may stand between a noun and its verb; an article or "and" begins another noun."""

_PARTICIPLE = ("ed", "en", "wn")
_NAMING = frozenset(["PERSON", "NORP", "FAC", "ORG", "GPE", "LOC", "PRODUCT", "EVENT", "WORK_OF_ART"])
"""SpaCy's entities that are names; the others are dates and amounts."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it stands in a text.

    Attributes:
        before: what stands between it and the word before it.
        text: the word.
        unit: the content unit that it says; None for function words.
        kind: of the unit.
        denies: whether it is a word such as "not".
    """

    before: str
    text: str
    unit: str | None
    kind: Kind = "lemma"
    denies: bool = False

    @property
    def form(self) -> str:
        """As it compares with other words."""
        return self.text.casefold()


@dataclass(frozen=True)
class Reading:
    """A text as words.

    Attributes:
        words: in order.
        tail: what stands behind the last.
    """

    words: tuple[Word, ...]
    tail: str

    @cached_property
    def units(self) -> frozenset[str]:
        """Content units."""
        return frozenset(self.place)

    @cached_property
    def place(self) -> dict[str, int]:
        """Of each unit where it is first said, in order."""
        found: dict[str, int] = {}
        for i, word in enumerate(self.words):
            if word.unit is not None:
                found.setdefault(word.unit, i)
        return found

    @cached_property
    def names(self) -> dict[str, int]:
        """Units that are names, and where."""
        return {unit: i for unit, i in self.place.items() if self.words[i].kind == "name"}

    @cached_property
    def denied(self) -> dict[str, tuple[int, int]]:
        """Units that are denied: where the denying word stands, and where they do."""
        found: dict[str, tuple[int, int]] = {}
        for i, word in enumerate(self.words):
            if word.denies and (at := self._next(i, _DENIED_WITHIN)) is not None:
                found.setdefault(str(self.words[at].unit), (i, at))
        return found

    @cached_property
    def counted(self) -> dict[str, tuple[str, int]]:
        """Units that are counted: by which number, and where it stands."""
        found: dict[str, tuple[str, int]] = {}
        for i, word in enumerate(self.words):
            if word.kind == "number" and word.unit and (at := self._next(i, _COUNTED_WITHIN)) is not None:
                found.setdefault(str(self.words[at].unit), (word.unit, i))
        return found

    def _next(self, place: int, within: int) -> int | None:
        ahead = range(place + 1, min(place + 1 + within, len(self.words)))
        return next((i for i in ahead if self.words[i].unit and self.words[i].kind != "number"), None)

    @cached_property
    def roles(self) -> dict[tuple[str, str, str], tuple[int, int]]:
        """(who, does what, to whom), by three content words in a row, turned around in the passive; where the two stand.

        The second is taken for a verb where nothing but auxiliaries stands before it.
        """
        content = [i for i, word in enumerate(self.words) if word.unit is not None]
        found: dict[tuple[str, str, str], tuple[int, int]] = {}
        for first, verb, last in zip(content, content[1:], content[2:], strict=False):
            if not {self.words[i].form for i in range(first + 1, verb)} <= _BEFORE_VERBS:
                continue
            one, does, other = (str(self.words[i].unit) for i in (first, verb, last))
            key = (other, does, one) if self._passive(verb, last) else (one, does, other)
            found.setdefault(key, (first, last))
        return found

    def _passive(self, verb: int, last: int) -> bool:
        by = any(self.words[i].form == "by" for i in range(verb + 1, last))
        being = verb > 0 and self.words[verb - 1].form in _BEING
        return by and (being or self.words[verb].form.endswith(_PARTICIPLE))


@dataclass(frozen=True)
class Reader:
    """Reads texts as content units.

    Attributes:
        name: what decides the units.
        read: texts to readings, in order.
    """

    name: str
    read: Callable[[Sequence[str]], list[Reading]]


def reader() -> Reader:
    """The best one that is installed."""
    light = light_reader()
    one = light
    if find_spec("simplemma") is not None:
        name = f"words-1,simplemma-{version('simplemma')}"
        one = Reader(name, lambda texts: [_listed(text, _lemma, _capitals(text)) for text in texts])
    found = _entities()
    if found is None:
        return one
    name, entities = found
    lemma = stem if one is light else _lemma

    def read(texts: Sequence[str]) -> list[Reading]:
        return [_listed(text, lemma, _words_of(labels)) for text, labels in zip(texts, entities(texts), strict=True)]

    return Reader(f"{one.name},{name}", read)


def light_reader() -> Reader:
    """The one that needs nothing."""
    return Reader("words-1,endings-1", lambda texts: [_listed(text, stem, _capitals(text)) for text in texts])


@cache
def _entities() -> tuple[str, Callable[[Sequence[str]], list[frozenset[str]]]] | None:
    """SpaCy's, where it is installed."""
    from geneval.expanding._labelled import entities_in

    try:
        return entities_in("en", "the report")
    except MissingDependencyError:
        return None


def _words_of(labels: Iterable[str]) -> frozenset[str]:
    """The words of entities that are names."""
    named = [text for kind, _, text in (label.partition(":") for label in labels) if kind in _NAMING]
    return frozenset(match.group() for text in named for match in _WORD.finditer(text))


def _capitals(text: str) -> frozenset[str]:
    return units(text).names


@cache
def _lemma(word: str) -> str:
    from simplemma import lemmatize

    return str(lemmatize(word, lang="en")).casefold()


def _listed(text: str, lemma: Callable[[str], str], names: Collection[str]) -> Reading:
    words, end = [], 0
    for match in _WORD.finditer(text):
        word = match.group().replace("’", "'").lower()
        unit, kind, denies = _said(word, lemma, word in names)
        words.append(Word(text[end : match.start()], match.group(), unit, kind, denies))
        end = match.end()
    return Reading(tuple(words), text[end:])


@lru_cache(maxsize=200_000)
def _said(word: str, lemma: Callable[[str], str], name: bool) -> tuple[str | None, Kind, bool]:
    """Of a word in lower case: its unit, of which kind that is, and whether the word denies."""
    known, number = units(word), number_of(word)
    denies = bool(known.negations) or word.endswith("n't")
    if number is not None:
        return number, "number", denies
    if denies or not known.content:
        return None, "lemma", denies
    return lemma(word.removesuffix("'s")), "name" if name else "lemma", False


def shared(one: Iterable[str], other: Iterable[str]) -> float:
    """F1 of two sets of units, 0 to 1."""
    mine, theirs = frozenset(one), frozenset(other)
    return 2 * len(mine & theirs) / max(len(mine) + len(theirs), 1)

"""Substitutions from a table of paraphrases, with their probabilities; no neural model has a part in it.

The table is that of METEOR 1.5 (Denkowski and Lavie 2014), made by pivoting through other languages (Bannard and
Callison-Burch 2005): it is full of errors, which is what its probabilities, and judges, are for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import regex

from geneval_references._errors import UsageError
from geneval_references._model import ReferenceSet
from geneval_references._protocols import Phrases
from geneval_references.expanders._expander import Candidate, Expander, Info, Tools, seed_of
from geneval_references.expanders._registry import expander

LONGEST = 4
"""Words of a phrase that is looked up."""

_WORD = regex.compile(r"[\p{L}\p{M}]+(?:['\u2019][\p{L}]+)?")
_VOWEL = regex.compile(r"[aeiou]", regex.IGNORECASE)

FUNCTION_WORDS = frozenset(
    [
        "a",
        "about",
        "above",
        "after",
        "again",
        "all",
        "along",
        "also",
        "am",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "away",
        "be",
        "because",
        "been",
        "before",
        "being",
        "below",
        "between",
        "both",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "doing",
        "down",
        "during",
        "each",
        "either",
        "few",
        "for",
        "from",
        "further",
        "had",
        "has",
        "have",
        "having",
        "he",
        "her",
        "here",
        "hers",
        "him",
        "his",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "itself",
        "just",
        "may",
        "me",
        "might",
        "more",
        "most",
        "must",
        "my",
        "neither",
        "no",
        "nor",
        "not",
        "now",
        "of",
        "off",
        "on",
        "once",
        "one",
        "only",
        "onto",
        "or",
        "other",
        "our",
        "out",
        "over",
        "own",
        "same",
        "shall",
        "she",
        "should",
        "so",
        "some",
        "such",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "through",
        "to",
        "too",
        "under",
        "until",
        "up",
        "upon",
        "us",
        "very",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "whom",
        "whose",
        "why",
        "will",
        "with",
        "within",
        "without",
        "would",
        "you",
        "your",
    ]
)
"""A phrase of these alone carries no meaning of its own, and what stands in for it is rarely right."""


@dataclass(frozen=True, slots=True)
class Substitution:
    """One phrase for another: characters `start` to `end` of a text become `phrase`."""

    start: int
    end: int
    phrase: str
    probability: float


@expander("phrase_table")
@dataclass(frozen=True, repr=False)
class PhraseTable(Expander):
    """Puts another phrase in the place of one, `n` times for each reference, drawn by the probabilities of the table.

    Attributes:
        n: candidates of each reference.
        least: the least probability of a substitution, 0 to 1.
        table: `meteor`: the table that pycocoevalcap ships.
    """

    info: ClassVar[Info] = Info(
        summary="each reference with one phrase for another, from METEOR's table of paraphrases (English)",
        origin="phrase-table:<table>",
        needs="geneval-text[coco]",
        licence="LGPL (the table of METEOR 1.5)",
    )

    n: int = 3
    least: float = 0.05
    table: str = "meteor"

    def __post_init__(self) -> None:
        if self.n < 1:
            raise UsageError(f"phrase_table: n={self.n!r} does not fit; allowed: 1 or more")
        if not 0 <= self.least <= 1:
            raise UsageError(f"phrase_table: least={self.least!r} does not fit; allowed: 0 to 1")

    def open(self, tools: Tools) -> Substituting:
        """Finds the table; it is indexed when the first item comes."""
        return Substituting(self, tools.phrases(self.table, self.name))


@dataclass(frozen=True)
class Substituting:
    """`phrase_table` with its table."""

    options: PhraseTable
    table: Phrases
    batch: int = 256

    @property
    def signature(self) -> str:
        """The options and the table's hash."""
        return f"{self.options.label}|{self.table.signature}"

    def propose(self, items: Sequence[ReferenceSet], seed: int) -> list[list[Candidate]]:
        """`n` candidates for each reference, fewer where the table knows fewer."""
        parents = list(dict.fromkeys(reference.text for item in items for reference in item.references))
        spans = {parent: list(phrases_of(parent)) for parent in parents}
        phrases = list(dict.fromkeys(phrase for found in spans.values() for _, _, phrase in found))
        known = dict(zip(phrases, self.table.paraphrases(phrases), strict=True))
        return [
            [
                candidate
                for reference in item.references
                for candidate in self._of(reference.text, spans[reference.text], known, seed_of(seed, item.id))
            ]
            for item in items
        ]

    def _of(
        self, parent: str, spans: list[tuple[int, int, str]], known: dict[str, list[tuple[str, float]]], seed: int
    ) -> Iterator[Candidate]:
        usable = [
            Substitution(start, end, other, probability)
            for start, end, phrase in spans
            for other, probability in known[phrase]
            if probability >= self.options.least and _changes(phrase, other)
        ]
        for chosen in _drawn(usable, self.options.n, seed_of(seed, parent)):
            yield Candidate(
                substituted(parent, chosen),
                f"phrase-table:{self.table.name}",
                parent,
                (self.options.label,),
                {
                    "replaced": parent[chosen.start : chosen.end],
                    "by": chosen.phrase,
                    "probability": chosen.probability,
                },
            )


def phrases_of(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, phrase in lower case) of every run of words, single spaces between them, that may be replaced."""
    words = list(_WORD.finditer(text))
    for first, begin in enumerate(words):
        for last in range(first, min(first + LONGEST, len(words))):
            if last > first and text[words[last - 1].end() : words[last].start()] != " ":
                break
            run = [word.group().lower() for word in words[first : last + 1]]
            if not FUNCTION_WORDS.issuperset(run):
                yield begin.start(), words[last].end(), " ".join(run)


def substituted(text: str, chosen: Substitution) -> str:
    """The text with the phrase in its place: capitalised as what it replaces, `a` or `an` before it as it begins."""
    before, phrase = text[: chosen.start], chosen.phrase
    if text[chosen.start].isupper():
        phrase = phrase[0].upper() + phrase[1:]
    article = regex.search(r"\b(a)(n?) $", before, regex.IGNORECASE)
    if article and bool(_VOWEL.match(phrase)) != bool(_VOWEL.match(text[chosen.start])):
        before = before[: article.end(1)] + ("n " if _VOWEL.match(phrase) else " ")
    return before + phrase + text[chosen.end :]


def _changes(phrase: str, other: str) -> bool:
    """Whether another phrase is one of words, not of function words alone, and more than the same words again."""
    words = other.split()
    return (
        all(_WORD.fullmatch(word) for word in words)
        and not FUNCTION_WORDS.issuperset(words)
        and sorted(set(words) - FUNCTION_WORDS) != sorted(set(phrase.split()) - FUNCTION_WORDS)
    )


def _drawn(usable: list[Substitution], n: int, seed: int) -> list[Substitution]:
    """So many of them, without replacement, each by its probability (Gumbel's trick), the most probable first."""
    if not usable:
        return []
    weights = np.log([max(one.probability, 1e-12) for one in usable])
    keys = weights + np.random.default_rng(seed).gumbel(size=len(usable))
    chosen = [usable[place] for place in np.argsort(-keys, kind="stable")[:n].tolist()]
    return sorted(chosen, key=lambda one: (-one.probability, one.start, one.phrase))

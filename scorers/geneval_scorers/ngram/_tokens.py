"""Texts as arrays of token numbers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from geneval_scorers._corpus import Corpus
from geneval_scorers._ragged import Ragged
from geneval_scorers.tokenizers import get_tokenizer


@dataclass(frozen=True, slots=True, eq=False)
class Tokens:
    """Tokens of every text of a corpus, as numbers into a vocabulary.

    Attributes:
        ids: text -> token numbers.
        vocabulary: the distinct tokens.
        last: what was counted last, for the next scorer that asks about the same texts.
    """

    ids: Ragged
    vocabulary: Sequence[str]
    last: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def bound(self) -> int:
        """One more than the largest token number."""
        return len(self.vocabulary)


class Tokenizing:
    """A scorer with an option `tokenizer`: it is found before any work, and its version is in the signature."""

    tokenizer: str

    def prepare(self) -> None:
        """Finds the tokeniser.

        Raises:
            UsageError: there is none of that name.
            MissingDependencyError: what it needs is not installed.
        """
        get_tokenizer(self.tokenizer)

    def recipe(self) -> dict[str, str]:
        """The tokeniser's version."""
        return {"tok": get_tokenizer(self.tokenizer).signature}


def intern(texts: Iterable[Sequence[str]]) -> Tokens:
    """Numbers the tokens of every text, in alphabetical order.

    Sums over n-grams go by these numbers: their order, and so the last bit, must not depend on the other texts.
    """
    numbers: dict[str, int] = {}
    flat: list[int] = []
    lengths: list[int] = []
    for tokens in texts:
        lengths.append(len(tokens))
        flat += [numbers.setdefault(token, len(numbers)) for token in tokens]
    vocabulary = sorted(numbers)
    place = np.empty(len(numbers), np.int64)
    place[[numbers[token] for token in vocabulary]] = np.arange(len(numbers))
    ids = place[np.asarray(flat, np.int64)]
    return Tokens(Ragged.from_lengths(np.asarray(lengths, np.int64), ids), tuple(vocabulary))


def intern_characters(texts: Sequence[str]) -> Tokens:
    """Numbers the code points of every text."""
    points = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32)
    seen = np.zeros(sys.maxunicode + 1, np.int64)
    seen[points] = 1
    known = np.flatnonzero(seen)
    seen[known] = np.arange(len(known))
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    return Tokens(Ragged.from_lengths(lengths, seen[points]), tuple(map(chr, known.tolist())))


def strings(corpus: Corpus, tokenizer: str, *, lowercase: bool = False) -> list[str]:
    """Every text of the corpus as its tokens joined by spaces; made once."""

    def make() -> list[str]:
        texts = [text.lower() for text in corpus.texts] if lowercase else list(corpus.texts)
        corpus.watch(f"tokenizing ({tokenizer})", 0, len(texts))
        done = get_tokenizer(tokenizer)(texts)
        corpus.watch(f"tokenizing ({tokenizer})", len(texts), len(texts))
        return done

    return corpus.derive(("strings", tokenizer, lowercase), make)


def tokens(
    corpus: Corpus,
    tokenizer: str,
    *,
    lowercase: bool = False,
    split: Callable[[str], list[str]] = str.split,
) -> Tokens:
    """Every text of the corpus as token numbers; made once.

    Args:
        corpus: the texts.
        tokenizer: its name.
        lowercase: lower-case before tokenising.
        split: how the tokenised string is cut. Judges differ here: most split on white space, pycocoevalcap's
            ROUGE-L at every single space, so that a double space makes an empty token.
    """
    key = ("tokens", tokenizer, lowercase, split)
    return corpus.derive(key, lambda: intern(map(split, strings(corpus, tokenizer, lowercase=lowercase))))

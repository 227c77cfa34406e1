"""chrF and chrF++ as sacrebleu defines them (Popovic 2015, 2017)."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import sacrebleu

from geneval_references import UsageError
from geneval_scorers._corpus import Corpus
from geneval_scorers._queries import Queries
from geneval_scorers._ragged import Floats, Ints
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import Info, PairScorer, Rows
from geneval_scorers.ngram._shared import shared_ngrams
from geneval_scorers.ngram._tokens import Tokens, intern, intern_characters

_PUNCTUATION = set(string.punctuation)
_EPSILON = 1e-16


@scorer("chrf")
@dataclass(frozen=True, repr=False)
class Chrf(PairScorer):
    """Character n-gram F-score, 0 to 100; `word_order=2` is chrF++. Several references: the best one counts.

    The corpus score adds the statistics of each output's best reference; where two references tie, the first one
    given is taken, as sacrebleu does, so that here alone the order of references can show in a corpus score.

    Attributes:
        char_order: the longest character n-grams.
        word_order: the longest word n-grams; 0 is chrF, 2 is chrF++.
        beta: how much more recall counts than precision.
        lowercase: lower-case everything.
        whitespace: keep white space in character n-grams.
        eps_smoothing: smooth as chrF++.py, NLTK and Moses do, not with the effective order.
    """

    info: ClassVar[Info] = Info(
        summary="character n-gram F-score, best reference",
        scale=(0, 100),
        direction="higher",
        kind="pair",
        monotone=True,
        identical="100",
        source="Popovic 2015, 2017 (sacrebleu)",
        mean=False,
        order_free=False,
    )

    char_order: int = 6
    word_order: int = 0
    beta: int = 2
    lowercase: bool = False
    whitespace: bool = False
    eps_smoothing: bool = False

    def __post_init__(self) -> None:
        """Checks the options."""
        if self.char_order < 0 or self.word_order < 0 or self.char_order + self.word_order < 1 or self.beta < 0:
            raise UsageError(f"{self!r} does not fit; orders are 0 or more, one of them at least 1, beta 0 or more")

    def recipe(self) -> dict[str, str]:
        """The version whose definition this is."""
        return {"sacrebleu": sacrebleu.__version__}

    def pairs(self, corpus: Corpus, queries: Queries) -> Rows:
        """[n-grams of the text, of the reference, shared] for characters 1.., then words 1.."""
        parts = []
        if self.char_order:
            parts.append(
                _overlaps(self._characters(corpus), queries, queries.single_candidates(self.name), self.char_order)
            )
        if self.word_order:
            parts.append(_overlaps(self._words(corpus), queries, queries.single_candidates(self.name), self.word_order))
        return np.concatenate(parts, axis=1)

    def segment(self, rows: Rows) -> Floats:
        """Sentence chrF."""
        return self._f_score(np.asarray(rows, np.float64))

    def finish(self, sums: Floats, weight: Floats) -> Floats:
        """Corpus chrF of summed statistics."""
        flat = self._f_score(sums.reshape(-1, sums.shape[-1])).reshape(weight.shape)
        return np.where(weight > 0, flat, np.nan)

    def _characters(self, corpus: Corpus) -> Tokens:
        def make() -> Tokens:
            return intern_characters(self._texts(corpus), whitespace=self.whitespace)

        return corpus.derive(("characters", self.lowercase, self.whitespace), make)

    def _words(self, corpus: Corpus) -> Tokens:
        return corpus.derive(("chrF words", self.lowercase), lambda: intern(map(_words, self._texts(corpus))))

    def _texts(self, corpus: Corpus) -> Sequence[str]:
        return [text.lower() for text in corpus.texts] if self.lowercase else corpus.texts

    def _f_score(self, rows: Floats) -> Floats:
        """The averages in the order of sacrebleu's `_compute_f_score`, one row a score."""
        factor = self.beta**2
        orders = rows.shape[1] // 3
        smoothed, precision, recall = np.zeros(len(rows)), np.zeros(len(rows)), np.zeros(len(rows))
        effective = np.zeros(len(rows))
        with np.errstate(divide="ignore", invalid="ignore"):
            for i in range(orders):
                mine, theirs, shared = rows[:, 3 * i], rows[:, 3 * i + 1], rows[:, 3 * i + 2]
                p = np.where(mine > 0, shared / mine, _EPSILON)
                r = np.where(theirs > 0, shared / theirs, _EPSILON)
                below = factor * p + r
                smoothed += np.where(below > 0, (1 + factor) * p * r / below, _EPSILON)
                both = (mine > 0) & (theirs > 0)
                precision += np.where(both, p, 0.0)
                recall += np.where(both, r, 0.0)
                effective += both
            if self.eps_smoothing:
                return np.asarray(100 * smoothed / orders)
            precision, recall = precision / np.maximum(effective, 1), recall / np.maximum(effective, 1)
            score = (1 + factor) * precision * recall / (factor * precision + recall)
            return np.where(precision + recall > 0, 100 * score, 0.0)


def _overlaps(tokens: Tokens, queries: Queries, candidates: Ints, orders: int) -> Rows:
    lengths, references = tokens.ids.lengths, queries.references
    mine, theirs = lengths[candidates][references.rows], lengths[references.values]
    out = np.empty((len(references.values), 3 * orders), np.int32)
    for n, shared in enumerate(shared_ngrams(tokens, queries, candidates, orders)):
        # An n-gram cannot be missed where the reference is too short to have one.
        out[:, 3 * n] = np.where(theirs > n, np.maximum(mine - n, 0), 0)
        out[:, 3 * n + 1] = np.maximum(theirs - n, 0)
        out[:, 3 * n + 2] = shared.overlap()
    return out


def _words(text: str) -> list[str]:
    """Words with one punctuation mark parted from the end or else the beginning, as in chrF++.py."""
    out: list[str] = []
    for word in text.split():
        if len(word) == 1:
            out.append(word)
        elif word[-1] in _PUNCTUATION:
            out += [word[:-1], word[-1]]
        elif word[0] in _PUNCTUATION:
            out += [word[0], word[1:]]
        else:
            out.append(word)
    return out

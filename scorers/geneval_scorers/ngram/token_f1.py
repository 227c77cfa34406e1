"""Token F1: overlap of two bags of words (Rajpurkar et al. 2016, SQuAD), without SQuAD's answer normalisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from geneval_scorers._corpus import Corpus
from geneval_scorers._queries import Queries
from geneval_scorers._ragged import Floats, Ints
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import Info, PairScorer, Reduction, Rows
from geneval_scorers.ngram._shared import shared_ngrams
from geneval_scorers.ngram._tokens import Tokenizing, tokens


def f1(shared: Ints, mine: Ints, theirs: Ints) -> Floats:
    """Harmonic mean of shared / mine and shared / theirs; 0 where nothing is shared."""
    precision, recall = shared / np.maximum(mine, 1), shared / np.maximum(theirs, 1)
    return np.where(shared > 0, 2 * precision * recall / np.where(shared > 0, precision + recall, 1.0), 0.0)


def ngram_f1(corpus: Corpus, tokenizer: str, queries: Queries, candidates: Ints, n: int) -> Rows:
    """[F1] of the bags of n-grams of each question's candidate and each of its references."""
    words = tokens(corpus, tokenizer)
    totals = np.maximum(words.ids.lengths - (n - 1), 0)
    shared = shared_ngrams(words, queries, candidates, n)[n - 1].overlap()
    references = queries.references
    return f1(shared, totals[candidates][references.rows], totals[references.values]).reshape(-1, 1)


@scorer("token_f1")
@dataclass(frozen=True, repr=False)
class TokenF1(Tokenizing, PairScorer):
    """F1 of the two bags of words, 0 to 1; the corpus score is the mean.

    Attributes:
        tokenizer: `unicode` lower-cases, splits scripts without spaces into characters and keeps punctuation.
        reduce: `best` or `mean` over the references.
    """

    info: ClassVar[Info] = Info(
        summary="F1 of the two bags of words",
        scale=(0, 1),
        direction="higher",
        kind="pair",
        monotone=True,
        identical="1 (0 where it has no token)",
        source="Rajpurkar et al. 2016 (SQuAD)",
    )

    tokenizer: str = "unicode"
    reduce: Reduction = "best"

    def pairs(self, corpus: Corpus, queries: Queries) -> Rows:
        """[F1]."""
        return ngram_f1(corpus, self.tokenizer, queries, queries.single_candidates(self.name), 1)

"""Repetition: the share of a text's n-grams that it has said before (rep-n of Welleck et al. 2020)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from geneval_references import UsageError
from geneval_scorers._corpus import Corpus
from geneval_scorers._output_only import OutputOnly
from geneval_scorers._queries import Queries
from geneval_scorers._ragged import Floats
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import Info, Rows
from geneval_scorers.ngram._known import left_in_row, repeats
from geneval_scorers.ngram._tokens import Tokenizing, Tokens, tokens
from geneval_scorers.traits._trait import column


@scorer("repetition")
@dataclass(frozen=True, repr=False)
class Repetition(Tokenizing, OutputOnly):
    """1 - distinct n-grams / n-grams of the text, 0 to below 1; the corpus score is the mean.

    Attributes:
        n: order of the n-grams; a text with fewer than n + 1 tokens repeats nothing.
        tokenizer: `unicode` lower-cases, splits scripts without spaces into characters and keeps punctuation.
    """

    info: ClassVar[Info] = Info(
        summary="share of the output's n-grams that it has said before",
        scale=(0, 1),
        direction="lower",
        kind="pool",
        monotone=True,
        identical="0 where it repeats no n-gram",
        source="Welleck et al. 2020 (rep-n)",
        role="trait",
    )

    n: int
    tokenizer: str = "unicode"

    def __post_init__(self) -> None:
        """Checks the options."""
        if self.n < 1:
            raise UsageError(f"{self!r} does not fit; n is 1 or more")

    def measure(self, corpus: Corpus, queries: Queries) -> Rows:
        """[share of repeated n-grams]."""
        words = tokens(corpus, self.tokenizer)
        shares = corpus.derive(("repetition", self.tokenizer, self.n), lambda: _repetition(words, self.n))
        return column(shares[queries.single_candidates(self.name)])


def _repetition(words: Tokens, n: int) -> Floats:
    """Of every text."""
    token, ids = words.ids.values.astype(np.int32), words.ids
    owner = np.repeat(np.arange(len(ids), dtype=np.int32), ids.lengths)
    text, _, count = list(repeats(owner, token, left_in_row(ids), words.bound, n))[-1]
    again = np.bincount(text, weights=count - 1, minlength=len(ids))
    return np.asarray(again / np.maximum(ids.lengths - (n - 1), 1), np.float64)

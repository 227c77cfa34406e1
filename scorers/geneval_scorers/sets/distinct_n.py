"""Distinct-n (Li et al. 2016, "A Diversity-Promoting Objective Function for Neural Conversation Models")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from geneval_references import UsageError
from geneval_scorers._corpus import Corpus
from geneval_scorers._queries import Queries
from geneval_scorers._ragged import Floats
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import Info
from geneval_scorers.ngram._tokens import Tokenizing
from geneval_scorers.sets._among import Diversity
from geneval_scorers.sets._bags import bags, distinct_and_all


@scorer("distinct_n")
@dataclass(frozen=True, repr=False)
class DistinctN(Tokenizing, Diversity):
    """Different n-grams over all n-grams of the outputs of a set, 0 to 1; the corpus score is the mean over sets.

    It falls as there is more text, whatever its diversity, since words come again: compare at equal numbers of outputs of
    like length. 0 where the outputs have no n-gram.

    Attributes:
        n: order of the n-grams.
        tokenizer: `unicode` lower-cases and keeps punctuation.
    """

    info: ClassVar[Info] = Info(
        summary="different n-grams over all n-grams of a set of outputs",
        scale=(0, 1),
        direction="higher",
        kind="set",
        monotone=True,
        identical="at most 1 over the number of outputs, where they are all alike",
        source="Li et al. 2016",
        role="diversity",
    )

    n: int = 2
    tokenizer: str = "unicode"

    def __post_init__(self) -> None:
        """Checks the order."""
        if self.n < 1:
            raise UsageError(f"distinct_n: n={self.n} does not fit; allowed: 1 or more")

    def spread(self, corpus: Corpus, queries: Queries) -> Floats:
        """One number a set."""
        different, every = distinct_and_all(queries.candidates, bags(corpus, self.tokenizer, self.n))
        return different / np.maximum(every, 1)

"""BLEU as the COCO caption evaluation computes it (pycocoevalcap)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from geneval_references import UsageError
from geneval_scorers._corpus import Corpus
from geneval_scorers._queries import Queries
from geneval_scorers._ragged import Floats
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import Info, Rows, Scorer, Statistics
from geneval_scorers._subsets import Subsets
from geneval_scorers.ngram._clipping import Matches
from geneval_scorers.ngram._tokens import Tokenizing, tokens

_SMALL, _TINY = 1e-9, 1e-15


@scorer("coco_bleu")
@dataclass(frozen=True, repr=False)
class CocoBleu(Tokenizing, Scorer):
    """COCO's BLEU-n, 0 to 1: unsmoothed, closest reference length.

    Attributes:
        n: the longest n-grams, 1 to 4 in COCO's tables.
        tokenizer: `ptb` is COCO's; `ptb-java`, its judge, needs the `coco` extra and Java.
    """

    info: ClassVar[Info] = Info(
        summary="COCO caption BLEU-n",
        scale=(0, 1),
        direction="higher",
        kind="pool",
        monotone=False,
        identical="1 where it has n tokens or more",
        source="Papineni et al. 2002; Chen et al. 2015 (pycocoevalcap)",
        needs="coco, Java (only for ptb-java)",
        mean=False,
    )

    n: int
    tokenizer: str = "ptb"

    def __post_init__(self) -> None:
        """Checks the options."""
        if self.n < 1:
            raise UsageError(f"coco_bleu: n={self.n} does not fit; allowed: 1 or more")

    def statistics(self, corpus: Corpus, queries: Queries) -> Statistics:
        """[length, closest reference length, matches at 1..n, n-grams at 1..n]."""
        return Statistics(self._matches(corpus, queries).all())

    def at_subsets(self, corpus: Corpus, queries: Queries, subsets: Subsets) -> Rows:
        """The same for subsets of the references, looked up in what all of them have."""
        return self._matches(corpus, queries).among(subsets)

    def _matches(self, corpus: Corpus, queries: Queries) -> Matches:
        words = tokens(corpus, self.tokenizer)
        return Matches(words, queries.single_candidates(self.name), queries, self.n)

    def segment(self, rows: Rows) -> Floats:
        """Sentence BLEU-n."""
        return self._bleu(np.asarray(rows, np.float64))

    def finish(self, sums: Floats, weight: Floats) -> Floats:
        """Corpus BLEU-n of summed statistics."""
        flat = self._bleu(sums.reshape(-1, sums.shape[-1])).reshape(weight.shape)
        return np.where(weight > 0, flat, np.nan)

    def _bleu(self, rows: Floats) -> Floats:
        product = np.ones(len(rows))
        for k in range(self.n):
            product = product * ((rows[:, 2 + k] + _TINY) / (rows[:, 2 + self.n + k] + _SMALL))
        ratio = (rows[:, 0] + _TINY) / (rows[:, 1] + _SMALL)
        return product ** (1.0 / self.n) * np.where(ratio < 1, np.exp(1 - 1 / ratio), 1.0)

"""Length ratio: tokens of the output over tokens of its references."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from geneval_scorers._corpus import Corpus
from geneval_scorers._queries import Queries
from geneval_scorers._ragged import Floats, Ints, Ragged, first_best, group_sum
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import Info, Scorer, Statistics
from geneval_scorers.ngram._tokens import Tokenizing, tokens
from geneval_scorers.traits._trait import column


@scorer("length_ratio")
@dataclass(frozen=True, repr=False)
class LengthRatio(Tokenizing, Scorer):
    """Length of the output over the length of its references, in tokens, 0 and up; the corpus score is the mean.

    `higher` tells that it grows with the output, not that longer is better. Beside references without a token there is
    no ratio: no score, unless the output has none either (1).

    Attributes:
        to: the references' `mean` length, or that of the reference `closest` in length (the shorter on ties, as in
            BLEU).
        log: the natural logarithm of the ratio, one added to both lengths so that an empty text has one.
        tokenizer: `unicode` lower-cases, splits scripts without spaces into characters and keeps punctuation.
    """

    info: ClassVar[Info] = Info(
        summary="length of the output over that of its references",
        scale=(None, None),
        direction="higher",
        kind="pool",
        monotone=False,
        identical="as every text of its length: 1, or 0 as a logarithm",
        source="Papineni et al. 2002 (the ratio in BLEU's brevity penalty)",
        role="trait",
    )

    to: Literal["mean", "closest"] = "mean"
    log: bool = False
    tokenizer: str = "unicode"

    def statistics(self, corpus: Corpus, queries: Queries) -> Statistics:
        """[length ratio]."""
        lengths = tokens(corpus, self.tokenizer).ids.lengths
        mine = lengths[queries.single_candidates(self.name)]
        references = queries.references
        theirs = self._lengths(mine, lengths[references.values], references)
        return Statistics(column(np.log((mine + 1) / (theirs + 1)) if self.log else _ratio(mine, theirs)))

    def _lengths(self, mine: Ints, theirs: Ints, references: Ragged) -> Floats:
        """For each question one length of its references."""
        if self.to == "mean":
            return np.asarray(group_sum(theirs, references) / references.lengths, np.float64)
        # A half more than the distance puts the longer of two that are equally far behind the shorter.
        away = np.abs(theirs - mine[references.rows]) + np.where(theirs > mine[references.rows], 0.5, 0.0)
        return np.asarray(theirs[references.offsets[:-1] + first_best(-away, references)], np.float64)


def _ratio(mine: Ints, theirs: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = mine / theirs
    return np.where(theirs > 0, ratio, np.where(mine > 0, np.nan, 1.0))

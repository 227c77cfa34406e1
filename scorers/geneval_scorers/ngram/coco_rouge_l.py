"""ROUGE-L as the COCO caption evaluation computes it (pycocoevalcap)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from geneval_scorers._corpus import Corpus
from geneval_scorers._ragged import Floats, Ints, Ragged, group_max
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import Info, PairBased, Rows, Statistics
from geneval_scorers.ngram._lcs import lcs_lengths
from geneval_scorers.ngram._tokens import Tokenizing, tokens

_BETA = 1.2


@scorer("coco_rouge_l")
@dataclass(frozen=True, repr=False)
class CocoRougeL(Tokenizing, PairBased):
    """COCO's ROUGE-L, 0 to 1: F with beta 1.2 of the best precision and the best recall among the references.

    The two may come from different references, as in pycocoevalcap; `rouge(kind='L')` takes both from one.

    Attributes:
        tokenizer: `ptb` is COCO's; `ptb-java`, its judge, needs the `coco` extra and Java.
    """

    info: ClassVar[Info] = Info(
        summary="COCO caption ROUGE-L: best precision with best recall",
        scale=(0, 1),
        direction="higher",
        kind="pool",
        monotone=True,
        identical="1",
        source="Lin 2004; Chen et al. 2015 (pycocoevalcap)",
        needs="coco, Java (only for ptb-java)",
    )

    tokenizer: str = "ptb"

    def pair_rows(self, corpus: Corpus, texts: Ints, references: Ints) -> Rows:
        """[precision, recall]."""
        words = tokens(corpus, self.tokenizer, single_spaces=True)
        shared, lengths = lcs_lengths(corpus, words, texts, references), words.ids.lengths
        return np.stack([shared / lengths[texts], shared / lengths[references]], axis=1)

    def combine(self, rows: Rows, references: Ragged) -> Statistics:
        """[F of the best precision and the best recall]."""
        precision = group_max(np.asarray(rows[:, 0], np.float64), references)
        recall = group_max(np.asarray(rows[:, 1], np.float64), references)
        return Statistics(_f_score(precision, recall).reshape(-1, 1))


def _f_score(precision: Floats, recall: Floats) -> Floats:
    square = _BETA**2
    both = (precision > 0) & (recall > 0)
    below = np.where(both, recall + square * precision, 1.0)
    return np.where(both, (1 + square) * precision * recall / below, 0.0)

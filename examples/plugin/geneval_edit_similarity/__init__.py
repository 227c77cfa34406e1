"""Similarity by edits: how much of two texts an edit from one to the other keeps (Levenshtein 1966).

Speech and handwriting recognition report a relative of it, the character error rate, which divides by the reference's
length alone and so knows no upper end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from geneval_scorers import Corpus, Info, PairScorer, Reduction, scorer

__all__ = ["EditSimilarity", "same_length"]


@scorer("edit_similarity")
@dataclass(frozen=True, repr=False)
class EditSimilarity(PairScorer):
    """1 - edits / length of the longer text, in characters, 0 to 1; the corpus score is the mean.

    Edits are the fewest insertions, deletions and replacements of code points that make one text of the other.

    Attributes:
        ignore_case: compare case-folded.
        reduce: `best` or `mean` over the references.
    """

    info: ClassVar[Info] = Info(
        summary="characters that an edit to the reference keeps",
        scale=(0, 1),
        direction="higher",
        kind="pair",
        monotone=True,
        identical="1",
        source="Levenshtein 1966 (rapidfuzz)",
        needs="rapidfuzz",
    )

    ignore_case: bool = False
    reduce: Reduction = "best"

    def pair_rows(self, corpus: Corpus, texts: np.ndarray, references: np.ndarray) -> np.ndarray:
        """[similarity] of each pair."""
        words = corpus.derive(("edit_similarity", self.ignore_case), lambda: self._folded(corpus))
        mine, theirs = ([words[i] for i in part.tolist()] for part in (texts, references))
        similarity = process.cpdist(mine, theirs, scorer=Levenshtein.normalized_similarity, dtype=np.float64)
        return similarity.reshape(-1, 1)

    def _folded(self, corpus: Corpus) -> list[str]:
        return [text.casefold() if self.ignore_case else text for text in corpus.texts]


def same_length(text: str, reference: str) -> float:
    """1 where text and reference have as many words, else 0."""
    return float(len(text.split()) == len(reference.split()))

"""Exact match: does the text equal one of its references?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from geneval_scorers._registry import scorer
from geneval_scorers._scorer import Info, PairScorer, Reduction


@scorer("exact")
@dataclass(frozen=True, repr=False)
class Exact(PairScorer):
    """1 where the text equals a reference, else 0; the corpus score is the mean.

    Attributes:
        ignore_case: compare case-folded.
        reduce: `best`, or `mean`: the share of references that it equals.
    """

    info: ClassVar[Info] = Info(
        summary="1 where the text equals a reference, else 0",
        scale=(0, 1),
        direction="higher",
        kind="pair",
        monotone=True,
        identical="1",
        source="exact match",
    )

    ignore_case: bool = False
    reduce: Reduction = "best"

    def pair(self, text: str, reference: str) -> float:
        """1.0 or 0.0."""
        fold = str.casefold if self.ignore_case else str
        return float(fold(text) == fold(reference))

"""How alike a system's outputs for an item are, pair by pair."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from geneval_scorers._corpus import Corpus
from geneval_scorers._declared import OwnInfo
from geneval_scorers._queries import Queries
from geneval_scorers._ragged import Floats, Ragged
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import Info
from geneval_scorers.sets._among import Diversity
from geneval_scorers.sets._grid import mean_of
from geneval_scorers.sets._questions import each_against_the_others
from geneval_scorers.sets._through import OfPairs


@scorer("pairwise")
@dataclass(frozen=True, repr=False)
class Pairwise(Diversity, OfPairs):
    """Mean score of each output against each other one of its set; with the default, their mean pairwise cosine.

    It is in the range of the scorer that `of` names; the less alike, the more diverse. The corpus score is the mean over
    sets. A mean over pairs does not hang on how many outputs there are.

    Attributes:
        of: the spec of a pair scorer, such as `'cosine'` or `'chrf'`.
    """

    info: ClassVar[Info] = OwnInfo(  # type: ignore[assignment] # options complete it
        Info(
            summary="mean score of outputs against each other",
            scale=(None, None),
            direction="lower",
            kind="set",
            monotone=True,
            identical="that of the scorer in `of`, where all outputs are alike",
            source="mean pairwise similarity",
            needs="what the scorer in `of` needs",
            licence="that of the scorer in `of`",
            role="diversity",
        )
    )

    def declared(self, info: Info) -> Info:
        """In the range of the inner scorer, in the other direction."""
        theirs = self.inner.info
        direction: Literal["higher", "lower"] = "lower" if theirs.direction == "higher" else "higher"
        identical = f"{theirs.identical} (all outputs alike)"
        return replace(info, scale=theirs.scale, direction=direction, identical=identical)

    def spread(self, corpus: Corpus, queries: Queries) -> Floats:
        """One number a set."""
        scores = self.inner_scores(corpus, each_against_the_others(queries))
        sizes = queries.candidates.lengths
        return mean_of(scores, Ragged.from_lengths(sizes * (sizes - 1), queries.candidates.values[:0]))
